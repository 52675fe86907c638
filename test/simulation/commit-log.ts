import type { SinkContext, SinkWriter } from '../../engine/api/sink.ts';

/** One result as it was made final: what it is called, and all it says. */
export interface FinalRecord {
  readonly id: string;
  readonly text: string;
}

interface Committed {
  readonly text: string;
  readonly checkpointId: number;
}

/** What was made final, and stays so whatever crashes: the file, topic or ledger that a sink writes to. */
export class CommitLog {
  readonly name: string;
  readonly violations: string[] = [];
  readonly #records = new Map<string, Committed>();
  readonly #checkpoints = new Set<number>();

  constructor(name: string) {
    this.name = name;
  }

  get size(): number {
    return this.#records.size;
  }

  texts(): string[] {
    return [...this.#records.values()].map(({ text }) => text);
  }

  /**
   * All or nothing; a second time for the same checkpoint it does nothing.
   * @param restoredFrom the checkpoint that this run goes on from, -1: none. What a newer one made final comes again
   *   when that one was not to be read any more; it must then be the very same.
   */
  commit(checkpointId: number, records: readonly FinalRecord[], restoredFrom: number): void {
    if (this.#checkpoints.has(checkpointId)) return;
    this.#checkpoints.add(checkpointId);
    for (const { id, text } of records) {
      const known = this.#records.get(id);
      if (known === undefined) this.#records.set(id, { text, checkpointId });
      else if (known.text !== text) {
        this.violations.push(`${this.name}: ${id} was final as ${known.text} and came again as ${text}.`);
      } else if (known.checkpointId <= restoredFrom) {
        this.violations.push(
          `${this.name}: ${id} was made final by checkpoint ${known.checkpointId}, and again by ${checkpointId} of a run restored from ${restoredFrom}.`,
        );
      }
    }
  }
}

/** What a checkpoint holds of a writer: what it makes final itself, and what older ones did and nobody may have heard of. */
export interface StoredWriter {
  readonly pending: readonly { readonly checkpointId: number; readonly records: readonly FinalRecord[] }[];
}

/** After the last record: what came since the last checkpoint. */
export const END_OF_JOB = Infinity;

/** A sink with two phases: what a checkpoint prepared becomes final once that checkpoint is complete. */
export class CommittingWriter<T> implements SinkWriter<T> {
  readonly #log: CommitLog;
  readonly #describe: (record: T, timestampMs: number | null) => FinalRecord;
  readonly #restoredFrom: number;
  #current: FinalRecord[] = [];
  #pending: StoredWriter['pending'][number][] = [];

  constructor(log: CommitLog, describe: (record: T, timestampMs: number | null) => FinalRecord, restoredFrom: number) {
    this.#log = log;
    this.#describe = describe;
    this.#restoredFrom = restoredFrom;
  }

  /** The checkpoint that the job goes on from is complete, so what it prepared is final, whoever was told. */
  recover(stored: StoredWriter | null, beforeEach: () => void): void {
    for (const { checkpointId, records } of stored?.pending ?? []) {
      beforeEach();
      this.#log.commit(checkpointId, records, this.#restoredFrom);
    }
  }

  write(record: T, context: SinkContext): void {
    this.#current.push(this.#describe(record, context.timestamp()));
  }

  prepareCommit(checkpointId: number): StoredWriter {
    this.#pending.push({ checkpointId, records: this.#current });
    this.#current = [];
    return { pending: [...this.#pending] };
  }

  commit(checkpointId: number): void {
    for (const { checkpointId: id, records } of this.#pending)
      if (id <= checkpointId) this.#log.commit(id, records, this.#restoredFrom);
    this.#pending = this.#pending.filter(({ checkpointId: id }) => id > checkpointId);
  }

  finish(): void {
    const left = this.#pending.flatMap(({ records }) => records);
    this.#log.commit(END_OF_JOB, [...left, ...this.#current], this.#restoredFrom);
  }
}
