import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import type { StartTimer } from '../sources/pacing.ts';
import { journalName, type JournalName } from './journal-names.ts';
import type { JournalPart } from './journal-writer.ts';

/** A store that is full is tried again after this; nothing is taken meanwhile, so nothing is lost. */
const FULL_RETRY_MS = 1_000;
/** So many small parts in a row are joined into one value: a quiet feed would otherwise leave a million of them a day. */
const JOINED_PARTS = 64;
/** Parts above this are large enough to stay as they are. */
const SMALL_PART_BYTES = 16 * 1024;

export interface JournalKeeperOptions {
  readonly store: DurableStore;
  readonly startTimer: StartTimer;
  /** Number of the first part that will be added; those before it are stored. Default: 0. */
  readonly nextPart?: number;
  /** Everything up to this part is there for good. */
  readonly onStored: (part: JournalPart) => void;
  /** The store is full: the session stands still until there is room. Told once, and again with null when it goes on. */
  readonly onFull: (problem: StoreError | null) => void;
  /** It cannot go on at all. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Puts the parts of a journal into a store, one after the other, so that what is there is always a beginning of what was
 * handed over. Coordinator thread only.
 */
export class JournalKeeper {
  readonly #options: JournalKeeperOptions;
  readonly #queue: JournalPart[] = [];
  #small: { readonly name: JournalName; readonly bytes: Uint8Array }[] = [];
  #isPutting = false;
  #isFull = false;
  #hasFailed = false;
  #isClosed = false;
  #whenIdle: (() => void)[] = [];
  readonly #waiting: { readonly part: number; readonly resolve: () => void; readonly reject: (why: Error) => void }[] =
    [];
  /** Everything up to this part is durable. */
  #storedPart: number;
  /** Quotes below it are durable. */
  durableSequence = 0;
  /** Bytes and parts put since the start. */
  bytes = 0;
  parts = 0;

  constructor(options: JournalKeeperOptions) {
    this.#options = options;
    this.#storedPart = (options.nextPart ?? 0) - 1;
  }

  add(part: JournalPart): void {
    this.#queue.push(part);
    if (!this.#isPutting) void this.#pump();
  }

  /** What a recovered journal already has. */
  recovered(sequence: number): void {
    this.durableSequence = sequence;
  }

  /** Resolves when everything handed over is stored, or cannot be. */
  async idle(): Promise<void> {
    if (!this.#isPutting && this.#queue.length === 0) return;
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Resolves once everything up to this part is durable. @throws Error when that will not be any more */
  whenStored(part: number): Promise<void> {
    if (part <= this.#storedPart) return Promise.resolve();
    if (this.#hasFailed || this.#isClosed) return Promise.reject(neverStored(part));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ part, resolve, reject });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#tellWaiting();
  }

  #tellWaiting(): void {
    const isOver = this.#hasFailed || this.#isClosed;
    for (const { part, resolve, reject } of this.#waiting.splice(0)) {
      if (part <= this.#storedPart) resolve();
      else if (isOver) reject(neverStored(part));
      else this.#waiting.push({ part, resolve, reject });
    }
  }

  async #pump(): Promise<void> {
    this.#isPutting = true;
    while (this.#queue.length > 0 && !this.#hasFailed && !this.#isClosed) {
      const part = this.#queue[0];
      if (!(await this.#put(part))) continue;
      this.#queue.shift();
      this.bytes += part.bytes.length;
      this.parts += 1;
      this.durableSequence = part.nextSequence;
      this.#storedPart = part.part;
      this.#options.onStored(part);
      this.#tellWaiting();
      await this.#join(part);
    }
    this.#isPutting = false;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const resolve of waiting) resolve();
  }

  async #put(part: JournalPart): Promise<boolean> {
    const { store, onFull, onFailed } = this.#options;
    try {
      // The same name and bytes again after a failure: whether the first try is there makes no difference.
      await store.put(journalName(part.firstSequence, part.part), part.bytes);
    } catch (error) {
      if (!(error instanceof StoreError && error.kind === 'full')) {
        this.#hasFailed = true;
        this.#tellWaiting();
        onFailed(error);
        return false;
      }
      if (!this.#isFull) onFull(error);
      this.#isFull = true;
      await new Promise<void>((resolve) => {
        this.#options.startTimer(FULL_RETRY_MS, resolve);
      });
      return false;
    }
    if (this.#isFull) onFull(null);
    this.#isFull = false;
    return true;
  }

  /** Joins small parts once there are enough. What fails here fails nothing: the parts are there one by one. */
  async #join(part: JournalPart): Promise<void> {
    const name = journalName(part.firstSequence, part.part);
    const { firstSequence, part: number } = part;
    if (part.bytes.length > SMALL_PART_BYTES) {
      this.#small = [];
      return;
    }
    this.#small.push({ name: { name, firstSequence, firstPart: number, lastPart: number }, bytes: part.bytes });
    if (this.#small.length < JOINED_PARTS) return;
    const small = this.#small;
    this.#small = [];
    const whole = new Uint8Array(small.reduce((sum, each) => sum + each.bytes.length, 0));
    let at = 0;
    for (const { bytes } of small) {
      whole.set(bytes, at);
      at += bytes.length;
    }
    const first = small[0].name;
    try {
      await this.#options.store.put(journalName(first.firstSequence, first.firstPart, number), whole);
      await this.#options.store.remove(small.map((each) => each.name.name));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }
}

function neverStored(part: number): Error {
  return new Error(`Part ${part} of the journal was not stored.`);
}
