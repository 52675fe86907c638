import { Trigger, type TriggerResult } from './trigger.ts';
import { WindowAssigner } from './window-assigner.ts';
import { GlobalWindow } from './window.ts';

const EVERYTHING: readonly GlobalWindow[] = [GlobalWindow.INSTANCE];

/** All records of a key in one window, which never fires unless it is given a trigger (Flink: GlobalWindows). */
export class GlobalWindows extends WindowAssigner<unknown, GlobalWindow> {
  static create(): GlobalWindows {
    return new GlobalWindows();
  }

  assignWindows(): readonly GlobalWindow[] {
    return EVERYTHING;
  }

  getDefaultTrigger(): Trigger<unknown, GlobalWindow> {
    return new NeverTrigger();
  }

  isEventTime(): boolean {
    return false;
  }
}

/** The default of global windows: nothing happens. */
export class NeverTrigger extends Trigger<unknown, GlobalWindow> {
  onElement(): TriggerResult {
    return 'continue';
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
  override onMerge(): void {}
  clear(): void {}
}
