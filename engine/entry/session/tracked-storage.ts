import {
  CheckpointStorage,
  type CheckpointParts,
  type StoredCheckpoint,
} from '../../runtime/checkpoint/checkpoint-storage.ts';

/** Knows when nothing is being written any more: a job that died may have left a checkpoint half way to the store. */
export class TrackedStorage extends CheckpointStorage {
  settled: Promise<unknown> = Promise.resolve();

  override write(parts: CheckpointParts, pause?: () => Promise<void>): Promise<StoredCheckpoint> {
    const writing = super.write(parts, pause);
    this.settled = writing.catch(() => undefined);
    return writing;
  }
}
