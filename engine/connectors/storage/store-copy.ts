import { StoreError, type DurableStore } from '../../contract/durable-store.ts';

/** One of the two places of a MirroredStore: how to open it, and how to move what is there out of the way. */
export interface StoreCopy {
  /** Short, for words and for the mark: `a`. Never changes. */
  readonly label: string;
  /** For a person: a path, or `vault A`. */
  readonly where: string;
  open(): Promise<DurableStore>;
  /**
   * Moves everything that is there aside, so that the next `open` finds nothing. Never deletes. Whoever might still write
   * there is stopped first.
   * @returns where it is now, for a person; null when there was nothing
   */
  setAside(): Promise<string | null>;
}

/** Calls `act` after a time; the returned function takes that back. */
export type StartTimer = (delayMs: number, act: () => void) => () => void;

/** Opening may mean starting a process on a machine that is just starting itself. */
const OPENING_TIMES = 3;

/** A copy whose every call ends: one that does not answer has failed. */
export class TimedCopy {
  readonly label: string;
  readonly where: string;
  readonly #copy: StoreCopy;
  readonly #limitMs: number;
  readonly #startTimer: StartTimer;
  #store: DurableStore | null = null;

  constructor(copy: StoreCopy, limitMs: number, startTimer: StartTimer) {
    this.label = copy.label;
    this.where = copy.where;
    this.#copy = copy;
    this.#limitMs = limitMs;
    this.#startTimer = startTimer;
  }

  async open(): Promise<void> {
    await this.close();
    this.#store = await this.#timed('open', () => this.#copy.open(), this.#limitMs * OPENING_TIMES);
  }

  put(raw: string, bytes: Uint8Array): Promise<void> {
    return this.#timed('write', () => this.#opened().put(raw, bytes));
  }

  get(raw: string): Promise<Uint8Array | null> {
    return this.#timed('read', () => this.#opened().get(raw));
  }

  list(): Promise<readonly string[]> {
    return this.#timed('list', () => this.#opened().list(''));
  }

  remove(raw: readonly string[]): Promise<void> {
    return raw.length === 0 ? Promise.resolve() : this.#timed('remove', () => this.#opened().remove(raw));
  }

  async setAside(): Promise<string | null> {
    await this.close();
    return await this.#timed('set aside', () => this.#copy.setAside());
  }

  /** A copy that cannot even be closed is left to its end: nothing more is asked of it. */
  async close(): Promise<void> {
    const store = this.#store;
    this.#store = null;
    if (store !== null) await this.#timed('close', () => store.close()).catch(() => undefined);
  }

  #opened(): DurableStore {
    if (this.#store === null) throw new StoreError('failed', this.where, `${this.where} is not open.`);
    return this.#store;
  }

  #timed<T>(what: string, ask: () => Promise<T>, limitMs = this.#limitMs): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = ask();
      const stop = this.#startTimer(limitMs, () => {
        reject(
          new StoreError('failed', this.where, `${this.where} did not answer "${what}" within ${limitMs / 1000} s.`),
        );
      });
      answer.then(resolve, reject).finally(stop);
    });
  }
}

export function asStoreError(error: unknown, where: string): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError('failed', where, `${where}: ${error instanceof Error ? error.message : String(error)}`, error);
}

/** Places are named as they stand within a sentence; at its beginning they get their capital. */
export function asSentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
