import type { DataStream, SingleOutputStreamOperator } from '../../api/data-stream.ts';
import { TumblingEventTimeWindows } from '../../api/windows/tumbling-windows.ts';
import { BAR_INTERVALS_MS } from '../../contract/bars.ts';
import type { Quote, StartingPosition, Trade } from '../records.ts';
import { describeVolumes } from '../volumes.ts';
import { BARS_TO_BAR, QUOTES_TO_BAR } from './bar-accumulators.ts';
import { BarHistory } from './bar-history.ts';
import { BAR, TIMED_QUOTE, type Bar } from './bar-records.ts';
import { EveryInterval } from './every-interval.ts';
import { FinishBar, type BarOpen } from './finish-bar.ts';
import { TimedQuotes } from './timed-quotes.ts';

/** Bars of one length, each sent once, when the watermark passes its end. */
export function describeBars(
  session: DataStream<Quote | StartingPosition>,
  intervalMs: number,
  open: BarOpen,
): SingleOutputStreamOperator<Bar> {
  return session
    .process(new TimedQuotes())
    .name('timed quotes')
    .returns(TIMED_QUOTE)
    .keyBy('symbol')
    .window(TumblingEventTimeWindows.of(intervalMs))
    .aggregate(QUOTES_TO_BAR, new FinishBar(open))
    .name('bars')
    .uid('bars')
    .returns(BAR);
}

/**
 * Bars of every length, kept for the chart.
 *
 *   quotes -- key by symbol -- bars of 1 s --+-- bars of 5 s ... 1 d --+-- history
 *                                            '-------------------------'     |
 *   trades -- key by symbol -- volumes of 1 s ... 1 d --------------------------'
 *
 * Only the shortest see quotes; the longer ones are made of those, and grow with each.
 */
export function describeBarHistory(
  session: DataStream<Quote | StartingPosition>,
  trades: SingleOutputStreamOperator<Trade>,
): void {
  const { '1s': shortestMs, ...longer } = BAR_INTERVALS_MS;
  const shortest = describeBars(session, shortestMs, 'first');
  const others = shortest
    .keyBy('symbol')
    .window(new EveryInterval(Object.values(longer)))
    .aggregate(BARS_TO_BAR, new FinishBar('first'))
    .name('longer bars')
    .uid('longer-bars')
    .returns(BAR);
  shortest
    .union(others)
    .keyBy('symbol')
    .connect(describeVolumes(trades, Object.values(BAR_INTERVALS_MS)).keyBy('symbol'))
    .process(new BarHistory())
    .name('bar history')
    .uid('bar-history');
}
