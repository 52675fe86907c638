import { StoreError } from '../../contract/durable-store.ts';
import type { StoreEvent, StoreEventKind } from '../../contract/store-events.ts';
import type { Entry } from './copy-catalogue.ts';
import type { MirroredStoreOptions } from './mirrored-types.ts';
import { asStoreError, type TimedCopy } from './store-copy.ts';
import type { TurnQueue } from './turn-queue.ts';
import { readValue, type ValueReading } from './value-reading.ts';

/** The store that is read: mirrored-store.ts. */
export interface ReadStore {
  readonly options: Pick<MirroredStoreOptions, 'sha256' | 'where'>;
  readonly epoch: string;
  /** Repairs are writings: they wait for their turn. */
  readonly queue: TurnQueue;
  readonly entries: ReadonlyMap<string, Entry>;
  /** Copies that serve. */
  readonly live: readonly TimedCopy[];
  readonly isClosing: boolean;
  /** A copy that cannot be repaired serves no longer. */
  drop(copy: TimedCopy, error: StoreError): void;
  tell(kind: StoreEventKind, severity: StoreEvent['severity'], copy: TimedCopy | null, message: string): void;
}

/**
 * Reads values of two copies, neither of which is trusted: what is read is proven by its hash, and repaired from the other
 * copy when it is not what was written.
 */
export class ValueReader {
  readonly #store: ReadStore;

  constructor(store: ReadStore) {
    this.#store = store;
  }

  /** @throws StoreError when no copy has it as it was written */
  async get(name: string): Promise<Uint8Array | null> {
    const { entries, live } = this.#store;
    const entry = entries.get(name);
    if (entry === undefined) return null;
    const misses: { readonly copy: TimedCopy; readonly why: string; readonly error: StoreError | null }[] = [];
    for (const copy of live) {
      const read = await this.#readFrom(copy, entry);
      if (!('bytes' in read)) {
        misses.push({ copy, ...read });
        continue;
      }
      for (const miss of misses) this.#repairLater(miss.copy, entry, miss.why, read.bytes);
      return read.value;
    }
    // It was overwritten or removed while it was read: what is there now counts.
    if (entries.get(name) !== entry) return this.get(name);
    const { where } = this.#store.options;
    const words = misses.map(({ copy, why }) => `in ${copy.where} ${why}`).join('; ');
    const refused = misses.find(({ error }) => error !== null && error.kind !== 'damaged')?.error;
    if (refused !== undefined && refused !== null) throw refused;
    const message = `The value ${name}, written as number ${entry.sequence}, cannot be had back from ${where}: ${words}.`;
    this.#store.tell('value-lost', 'warning', null, message);
    throw new StoreError('damaged', `${where}: ${name}`, message);
  }

  /** Reads every value of every serving copy, and has what is damaged repaired. */
  async scrub(): Promise<{ readonly checked: number; readonly bad: number }> {
    const store = this.#store;
    const total = { checked: 0, bad: 0 };
    for (const entry of [...store.entries.values()]) {
      for (const copy of [...store.live]) {
        if (store.isClosing || store.entries.get(entry.name) !== entry) break;
        const read = await this.#readFrom(copy, entry);
        total.checked += 1;
        if ('bytes' in read || store.entries.get(entry.name) !== entry) continue;
        total.bad += 1;
        await this.#repairFromOthers(copy, entry, read.why);
      }
    }
    await store.queue.quiet();
    return total;
  }

  #readFrom(copy: TimedCopy, entry: Entry): Promise<ValueReading> {
    return readValue(copy, entry, this.#store.epoch, this.#store.options.sha256);
  }

  async #repairFromOthers(copy: TimedCopy, entry: Entry, why: string): Promise<void> {
    const { entries, live, tell } = this.#store;
    for (const other of live) {
      const read = other === copy ? null : await this.#readFrom(other, entry);
      if (read !== null && 'bytes' in read) return this.#repairLater(copy, entry, why, read.bytes);
    }
    const message = `The value ${entry.name} is damaged in ${copy.where} (${why}), and no other copy has it whole.`;
    if (entries.get(entry.name) === entry) tell('value-lost', 'warning', copy, message);
  }

  #repairLater(copy: TimedCopy, entry: Entry, why: string, bytes: Uint8Array): void {
    const store = this.#store;
    void store.queue.run('light', [entry.name], async () => {
      if (store.entries.get(entry.name) !== entry || !store.live.includes(copy)) return;
      try {
        await copy.put(entry.raw, bytes);
        const message = `The value ${entry.name} was damaged in ${copy.where} (${why}) and was replaced by the other copy's.`;
        store.tell('value-repaired', 'warning', copy, message);
      } catch (error) {
        store.drop(copy, asStoreError(error, copy.where));
      }
    });
  }
}
