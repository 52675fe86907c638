import { MemoryDisk } from '../support/memory-store.ts';
import { CommitLog } from './commit-log.ts';
import { Ledger, type LedgerCall, type LedgerRefusal } from './ledger.ts';

/** What survives the death of a process: its disk, what its sinks made final, and the world outside. */
export class SimulatedMachine<W> {
  readonly disk = new MemoryDisk();
  readonly world: W;
  readonly #logs = new Map<string, CommitLog>();
  readonly #ledgers = new Map<string, Ledger>();
  /** What the ledger is still to refuse; null: nothing, or not any more. */
  refusal: LedgerRefusal | null;
  readonly violations: string[] = [];
  /** Ids are never used twice, so the newest one that was announced as complete is the highest. */
  newestComplete = -1;
  /** That, or one that was stored without a word and gone on from: what it prepared is final. */
  newestUsed = -1;
  /** Checkpoints with a wrong bit that somebody planned. */
  readonly damaged = new Set<number>();
  /** Newer than one that a job went on from, which aborted what they had prepared: not to be gone back to. */
  readonly abandoned = new Set<number>();
  /** A savepoint that the next life is to go on from. */
  wantedSavepoint: number | null = null;

  constructor(world: W, refusal: LedgerRefusal | null) {
    this.world = world;
    this.refusal = refusal;
  }

  /** Once, at the call that was drawn. */
  refuses(call: LedgerCall): boolean {
    if (this.refusal?.call !== call) return false;
    const { nth } = this.refusal;
    this.refusal = nth === 1 ? null : { call, nth: nth - 1 };
    return nth === 1;
  }

  /** What a sink made final, by its name. */
  log(sink: string): CommitLog {
    const known = this.#logs.get(sink);
    if (known !== undefined) return known;
    const log = new CommitLog(sink);
    this.#logs.set(sink, log);
    return log;
  }

  /** The same, where it is written through transactions. */
  ledger(sink: string): Ledger {
    const known = this.#ledgers.get(sink);
    if (known !== undefined) return known;
    const ledger = new Ledger(this.log(sink));
    this.#ledgers.set(sink, ledger);
    return ledger;
  }

  /** Names of what happened to transactions. */
  get ledgerEvents(): string[] {
    return [...new Set([...this.#ledgers.values()].flatMap(({ happened }) => [...happened]))];
  }

  get allViolations(): string[] {
    return [
      ...this.violations,
      ...[...this.#logs.values(), ...this.#ledgers.values()].flatMap((one) => one.violations),
    ];
  }
}
