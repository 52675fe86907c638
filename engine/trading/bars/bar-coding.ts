/**
 * A bar as short text: how the history keeps it. Numbers of a bar are near each other, so each price is written as its
 * difference from the one before, in base 36; a bar of fourteen numbers takes some forty characters, and a checkpoint
 * copies it as one value. 0, which is no price, is written as a dot.
 */
const RADIX = 36;
const ABSENT = '.';

/** @param words whole numbers, the first one the start of the bar */
export function encodeBar(words: readonly number[]): string {
  let before = 0;
  let text = words[0].toString(RADIX);
  for (let index = 1; index < words.length; index += 1) {
    const word = words[index];
    text += ' ';
    if (word === 0) {
      text += ABSENT;
      continue;
    }
    text += (word - before).toString(RADIX);
    before = word;
  }
  return text;
}

export function decodeBar(text: string): number[] {
  let before = 0;
  return text.split(' ').map((part, index) => {
    if (index === 0) return parseInt(part, RADIX);
    if (part === ABSENT) return 0;
    before += parseInt(part, RADIX);
    return before;
  });
}

/** The start of an encoded bar. */
export function startOf(text: string): number {
  return parseInt(text, RADIX);
}
