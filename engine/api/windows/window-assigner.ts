import { IllegalStateError } from '../../core/errors.ts';
import type { Trigger } from './trigger.ts';
import type { MergeCallback, Window } from './window.ts';

export interface WindowAssignerContext {
  currentProcessingTime(): number;
}

/** Says which windows a record belongs to (Flink: WindowAssigner). Has no state: the same record always gets the same ones. */
export abstract class WindowAssigner<in T, W extends Window> {
  /** @param timestampMs event time of the record; NaN when it has none */
  abstract assignWindows(element: T, timestampMs: number, context: WindowAssignerContext): readonly W[];
  abstract getDefaultTrigger(): Trigger<unknown, W>;
  /** Whether the watermark, not the clock, decides when a window is over. */
  abstract isEventTime(): boolean;
}

/** Windows that grow together when a record falls between them: sessions (Flink: MergingWindowAssigner). */
export abstract class MergingWindowAssigner<in T, W extends Window> extends WindowAssigner<T, W> {
  /** Calls back for each group of windows that must become one. */
  abstract mergeWindows(windows: readonly W[], onMerge: MergeCallback<W>): void;
}

/** @throws IllegalStateError for a record without a timestamp, with Flink's text */
export function checkTimestamp(timestampMs: number): void {
  if (timestampMs > -Infinity) return;
  throw new IllegalStateError(
    "Record has Long.MIN_VALUE timestamp (= no timestamp marker). Is the time characteristic set to 'ProcessingTime', or did you forget to call 'DataStream.assignTimestampsAndWatermarks(...)'?",
  );
}
