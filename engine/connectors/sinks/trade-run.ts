import { assert } from '../../core/assert.ts';

/**
 * A run of trades in fixed-width words, sorted in place of objects: sessions make millions of trades and a sink that kept
 * them as objects would grow with the session.
 *
 *   word 0 eventTimeMs | 1 quoteSequence | 2 symbol number | 3 shares | 4 price | 5 buyPrice | 6 askBefore | 7 askAfter
 */
export const TRADE_WORDS = 8;
export const TRADE_BYTES = TRADE_WORDS * Float64Array.BYTES_PER_ELEMENT;

/** The order of the trades file: event time, then quote sequence. No two trades share a sequence. */
export function compareTrades(left: Float64Array, leftAt: number, right: Float64Array, rightAt: number): number {
  const byTime = left[leftAt] - right[rightAt];
  return byTime !== 0 ? byTime : left[leftAt + 1] - right[rightAt + 1];
}

/** @returns the first `count` trades of `words` in file order, as new words; `words` stays as it is */
export function sortedRun(words: Float64Array, count: number): Float64Array {
  assert(
    count * TRADE_WORDS <= words.length,
    `A run of ${count} trades needs ${count * TRADE_WORDS} words; found ${words.length}.`,
  );
  const order = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) order[index] = index;
  order.sort((left, right) => compareTrades(words, left * TRADE_WORDS, words, right * TRADE_WORDS));
  const sorted = new Float64Array(count * TRADE_WORDS);
  for (let index = 0; index < count; index += 1) {
    const from = order[index] * TRADE_WORDS;
    sorted.set(words.subarray(from, from + TRADE_WORDS), index * TRADE_WORDS);
  }
  return sorted;
}
