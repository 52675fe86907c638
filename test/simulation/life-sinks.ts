import type { SinkContext, SinkWriter } from '../../engine/api/sink.ts';
import {
  TwoPhaseCommitWriter,
  type TwoPhaseCommitState,
} from '../../engine/runtime/checkpoint/two-phase-commit-writer.ts';
import { CommittingWriter, type CommitLog, type FinalRecord, type StoredWriter } from './commit-log.ts';
import { LedgerSink, type Ledger, type LedgerAccess, type LedgerTransaction } from './ledger.ts';

export type Describe = (record: never, timestampMs: number | null) => FinalRecord;

/** A sink in one life of the process, from what its checkpoint holds to the end of the job. */
export interface LifeSink {
  readonly writer: SinkWriter<never>;
  /** Ahead of the first record: what the checkpoint that the job goes on from has prepared becomes final. */
  recover(): Promise<void> | null;
  /** What the checkpoint keeps beside what its barrier brought, once it is safe; null: nothing. */
  stored(checkpointId: number): Promise<unknown>;
  finish(): Promise<void> | null;
}

/** Commits at once, in the hooks that every sink has. */
export class DirectSink implements LifeSink {
  readonly writer: CommittingWriter<never>;
  readonly #beforeRecoveredCommit: () => void;

  /** @param restored what the checkpoint holds of it; null: the job begins */
  constructor(log: CommitLog, describe: Describe, restored: StoredWriter | null, beforeRecoveredCommit: () => void) {
    this.writer = new CommittingWriter(log, describe, restored);
    this.#beforeRecoveredCommit = beforeRecoveredCommit;
  }

  recover(): null {
    this.writer.recover(this.#beforeRecoveredCommit);
    return null;
  }
  stored(): Promise<unknown> {
    return Promise.resolve(null);
  }
  finish(): null {
    this.writer.finish();
    return null;
  }
}

/** The checkpoint that ends the job: everything is complete by then. */
const LAST_CHECKPOINT = Infinity;

/** A transaction of the ledger for each checkpoint: the engine's TwoPhaseCommitWriter, called as its interface says. */
export class TransactionalSink implements LifeSink, SinkWriter<never> {
  readonly #sink: LedgerSink<never>;
  readonly #inner: TwoPhaseCommitWriter<never, LedgerTransaction>;
  readonly #restored: TwoPhaseCommitState<LedgerTransaction> | null;
  readonly #failed: (error: unknown) => void;
  readonly #snapshots = new Map<number, Promise<unknown>>();

  /** @param failed the ledger has refused something: the job is to be restarted */
  constructor(
    ledger: Ledger,
    access: LedgerAccess,
    describe: Describe,
    restored: TwoPhaseCommitState<LedgerTransaction> | null,
    failed: (error: unknown) => void,
  ) {
    this.#sink = new LedgerSink(ledger, access, describe);
    this.#inner = new TwoPhaseCommitWriter(this.#sink);
    this.#restored = restored;
    this.#failed = failed;
  }

  get writer(): SinkWriter<never> {
    return this;
  }

  recover(): Promise<void> {
    return this.#inner.open(this.#restored === null ? [] : [this.#restored]);
  }

  write(record: never, context: SinkContext): void {
    this.#inner.write(record, context);
  }

  prepareCommit(checkpointId: number): null {
    const snapshot = this.#snapshot(checkpointId);
    snapshot.catch(this.#failed);
    this.#snapshots.set(checkpointId, snapshot);
    return null;
  }

  stored(checkpointId: number): Promise<unknown> {
    return this.#snapshots.get(checkpointId) ?? Promise.resolve(null);
  }

  commit(checkpointId: number): void {
    this.#inner.notifyCheckpointComplete(checkpointId).catch(this.#failed);
  }

  async finish(): Promise<void> {
    await this.#inner.finish();
    await this.#snapshot(LAST_CHECKPOINT);
    await this.#inner.notifyCheckpointComplete(LAST_CHECKPOINT);
    await this.#inner.close();
  }

  #snapshot(checkpointId: number): Promise<unknown> {
    this.#sink.atBarrier(checkpointId);
    return this.#inner.snapshotState(checkpointId);
  }
}
