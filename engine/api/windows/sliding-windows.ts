import { IllegalArgumentError } from '../../core/errors.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from './time-triggers.ts';
import type { Trigger } from './trigger.ts';
import { checkTimestamp, WindowAssigner, type WindowAssignerContext } from './window-assigner.ts';
import { TimeWindow, windowStartOf } from './window.ts';

/** Windows of one size, one beginning every `slideMs`. What time they are of, the two below say. */
abstract class SlidingWindows extends WindowAssigner<unknown, TimeWindow> {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;

  /** @param name for the error's text, which is Flink's */
  protected constructor(name: string, sizeMs: number, slideMs: number, offsetMs: number) {
    super();
    if (!(Math.abs(offsetMs) < slideMs && sizeMs > 0))
      throw new IllegalArgumentError(`${name} parameters must satisfy abs(offset) < slide and size > 0`);
    this.sizeMs = sizeMs;
    this.slideMs = slideMs;
    this.offsetMs = offsetMs;
  }

  /** From the latest start downwards, while the window still holds the time. */
  protected windowsAt(timeMs: number): readonly TimeWindow[] {
    const { sizeMs, slideMs, offsetMs } = this;
    const windows: TimeWindow[] = [];
    for (let start = windowStartOf(timeMs, offsetMs, slideMs); start > timeMs - sizeMs; start -= slideMs)
      windows.push(new TimeWindow(start, start + sizeMs));
    return windows;
  }
}

/**
 * Windows of one size, one beginning every `slideMs`, by event time (Flink: SlidingEventTimeWindows). A record is in
 * size / slide of them; where the slide is larger than the size, some records are in none.
 */
export class SlidingEventTimeWindows extends SlidingWindows {
  private constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    super('SlidingEventTimeWindows', sizeMs, slideMs, offsetMs);
  }

  static of(sizeMs: number, slideMs: number, offsetMs = 0): SlidingEventTimeWindows {
    return new SlidingEventTimeWindows(sizeMs, slideMs, offsetMs);
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

/** The same by the clock at arrival (Flink: SlidingProcessingTimeWindows). */
export class SlidingProcessingTimeWindows extends SlidingWindows {
  private constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    super('SlidingProcessingTimeWindows', sizeMs, slideMs, offsetMs);
  }

  static of(sizeMs: number, slideMs: number, offsetMs = 0): SlidingProcessingTimeWindows {
    return new SlidingProcessingTimeWindows(sizeMs, slideMs, offsetMs);
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
