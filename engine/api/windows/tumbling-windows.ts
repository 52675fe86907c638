import { IllegalArgumentError } from '../../core/errors.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from './time-triggers.ts';
import type { Trigger } from './trigger.ts';
import { checkTimestamp, WindowAssigner, type WindowAssignerContext } from './window-assigner.ts';
import { TimeWindow, windowStartOf } from './window.ts';

function checkSize(name: string, sizeMs: number, offsetMs: number): void {
  if (Math.abs(offsetMs) < sizeMs) return;
  throw new IllegalArgumentError(`${name} parameters must satisfy abs(offset) < size`);
}

/** One window after the other, all of one size, by event time (Flink: TumblingEventTimeWindows). */
export class TumblingEventTimeWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly sizeMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, offsetMs: number) {
    super();
    checkSize('TumblingEventTimeWindows', sizeMs, offsetMs);
    this.sizeMs = sizeMs;
    this.offsetMs = offsetMs;
  }

  /** @param offsetMs where windows begin: days of UTC-4 are `of(86_400_000, 14_400_000)` */
  static of(sizeMs: number, offsetMs = 0): TumblingEventTimeWindows {
    return new TumblingEventTimeWindows(sizeMs, offsetMs);
  }

  assignWindows(_: unknown, timestampMs: number): readonly TimeWindow[] {
    checkTimestamp(timestampMs);
    const start = windowStartOf(timestampMs, this.offsetMs, this.sizeMs);
    return [new TimeWindow(start, start + this.sizeMs)];
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }

  isEventTime(): boolean {
    return true;
  }
}

/** The same by the clock at arrival (Flink: TumblingProcessingTimeWindows). */
export class TumblingProcessingTimeWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly sizeMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, offsetMs: number) {
    super();
    checkSize('TumblingProcessingTimeWindows', sizeMs, offsetMs);
    this.sizeMs = sizeMs;
    this.offsetMs = offsetMs;
  }

  static of(sizeMs: number, offsetMs = 0): TumblingProcessingTimeWindows {
    return new TumblingProcessingTimeWindows(sizeMs, offsetMs);
  }

  assignWindows(_: unknown, __: number, context: WindowAssignerContext): readonly TimeWindow[] {
    const start = windowStartOf(context.currentProcessingTime(), this.offsetMs, this.sizeMs);
    return [new TimeWindow(start, start + this.sizeMs)];
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }

  isEventTime(): boolean {
    return false;
  }
}
