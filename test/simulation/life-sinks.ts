import type { SinkContext, SinkWriter } from '../../engine/api/sink.ts';
import {
  TwoPhaseCommitWriter,
  type TwoPhaseCommitState,
} from '../../engine/runtime/checkpoint/two-phase-commit-writer.ts';
import type { RestoredCheckpoint } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { CommittingWriter, type CommitLog, type FinalRecord, type StoredWriter } from './commit-log.ts';
import { Draws } from './draws.ts';
import { LedgerRefused, LedgerSink, type Ledger, type LedgerAccess, type LedgerTransaction } from './ledger.ts';
import type { LedgerPlan } from './plan.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedMachine } from './simulated-machine.ts';

/** What the sinks of one life need of it. */
export interface SinkSurroundings {
  readonly machine: SimulatedMachine<unknown>;
  readonly scheduler: Scheduler;
  readonly seed: number;
  /** null: sinks commit at once. */
  readonly ledger: LedgerPlan | null;
  readonly restored: RestoredCheckpoint | null;
  readonly beforeRecoveredCommit: () => void;
}

/** All sinks of one life of the process. */
export class LifeSinks {
  /** The ledger has refused something: the job has failed. */
  isRefused = false;
  readonly #sinks: readonly (readonly [name: string, sink: LifeSink])[];
  readonly #around: SinkSurroundings;
  #hasEnded = false;

  constructor(describes: Readonly<Record<string, Describe>>, around: SinkSurroundings) {
    this.#around = around;
    this.#sinks = Object.entries(describes).map(([name, describe]) => [name, this.#create(name, describe)]);
  }

  get writers(): Readonly<Record<string, SinkWriter<never>>> {
    return Object.fromEntries(this.#sinks.map(([name, { writer }]) => [name, writer]));
  }

  /** Ahead of the first record. */
  async recover(): Promise<void> {
    for (const [, sink] of this.#sinks) await this.#driven(sink.recover());
  }

  /** What a checkpoint keeps of them, by name, beside what its barrier brought. */
  async stored(checkpointId: number): Promise<Record<string, unknown>> {
    const stored: Record<string, unknown> = {};
    for (const [name, sink] of this.#sinks) stored[name] = await sink.stored(checkpointId);
    return stored;
  }

  /** After the last record. */
  async finish(): Promise<void> {
    this.#hasEnded = true;
    for (const [, sink] of this.#sinks) await this.#driven(sink.finish());
  }

  async #driven(promise: Promise<void> | null): Promise<void> {
    if (promise === null) return;
    await this.#around.scheduler.drive(promise, () => new Error('A sink waits for something that will never come.'));
  }

  #create(name: string, describe: Describe): LifeSink {
    const { machine, ledger, restored, beforeRecoveredCommit } = this.#around;
    if (ledger === null) {
      const stored = (restored?.sinks[name] ?? null) as StoredWriter | null;
      return new DirectSink(machine.log(name), describe, stored, beforeRecoveredCommit);
    }
    const stored = (restored?.application ?? {}) as Record<string, TwoPhaseCommitState<LedgerTransaction> | undefined>;
    return new TransactionalSink(
      machine.ledger(name),
      this.#access(ledger.delayMs),
      describe,
      stored[name] ?? null,
      (error) => {
        if (!this.isRefused) machine.violations.push(`${name}: ${String(error)}`);
      },
    );
  }

  #access(delayMs: number): LedgerAccess {
    const { machine, scheduler, seed, restored, beforeRecoveredCommit } = this.#around;
    const draws = new Draws(seed);
    return {
      beforeRecoveredCommit,
      restoredId: restored?.id ?? -1,
      newestComplete: () => (this.#hasEnded ? Infinity : machine.newestUsed),
      call: (kind, act) =>
        new Promise((resolve, reject) => {
          scheduler.after(draws.int(0, delayMs), () => {
            // Behind the last record there is no checkpoint to go on from: the job would begin again at an older one.
            if (!this.#hasEnded && machine.refuses(kind)) {
              this.isRefused = true;
              return reject(new LedgerRefused(`The ledger refuses a ${kind}.`));
            }
            act();
            scheduler.after(draws.int(0, delayMs), resolve);
          });
        }),
    };
  }
}

type Describe = (record: never, timestampMs: number | null) => FinalRecord;

/** A sink in one life of the process, from what its checkpoint holds to the end of the job. */
interface LifeSink {
  readonly writer: SinkWriter<never>;
  /** Ahead of the first record: what the checkpoint that the job goes on from has prepared becomes final. */
  recover(): Promise<void> | null;
  /** What the checkpoint keeps beside what its barrier brought, once it is safe; null: nothing. */
  stored(checkpointId: number): Promise<unknown>;
  finish(): Promise<void> | null;
}

/** Commits at once, in the hooks that every sink has. */
class DirectSink implements LifeSink {
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
class TransactionalSink implements LifeSink, SinkWriter<never> {
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
