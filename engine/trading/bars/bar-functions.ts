import {
  KeyedProcessFunction,
  ProcessFunction,
  type Collector,
  type ProcessContext,
  type RuntimeContext,
} from '../../api/functions.ts';
import { mapState, valueState, type MapState } from '../../api/state.ts';
import { ProcessWindowFunction, type WindowContext } from '../../api/windows/process-window-function.ts';
import type { TimeWindow } from '../../api/windows/window.ts';
import { WindowAssigner } from '../../api/windows/window-assigner.ts';
import { CountTrigger } from '../../api/windows/count-trigger.ts';
import type { Trigger } from '../../api/windows/trigger.ts';
import { TimeWindow as Span, windowStartOf } from '../../api/windows/window.ts';
import { BAR_PRICES, BAR_WORDS, type BarPrice } from '../../contract/bars.ts';
import type { Quote, StartingPosition } from '../records.ts';
import type { GrowingBar } from './bar-accumulators.ts';
import { barOf, rangeOf, type Bar, type BarQuote, type PriceRange } from './bar-records.ts';

/** Quotes with their times, of a session's records. On the source thread; one object is sent again and again. */
export class BarQuotes extends ProcessFunction<Quote | StartingPosition, BarQuote> {
  readonly #sent: { -readonly [F in keyof BarQuote]: BarQuote[F] } & { symbolId?: number } = {
    kind: 'bar-quote',
    symbol: '',
    timeMs: 0,
    sequence: 0,
    bid: 0,
    ask: 0,
  };

  processElement(record: Quote | StartingPosition, context: ProcessContext, out: Collector<BarQuote>): void {
    if (record.kind !== 'quote') return;
    const sent = this.#sent;
    const { symbolId } = record as Quote & { readonly symbolId?: number };
    if (symbolId === undefined) delete sent.symbolId;
    else sent.symbolId = symbolId;
    sent.symbol = record.symbol;
    sent.timeMs = context.timestamp() ?? NaN;
    sent.sequence = record.sequence;
    sent.bid = record.bid;
    sent.ask = record.ask;
    out.collect(sent);
  }
}

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

/** A short bar belongs to a window of each longer interval. They fire with each one, so that the newest can be shown as it grows. */
export class LongerBars extends WindowAssigner<Bar, TimeWindow> {
  readonly #intervalsMs: readonly number[];

  constructor(intervalsMs: readonly number[]) {
    super();
    this.#intervalsMs = intervalsMs;
  }

  assignWindows({ startMs }: Bar): readonly TimeWindow[] {
    return this.#intervalsMs.map((intervalMs) => {
      const start = windowStartOf(startMs, 0, intervalMs);
      return new Span(start, start + intervalMs);
    });
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return CountTrigger.of(1);
  }

  isEventTime(): boolean {
    return true;
  }
}

/** Bars kept of each symbol and interval: the width of a chart, some screens over. */
export const BARS_KEPT = 300;

/** The name of the query that gives a symbol's bars. */
export const BARS_QUERY = 'bars';

/** What the query is asked: bars of this length, from this start on. */
export interface BarsQuestion {
  readonly intervalMs: number;
  readonly fromMs: number;
}

/** Keeps the latest bars of each symbol, in bounded memory, for who asks: the chart. Nothing goes out. */
export class BarHistory extends KeyedProcessFunction<string, Bar, never> {
  /** By interval: BAR_WORDS numbers each, oldest first. */
  #bars!: MapState<number, number[]>;

  override open(context: RuntimeContext): void {
    this.#bars = context.getMapState(mapState<number, number[]>('bars'));
    context.registerQuery(BARS_QUERY, (question) => this.#answer(question as BarsQuestion));
  }

  processElement(bar: Bar): void {
    const intervalMs = bar.endMs - bar.startMs;
    const kept = this.#bars.get(intervalMs) ?? [];
    // A bar that grows takes its own place.
    if (kept.length > 0 && kept[kept.length - BAR_WORDS] === bar.startMs) kept.length -= BAR_WORDS;
    kept.push(bar.startMs);
    for (const price of BAR_PRICES) {
      const { open, high, low, close } = rangeOf(bar, price);
      kept.push(open, high, low, close);
    }
    kept.push(bar.quotes);
    // A quarter more than is kept, so that what is old goes in one piece.
    if (kept.length > (BARS_KEPT + BARS_KEPT / 4) * BAR_WORDS) kept.splice(0, kept.length - BARS_KEPT * BAR_WORDS);
    this.#bars.put(intervalMs, kept);
  }

  #answer({ intervalMs, fromMs }: BarsQuestion): readonly number[] {
    const kept = this.#bars.get(intervalMs) ?? [];
    let at = kept.length;
    while (at > 0 && kept[at - BAR_WORDS] >= fromMs) at -= BAR_WORDS;
    return kept.slice(at);
  }
}
