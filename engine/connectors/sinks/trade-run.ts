import { assert } from '../../core/assert.ts';

/**
 * A run of trades in fixed-width words, sorted in place of objects: sessions make millions of trades and a sink that kept
 * them as objects would grow with the session.
 *
 *   word 0 eventTimeMs | 1 quoteSequence | 2 symbol number | 3 shares | 4 price | 5 buyPrice | 6 askBefore | 7 askAfter
 */
export const TRADE_WORDS = 8;
/** Where a trade's words name its symbol. */
export const SYMBOL_WORD = 2;
export const TRADE_BYTES = TRADE_WORDS * Float64Array.BYTES_PER_ELEMENT;

/** The order of the trades file: event time, then quote sequence. No two trades share a sequence. */
export function compareTrades(left: Float64Array, leftAt: number, right: Float64Array, rightAt: number): number {
  const byTime = left[leftAt] - right[rightAt];
  return byTime !== 0 ? byTime : left[leftAt + 1] - right[rightAt + 1];
}

/** @returns where the first `count` trades of `words` stand in file order; `words` stays as it is */
export function sortedOrder(words: Float64Array, count: number): Uint32Array {
  assert(
    count * TRADE_WORDS <= words.length,
    `A run of ${count} trades needs ${count * TRADE_WORDS} words; found ${words.length}.`,
  );
  const order = new Uint32Array(count);
  for (let index = 0; index < count; index += 1) order[index] = index;
  return order.sort((left, right) => compareTrades(words, left * TRADE_WORDS, words, right * TRADE_WORDS));
}

/** Copies trades [from, to) of an order to the start of `target`. */
export function copyOrdered(
  words: Float64Array,
  order: Uint32Array,
  from: number,
  to: number,
  target: Float64Array,
): void {
  for (let index = from; index < to; index += 1) {
    const at = order[index] * TRADE_WORDS;
    target.set(words.subarray(at, at + TRADE_WORDS), (index - from) * TRADE_WORDS);
  }
}

/** @returns the first `count` trades of `words` in file order, as new words; `words` stays as it is */
export function sortedRun(words: Float64Array, count: number): Float64Array {
  const sorted = new Float64Array(count * TRADE_WORDS);
  copyOrdered(words, sortedOrder(words, count), 0, count, sorted);
  return sorted;
}
