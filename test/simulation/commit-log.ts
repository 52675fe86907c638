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
   * @param before the checkpoints whose records these ones follow. What another one made final, which was not to be read
   *   any more when the job was restored, comes again; it must then be the very same.
   */
  commit(checkpointId: number, records: readonly FinalRecord[], before: readonly number[]): void {
    if (this.#checkpoints.has(checkpointId)) return;
    this.#checkpoints.add(checkpointId);
    for (const { id, text } of records) {
      const known = this.#records.get(id);
      if (known === undefined) this.#records.set(id, { text, checkpointId });
      else if (known.text !== text) {
        this.violations.push(`${this.name}: ${id} was final as ${known.text} and came again as ${text}.`);
      } else if (known.checkpointId === checkpointId || before.includes(known.checkpointId)) {
        this.violations.push(
          `${this.name}: ${id} was made final by checkpoint ${known.checkpointId}, and again by ${checkpointId}, which follows it.`,
        );
      }
    }
  }
}

interface PreparedRecords {
  readonly checkpointId: number;
  readonly records: readonly FinalRecord[];
  readonly before: readonly number[];
}

/** What a checkpoint holds of a writer: what it makes final itself, and what older ones did and nobody may have heard of. */
export interface StoredWriter {
  readonly pending: readonly PreparedRecords[];
  /** This checkpoint and all that it follows. */
  readonly lineage: readonly number[];
}

/** After the last record: what came since the last checkpoint. */
const END_OF_JOB = Infinity;

/** A sink with two phases: what a checkpoint prepared becomes final once that checkpoint is complete. */
export class CommittingWriter<T> implements SinkWriter<T> {
  readonly #log: CommitLog;
  readonly #describe: (record: T, timestampMs: number | null) => FinalRecord;
  #lineage: readonly number[];
  #current: FinalRecord[] = [];
  #pending: PreparedRecords[] = [];
  readonly #recovered: readonly PreparedRecords[];

  /** @param stored what the checkpoint that the job goes on from holds; null: it begins */
  constructor(
    log: CommitLog,
    describe: (record: T, timestampMs: number | null) => FinalRecord,
    stored: StoredWriter | null,
  ) {
    this.#log = log;
    this.#describe = describe;
    this.#lineage = stored?.lineage ?? [];
    this.#recovered = stored?.pending ?? [];
  }

  /** The checkpoint that the job goes on from is complete, so what it prepared is final, whoever was told. */
  recover(beforeEach: () => void): void {
    for (const { checkpointId, records, before } of this.#recovered) {
      beforeEach();
      this.#log.commit(checkpointId, records, before);
    }
  }

  write(record: T, context: SinkContext): void {
    this.#current.push(this.#describe(record, context.timestamp()));
  }

  prepareCommit(checkpointId: number): StoredWriter {
    this.#pending.push({ checkpointId, records: this.#current, before: this.#lineage });
    this.#current = [];
    this.#lineage = [...this.#lineage, checkpointId];
    return { pending: [...this.#pending], lineage: this.#lineage };
  }

  commit(checkpointId: number): void {
    for (const { checkpointId: id, records, before } of this.#pending)
      if (id <= checkpointId) this.#log.commit(id, records, before);
    this.#pending = this.#pending.filter(({ checkpointId: id }) => id > checkpointId);
  }

  finish(): void {
    for (const { checkpointId, records, before } of this.#pending) this.#log.commit(checkpointId, records, before);
    this.#log.commit(END_OF_JOB, this.#current, this.#lineage);
  }
}
