import { reducingState } from '../state.ts';
import { Trigger, type OnMergeContext, type TriggerContext, type TriggerResult } from './trigger.ts';
import type { Window } from './window.ts';

/** When it fires next; the earliest of two windows that merge. */
const FIRE_TIME = reducingState<number>('fire-time', Math.min);

/**
 * Fires every `intervalMs` of event time while the window is open, at times that the interval divides, and at its end
 * (Flink: ContinuousEventTimeTrigger).
 */
export class ContinuousEventTimeTrigger extends Trigger<unknown, Window> {
  private readonly intervalMs: number;

  private constructor(intervalMs: number) {
    super();
    this.intervalMs = intervalMs;
  }

  static of(intervalMs: number): ContinuousEventTimeTrigger {
    return new ContinuousEventTimeTrigger(intervalMs);
  }

  onElement(_: unknown, timestampMs: number, window: Window, context: TriggerContext): TriggerResult {
    if (window.maxTimestamp() <= context.currentWatermark()) return 'fire';
    context.registerEventTimeTimer(window.maxTimestamp());
    if (context.partitionedState.getReducingState(FIRE_TIME).get() === null)
      this.registerNext(timestampMs - (timestampMs % this.intervalMs), window, context);
    return 'continue';
  }

  onEventTime(timeMs: number, window: Window, context: TriggerContext): TriggerResult {
    if (timeMs === window.maxTimestamp()) return 'fire';
    const fireTime = context.partitionedState.getReducingState(FIRE_TIME);
    if (fireTime.get() !== timeMs) return 'continue';
    fireTime.clear();
    this.registerNext(timeMs, window, context);
    return 'fire';
  }

  onProcessingTime(): TriggerResult {
    return 'continue';
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(_: Window, context: OnMergeContext): void {
    context.mergePartitionedState(FIRE_TIME);
    const next = context.partitionedState.getReducingState(FIRE_TIME).get();
    if (next !== null) context.registerEventTimeTimer(next);
  }

  clear(_: Window, context: TriggerContext): void {
    const fireTime = context.partitionedState.getReducingState(FIRE_TIME);
    const next = fireTime.get();
    if (next === null) return;
    context.deleteEventTimeTimer(next);
    fireTime.clear();
  }

  private registerNext(timeMs: number, window: Window, context: TriggerContext): void {
    const next = Math.min(timeMs + this.intervalMs, window.maxTimestamp());
    context.partitionedState.getReducingState(FIRE_TIME).add(next);
    context.registerEventTimeTimer(next);
  }
}

/** Fires every `intervalMs` of the clock, while records come in (Flink: ContinuousProcessingTimeTrigger). */
export class ContinuousProcessingTimeTrigger extends Trigger<unknown, Window> {
  private readonly intervalMs: number;

  private constructor(intervalMs: number) {
    super();
    this.intervalMs = intervalMs;
  }

  static of(intervalMs: number): ContinuousProcessingTimeTrigger {
    return new ContinuousProcessingTimeTrigger(intervalMs);
  }

  onElement(_: unknown, __: number, window: Window, context: TriggerContext): TriggerResult {
    const fireTime = context.partitionedState.getReducingState(FIRE_TIME);
    const nowMs = context.currentProcessingTime();
    if (fireTime.get() === null) this.registerNext(nowMs - (nowMs % this.intervalMs), window, context);
    return 'continue';
  }

  onEventTime(): TriggerResult {
    return 'continue';
  }

  onProcessingTime(timeMs: number, window: Window, context: TriggerContext): TriggerResult {
    const fireTime = context.partitionedState.getReducingState(FIRE_TIME);
    if (fireTime.get() !== timeMs) return 'continue';
    fireTime.clear();
    this.registerNext(timeMs, window, context);
    return 'fire';
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(_: Window, context: OnMergeContext): void {
    context.mergePartitionedState(FIRE_TIME);
    const next = context.partitionedState.getReducingState(FIRE_TIME).get();
    if (next !== null) context.registerProcessingTimeTimer(next);
  }

  clear(_: Window, context: TriggerContext): void {
    const fireTime = context.partitionedState.getReducingState(FIRE_TIME);
    const next = fireTime.get();
    if (next === null) return;
    context.deleteProcessingTimeTimer(next);
    fireTime.clear();
  }

  private registerNext(timeMs: number, window: Window, context: TriggerContext): void {
    const next = Math.min(timeMs + this.intervalMs, window.maxTimestamp());
    context.partitionedState.getReducingState(FIRE_TIME).add(next);
    context.registerProcessingTimeTimer(next);
  }
}
