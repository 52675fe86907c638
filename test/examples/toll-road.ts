import type { Collector } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { AsOfJoinFunction, type AsOfContext } from '../../engine/api/joins/as-of-join.ts';
import { ProcessJoinFunction } from '../../engine/api/joins/interval-join.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { valueState, type AggregateFunction } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';
import { ContinuousEventTimeTrigger } from '../../engine/api/windows/continuous-triggers.ts';
import { ProcessWindowFunction, type WindowContext } from '../../engine/api/windows/process-window-function.ts';
import { EventTimeSessionWindows } from '../../engine/api/windows/session-windows.ts';
import { SlidingEventTimeWindows } from '../../engine/api/windows/sliding-windows.ts';
import { TumblingEventTimeWindows } from '../../engine/api/windows/tumbling-windows.ts';
import type { TimeWindow } from '../../engine/api/windows/window.ts';

/**
 * A toll road: gates see cars, signs say the speed limit of their road, which changes. Shows tumbling, sliding, session and
 * count windows, incremental and full, late records, window and global state, an interval join (way in, way out) and an
 * as-of join (the limit when the car passed).
 */
export const PASSAGE = struct('passage', {
  car: 'symbol',
  road: 'symbol',
  speed: 'i32',
  isEntry: 'i32',
  timeMs: 'f64',
});
export type Passage = ViewOf<typeof PASSAGE>;
export interface Limit {
  readonly kind: 'limit';
  readonly road: string;
  readonly speed: number;
  readonly timeMs: number;
}
export interface TollRoadParameters {
  readonly passages: readonly Passage[];
  readonly limits: readonly Limit[];
  readonly outOfOrdernessMs: number;
}

export const TOLL_ROAD_SINKS = ['speeds', 'late', 'fastest', 'trips', 'all', 'stretches', 'speeding'] as const;

const LATE_PASSAGES = new OutputTag<Passage>('late-passages', PASSAGE);

interface SpeedSum {
  readonly sum: number;
  readonly count: number;
}
const MEAN_SPEED: AggregateFunction<Passage, SpeedSum, SpeedSum> = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: ({ speed }, { sum, count }) => ({ sum: sum + speed, count: count + 1 }),
  getResult: (total) => total,
  merge: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
};

/** The mean of a road and window, and how many windows of the road were seen before. */
class RoadReport extends ProcessWindowFunction<SpeedSum, unknown, string, TimeWindow> {
  process(
    road: string,
    context: WindowContext<TimeWindow>,
    [{ sum, count }]: readonly SpeedSum[],
    out: Collector<unknown>,
  ): void {
    const firings = context.windowState().getState(valueState<number>('firings', 0));
    const windows = context.globalState().getState(valueState<number>('windows', 0));
    if (firings.value() === 0) windows.update((windows.value() ?? 0) + 1);
    firings.update((firings.value() ?? 0) + 1);
    out.collect({ road, fromMs: context.window.start, mean: sum / count, count, firing: firings.value() });
  }
  override clear(context: WindowContext<TimeWindow>): void {
    context.windowState().getState(valueState<number>('firings', 0)).clear();
  }
}

class Trip extends ProcessWindowFunction<Passage, unknown, string, TimeWindow> {
  process(
    car: string,
    { window }: WindowContext<TimeWindow>,
    passages: readonly Passage[],
    out: Collector<unknown>,
  ): void {
    out.collect({ car, fromMs: window.start, toMs: window.end, roads: passages.map(({ road }) => road).sort() });
  }
}

class PaidStretch extends ProcessJoinFunction<Passage, Passage, unknown> {
  processElement(entry: Passage, exit: Passage, _: unknown, out: Collector<unknown>): void {
    out.collect({ car: entry.car, road: entry.road, fromMs: entry.timeMs, toMs: exit.timeMs });
  }
}

class Speeding extends AsOfJoinFunction<Passage, Limit, unknown> {
  processElement(passage: Passage, limit: Limit | null, context: AsOfContext, out: Collector<unknown>): void {
    if (limit !== null && passage.speed <= limit.speed) return;
    const { car, road, speed, timeMs } = passage;
    out.collect({ car, road, speed, timeMs, limit: limit?.speed ?? null, since: context.versionTimestamp() });
  }
}

export const tollRoad = defineJob<TollRoadParameters>((env, { passages, limits, outOfOrdernessMs }) => {
  // One source, so that a passage and a limit meet the same watermark however the job is laid out.
  const timed = inArrivalOrder(passages, limits);
  const seen = env
    .fromCollection<Passage | Limit>(
      timed,
      ({ timeMs }) => timeMs,
      WatermarkStrategy.forBoundedOutOfOrderness(outOfOrdernessMs),
    )
    .uid('gates');
  const passed = seen
    .filter((one) => one.kind === 'passage')
    .map((one) => one as Passage)
    .returns(PASSAGE);
  const limited = seen.filter((one) => one.kind === 'limit').map((one) => one as Limit);

  const speeds = passed
    .keyBy('road')
    .window(TumblingEventTimeWindows.of(200, 50))
    .trigger(ContinuousEventTimeTrigger.of(80))
    .allowedLateness(100)
    .sideOutputLateData(LATE_PASSAGES)
    .aggregate(MEAN_SPEED, new RoadReport())
    .name('speeds')
    .uid('speeds');
  speeds.sinkTo(externalSink('speeds'));
  speeds.getSideOutput(LATE_PASSAGES).sinkTo(externalSink('late'));

  passed
    .keyBy('road')
    .window(SlidingEventTimeWindows.of(300, 100))
    .reduce((left, right) => (left.speed >= right.speed ? left : right))
    .uid('fastest')
    .returns(PASSAGE)
    .sinkTo(externalSink('fastest'));
  passed
    .keyBy('car')
    .window(EventTimeSessionWindows.withDynamicGap<Passage>(({ speed }) => (speed > 100 ? 60 : 120)))
    .allowedLateness(40)
    .process(new Trip())
    .uid('trips')
    .sinkTo(externalSink('trips'));
  passed.windowAll(TumblingEventTimeWindows.of(500)).aggregate(MEAN_SPEED).uid('all').sinkTo(externalSink('all'));

  const stretch = (passage: Passage): string => `${passage.car} ${passage.road}`;
  passed
    .filter(({ isEntry }) => isEntry === 1)
    .keyBy(stretch)
    .intervalJoin(passed.filter(({ isEntry }) => isEntry === 0).keyBy(stretch))
    .between(1, 250)
    .upperBoundExclusive()
    .process(new PaidStretch())
    .uid('stretches')
    .sinkTo(externalSink('stretches'));
  passed
    .keyBy('road')
    .asOfJoin(limited.keyBy('road'))
    .within(1500)
    .process(new Speeding())
    .uid('speeding')
    .sinkTo(externalSink('speeding'));
});

/** Limits come in time, between passages that do not always. */
export function inArrivalOrder(passages: readonly Passage[], limits: readonly Limit[]): (Passage | Limit)[] {
  const waiting = [...limits].sort((left, right) => left.timeMs - right.timeMs);
  const arrived = passages.flatMap((passage) => {
    const due = waiting.findIndex(({ timeMs }) => timeMs > passage.timeMs);
    return [...waiting.splice(0, due < 0 ? waiting.length : due), passage];
  });
  return [...arrived, ...waiting];
}
