import { IllegalArgumentError } from '../../core/errors.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from './time-triggers.ts';
import type { Trigger } from './trigger.ts';
import { checkTimestamp, WindowAssigner, type WindowAssignerContext } from './window-assigner.ts';
import { TimeWindow, windowStartOf } from './window.ts';

interface Sliding {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;
}

function checkSliding(name: string, { sizeMs, slideMs, offsetMs }: Sliding): void {
  if (Math.abs(offsetMs) < slideMs && sizeMs > 0) return;
  throw new IllegalArgumentError(`${name} parameters must satisfy abs(offset) < slide and size > 0`);
}

/** From the latest start downwards, while the window still holds the timestamp. */
function slidingWindowsOf(timestampMs: number, { sizeMs, slideMs, offsetMs }: Sliding): TimeWindow[] {
  const windows: TimeWindow[] = [];
  const lastStart = windowStartOf(timestampMs, offsetMs, slideMs);
  for (let start = lastStart; start > timestampMs - sizeMs; start -= slideMs)
    windows.push(new TimeWindow(start, start + sizeMs));
  return windows;
}

/**
 * Windows of one size, one beginning every `slideMs`, by event time (Flink: SlidingEventTimeWindows). A record is in
 * size / slide of them; where the slide is larger than the size, some records are in none.
 */
export class SlidingEventTimeWindows extends WindowAssigner<unknown, TimeWindow> implements Sliding {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    super();
    this.sizeMs = sizeMs;
    this.slideMs = slideMs;
    this.offsetMs = offsetMs;
    checkSliding('SlidingEventTimeWindows', this);
  }

  static of(sizeMs: number, slideMs: number, offsetMs = 0): SlidingEventTimeWindows {
    return new SlidingEventTimeWindows(sizeMs, slideMs, offsetMs);
  }

  assignWindows(_: unknown, timestampMs: number): readonly TimeWindow[] {
    checkTimestamp(timestampMs);
    return slidingWindowsOf(timestampMs, this);
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return EventTimeTrigger.create();
  }

  isEventTime(): boolean {
    return true;
  }
}

/** The same by the clock at arrival (Flink: SlidingProcessingTimeWindows). */
export class SlidingProcessingTimeWindows extends WindowAssigner<unknown, TimeWindow> implements Sliding {
  readonly sizeMs: number;
  readonly slideMs: number;
  readonly offsetMs: number;

  private constructor(sizeMs: number, slideMs: number, offsetMs: number) {
    super();
    this.sizeMs = sizeMs;
    this.slideMs = slideMs;
    this.offsetMs = offsetMs;
    checkSliding('SlidingProcessingTimeWindows', this);
  }

  static of(sizeMs: number, slideMs: number, offsetMs = 0): SlidingProcessingTimeWindows {
    return new SlidingProcessingTimeWindows(sizeMs, slideMs, offsetMs);
  }

  assignWindows(_: unknown, __: number, context: WindowAssignerContext): readonly TimeWindow[] {
    return slidingWindowsOf(context.currentProcessingTime(), this);
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return ProcessingTimeTrigger.create();
  }

  isEventTime(): boolean {
    return false;
  }
}
