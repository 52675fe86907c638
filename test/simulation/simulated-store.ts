import type { DurableStore } from '../../engine/contract/durable-store.ts';
import { StoreError } from '../../engine/contract/durable-store.ts';
import { MemoryStore, type MemoryDisk, type StoreFault } from '../support/memory-store.ts';
import type { Draws } from './draws.ts';
import type { StoreCallKind } from './faults.ts';
import type { Scheduler } from './scheduler.ts';

export type PlannedStoreFault = StoreFault | 'slow';

/** Who decides what happens to a call; what it throws crashes the process there. */
export interface StoreWatcher {
  /** Just before the call takes effect. */
  beforeCall(call: StoreCallKind, name: string): PlannedStoreFault | null;
  /** It has taken effect; nobody knows yet. */
  afterCall(call: StoreCallKind, name: string): void;
  failedFull(): void;
}

interface PutUnderWay {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** MemoryStore asks for the fault of a call by its number; here it is decided when the call is made. */
class NextFault extends Map<number, StoreFault> {
  next: StoreFault | null = null;
  override get(): StoreFault | undefined {
    return this.next ?? undefined;
  }
}

/** A store on the simulated disk: every call takes a while to take effect, and a while to answer. */
export class SimulatedStore implements DurableStore {
  readonly #disk: MemoryDisk;
  readonly #faults = new NextFault();
  readonly #inner: MemoryStore;
  readonly #scheduler: Scheduler;
  readonly #draws: Draws;
  readonly #delayMs: number;
  readonly #slowMs: number;
  readonly #watcher: StoreWatcher;
  readonly #underWay = new Set<PutUnderWay>();

  constructor(
    disk: MemoryDisk,
    scheduler: Scheduler,
    draws: Draws,
    watcher: StoreWatcher,
    delayMs: number,
    slowMs: number,
  ) {
    this.#disk = disk;
    this.#inner = new MemoryStore(disk, { faults: this.#faults });
    this.#scheduler = scheduler;
    this.#draws = draws;
    this.#watcher = watcher;
    this.#delayMs = delayMs;
    this.#slowMs = slowMs;
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    const put: PutUnderWay = { name, bytes: bytes.slice() };
    this.#underWay.add(put);
    return this.#call(name.endsWith('/manifest') ? 'put-manifest' : 'put-state', name, () => {
      this.#underWay.delete(put);
      return this.#inner.put(name, put.bytes);
    });
  }

  get(name: string): Promise<Uint8Array | null> {
    return this.#call('get', name, () => this.#inner.get(name));
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.#call('list', prefix, () => this.#inner.list(prefix));
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#call('remove', names.join(' '), () => this.#inner.remove(names));
  }

  async close(): Promise<void> {}

  /** The process is gone: what it had given to the disk may be there all the same, whole. */
  crash(): void {
    for (const { name, bytes } of this.#underWay) if (this.#draws.chance(0.3)) this.#disk.values.set(name, bytes);
    this.#underWay.clear();
  }

  #call<T>(kind: StoreCallKind, name: string, act: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#scheduler.after(this.#draws.int(0, this.#delayMs), () => {
        const fault = this.#watcher.beforeCall(kind, name);
        const slowMs = fault === 'slow' ? this.#slowMs : 0;
        // One that is slow takes effect long before anybody hears of it, or long after everybody has given it up.
        const isLate = fault === 'slow' && this.#draws.chance(0.5);
        const go = (): void => {
          this.#take(kind, name, act, fault, isLate ? 0 : slowMs, resolve, reject);
        };
        if (isLate) this.#scheduler.after(slowMs, go);
        else go();
      });
    });
  }

  #take<T>(
    kind: StoreCallKind,
    name: string,
    act: () => Promise<T>,
    fault: PlannedStoreFault | null,
    slowMs: number,
    resolve: (value: T) => void,
    reject: (error: Error) => void,
  ): void {
    this.#faults.next = fault === 'slow' ? null : fault;
    const outcome = act();
    this.#faults.next = null;
    const answerMs = this.#draws.int(0, this.#delayMs) + slowMs;
    const answer = (give: () => void): void => {
      this.#scheduler.after(answerMs, () => {
        this.#watcher.afterCall(kind, name);
        give();
      });
    };
    outcome.then(
      (value) => {
        answer(() => {
          resolve(value);
        });
      },
      (error: unknown) => {
        if (error instanceof StoreError && error.kind === 'full') this.#watcher.failedFull();
        answer(() => {
          reject(error as Error);
        });
      },
    );
  }
}
