import type { SinkContext } from './sink.ts';

/**
 * A sink that takes part in checkpoints, so that what it wrote outside is there exactly once (Flink:
 * TwoPhaseCommitSinkFunction). Records go into the current transaction. At a checkpoint it is pre-committed and stored with
 * the checkpoint, and a new one is begun; when the checkpoint is complete everywhere, it is committed. After a failure, the
 * transactions of the restored checkpoint are committed (they may have been before the failure: `commit` must be
 * idempotent), and the one that was current at that checkpoint is aborted, because its records come again.
 *
 * A `TXN` names the transaction for as long as it is pending, also in another process: plain data, stored with the
 * checkpoint. Methods that return a promise are awaited; records go on meanwhile, into the next transaction. Where a checkpoint
 * is overtaken by the next, two pre-commits are under way at once; the next is complete when both are.
 */
export abstract class TwoPhaseCommitSinkFunction<IN, TXN> {
  /** A fresh transaction: at the start, and at each checkpoint. At once: records are waiting for it. */
  abstract beginTransaction(): TXN;

  /** Writes a record. It may be a view: copy what is to be kept (`toObject`). */
  abstract invoke(transaction: TXN, value: IN, context: SinkContext): void;

  /** Flushes. When it is done, `commit` must be able to succeed, whatever happens to this process. */
  abstract preCommit(transaction: TXN): void | Promise<void>;

  /** Makes it visible. Idempotent. A failure fails the job, whose restart commits again (`recoverAndCommit`). */
  abstract commit(transaction: TXN): void | Promise<void>;

  /** Undoes a transaction that was not pre-committed. */
  abstract abort(transaction: TXN): void | Promise<void>;

  /** `commit` after a failure, perhaps in another process, perhaps for the second time. In the order they were begun. */
  recoverAndCommit(transaction: TXN): void | Promise<void> {
    return this.commit(transaction);
  }

  /** `abort` after a failure, perhaps in another process. */
  recoverAndAbort(transaction: TXN): void | Promise<void> {
    return this.abort(transaction);
  }

  /** After the last record, before the last checkpoint: what is still held back goes into this transaction. */
  finishProcessing(_transaction: TXN): void | Promise<void> {}
}
