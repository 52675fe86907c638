import { isFire, Trigger, type OnMergeContext, type TriggerContext, type TriggerResult } from './trigger.ts';
import type { Window } from './window.ts';

/** Another trigger, whose firings also forget the contents (Flink: PurgingTrigger). */
export class PurgingTrigger<T, W extends Window> extends Trigger<T, W> {
  private readonly nested: Trigger<T, W>;

  private constructor(nested: Trigger<T, W>) {
    super();
    this.nested = nested;
  }

  static of<T, W extends Window>(nested: Trigger<T, W>): PurgingTrigger<T, W> {
    return new PurgingTrigger(nested);
  }

  onElement(element: T, timestampMs: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.nested.onElement(element, timestampMs, window, context));
  }

  onEventTime(timeMs: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.nested.onEventTime(timeMs, window, context));
  }

  onProcessingTime(timeMs: number, window: W, context: TriggerContext): TriggerResult {
    return purging(this.nested.onProcessingTime(timeMs, window, context));
  }

  override canMerge(): boolean {
    return this.nested.canMerge();
  }

  override onMerge(window: W, context: OnMergeContext): void {
    this.nested.onMerge(window, context);
  }

  clear(window: W, context: TriggerContext): void {
    this.nested.clear(window, context);
  }
}

function purging(result: TriggerResult): TriggerResult {
  return isFire(result) ? 'fire-and-purge' : result;
}
