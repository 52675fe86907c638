import type { SinkContext } from '../../engine/api/sink.ts';
import { TwoPhaseCommitSinkFunction } from '../../engine/api/two-phase-commit-sink.ts';
import type { CommitLog, FinalRecord } from './commit-log.ts';

export type LedgerCall = 'commit' | 'pre-commit' | 'abort';

/** A call that the ledger refuses, once: the nth of its kind. The job fails by it. */
export interface LedgerRefusal {
  readonly call: 'commit' | 'pre-commit';
  readonly nth: number;
}

export class LedgerRefused extends Error {
  override readonly name = 'LedgerRefused';
}

export interface LedgerTransaction {
  readonly number: number;
  /** Those whose records its own follow. */
  readonly before: readonly number[];
}

interface Prepared {
  readonly records: readonly FinalRecord[];
  readonly checkpointId: number;
}

/** What happened to transactions, by name. */
export type LedgerEvent = 'ledger-aborted' | 'ledger-committed-again' | 'ledger-committed-in-recovery';

/** A service with transactions, as somebody outside sees it: what it has prepared or committed outlives whoever asked. */
export class Ledger {
  readonly violations: string[] = [];
  readonly happened = new Set<LedgerEvent>();
  readonly #log: CommitLog;
  readonly #prepared = new Map<number, Prepared>();
  readonly #committed = new Set<number>();
  #transactions = 0;

  constructor(log: CommitLog) {
    this.#log = log;
  }

  nextNumber(): number {
    this.#transactions += 1;
    return this.#transactions;
  }

  prepare({ number }: LedgerTransaction, prepared: Prepared): void {
    if (this.#committed.has(number)) this.#violation(`Transaction ${number} was committed and is prepared again.`);
    this.#prepared.set(number, prepared);
  }

  /** @param completeId the newest checkpoint that is known to be complete */
  commit({ number, before }: LedgerTransaction, completeId: number): void {
    const prepared = this.#prepared.get(number);
    if (prepared === undefined) return this.#violation(`Transaction ${number} is committed and was never prepared.`);
    if (prepared.checkpointId > completeId)
      this.#violation(
        `Transaction ${number} belongs to checkpoint ${prepared.checkpointId} and is committed although the newest complete one is ${completeId}.`,
      );
    if (this.#committed.has(number)) this.happened.add('ledger-committed-again');
    this.#committed.add(number);
    this.#log.commit(number, prepared.records, before);
  }

  /** @param isOlder whether the job goes on from an older checkpoint than the newest one: what was committed comes again */
  abort({ number }: LedgerTransaction, isOlder: boolean): void {
    if (this.#committed.has(number)) {
      if (!isOlder) this.#violation(`Transaction ${number} was committed and is aborted.`);
      return;
    }
    this.happened.add('ledger-aborted');
    this.#prepared.delete(number);
  }

  #violation(text: string): void {
    this.violations.push(`${this.#log.name}: ${text}`);
  }
}

/** What a life of the process gives to its sinks of the ledger. */
export interface LedgerAccess {
  /** The call reaches the ledger after a while, or never when the process dies; its end is heard of still later. */
  call(kind: LedgerCall, act: () => void): Promise<void>;
  /** Of the checkpoints that were announced as complete, or gone on from. */
  newestComplete(): number;
  /** The checkpoint that the job goes on from; -1: none. */
  readonly restoredId: number;
  beforeRecoveredCommit(): void;
}

/** The public two-phase-commit sink over the ledger. */
export class LedgerSink<T> extends TwoPhaseCommitSinkFunction<T, LedgerTransaction> {
  readonly #ledger: Ledger;
  readonly #access: LedgerAccess;
  readonly #describe: (record: T, timestampMs: number | null) => FinalRecord;
  /** Of transactions that are not prepared yet. */
  readonly #records = new Map<number, FinalRecord[]>();
  readonly #checkpoints = new Map<number, number>();
  #current = NaN;
  #lineage: readonly number[] = [];

  constructor(ledger: Ledger, access: LedgerAccess, describe: (record: T, timestampMs: number | null) => FinalRecord) {
    super();
    this.#ledger = ledger;
    this.#access = access;
    this.#describe = describe;
  }

  beginTransaction(): LedgerTransaction {
    const number = this.#ledger.nextNumber();
    this.#records.set(number, []);
    const before = this.#lineage;
    this.#lineage = [...before, number];
    this.#current = number;
    return { number, before };
  }

  /** The barrier of a checkpoint is here: the transaction at hand is about to be pre-committed for it. */
  atBarrier(checkpointId: number): void {
    this.#checkpoints.set(this.#current, checkpointId);
  }

  invoke({ number }: LedgerTransaction, record: T, context: SinkContext): void {
    this.#records.get(number)?.push(this.#describe(record, context.timestamp()));
  }

  preCommit(transaction: LedgerTransaction): Promise<void> {
    const { number } = transaction;
    const records = this.#records.get(number) ?? [];
    const checkpointId = this.#checkpoints.get(number) ?? NaN;
    this.#records.delete(number);
    this.#checkpoints.delete(number);
    return this.#access.call('pre-commit', () => this.#ledger.prepare(transaction, { records, checkpointId }));
  }

  commit(transaction: LedgerTransaction): Promise<void> {
    return this.#access.call('commit', () => this.#ledger.commit(transaction, this.#access.newestComplete()));
  }

  abort(transaction: LedgerTransaction): Promise<void> {
    return this.#access.call('abort', () => this.#ledger.abort(transaction, false));
  }

  override async recoverAndCommit(transaction: LedgerTransaction): Promise<void> {
    const { restoredId, beforeRecoveredCommit, call } = this.#access;
    beforeRecoveredCommit();
    this.#lineage = [...transaction.before, transaction.number];
    this.#ledger.happened.add('ledger-committed-in-recovery');
    await call('commit', () => this.#ledger.commit(transaction, restoredId));
  }

  override recoverAndAbort(transaction: LedgerTransaction): Promise<void> {
    const { restoredId, newestComplete, call } = this.#access;
    this.#lineage = transaction.before;
    return call('abort', () => this.#ledger.abort(transaction, restoredId < newestComplete()));
  }
}
