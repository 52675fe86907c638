import type { Collector } from '../../api/functions.ts';
import { valueState } from '../../api/state.ts';
import { ProcessWindowFunction, type WindowContext } from '../../api/windows/process-window-function.ts';
import type { TimeWindow } from '../../api/windows/window.ts';
import { BAR_PRICES, type BarPrice } from '../../contract/bars.ts';
import type { GrowingBar } from './bar-accumulators.ts';
import { barOf, type Bar, type PriceRange } from './bar-records.ts';

/** Where a bar begins: at its first quote, or where the one before it closed, as some vendors have it. */
export type BarOpen = 'first' | 'previous-close';

const CLOSES = valueState<Readonly<Record<BarPrice, number>>>('closes');

/** A grown bar goes out with its symbol and times. */
export class FinishBar extends ProcessWindowFunction<GrowingBar, Bar, string, TimeWindow> {
  readonly #open: BarOpen;

  constructor(open: BarOpen) {
    super();
    this.#open = open;
  }

  process(
    symbol: string,
    context: WindowContext<TimeWindow>,
    [grown]: readonly GrowingBar[],
    out: Collector<Bar>,
  ): void {
    const ranges = this.#open === 'first' ? grown : this.#carry(grown, context);
    out.collect(barOf(symbol, context.window, grown.quotes, ranges));
  }

  #carry(grown: GrowingBar, context: WindowContext<TimeWindow>): Record<BarPrice, PriceRange> {
    const state = context.globalState().getState(CLOSES);
    const before = state.value();
    const ranges = { bid: grown.bid, ask: grown.ask, mid: grown.mid } as Record<BarPrice, PriceRange>;
    if (before !== null) for (const price of BAR_PRICES) ranges[price] = carried(ranges[price], before[price]);
    state.update({ bid: ranges.bid.close, ask: ranges.ask.close, mid: ranges.mid.close });
    return ranges;
  }
}

/** @param before where the price stood; 0: it did not */
function carried(range: PriceRange, before: number): PriceRange {
  if (before === 0) return range;
  if (range.open === 0) return { open: before, high: before, low: before, close: before };
  const { high, low, close } = range;
  return { open: before, high: Math.max(high, before), low: Math.min(low, before), close };
}
