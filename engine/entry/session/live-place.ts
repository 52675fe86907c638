import type { DurableStore } from '../../contract/durable-store.ts';

/** Which of the live sessions in a store is the one that goes on. */
const CURRENT = 'live/current';

/**
 * A part of a store that looks like one of its own: the values whose names begin with `prefix`, without it. Closing it
 * leaves the store open, which belongs to somebody else.
 */
export class StorePart implements DurableStore {
  readonly #store: DurableStore;
  readonly #prefix: string;

  constructor(store: DurableStore, prefix: string) {
    this.#store = store;
    this.#prefix = prefix;
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    return this.#store.put(this.#prefix + name, bytes);
  }

  get(name: string): Promise<Uint8Array | null> {
    return this.#store.get(this.#prefix + name);
  }

  async list(prefix: string): Promise<readonly string[]> {
    const names = await this.#store.list(this.#prefix + prefix);
    return names.map((name) => name.slice(this.#prefix.length));
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#store.remove(names.map((name) => this.#prefix + name));
  }

  async close(): Promise<void> {}
}

/**
 * The place of the live session in a store that holds other things too. Each has one of its own; what an earlier one left
 * stays where it is.
 * @param anew begin another one
 * @throws StoreError
 */
export async function openLivePlace(store: DurableStore, anew: boolean): Promise<DurableStore> {
  const current = await store.get(CURRENT);
  // One byte a digit: the number is small and has no other reader.
  let number = current === null ? 0 : Number(String.fromCharCode(...current));
  if (anew || number === 0) {
    number += 1;
    await store.put(
      CURRENT,
      Uint8Array.from(String(number), (digit) => digit.charCodeAt(0)),
    );
  }
  return new StorePart(store, `live/session-${number}/`);
}
