import { IllegalArgumentError } from '../../core/errors.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from './time-triggers.ts';
import type { Trigger } from './trigger.ts';
import { checkTimestamp, MergingWindowAssigner, type WindowAssignerContext } from './window-assigner.ts';
import { mergeTimeWindows, TimeWindow, type MergeCallback } from './window.ts';

/** The pause after a record that ends its session, ms, above 0. */
export type SessionWindowTimeGapExtractor<T> = (element: T) => number;

function fixedGap(name: string, gapMs: number): SessionWindowTimeGapExtractor<unknown> {
  if (!(gapMs > 0)) throw new IllegalArgumentError(`${name} parameters must satisfy 0 < size`);
  return () => gapMs;
}

function gapOf<T>(extract: SessionWindowTimeGapExtractor<T>, element: T): number {
  const gapMs = extract(element);
  if (!(gapMs > 0)) throw new IllegalArgumentError('Dynamic session time gap must satisfy 0 < gap');
  return gapMs;
}

/**
 * Records of a key without a pause between them, by event time (Flink: EventTimeSessionWindows and
 * DynamicEventTimeSessionWindows). Windows that overlap or touch become one.
 */
export class EventTimeSessionWindows<T = unknown> extends MergingWindowAssigner<T, TimeWindow> {
  private readonly extractGap: SessionWindowTimeGapExtractor<T>;

  private constructor(extractGap: SessionWindowTimeGapExtractor<T>) {
    super();
    this.extractGap = extractGap;
  }

  static withGap(gapMs: number): EventTimeSessionWindows {
    return new EventTimeSessionWindows(fixedGap('EventTimeSessionWindows', gapMs));
  }

  /** A pause of each record's own. */
  static withDynamicGap<T>(extractGap: SessionWindowTimeGapExtractor<T>): EventTimeSessionWindows<T> {
    return new EventTimeSessionWindows<T>(extractGap);
  }

  assignWindows(element: T, timestampMs: number): readonly TimeWindow[] {
    checkTimestamp(timestampMs);
    return [new TimeWindow(timestampMs, timestampMs + gapOf(this.extractGap, element))];
  }

  mergeWindows(windows: readonly TimeWindow[], onMerge: MergeCallback<TimeWindow>): void {
    mergeTimeWindows(windows, onMerge);
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }

  isEventTime(): boolean {
    return true;
  }
}

/** The same by the clock at arrival (Flink: ProcessingTimeSessionWindows and its dynamic twin). */
export class ProcessingTimeSessionWindows<T = unknown> extends MergingWindowAssigner<T, TimeWindow> {
  private readonly extractGap: SessionWindowTimeGapExtractor<T>;

  private constructor(extractGap: SessionWindowTimeGapExtractor<T>) {
    super();
    this.extractGap = extractGap;
  }

  static withGap(gapMs: number): ProcessingTimeSessionWindows {
    return new ProcessingTimeSessionWindows(fixedGap('ProcessingTimeSessionWindows', gapMs));
  }

  static withDynamicGap<T>(extractGap: SessionWindowTimeGapExtractor<T>): ProcessingTimeSessionWindows<T> {
    return new ProcessingTimeSessionWindows<T>(extractGap);
  }

  assignWindows(element: T, _: number, context: WindowAssignerContext): readonly TimeWindow[] {
    const nowMs = context.currentProcessingTime();
    return [new TimeWindow(nowMs, nowMs + gapOf(this.extractGap, element))];
  }

  mergeWindows(windows: readonly TimeWindow[], onMerge: MergeCallback<TimeWindow>): void {
    mergeTimeWindows(windows, onMerge);
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }

  isEventTime(): boolean {
    return false;
  }
}
