import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';
import type { RecoveryInfo, StateInfo } from '../../contract/window.ts';
import { CheckpointCoordinator } from '../../runtime/checkpoint/checkpoint-coordinator.ts';

const HISTORY_MAX = 100;

/** What a person may know about checkpoints and recoveries of one session, over all its runs. Coordinator thread only. */
export class SessionBook {
  readonly intervalMs: number;
  notKept: string | null = null;
  #history: readonly CheckpointRecord[] = [];
  #recoveries: readonly RecoveryInfo[] = [];

  constructor(intervalMs: number) {
    this.intervalMs = intervalMs;
  }

  get state(): StateInfo {
    const { notKept, intervalMs } = this;
    return { notKept, intervalMs, history: this.#history, recoveries: this.#recoveries };
  }

  recovered(recovery: RecoveryInfo): void {
    this.#recoveries = [...this.#recoveries, recovery].slice(-HISTORY_MAX);
  }

  /** @returns whether a person would want to know: one that came too late for the session's end is no failure */
  record(record: CheckpointRecord): boolean {
    const { problem } = record;
    const others = this.#history.filter(({ id }) => id !== record.id);
    const isTooLate = problem === CheckpointCoordinator.JOB_ENDED;
    this.#history = isTooLate ? others : [...others, record].slice(-HISTORY_MAX);
    return !isTooLate;
  }
}
