import type { AggregateFunction } from '../../api/state.ts';
import { BAR_PRICES, type BarPrice } from '../../contract/bars.ts';
import { rangeOf, type Bar, type TimedQuote, type PriceRange } from './bar-records.ts';

/** One price of a bar as it grows. What was first and last is told by time, then by place in the session. */
interface GrowingRange {
  open: number;
  high: number;
  low: number;
  close: number;
  openedAt: number;
  openSequence: number;
  closedAt: number;
  closeSequence: number;
}

/** Changed in place: there is one per window, and a record must not cost an object. */
export interface GrowingBar extends Readonly<Record<BarPrice, GrowingRange>> {
  quotes: number;
}

function emptyRange(): GrowingRange {
  return {
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    openedAt: Infinity,
    openSequence: Infinity,
    closedAt: -Infinity,
    closeSequence: -Infinity,
  };
}

function emptyBar(): GrowingBar {
  return { quotes: 0, bid: emptyRange(), ask: emptyRange(), mid: emptyRange() };
}

/** Takes in a stretch of prices that began and ended at `at`; an absent one (0) changes nothing. */
function extend(range: GrowingRange, { open, high, low, close }: PriceRange, at: number, sequence: number): void {
  if (open === 0) return;
  if (range.open === 0 || high > range.high) range.high = high;
  if (range.open === 0 || low < range.low) range.low = low;
  if (at < range.openedAt || (at === range.openedAt && sequence < range.openSequence)) {
    range.open = open;
    range.openedAt = at;
    range.openSequence = sequence;
  }
  if (at > range.closedAt || (at === range.closedAt && sequence > range.closeSequence)) {
    range.close = close;
    range.closedAt = at;
    range.closeSequence = sequence;
  }
}

/** One price as a stretch; one object serves all calls, since `extend` keeps none of it. */
const POINT = { open: 0, high: 0, low: 0, close: 0 };

function point(price: number): PriceRange {
  POINT.open = price;
  POINT.high = price;
  POINT.low = price;
  POINT.close = price;
  return POINT;
}

function mergeBars(left: GrowingBar, right: GrowingBar): GrowingBar {
  left.quotes += right.quotes;
  for (const price of BAR_PRICES) {
    const range = left[price];
    const other = right[price];
    if (other.open === 0) continue;
    // The whole of the other stretch, by its beginning; then once more by its end.
    const { open, high, low, close } = other;
    extend(range, { open, high, low, close: open }, other.openedAt, other.openSequence);
    extend(range, { open: close, high, low, close }, other.closedAt, other.closeSequence);
  }
  return left;
}

/** Quotes to a bar. */
export const QUOTES_TO_BAR: AggregateFunction<TimedQuote, GrowingBar, GrowingBar> = {
  createAccumulator: emptyBar,
  add: ({ bid, ask, timeMs, sequence }, bar) => {
    bar.quotes += 1;
    if (bid > 0) extend(bar.bid, point(bid * 2), timeMs, sequence);
    if (ask > 0) extend(bar.ask, point(ask * 2), timeMs, sequence);
    if (bid > 0 && ask > 0) extend(bar.mid, point(bid + ask), timeMs, sequence);
    return bar;
  },
  getResult: (bar) => bar,
  merge: mergeBars,
};

/** Short bars to a longer one. */
export const BARS_TO_BAR: AggregateFunction<Bar, GrowingBar, GrowingBar> = {
  createAccumulator: emptyBar,
  add: (short, bar) => {
    bar.quotes += short.quotes;
    for (const price of BAR_PRICES) extend(bar[price], rangeOf(short, price), short.startMs, 0);
    return bar;
  },
  getResult: (bar) => bar,
  merge: mergeBars,
};
