import type { KeyedStream, SingleOutputStreamOperator } from '../../../engine/api/data-stream.ts';
import type { Collector } from '../../../engine/api/functions.ts';
import type { OutputTag } from '../../../engine/api/output-tag.ts';
import { valueState } from '../../../engine/api/state.ts';
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
} from '../../../engine/api/windows/continuous-triggers.ts';
import { CountTrigger } from '../../../engine/api/windows/count-trigger.ts';
import { CountEvictor, DeltaEvictor, TimeEvictor, type Evictor } from '../../../engine/api/windows/evictors.ts';
import { GlobalWindows } from '../../../engine/api/windows/global-windows.ts';
import { ProcessWindowFunction, type WindowContext } from '../../../engine/api/windows/process-window-function.ts';
import { PurgingTrigger } from '../../../engine/api/windows/purging-trigger.ts';
import { EventTimeSessionWindows } from '../../../engine/api/windows/session-windows.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from '../../../engine/api/windows/time-triggers.ts';
import type { Trigger } from '../../../engine/api/windows/trigger.ts';
import {
  TumblingEventTimeWindows,
  TumblingProcessingTimeWindows,
} from '../../../engine/api/windows/tumbling-windows.ts';
import type { WindowAssigner } from '../../../engine/api/windows/window-assigner.ts';
import { TimeWindow, type Window } from '../../../engine/api/windows/window.ts';
import type { DrawnEvictor, DrawnTriggered } from './drawn-triggers.ts';
import type { StreamRecord } from './drawn-streams.ts';

const FIRINGS = valueState<number>('firings', 0);

const told = (key: string, window: Window, nth: number | null, all: readonly StreamRecord[]): unknown => {
  const span = window instanceof TimeWindow ? [window.start, window.end] : [null, null];
  return [key, ...span, nth, all.map(({ sequence }) => sequence).sort((left, right) => left - right)];
};

/** What a window holds, with the number of the firing: a window may hold the same twice. */
class Numbered extends ProcessWindowFunction<StreamRecord, unknown, string, Window> {
  process(key: string, context: WindowContext<Window>, all: readonly StreamRecord[], out: Collector<unknown>): void {
    const firings = context.windowState().getState(FIRINGS);
    const nth = (firings.value() ?? 0) + 1;
    firings.update(nth);
    out.collect(told(key, context.window, nth, all));
  }

  override clear(context: WindowContext<Window>): void {
    context.windowState().getState(FIRINGS).clear();
  }
}

/** Windows that merge have no state of their own to count in. */
class Unnumbered extends ProcessWindowFunction<StreamRecord, unknown, string, Window> {
  process(key: string, { window }: WindowContext<Window>, all: readonly StreamRecord[], out: Collector<unknown>): void {
    out.collect(told(key, window, null, all));
  }
}

export function describeTriggered(
  stream: KeyedStream<string, StreamRecord>,
  drawn: DrawnTriggered,
  late: OutputTag<StreamRecord>,
): SingleOutputStreamOperator<unknown> {
  const { time, spans, latenessMs, purges, evictor } = drawn;
  const trigger = triggerOf(drawn);
  const windows = stream.window<Window>(assignerOf(drawn)).trigger(purges ? PurgingTrigger.of(trigger) : trigger);
  if (time === 'event') windows.allowedLateness(latenessMs).sideOutputLateData(late);
  if (evictor !== null) windows.evictor(evictorOf(evictor));
  return windows.process(spans.kind === 'sessions' ? new Unnumbered() : new Numbered());
}

function assignerOf({ time, spans }: DrawnTriggered): WindowAssigner<unknown, Window> {
  switch (spans.kind) {
    case 'global':
      return GlobalWindows.create();
    case 'sessions':
      return EventTimeSessionWindows.withGap(spans.gapMs);
    case 'tumbling':
      return time === 'event'
        ? TumblingEventTimeWindows.of(spans.sizeMs)
        : TumblingProcessingTimeWindows.of(spans.sizeMs);
  }
}

function triggerOf({ time, trigger }: DrawnTriggered): Trigger<unknown, Window> {
  switch (trigger.kind) {
    case 'at-the-end':
      return time === 'event' ? EventTimeTrigger.create() : ProcessingTimeTrigger.create();
    case 'continuous':
      return time === 'event'
        ? ContinuousEventTimeTrigger.of(trigger.everyMs)
        : ContinuousProcessingTimeTrigger.of(trigger.everyMs);
    case 'count':
      return CountTrigger.of(trigger.count);
  }
}

function evictorOf({ kind, keeps, when }: DrawnEvictor): Evictor<StreamRecord, Window> {
  switch (kind) {
    case 'count':
      return CountEvictor.of(keeps, when);
    case 'time':
      return TimeEvictor.of(keeps, when);
    case 'delta':
      return DeltaEvictor.of(keeps, (record, last) => last.sequence - record.sequence, when);
  }
}
