import type { TwoPhaseCommitSinkFunction } from '../../api/two-phase-commit-sink.ts';
import { IllegalStateError } from '../../core/errors.ts';
import { plainCopy } from '../../state/plain-copy.ts';
import { TwoPhaseCommitWriter, type TwoPhaseCommitState } from '../checkpoint/two-phase-commit-writer.ts';

/**
 * Drives one two-phase-commit sink by hand: records, checkpoints, their completion, crashes. The snapshots it keeps are
 * copies, as if they had been stored and read back.
 */
export class TwoPhaseCommitSinkTestHarness<IN, TXN> {
  private readonly createFunction: () => TwoPhaseCommitSinkFunction<IN, TXN>;
  private readonly snapshots = new Map<number, TwoPhaseCommitState<TXN>>();
  private writer: TwoPhaseCommitWriter<IN, TXN>;

  /** @param createFunction called for each start: what a function remembers is gone after a crash */
  constructor(createFunction: () => TwoPhaseCommitSinkFunction<IN, TXN>) {
    this.createFunction = createFunction;
    this.writer = new TwoPhaseCommitWriter(createFunction());
  }

  open(): Promise<void> {
    return this.writer.open([]);
  }

  write(record: IN, timestampMs: number | null = null, watermarkMs = -Infinity): void {
    this.writer.write(record, { timestamp: () => timestampMs, currentWatermark: () => watermarkMs });
  }

  async snapshot(checkpointId: number): Promise<void> {
    this.snapshots.set(checkpointId, plainCopy(await this.writer.snapshotState(checkpointId)));
  }

  notifyCheckpointComplete(checkpointId: number): Promise<void> {
    return this.writer.notifyCheckpointComplete(checkpointId);
  }

  /** A crash, without `close`, and a new start from these checkpoints; several when a rescale gave this sink more than one. */
  restore(...checkpointIds: readonly number[]): Promise<void> {
    const restored = checkpointIds.map((id) => {
      const snapshot = this.snapshots.get(id);
      if (snapshot === undefined)
        throw new IllegalStateError(
          `There is no snapshot ${id} to restore; there are: ${[...this.snapshots.keys()].join(', ') || 'none'}.`,
        );
      return plainCopy(snapshot);
    });
    this.writer = new TwoPhaseCommitWriter(this.createFunction());
    return this.writer.open(restored);
  }

  finish(): Promise<void> {
    return this.writer.finish();
  }

  close(): Promise<void> {
    return this.writer.close();
  }
}
