import { STORE_NAME, StoreError, type DurableStore } from '../../engine/contract/durable-store.ts';
import { assert } from '../../engine/core/assert.ts';

/**
 * What a planned fault does to one call of a MemoryStore:
 *
 *   fails               nothing is done, and the call fails
 *   full                nothing is done, and the call fails for want of room
 *   hangs               nothing is done, and the call never comes back
 *   stored-but-fails    all is done, and the call fails all the same
 *   stored-but-hangs    all is done, and the call never comes back
 *   damaged             a put stores one wrong bit; a get comes back with one. The call does not notice.
 */
export type StoreFault = 'fails' | 'full' | 'hangs' | 'stored-but-fails' | 'stored-but-hangs' | 'damaged';

/** What survives: the bytes of a store, whoever opens it. A crash of a simulated process loses the store, not the disk. */
export class MemoryDisk {
  readonly values = new Map<string, Uint8Array>();
  /** Every put fails with `full` while it is true. */
  isFull = false;
}

export interface MemoryStoreOptions {
  readonly where?: string;
  /** Number of the call, from 1, in the order in which put, get, list and remove were called. */
  readonly faults?: ReadonlyMap<number, StoreFault>;
}

/** A DurableStore in memory that fails as planned, for simulations. Answers in microtasks: no clock, no timer. */
export class MemoryStore implements DurableStore {
  readonly disk: MemoryDisk;
  /** The faults that happened: a run whose planned fault is not here proved nothing. */
  readonly fired: { readonly call: number; readonly fault: StoreFault; readonly what: string }[] = [];
  readonly #where: string;
  readonly #faults: ReadonlyMap<number, StoreFault>;
  #calls = 0;
  #closed = false;

  constructor(disk: MemoryDisk = new MemoryDisk(), options: MemoryStoreOptions = {}) {
    this.disk = disk;
    this.#where = options.where ?? 'memory';
    this.#faults = options.faults ?? new Map();
  }

  get calls(): number {
    return this.#calls;
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    assert(STORE_NAME.test(name), `No name for a value: "${name}".`);
    // Copied at once: the caller may use its bytes again.
    const kept = bytes.slice();
    return this.#call(`put ${name}`, (fault) => {
      if (this.disk.isFull) throw this.#error('full', `put ${name}`);
      this.disk.values.set(name, fault === 'damaged' ? withOneWrongBit(kept) : kept);
    });
  }

  get(name: string): Promise<Uint8Array | null> {
    return this.#call(`get ${name}`, (fault) => {
      const bytes = this.disk.values.get(name);
      if (bytes === undefined) return null;
      return fault === 'damaged' ? withOneWrongBit(bytes) : bytes.slice();
    });
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.#call(`list ${prefix}`, () =>
      [...this.disk.values.keys()].filter((name) => name.startsWith(prefix)).sort(),
    );
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#call(`remove ${names.join(' ')}`, () => {
      for (const name of names) this.disk.values.delete(name);
    });
  }

  async close(): Promise<void> {
    await Promise.resolve();
    this.#closed = true;
  }

  async #call<T>(what: string, act: (fault: StoreFault | undefined) => T): Promise<T> {
    assert(!this.#closed, `The store ${this.#where} was closed and is used all the same: ${what}.`);
    this.#calls += 1;
    const fault = this.#faults.get(this.#calls);
    if (fault !== undefined) this.fired.push({ call: this.#calls, fault, what });
    await Promise.resolve();
    if (fault === 'fails' || fault === 'full') throw this.#error(fault === 'full' ? 'full' : 'failed', what);
    if (fault === 'hangs') return await new Promise<never>(() => undefined);
    const result = act(fault);
    if (fault === 'stored-but-fails') throw this.#error('failed', what);
    if (fault === 'stored-but-hangs') return await new Promise<never>(() => undefined);
    return result;
  }

  #error(kind: 'full' | 'failed', what: string): StoreError {
    return new StoreError(kind, this.#where, `Planned: ${what} at ${this.#where} ended with "${kind}".`);
  }
}

function withOneWrongBit(bytes: Uint8Array): Uint8Array {
  const wrong = bytes.length === 0 ? new Uint8Array(1) : bytes.slice();
  const middle = wrong.length >> 1;
  wrong[middle] = (wrong[middle] ?? 0) ^ 1;
  return wrong;
}
