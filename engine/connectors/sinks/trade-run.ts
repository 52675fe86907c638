import { assert } from '../../core/assert.ts';

/**
 * A run of trades in fixed-width words, sorted in place of objects: sessions make millions of trades and a sink that kept
 * them as objects would grow with the session.
 *
 *   word 0 eventTimeMs | 1 quoteSequence | 2 symbol number | 3 shares | 4 price | 5 buyPrice | 6 askBefore | 7 askAfter
 *
 * A file of trades needs these. Where trades are kept to be explained, what decided follows (trade-decision.ts):
 *
 *   word 8 bidSize | 9 ask | 10 askSize | 11 sharesBefore | 12 rulesVersion | 13 expiresBefore | 14 expiresAfter
 *        15 decayBefore | 16 decayAfter
 */
export const FILE_TRADE_WORDS = 8;
export const TRADE_WORDS = 17;
/** Where a trade's words name its symbol. */
export const SYMBOL_WORD = 2;
export const FILE_TRADE_BYTES = FILE_TRADE_WORDS * Float64Array.BYTES_PER_ELEMENT;

/** The order of the trades file: event time, then quote sequence. No two trades share a sequence. */
export function compareTrades(left: Float64Array, leftAt: number, right: Float64Array, rightAt: number): number {
  const byTime = left[leftAt] - right[rightAt];
  return byTime !== 0 ? byTime : left[leftAt + 1] - right[rightAt + 1];
}

/** @returns where the first `count` trades of `words` stand in file order; `words` stays as it is */
export function sortedOrder(words: Float64Array, count: number): Uint32Array {
  assert(
    count * FILE_TRADE_WORDS <= words.length,
    `A run of ${count} trades needs ${count * FILE_TRADE_WORDS} words; found ${words.length}.`,
  );
  const order = new Uint32Array(count);
  // From one task they come in order.
  let isSorted = true;
  for (let index = 0; index < count; index += 1) {
    order[index] = index;
    const at = index * FILE_TRADE_WORDS;
    if (index > 0 && compareTrades(words, at - FILE_TRADE_WORDS, words, at) > 0) isSorted = false;
  }
  if (isSorted) return order;
  return order.sort((left, right) => compareTrades(words, left * FILE_TRADE_WORDS, words, right * FILE_TRADE_WORDS));
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
    const at = order[index] * FILE_TRADE_WORDS;
    const copiedTo = (index - from) * FILE_TRADE_WORDS;
    for (let word = 0; word < FILE_TRADE_WORDS; word += 1) target[copiedTo + word] = words[at + word];
  }
}

/** @returns the first `count` trades of `words` in file order, as new words; `words` stays as it is */
export function sortedRun(words: Float64Array, count: number): Float64Array {
  const sorted = new Float64Array(count * FILE_TRADE_WORDS);
  copyOrdered(words, sortedOrder(words, count), 0, count, sorted);
  return sorted;
}
