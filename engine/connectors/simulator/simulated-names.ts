/**
 * Invented tickers: consonant and vowel in turns, so that a person can read them out; beyond those, letters are added.
 * Neighbouring indices give names far apart. Distinct for every index.
 */
const CONSONANTS = 'BCDFGHJKLMNPQRSTVWXZ';
const VOWELS = 'AEIOU';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const FOUR_LETTER_NAMES = CONSONANTS.length * VOWELS.length * CONSONANTS.length * VOWELS.length;
/** Shares no factor with the number of names, so that stepping by it visits each once. */
const STEP = 3571;
/** Where the names begin, so that the first ones are nobody's. */
const FIRST = 1717;

export function simulatedName(index: number): string {
  let place = ((index % FOUR_LETTER_NAMES) * STEP + FIRST) % FOUR_LETTER_NAMES;
  let name = '';
  for (const letters of [CONSONANTS, VOWELS, CONSONANTS, VOWELS]) {
    name += letters[place % letters.length];
    place = Math.floor(place / letters.length);
  }
  let round = Math.floor(index / FOUR_LETTER_NAMES);
  while (round > 0) {
    name += LETTERS[(round - 1) % LETTERS.length];
    round = Math.floor((round - 1) / LETTERS.length);
  }
  return name;
}
