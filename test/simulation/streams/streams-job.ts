import { AsyncDataStream } from '../../../engine/api/async.ts';
import { fixedDelayRetry, HAS_EXCEPTION_PREDICATE } from '../../../engine/api/async-retry.ts';
import type { KeyedStream, SingleOutputStreamOperator } from '../../../engine/api/data-stream.ts';
import {
  KeyedProcessFunction,
  type Collector,
  type KeyedContext,
  type OnTimerContext,
  type RuntimeContext,
} from '../../../engine/api/functions.ts';
import { defineJob } from '../../../engine/api/job.ts';
import { AsOfJoinFunction, type AsOfContext } from '../../../engine/api/joins/as-of-join.ts';
import { ProcessJoinFunction } from '../../../engine/api/joins/interval-join.ts';
import { OutputTag } from '../../../engine/api/output-tag.ts';
import { setQueryable } from '../../../engine/api/queryable-state.ts';
import { externalSink } from '../../../engine/api/sink.ts';
import type { SourceReader, SourceReaderContext } from '../../../engine/api/source.ts';
import { valueState, type AggregateFunction, type ValueState } from '../../../engine/api/state.ts';
import { enableTimeToLive, stateTtlConfig } from '../../../engine/api/state-ttl.ts';
import { struct } from '../../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../../engine/api/watermark-strategy.ts';
import { CountTrigger } from '../../../engine/api/windows/count-trigger.ts';
import { CountEvictor } from '../../../engine/api/windows/evictors.ts';
import { GlobalWindows } from '../../../engine/api/windows/global-windows.ts';
import { ProcessWindowFunction, type WindowContext } from '../../../engine/api/windows/process-window-function.ts';
import { PurgingTrigger } from '../../../engine/api/windows/purging-trigger.ts';
import { EventTimeSessionWindows } from '../../../engine/api/windows/session-windows.ts';
import { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from '../../../engine/api/windows/sliding-windows.ts';
import { TumblingEventTimeWindows } from '../../../engine/api/windows/tumbling-windows.ts';
import { TimeWindow, type Window } from '../../../engine/api/windows/window.ts';
import { describeHearing, describeMeeting } from './connected-streams.ts';
import type { DrawnStreams, DrawnWindows, StreamRecord } from './drawn-streams.ts';
import { AskService, type Answered, type SimulatedService } from './simulated-service.ts';
import { describeTriggered } from './triggered-windows.ts';

const RECORD = struct('record', { key: 'symbol', sequence: 'i32', side: 'i32', ts: 'f64' });
const LATE = new OutputTag<StreamRecord>('late');
const LATE_TRIGGERED = new OutputTag<StreamRecord>('late-triggered');
const LATE_LEFT = new OutputTag<StreamRecord>('late-left');
const LATE_RIGHT = new OutputTag<StreamRecord>('late-right');

/** Every sink, whether the seed's job has it or not. */
export const STREAM_SINKS = [
  'counts',
  'timers',
  'fired',
  'late',
  'triggered',
  'triggered-late',
  'met',
  'heard',
  'pairs',
  'late-sides',
  'versions',
  'answers',
] as const;

/** Asked for while the job runs: how many records a key had, and the sum of their numbers. */
export const COUNTED = setQueryable(valueState<Counted>('counted'), 'counted');
export interface Counted {
  readonly count: number;
  readonly sum: number;
}
export const TIMER_AFTER_MS = 5;
const RETRIES_MAX = 100_000;

export interface StreamsParameters {
  readonly drawn: DrawnStreams;
  /** Answers of a key are numbered as they come. */
  readonly tellsOrder: boolean;
  readonly createSource: (context: SourceReaderContext) => SourceReader<StreamRecord>;
  readonly service: SimulatedService | null;
}

/** Counts by key, for ever and for a while, and calls itself back. */
class Count extends KeyedProcessFunction<string, StreamRecord, unknown> {
  readonly #ttlMs: number;
  #counted!: ValueState<Counted>;
  #mortal!: ValueState<number>;

  constructor(ttlMs: number) {
    super();
    this.#ttlMs = ttlMs;
  }

  override open(context: RuntimeContext): void {
    this.#counted = context.getState(COUNTED);
    this.#mortal = context.getState(enableTimeToLive(valueState<number>('mortal'), stateTtlConfig(this.#ttlMs)));
  }

  processElement({ key, sequence, ts }: StreamRecord, context: KeyedContext<string>, out: Collector<unknown>): void {
    const { count, sum } = this.#counted.value() ?? { count: 0, sum: 0 };
    this.#counted.update({ count: count + 1, sum: sum + sequence });
    const alive = (this.#mortal.value() ?? 0) + 1;
    this.#mortal.update(alive);
    const timers = context.timerService();
    if (ts + TIMER_AFTER_MS > timers.currentWatermark()) timers.registerEventTimeTimer(ts + TIMER_AFTER_MS);
    out.collect([key, sequence, count + 1, alive]);
  }

  override onTimer(timestampMs: number, context: OnTimerContext<string>): void {
    context.output(TIMERS, [context.getCurrentKey(), timestampMs]);
  }
}
const TIMERS = new OutputTag<unknown>('timers');

const spanOf = (window: Window): readonly number[] =>
  window instanceof TimeWindow ? [window.start, window.end] : [0, 0];
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((left, right) => left - right);

class Sequences extends ProcessWindowFunction<StreamRecord, unknown, string, Window> {
  process(key: string, { window }: WindowContext<Window>, all: readonly StreamRecord[], out: Collector<unknown>): void {
    out.collect([key, ...spanOf(window), ascending(all.map(({ sequence }) => sequence))]);
  }
}
class Collected extends ProcessWindowFunction<readonly number[], unknown, string, Window> {
  process(
    key: string,
    { window }: WindowContext<Window>,
    [all]: readonly (readonly number[])[],
    out: Collector<unknown>,
  ): void {
    out.collect([key, ...spanOf(window), ascending(all)]);
  }
}
const COLLECT: AggregateFunction<StreamRecord, number[], readonly number[]> = {
  createAccumulator: () => [],
  add: ({ sequence }, all) => [...all, sequence],
  getResult: (all) => all,
  merge: (left, right) => [...left, ...right],
};

function describeWindows(
  stream: KeyedStream<string, StreamRecord>,
  windows: DrawnWindows,
): SingleOutputStreamOperator<unknown> {
  switch (windows.kind) {
    case 'sliding':
    case 'session': {
      const assigned = stream
        .window<Window>(
          windows.kind === 'session'
            ? EventTimeSessionWindows.withGap(windows.gap)
            : windows.size === windows.slide
              ? TumblingEventTimeWindows.of(windows.size, windows.offset)
              : SlidingEventTimeWindows.of(windows.size, windows.slide, windows.offset),
        )
        .allowedLateness(windows.lateness)
        .sideOutputLateData(LATE);
      return windows.computation === 'full'
        ? assigned.process(new Sequences())
        : assigned.aggregate(COLLECT, new Collected());
    }
    case 'counted': {
      const counts = CountTrigger.of(windows.count);
      return stream
        .window(TumblingEventTimeWindows.of(windows.size))
        .trigger(windows.purges ? PurgingTrigger.of(counts) : counts)
        .sideOutputLateData(LATE)
        .process(new Sequences());
    }
    case 'global': {
      const all = stream.window(GlobalWindows.create());
      const counts = CountTrigger.of(windows.count);
      return windows.keeps === null
        ? all.trigger(PurgingTrigger.of(counts)).process(new Sequences())
        : all.evictor(CountEvictor.of<StreamRecord>(windows.keeps)).trigger(counts).process(new Sequences());
    }
    case 'by-clock':
      return stream
        .window(SlidingProcessingTimeWindows.of(windows.size, windows.slide))
        .aggregate(COLLECT, new Collected());
  }
}

class Pairs extends ProcessJoinFunction<StreamRecord, StreamRecord, unknown> {
  processElement(left: StreamRecord, right: StreamRecord, _: unknown, out: Collector<unknown>): void {
    out.collect([left.sequence, right.sequence]);
  }
}
class Versions extends AsOfJoinFunction<StreamRecord, StreamRecord, unknown> {
  processElement(
    { sequence }: StreamRecord,
    version: StreamRecord | null,
    _: AsOfContext,
    out: Collector<unknown>,
  ): void {
    out.collect([sequence, version?.sequence ?? null]);
  }
}

/** Numbers the answers of a key in the order in which they come. */
class InOrder extends KeyedProcessFunction<string, Answered, unknown> {
  readonly #tellsOrder: boolean;
  #count!: ValueState<number>;

  constructor(tellsOrder: boolean) {
    super();
    this.#tellsOrder = tellsOrder;
  }

  override open(context: RuntimeContext): void {
    this.#count = context.getState(valueState<number>('count', 0));
  }

  processElement({ sequence, answer }: Answered, _: KeyedContext<string>, out: Collector<unknown>): void {
    const nth = (this.#count.value() ?? 0) + 1;
    this.#count.update(nth);
    out.collect([sequence, answer, this.#tellsOrder ? nth : null]);
  }
}

export const streamsJob = defineJob<StreamsParameters>((env, { drawn, tellsOrder, createSource, service }) => {
  const read = env
    .setProcessingTime('source')
    .fromSource<StreamRecord>(createSource, WatermarkStrategy.noWatermarks(), 'script')
    .uid('script');
  const records = drawn.hasStruct ? read.map((record) => record).returns(RECORD as never) : read;
  const all = (): KeyedStream<string, StreamRecord> => (records as typeof read).keyBy('key');
  const counted = all().process(new Count(drawn.ttlMs)).uid('count');
  counted.sinkTo(externalSink('counts')).uid('counts');
  counted.getSideOutput(TIMERS).sinkTo(externalSink('timers')).uid('timers');
  if (drawn.windows !== null) {
    const fired = describeWindows(all(), drawn.windows).uid('windows');
    fired.sinkTo(externalSink('fired')).uid('fired');
    fired
      .getSideOutput(LATE)
      .map(({ sequence }) => [sequence])
      .sinkTo(externalSink('late'))
      .uid('late');
  }
  if (drawn.triggered !== null) {
    const fired = describeTriggered(all(), drawn.triggered, LATE_TRIGGERED).uid('triggered-windows');
    fired.sinkTo(externalSink('triggered')).uid('triggered');
    fired
      .getSideOutput(LATE_TRIGGERED)
      .map(({ sequence }) => [sequence])
      .sinkTo(externalSink('triggered-late'))
      .uid('triggered-late');
  }
  const sideOf = (side: 1 | 2): KeyedStream<string, StreamRecord> =>
    (records as typeof read).filter((record) => record.side === side).keyBy('key');
  if (drawn.connected === 'keyed')
    describeMeeting(sideOf(1), sideOf(2)).uid('meet').sinkTo(externalSink('met')).uid('met');
  if (drawn.connected === 'broadcast') {
    const told = (records as typeof read).filter(({ side }) => side === 2).broadcast();
    describeHearing(sideOf(1), told).uid('hear').sinkTo(externalSink('heard')).uid('heard');
  }
  if (drawn.interval !== null) {
    const pairs = sideOf(1)
      .intervalJoin(sideOf(2))
      .between(drawn.interval.lower, drawn.interval.upper)
      .sideOutputLeftLateData(LATE_LEFT)
      .sideOutputRightLateData(LATE_RIGHT)
      .process(new Pairs())
      .uid('interval');
    pairs.sinkTo(externalSink('pairs')).uid('pairs');
    pairs
      .getSideOutput(LATE_LEFT)
      .union(pairs.getSideOutput(LATE_RIGHT))
      .map(({ sequence }) => [sequence])
      .sinkTo(externalSink('late-sides'))
      .uid('late-sides');
  }
  if (drawn.asOf !== null) {
    const join = sideOf(1).asOfJoin(sideOf(2)).within(drawn.asOf.ageMaxMs);
    (drawn.asOf.before ? join.strictlyBefore() : join)
      .process(new Versions())
      .uid('as-of')
      .sinkTo(externalSink('versions'))
      .uid('versions');
  }
  if (drawn.calls !== null && service !== null) {
    const { mode, capacity, timeoutMs } = drawn.calls;
    const options = {
      capacity,
      timeoutMs,
      retry: fixedDelayRetry<Answered>(
        { maxAttempts: RETRIES_MAX, delayMs: 1 },
        { ifException: HAS_EXCEPTION_PREDICATE },
      ),
    };
    const asked =
      mode === 'ordered'
        ? AsyncDataStream.orderedWait(all(), new AskService(service) as never, options)
        : AsyncDataStream.unorderedWait(all(), new AskService(service) as never, options);
    asked
      .uid('ask')
      .keyBy('key')
      .process(new InOrder(tellsOrder))
      .uid('in-order')
      .sinkTo(externalSink('answers'))
      .uid('answers');
  }
});
