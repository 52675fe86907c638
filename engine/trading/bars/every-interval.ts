import { CountTrigger } from '../../api/windows/count-trigger.ts';
import type { Trigger } from '../../api/windows/trigger.ts';
import { WindowAssigner } from '../../api/windows/window-assigner.ts';
import { TimeWindow, windowStartOf } from '../../api/windows/window.ts';

/**
 * A record belongs to a window of each of several lengths. They fire with each record, so that the newest can be shown as it
 * grows; what is told of a window last is the whole of it.
 */
export class EveryInterval extends WindowAssigner<unknown, TimeWindow> {
  readonly #intervalsMs: readonly number[];

  constructor(intervalsMs: readonly number[]) {
    super();
    this.#intervalsMs = intervalsMs;
  }

  assignWindows(_: unknown, timestampMs: number): readonly TimeWindow[] {
    return this.#intervalsMs.map((intervalMs) => {
      const start = windowStartOf(timestampMs, 0, intervalMs);
      return new TimeWindow(start, start + intervalMs);
    });
  }

  getDefaultTrigger(): Trigger<unknown, TimeWindow> {
    return CountTrigger.of(1);
  }

  isEventTime(): boolean {
    return true;
  }
}
