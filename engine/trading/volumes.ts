import type { SingleOutputStreamOperator } from '../api/data-stream.ts';
import type { Collector } from '../api/functions.ts';
import type { AggregateFunction } from '../api/state.ts';
import { struct, type ViewOf } from '../api/struct.ts';
import { ProcessWindowFunction, type WindowContext } from '../api/windows/process-window-function.ts';
import type { TimeWindow } from '../api/windows/window.ts';
import { notional } from '../core/decimal.ts';
import { EveryInterval } from './bars/every-interval.ts';
import type { Trade } from './records.ts';

/**
 * What was traded of a symbol in a stretch of time: 1e-6 shares, and their volume-weighted price, in 1e-8 and in the 5e-9 of
 * bars, each rounded half up: with percents of the rules the only prices that are not exact.
 */
export const VOLUME = struct('volume', {
  symbol: 'symbol',
  startMs: 'f64',
  endMs: 'f64',
  trades: 'f64',
  shares: 'f64',
  price: 'f64',
  priceHalves: 'f64',
});
export type Volume = ViewOf<typeof VOLUME>;

/** Shares in 1e-6, and their worth in 1e-14. */
interface Traded {
  readonly trades: number;
  readonly shares: bigint;
  readonly worth: bigint;
}

const TRADED: AggregateFunction<Trade, Traded, Traded> = {
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

class FinishVolume extends ProcessWindowFunction<Traded, Volume, string, TimeWindow> {
  process(
    symbol: string,
    { window }: WindowContext<TimeWindow>,
    [{ trades, shares, worth }]: readonly Traded[],
    out: Collector<Volume>,
  ): void {
    out.collect({
      kind: 'volume',
      symbol,
      startMs: window.start,
      endMs: window.end,
      trades,
      shares: Number(shares),
      price: roundedHalfUp(worth, shares),
      priceHalves: roundedHalfUp(2n * worth, shares),
    });
  }
}

function roundedHalfUp(dividend: bigint, divisor: bigint): number {
  return Number((2n * dividend + divisor) / (2n * divisor));
}

/**
 * What was traded by symbol, in windows of each of these lengths; told anew with each trade: the last one of a window is
 * the whole of it.
 */
export function describeVolumes(
  trades: SingleOutputStreamOperator<Trade>,
  intervalsMs: readonly number[],
): SingleOutputStreamOperator<Volume> {
  return trades
    .keyBy('symbol')
    .window(new EveryInterval(intervalsMs))
    .aggregate(TRADED, new FinishVolume())
    .name('volumes')
    .uid('volumes')
    .returns(VOLUME);
}
