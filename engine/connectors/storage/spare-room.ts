import { StoreError, type DurableStore } from '../../contract/durable-store.ts';

/** Whatever place a session has, its journal lies in it under this name. */
const JOURNAL = /(^|\/)journal\//;

/**
 * Keeps the last room on a disk for what must not wait. While it is nearly full the journal is refused with `full`, though
 * it could still be written: so a live session stops taking quotes, and with it trading, before a write really fails, and
 * goes on by itself when there is room. Checkpoints, the audit trail and the kill switch are written as ever.
 */
export class SpareRoomStore implements DurableStore {
  readonly #store: DurableStore;
  readonly #isNearlyFull: () => boolean;

  constructor(store: DurableStore, isNearlyFull: () => boolean) {
    this.#store = store;
    this.#isNearlyFull = isNearlyFull;
  }

  put(name: string, bytes: Uint8Array): Promise<void> {
    if (!this.#isNearlyFull() || !JOURNAL.test(name)) return this.#store.put(name, bytes);
    const message = 'The disk is nearly full: nothing is traded until there is room. Make some; it goes on by itself.';
    return Promise.reject(new StoreError('full', name, message));
  }

  get(name: string): Promise<Uint8Array | null> {
    return this.#store.get(name);
  }

  list(prefix: string): Promise<readonly string[]> {
    return this.#store.list(prefix);
  }

  remove(names: readonly string[]): Promise<void> {
    return this.#store.remove(names);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
