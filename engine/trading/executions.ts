import type { SingleOutputStreamOperator } from '../api/data-stream.ts';
import type { Collector } from '../api/functions.ts';
import { AsOfJoinFunction, type AsOfContext } from '../api/joins/as-of-join.ts';
import type { AggregateFunction } from '../api/state.ts';
import { struct, type ViewOf } from '../api/struct.ts';
import { CountTrigger } from '../api/windows/count-trigger.ts';
import { ProcessWindowFunction, type WindowContext } from '../api/windows/process-window-function.ts';
import { TumblingEventTimeWindows } from '../api/windows/tumbling-windows.ts';
import type { TimeWindow } from '../api/windows/window.ts';
import { notional } from '../core/decimal.ts';
import { BarQuotes } from './bars/bar-functions.ts';
import { BAR_QUOTE, type BarQuote } from './bars/bar-records.ts';
import type { SessionStream } from './job.ts';
import { NO_PRICE, type Trade } from './records.ts';

/** A trade beside the quote that stood before it: prices in 1e-8, 0: none; `quoteTimeMs` NaN: there was no quote. */
export const EXECUTION = struct('execution', {
  symbol: 'symbol',
  quoteSequence: 'f64',
  shares: 'f64',
  price: 'f64',
  bid: 'f64',
  ask: 'f64',
  quoteTimeMs: 'f64',
});
export type Execution = ViewOf<typeof EXECUTION>;

class QuoteBefore extends AsOfJoinFunction<Trade, BarQuote, Execution> {
  processElement(trade: Trade, quote: BarQuote | null, context: AsOfContext, out: Collector<Execution>): void {
    const { symbol, quoteSequence, shares, price } = trade;
    out.collect({
      kind: 'execution',
      symbol,
      quoteSequence,
      shares,
      price,
      bid: quote?.bid ?? NO_PRICE,
      ask: quote?.ask ?? NO_PRICE,
      quoteTimeMs: context.versionTimestamp() ?? NaN,
    });
  }
}

/**
 * Each trade with the quote that stood before its millisecond: the one that a trader could know, since the one that was
 * traded on is of that very millisecond.
 */
export function describeExecutions(
  session: SessionStream,
  trades: SingleOutputStreamOperator<Trade>,
): SingleOutputStreamOperator<Execution> {
  const quotes = session.process(new BarQuotes()).name('timed quotes').returns(BAR_QUOTE);
  return trades
    .keyBy('symbol')
    .asOfJoin(quotes.keyBy('symbol'))
    .strictlyBefore()
    .process(new QuoteBefore())
    .name('executions')
    .uid('executions')
    .returns(EXECUTION);
}

/** What was traded of a symbol in a stretch of time: 1e-6 shares, and their worth in 1e-14. */
export interface Volume {
  readonly trades: number;
  readonly shares: bigint;
  readonly worth: bigint;
}

export interface SymbolVolume extends Volume {
  readonly symbol: string;
  readonly startMs: number;
}

const TRADED: AggregateFunction<Trade, Volume, Volume> = {
  createAccumulator: () => ({ trades: 0, shares: 0n, worth: 0n }),
  add: ({ shares, price }, volume) => ({
    trades: volume.trades + 1,
    shares: volume.shares + BigInt(shares),
    worth: volume.worth + notional(price, shares),
  }),
  getResult: (volume) => volume,
  merge: (left, right) => ({
    trades: left.trades + right.trades,
    shares: left.shares + right.shares,
    worth: left.worth + right.worth,
  }),
};

class NameVolume extends ProcessWindowFunction<Volume, SymbolVolume, string, TimeWindow> {
  process(
    symbol: string,
    { window }: WindowContext<TimeWindow>,
    [volume]: readonly Volume[],
    out: Collector<SymbolVolume>,
  ): void {
    out.collect({ symbol, startMs: window.start, ...volume });
  }
}

/** What was traded by symbol and interval, told anew with each trade: the last one of a window is the whole of it. */
export function describeVolumes(
  trades: SingleOutputStreamOperator<Trade>,
  intervalMs: number,
): SingleOutputStreamOperator<SymbolVolume> {
  return trades
    .keyBy('symbol')
    .window(TumblingEventTimeWindows.of(intervalMs))
    .trigger(CountTrigger.of(1))
    .aggregate(TRADED, new NameVolume())
    .name('volumes')
    .uid('volumes');
}

/** The volume-weighted price in 1e-8, rounded half up: the only price here that is not exact. */
export function weightedPrice({ shares, worth }: Volume): number {
  return Number((2n * worth + shares) / (2n * shares));
}
