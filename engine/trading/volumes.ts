import type { SingleOutputStreamOperator } from '../api/data-stream.ts';
import type { Collector } from '../api/functions.ts';
import type { AggregateFunction } from '../api/state.ts';
import { ProcessWindowFunction, type WindowContext } from '../api/windows/process-window-function.ts';
import type { TimeWindow } from '../api/windows/window.ts';
import { notional } from '../core/decimal.ts';
import { EveryInterval } from './bars/every-interval.ts';
import type { Trade } from './records.ts';

/** What was traded of a symbol in a stretch of time: 1e-6 shares, and their worth in 1e-14. */
export interface Volume {
  readonly trades: number;
  readonly shares: bigint;
  readonly worth: bigint;
}

export interface SymbolVolume extends Volume {
  readonly symbol: string;
  readonly startMs: number;
  readonly endMs: number;
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
    out.collect({ symbol, startMs: window.start, endMs: window.end, ...volume });
  }
}

/**
 * What was traded by symbol, in windows of each of these lengths; told anew with each trade: the last one of a window is
 * the whole of it.
 */
export function describeVolumes(
  trades: SingleOutputStreamOperator<Trade>,
  intervalsMs: readonly number[],
): SingleOutputStreamOperator<SymbolVolume> {
  return trades
    .keyBy('symbol')
    .window(new EveryInterval(intervalsMs))
    .aggregate(TRADED, new NameVolume())
    .name('volumes')
    .uid('volumes');
}

/** The volume-weighted price in 1e-8, rounded half up: the only price here that is not exact. */
export function weightedPrice({ shares, worth }: Volume): number {
  return roundedHalfUp(worth, shares);
}

/** The same in 5e-9, as prices of bars are. */
export function weightedPriceHalves({ shares, worth }: Volume): number {
  return roundedHalfUp(2n * worth, shares);
}

function roundedHalfUp(dividend: bigint, divisor: bigint): number {
  return Number((2n * dividend + divisor) / (2n * divisor));
}
