import { reducingState } from '../state.ts';
import { Trigger, type OnMergeContext, type TriggerContext, type TriggerResult } from './trigger.ts';
import type { Window } from './window.ts';

const COUNT = reducingState<number>('count', (left, right) => left + right);

/** Fires at each n-th record, never at a window's end (Flink: CountTrigger). */
export class CountTrigger extends Trigger<unknown, Window> {
  private readonly countMax: number;

  private constructor(countMax: number) {
    super();
    this.countMax = countMax;
  }

  static of(countMax: number): CountTrigger {
    return new CountTrigger(countMax);
  }

  onElement(_: unknown, __: number, ___: Window, { partitionedState }: TriggerContext): TriggerResult {
    const count = partitionedState.getReducingState(COUNT);
    count.add(1);
    if ((count.get() ?? 0) < this.countMax) return 'continue';
    count.clear();
    return 'fire';
  }

  onEventTime(): TriggerResult {
    return 'continue';
  }

  onProcessingTime(): TriggerResult {
    return 'continue';
  }

  override canMerge(): boolean {
    return true;
  }

  override onMerge(_: Window, context: OnMergeContext): void {
    context.mergePartitionedState(COUNT);
  }

  clear(_: Window, { partitionedState }: TriggerContext): void {
    partitionedState.getReducingState(COUNT).clear();
  }
}
