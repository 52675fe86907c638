import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import type { TwoPhaseCommitSinkFunction } from '../../api/two-phase-commit-sink.ts';
import { IllegalStateError } from '../../core/errors.ts';
import { plainCopy } from '../../state/plain-copy.ts';

/** What a checkpoint holds of one writer; plain data. */
export interface TwoPhaseCommitState<TXN> {
  /** Begun at this checkpoint: what it holds comes again after a restore, so it is aborted. null: the input had ended. */
  readonly current: TXN | null;
  /** Pre-committed up to this checkpoint and not known to be committed, in the order in which they were begun. */
  readonly pending: readonly TXN[];
}

interface PendingTransaction<TXN> {
  readonly checkpointId: number;
  readonly transaction: TXN;
}

/** A writer that whoever runs the checkpoints calls at barriers and when checkpoints are complete. */
export interface CheckpointedSinkWriter<T, S> extends SinkWriter<T> {
  /** Before the first record. `restored` holds what the old writers stored; after a rescale these are several or none. */
  open(restored: readonly S[]): Promise<void>;
  /**
   * At the barrier. What is written after this call belongs to the next checkpoint, also before the promise resolves; with
   * the state, once all that it speaks of is safe: also what a checkpoint before it has not finished yet. A rejection is to
   * fail the job: no later checkpoint of this writer succeeds.
   */
  snapshotState(checkpointId: number): Promise<S>;
  /** The checkpoint is complete everywhere; so are all before it. A second time does nothing. */
  notifyCheckpointComplete(checkpointId: number): Promise<void>;
  /** After the last record; one more checkpoint follows, and only then `close`. */
  finish(): Promise<void>;
}

/**
 * Runs one TwoPhaseCommitSinkFunction through the life of a job: `open`, then records and checkpoints in any order,
 * `finish`, the last checkpoint, `close`. Lives on the thread of its sink. Checkpoints are announced with rising ids.
 */
export class TwoPhaseCommitWriter<IN, TXN> implements CheckpointedSinkWriter<IN, TwoPhaseCommitState<TXN>> {
  private readonly sink: TwoPhaseCommitSinkFunction<IN, TXN>;
  /** null: not open yet, or the input has ended and its last checkpoint has begun. */
  private current: TXN | null = null;
  private readonly pending: PendingTransaction<TXN>[] = [];
  private isFinished = false;
  /** All so far; one that failed fails the checkpoints behind it, whose state speaks of it. */
  private preCommits: Promise<void> = Promise.resolve();
  /** Commits run one after the other, in order. */
  private commits: Promise<void> = Promise.resolve();

  constructor(sink: TwoPhaseCommitSinkFunction<IN, TXN>) {
    this.sink = sink;
  }

  async open(restored: readonly TwoPhaseCommitState<TXN>[]): Promise<void> {
    for (const { current, pending } of restored) {
      for (const transaction of pending) await this.sink.recoverAndCommit(transaction);
      if (current !== null) await this.sink.recoverAndAbort(current);
    }
    this.current = this.sink.beginTransaction();
  }

  write(record: IN, context: SinkContext): void {
    if (this.current === null) {
      throw new IllegalStateError(
        'A record came to a two-phase-commit sink that has no transaction: before it was opened, or after it was finished.',
      );
    }
    this.sink.invoke(this.current, record, context);
  }

  async snapshotState(checkpointId: number): Promise<TwoPhaseCommitState<TXN>> {
    const ending = this.current;
    if (ending !== null) {
      this.preCommits = Promise.all([this.preCommits, this.sink.preCommit(ending)]).then(() => undefined);
      this.pending.push({ checkpointId, transaction: ending });
    }
    const preCommitted = this.preCommits;
    this.current = this.isFinished ? null : this.sink.beginTransaction();
    // As it is now: records that come while the pre-commit is awaited belong to the next checkpoint.
    const current = plainCopy(this.current);
    const pending = this.pending.map(({ transaction }) => transaction);
    await preCommitted;
    return { current, pending: plainCopy(pending) };
  }

  notifyCheckpointComplete(checkpointId: number): Promise<void> {
    const commit = this.commits.then(() => this.commitUntil(checkpointId));
    // A failure is told to whoever announced this checkpoint; the next announcement starts afresh.
    this.commits = commit.catch(() => undefined);
    return commit;
  }

  async finish(): Promise<void> {
    this.isFinished = true;
    if (this.current !== null) await this.sink.finishProcessing(this.current);
  }

  /** Pending transactions stay: their checkpoint decides about them, or a restore does. */
  async close(): Promise<void> {
    const open = this.current;
    this.current = null;
    if (open !== null) await this.sink.abort(open);
  }

  /** Commits everything up to this checkpoint, also when one of them fails; then throws the first failure. */
  private async commitUntil(checkpointId: number): Promise<void> {
    const failures: unknown[] = [];
    while (this.pending.length > 0 && this.pending[0].checkpointId <= checkpointId) {
      const { transaction } = this.pending[0];
      try {
        await this.sink.commit(transaction);
      } catch (error) {
        failures.push(error);
      }
      this.pending.shift();
    }
    if (failures.length > 0) {
      throw new IllegalStateError(
        `Committing ${failures.length === 1 ? 'a transaction' : `${failures.length} transactions`} of checkpoint ${checkpointId} or an older one failed; the restart commits again. The first failure: ${String(failures[0])}`,
        { cause: failures[0] },
      );
    }
  }
}
