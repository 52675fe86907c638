import { IllegalArgumentError } from '../../core/errors.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from './time-triggers.ts';
import type { Trigger } from './trigger.ts';
import { checkTimestamp, WindowAssigner, type WindowAssignerContext } from './window-assigner.ts';
import { TimeWindow, windowStartOf } from './window.ts';

/** One window after the other, all of one size. What time they are of, the two below say. */
abstract class TumblingWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly sizeMs: number;
  readonly offsetMs: number;

  /** @param name for the error's text, which is Flink's */
  protected constructor(name: string, sizeMs: number, offsetMs: number) {
    super();
    if (!(Math.abs(offsetMs) < sizeMs))
      throw new IllegalArgumentError(`${name} parameters must satisfy abs(offset) < size`);
    this.sizeMs = sizeMs;
    this.offsetMs = offsetMs;
  }

  protected windowsAt(timeMs: number): readonly TimeWindow[] {
    const start = windowStartOf(timeMs, this.offsetMs, this.sizeMs);
    return [new TimeWindow(start, start + this.sizeMs)];
  }
}

/** One window after the other, all of one size, by event time (Flink: TumblingEventTimeWindows). */
export class TumblingEventTimeWindows extends TumblingWindows {
  private constructor(sizeMs: number, offsetMs: number) {
    super('TumblingEventTimeWindows', sizeMs, offsetMs);
  }

  /** @param offsetMs where windows begin: days of UTC-4 are `of(86_400_000, 14_400_000)` */
  static of(sizeMs: number, offsetMs = 0): TumblingEventTimeWindows {
    return new TumblingEventTimeWindows(sizeMs, offsetMs);
  }

  assignWindows(_: unknown, timestampMs: number): readonly TimeWindow[] {
    checkTimestamp(timestampMs);
    return this.windowsAt(timestampMs);
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }

  isEventTime(): boolean {
    return true;
  }
}

/** The same by the clock at arrival (Flink: TumblingProcessingTimeWindows). */
export class TumblingProcessingTimeWindows extends TumblingWindows {
  private constructor(sizeMs: number, offsetMs: number) {
    super('TumblingProcessingTimeWindows', sizeMs, offsetMs);
  }

  static of(sizeMs: number, offsetMs = 0): TumblingProcessingTimeWindows {
    return new TumblingProcessingTimeWindows(sizeMs, offsetMs);
  }

  assignWindows(_: unknown, __: number, context: WindowAssignerContext): readonly TimeWindow[] {
    return this.windowsAt(context.currentProcessingTime());
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }

  isEventTime(): boolean {
    return false;
  }
}
