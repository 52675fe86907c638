import { repeatEvery } from '../../core/machine.node.ts';
import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';

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
