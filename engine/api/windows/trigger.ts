import { UnsupportedOperationError } from '../../core/errors.ts';
import type {
  AggregatingStateDescriptor,
  KeyedStateStore,
  ListStateDescriptor,
  ReducingStateDescriptor,
} from '../state.ts';
import type { Window } from './window.ts';

/** `fire`: emit the window's contents. `purge`: forget them, the window stays. */
export type TriggerResult = 'continue' | 'fire' | 'purge' | 'fire-and-purge';

export function isFire(result: TriggerResult): boolean {
  return result === 'fire' || result === 'fire-and-purge';
}

export function isPurge(result: TriggerResult): boolean {
  return result === 'purge' || result === 'fire-and-purge';
}

/** Time, timers and state of one key and window. Valid during the call only. */
export interface TriggerContext {
  currentProcessingTime(): number;
  /** -Infinity before the first watermark. */
  currentWatermark(): number;
  registerEventTimeTimer(timestampMs: number): void;
  registerProcessingTimeTimer(timestampMs: number): void;
  deleteEventTimeTimer(timestampMs: number): void;
  deleteProcessingTimeTimer(timestampMs: number): void;
  /** State of this key and window. It shares its names with the window state of a ProcessWindowFunction. */
  readonly partitionedState: KeyedStateStore;
}

/** State that two windows can make one of. */
export type MergeableStateDescriptor<T, ACC> =
  ReducingStateDescriptor<T> | AggregatingStateDescriptor<never, ACC, unknown> | ListStateDescriptor<T>;

export interface OnMergeContext extends TriggerContext {
  /** Takes the state of the windows that became this one. */
  mergePartitionedState<T, ACC>(descriptor: MergeableStateDescriptor<T, ACC>): void;
}

/**
 * Says when a window's contents are emitted (Flink: Trigger). One object serves all keys and windows: what it remembers
 * belongs into `partitionedState`.
 */
export abstract class Trigger<in T, W extends Window> {
  /** @param timestampMs NaN when the record has none */
  abstract onElement(element: T, timestampMs: number, window: W, context: TriggerContext): TriggerResult;
  /** A timer that the trigger set, or the window's own at its end. */
  abstract onEventTime(timeMs: number, window: W, context: TriggerContext): TriggerResult;
  abstract onProcessingTime(timeMs: number, window: W, context: TriggerContext): TriggerResult;
  /** The window is gone: delete what was set for it. */
  abstract clear(window: W, context: TriggerContext): void;

  /** Whether it can serve windows that merge; then it has `onMerge`. */
  canMerge(): boolean {
    return false;
  }

  /** Several windows have become `window`. */
  onMerge(_window: W, _context: OnMergeContext): void {
    throw new UnsupportedOperationError('This trigger does not support merging.');
  }
}
