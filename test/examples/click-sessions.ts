import type { AggregateFunction } from '../../engine/api/state.ts';
import type { Collector, KeyedContext, OnTimerContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { aggregatingState, listState, reducingState, valueState } from '../../engine/api/state.ts';
import type { AggregatingState, ListState, ReducingState, ValueState } from '../../engine/api/state.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';

/**
 * Clicks of users become sessions, which end after `gapMs` without a click; clicks that come after the watermark passed
 * them go to a side output. A second stage counts sessions per first page. Shows two keyed stages, value, list, reducing
 * and aggregating state, late data.
 */
export interface ClickParameters {
  readonly clicks: readonly Click[];
  readonly gapMs: number;
  readonly outOfOrdernessMs: number;
}
export interface Click {
  readonly user: string;
  readonly page: string;
  readonly timeMs: number;
}
export interface Session {
  readonly user: string;
  readonly pages: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly pauseMsMean: number;
}
export interface PageCount {
  readonly page: string;
  readonly sessions: number;
}

const LATE_CLICKS = new OutputTag<Click>('late-clicks');

interface Mean {
  readonly sum: number;
  readonly count: number;
}
const MEAN: AggregateFunction<number, Mean, number> = {
  createAccumulator: () => ({ sum: 0, count: 0 }),
  add: (value, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
  getResult: ({ sum, count }) => sum / count,
  merge: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
};

class Sessions extends KeyedProcessFunction<string, Click, Session> {
  private lastMs!: ValueState<number>;
  private pages!: ListState<string>;
  private firstMs!: ReducingState<number>;
  private pauses!: AggregatingState<number, number>;
  private readonly gapMs: number;

  constructor(gapMs: number) {
    super();
    this.gapMs = gapMs;
  }

  override open(context: RuntimeContext): void {
    this.lastMs = context.getState(valueState<number>('lastMs'));
    this.pages = context.getListState(listState<string>('pages'));
    this.firstMs = context.getReducingState(reducingState<number>('firstMs', Math.min));
    this.pauses = context.getAggregatingState(aggregatingState('pauses', MEAN));
  }

  processElement(click: Click, context: KeyedContext<string>): void {
    const timers = context.timerService();
    if (click.timeMs <= timers.currentWatermark()) return context.output(LATE_CLICKS, click);
    const lastMs = this.lastMs.value();
    this.pages.add(click.page);
    this.firstMs.add(click.timeMs);
    if (lastMs !== null) this.pauses.add(Math.abs(click.timeMs - lastMs));
    if (lastMs !== null) timers.deleteEventTimeTimer(lastMs + this.gapMs);
    const latestMs = Math.max(lastMs ?? -Infinity, click.timeMs);
    this.lastMs.update(latestMs);
    timers.registerEventTimeTimer(latestMs + this.gapMs);
  }

  override onTimer(_: number, context: OnTimerContext<string>, out: Collector<Session>): void {
    out.collect({
      user: context.getCurrentKey(),
      pages: [...this.pages.get()].sort(),
      firstMs: this.firstMs.get() ?? NaN,
      lastMs: this.lastMs.value() ?? NaN,
      pauseMsMean: this.pauses.get() ?? 0,
    });
    this.lastMs.clear();
    this.pages.clear();
    this.firstMs.clear();
    this.pauses.clear();
  }
}

/** Sends the final counts when the stream ends: a timer at the end of time fires with the last watermark. */
class CountPages extends KeyedProcessFunction<string, Session, PageCount> {
  private count!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.count = context.getState(valueState<number>('count', 0));
  }
  processElement(_: Session, context: KeyedContext<string>): void {
    this.count.update((this.count.value() ?? 0) + 1);
    context.timerService().registerEventTimeTimer(Infinity);
  }
  override onTimer(_: number, context: OnTimerContext<string>, out: Collector<PageCount>): void {
    out.collect({ page: context.getCurrentKey(), sessions: this.count.value() ?? 0 });
  }
}

export const clickSessions = defineJob<ClickParameters>((env, { clicks, gapMs, outOfOrdernessMs }) => {
  const sessions = env
    .fromCollection(clicks, (click) => click.timeMs, WatermarkStrategy.forBoundedOutOfOrderness(outOfOrdernessMs))
    .keyBy('user')
    .process(new Sessions(gapMs))
    .name('sessions')
    .uid('sessions');
  sessions.sinkTo(externalSink<Session>('sessions'));
  sessions.getSideOutput(LATE_CLICKS).sinkTo(externalSink<Click>('late'));
  sessions
    .filter((session) => session.pages.length > 0)
    .keyBy((session) => session.pages[0])
    .process(new CountPages())
    .name('pages')
    .uid('pages')
    .sinkTo(externalSink<PageCount>('pages'));
});
