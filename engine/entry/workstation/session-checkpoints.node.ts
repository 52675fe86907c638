import type { CheckpointInfo, RecoveryInfo, StateInfo } from '../../contract/window.ts';
import { repeatEvery } from '../../core/machine.node.ts';
import { CheckpointCoordinator, type CheckpointRecord } from '../../runtime/checkpoint/checkpoint-coordinator.ts';

const HISTORY_MAX = 100;

/** What a person may know about checkpoints and recoveries of one session, over all its runs. Coordinator thread only. */
export class SessionBook {
  readonly intervalMs: number;
  notKept: string | null = null;
  #history: readonly CheckpointInfo[] = [];
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
    const isTooLate = problem === CheckpointCoordinator.SOURCES_ENDED || problem === CheckpointCoordinator.JOB_ENDED;
    this.#history = isTooLate ? others : [...others, record].slice(-HISTORY_MAX);
    return !isTooLate;
  }
}

export interface CheckpointRhythmOptions {
  readonly intervalMs: number;
  /** A number that grows whenever something happened that a checkpoint would keep. */
  readonly changes: () => number;
  readonly checkpoint: () => Promise<CheckpointRecord>;
}

/**
 * Asks for a checkpoint every so often while something happens: a session that is paused, or waits for its market, costs
 * the disk nothing. Coordinator thread only.
 */
export class CheckpointRhythm {
  readonly #options: CheckpointRhythmOptions;
  #keptChanges = -1;
  #isUnderWay = false;
  #stop: () => void = () => undefined;

  constructor(options: CheckpointRhythmOptions) {
    this.#options = options;
  }

  /** The first one comes at once: before it, a crash goes back to the beginning. */
  start(): void {
    void this.#look();
    this.#stop = repeatEvery(this.#options.intervalMs, () => void this.#look());
  }

  stop(): void {
    this.#stop();
  }

  async #look(): Promise<void> {
    const changes = this.#options.changes();
    if (this.#isUnderWay || changes === this.#keptChanges) return;
    this.#isUnderWay = true;
    try {
      const { status } = await this.#options.checkpoint();
      if (status === 'completed') this.#keptChanges = changes;
    } finally {
      this.#isUnderWay = false;
    }
  }
}
