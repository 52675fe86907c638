import { randomBytes } from 'node:crypto';
import type { DurableStore } from '../../engine/contract/durable-store.ts';
import type { StoreEvent } from '../../engine/contract/store-events.ts';
import { openMirroredStore } from '../../engine/connectors/storage/open-mirrored-store.ts';
import type { MirroredStore } from '../../engine/connectors/storage/mirrored-store.ts';
import type { StoreCopy } from '../../engine/connectors/storage/store-copy.ts';
import type { StoreMark } from '../../engine/connectors/storage/store-mark.ts';
import { sha256 } from '../../engine/core/sha256.node.ts';
import { MemoryDisk, MemoryStore, type StoreFault } from '../support/memory-store.ts';

export interface OpenOptions {
  /** By copy, then by number of the call to it from the store's opening on. */
  readonly faults?: readonly ReadonlyMap<number, StoreFault>[];
  /** The same for a copy that was set aside and opened again. */
  readonly faultsWhenRebuilt?: readonly ReadonlyMap<number, StoreFault>[];
  readonly markEveryMs?: number;
}

/** Two disks, a mark and a clock that moves by hand: what survives the crash of a program that used a mirrored store. */
export class TwoDisks {
  readonly disks: [MemoryDisk, MemoryDisk] = [new MemoryDisk(), new MemoryDisk()];
  /** What was set aside, newest last. */
  readonly aside: MemoryDisk[] = [];
  mark: Uint8Array | null = null;
  /** A mark that cannot be written. */
  markFails = false;
  events: StoreEvent[] = [];
  stores: MemoryStore[] = [];
  nowMs = 0;
  #timers: { readonly atMs: number; readonly act: () => void }[] = [];

  get kinds(): readonly string[] {
    return this.events.map((event) => event.kind);
  }

  open(options: OpenOptions = {}): Promise<MirroredStore> {
    this.#timers = [];
    this.events = [];
    this.stores = [];
    const mark: StoreMark = {
      where: 'mark',
      read: () => Promise.resolve(this.mark),
      write: (bytes) => {
        if (this.markFails) return Promise.reject(new Error('the mark cannot be written'));
        this.mark = bytes.slice();
        return Promise.resolve();
      },
    };
    return openMirroredStore({
      where: 'the store',
      copies: [this.#copy(0, options), this.#copy(1, options)],
      mark,
      sha256,
      newEpoch: () => randomBytes(16).toString('hex'),
      clock: { monotonicMs: () => this.nowMs, wallMs: () => 1_700_000_000_000 + this.nowMs },
      startTimer: (delayMs, act) => {
        const timer = { atMs: this.nowMs + delayMs, act };
        this.#timers.push(timer);
        return () => void (this.#timers = this.#timers.filter((one) => one !== timer));
      },
      onEvent: (event) => this.events.push(event),
      markEveryMs: options.markEveryMs ?? 0,
    });
  }

  /** Lets time pass, and everything happen that it brings about. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await quiet();
      const next = this.#timers.sort((left, right) => left.atMs - right.atMs)[0];
      if (next === undefined || next.atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#timers.shift();
      next.act();
    }
    this.nowMs = untilMs;
  }

  #copy(index: 0 | 1, options: OpenOptions): StoreCopy {
    const label = index === 0 ? 'a' : 'b';
    const planned = [options.faults?.[index], options.faultsWhenRebuilt?.[index]];
    return {
      label,
      where: `copy ${label}`,
      open: (): Promise<DurableStore> => {
        const store = new MemoryStore(this.disks[index], {
          where: `copy ${label}`,
          faults: planned.shift() ?? new Map(),
        });
        this.stores.push(store);
        return Promise.resolve(store);
      },
      setAside: () => {
        this.aside.push(this.disks[index]);
        this.disks[index] = new MemoryDisk();
        return Promise.resolve(`aside ${this.aside.length}`);
      },
    };
  }
}

/** Everything that goes on without time passing has happened. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

export const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
export const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString();

/** Everything in the store, as text. */
export async function contentOf(store: DurableStore): Promise<Readonly<Record<string, string | null>>> {
  const content: Record<string, string | null> = {};
  for (const name of await store.list('')) content[name] = textOf(await store.get(name));
  return content;
}
