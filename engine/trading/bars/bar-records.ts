import { BAR_PRICES, type BarPrice } from '../../contract/bars.ts';
import { struct, type ViewOf } from '../../api/struct.ts';

/** A quote with its place in time, so that a bar's open and close do not depend on the order of arrival. */
export const TIMED_QUOTE = struct('timed-quote', {
  symbol: 'symbol',
  timeMs: 'f64',
  sequence: 'f64',
  bid: 'f64',
  ask: 'f64',
});
export type TimedQuote = ViewOf<typeof TIMED_QUOTE>;

/** Prices in 5e-9 (contract/bars.ts), 0: there was none. */
export const BAR = struct('bar', {
  symbol: 'symbol',
  startMs: 'f64',
  endMs: 'f64',
  quotes: 'f64',
  bidOpen: 'f64',
  bidHigh: 'f64',
  bidLow: 'f64',
  bidClose: 'f64',
  askOpen: 'f64',
  askHigh: 'f64',
  askLow: 'f64',
  askClose: 'f64',
  midOpen: 'f64',
  midHigh: 'f64',
  midLow: 'f64',
  midClose: 'f64',
});
export type Bar = ViewOf<typeof BAR>;

/** Open, high, low and close of one price. */
export interface PriceRange {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

export function rangeOf(bar: Bar, price: BarPrice): PriceRange {
  switch (price) {
    case 'bid':
      return { open: bar.bidOpen, high: bar.bidHigh, low: bar.bidLow, close: bar.bidClose };
    case 'ask':
      return { open: bar.askOpen, high: bar.askHigh, low: bar.askLow, close: bar.askClose };
    case 'mid':
      return { open: bar.midOpen, high: bar.midHigh, low: bar.midLow, close: bar.midClose };
  }
}

export function barOf(
  symbol: string,
  { start, end }: { readonly start: number; readonly end: number },
  quotes: number,
  ranges: Readonly<Record<BarPrice, PriceRange>>,
): Bar {
  const fields: Record<string, number> = {};
  for (const price of BAR_PRICES) {
    const { open, high, low, close } = ranges[price];
    fields[`${price}Open`] = open;
    fields[`${price}High`] = high;
    fields[`${price}Low`] = low;
    fields[`${price}Close`] = close;
  }
  return { kind: 'bar', symbol, startMs: start, endMs: end, quotes, ...fields } as unknown as Bar;
}
