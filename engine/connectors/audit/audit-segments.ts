import { utf8Text } from './audit-chain.ts';

/**
 * A trail in a DurableStore: values `audit/<index of the first record, padded>`, each holding records as lines of JSON,
 * every line ended. The last one grows until it is full; the others never change.
 */
export const AUDIT_PREFIX = 'audit/';
/** A safe integer has at most 16 digits; padded, names sort as numbers. */
const INDEX_DIGITS = 16;
const SEGMENT_NAME = new RegExp(`^${AUDIT_PREFIX}(\\d{${INDEX_DIGITS}})$`);

export function segmentName(firstIndex: number): string {
  return AUDIT_PREFIX + String(firstIndex).padStart(INDEX_DIGITS, '0');
}

/** @returns null for a name that is none of a segment's */
export function firstIndexOf(name: string): number | null {
  const digits = SEGMENT_NAME.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** @returns the lines; or, when it was cut or is no text, the whole lines before that and what is left */
export function linesOf(bytes: Uint8Array): { readonly lines: readonly string[]; readonly rest: string | null } {
  const text = utf8Text(bytes);
  if (text === null) return { lines: wholeLinesBeforeDamage(bytes), rest: 'bytes that are no UTF-8 text' };
  const lines = text.split('\n');
  const rest = lines.pop() as string;
  return { lines, rest: rest === '' ? null : rest };
}

const LINE_END = 0x0a;

function wholeLinesBeforeDamage(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  let start = 0;
  for (let end = bytes.indexOf(LINE_END, start); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    const line = utf8Text(bytes.subarray(start, end));
    if (line === null) break;
    lines.push(line);
    start = end + 1;
  }
  return lines;
}
