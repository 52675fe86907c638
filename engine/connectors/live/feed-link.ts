import type { Random } from '../simulator/prng.ts';
import type { StartTimer } from '../sources/pacing.ts';
import type { FeedFact } from '../sources/session-marks.ts';
import type { LiveClock } from './live-clock.ts';

/** What a connection tells. `closed` comes once, and is the last. */
export interface FeedHandlers {
  opened(): void;
  /** The bytes are the handler's from here on. */
  message(bytes: Uint8Array): void;
  /** The other side answered a ping, or sent one. */
  alive(): void;
  /** @param why for a person; `oversized`: it sent more than a message may have */
  closed(why: string, oversized: boolean): void;
}

export interface FeedConnection {
  /** Stops reading, so that the sender has to wait. */
  pause(): void;
  resume(): void;
  ping(): void;
  /** Ends it at once; `closed` is still told. */
  end(): void;
}

/** Starts to connect; never throws. Provided by the host (web-socket.node.ts). */
export type ConnectFeed = (handlers: FeedHandlers) => FeedConnection;

/** First wait before connecting again; doubled with each failure. */
export const BACK_OFF_FIRST_MS = 250;
export const BACK_OFF_MAX_MS = 30_000;
/** A connection that held for so long was a good one: the next failure is the first again. */
const STABLE_MS = 10_000;
/** A connection on which nothing came for so long is asked for a sign of life ... */
export const PING_AFTER_MS = 5_000;
/** ... and is dead when nothing has come for so long. */
export const DEAD_AFTER_MS = 15_000;
/** What may wait between the socket and the source. At the bound the socket is not read; at half of it, again. */
const QUEUE_MESSAGES_MAX = 16_384;
const QUEUE_BYTES_MAX = 4 * 1_048_576;

export type LinkState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  /** `atMs`: monotonic, when it is tried again. */
  | { readonly kind: 'waiting'; readonly atMs: number }
  | { readonly kind: 'closed' };

/** One thing that came, in order. `bytes` null: `fact` is what happened. */
export interface LinkItem {
  readonly bytes: Uint8Array | null;
  readonly fact: FeedFact | null;
}

export interface FeedLinkOptions {
  readonly connect: ConnectFeed;
  readonly clock: LiveClock;
  readonly startTimer: StartTimer;
  readonly random: Random;
}

/**
 * Keeps one connection to a feed: connects, finds out when it is dead, waits longer with each failure and with some chance
 * in it (so that many clients of a feed that was down do not all come at once), connects again; until it is closed.
 * What comes stands in a bounded queue. One thread.
 */
export class FeedLink {
  readonly #options: FeedLinkOptions;
  state: LinkState = { kind: 'connecting' };
  /** Times the socket was not read because the queue was full. */
  pauses = 0;
  connects = 0;
  oversized = 0;
  /** Monotonic; -Infinity before the first message. */
  lastMessageMs = -Infinity;
  #queue: LinkItem[] = [];
  #head = 0;
  #queuedBytes = 0;
  #connection: FeedConnection | null = null;
  #isPaused = false;
  /** Monotonic; when it was connected last. */
  openedMs = 0;
  #heardMs = 0;
  #pingedMs = -Infinity;
  #failures = 0;
  #cancelTimer: () => void = () => undefined;
  #wake: () => void = () => undefined;

  constructor(options: FeedLinkOptions) {
    this.#options = options;
  }

  start(): void {
    this.#connect();
  }

  get queued(): number {
    return this.#queue.length - this.#head;
  }

  peek(): LinkItem | null {
    return this.#head < this.#queue.length ? this.#queue[this.#head] : null;
  }

  shift(): void {
    const item = this.#queue[this.#head];
    this.#head += 1;
    this.#queuedBytes -= item.bytes?.length ?? 0;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    if (this.#isPaused && this.queued < QUEUE_MESSAGES_MAX / 2 && this.#queuedBytes < QUEUE_BYTES_MAX / 2) {
      this.#isPaused = false;
      // While it was not read nothing could be heard: that is no sign of death.
      this.#heardMs = this.#options.clock.monotonicMs();
      this.#connection?.resume();
    }
  }

  /** Called whenever something is put into the queue. */
  onItem(wake: () => void): void {
    this.#wake = wake;
  }

  /** Looks after the connection; call a few times a second. */
  tick(): void {
    if (this.state.kind !== 'connected' || this.#isPaused) return;
    const nowMs = this.#options.clock.monotonicMs();
    const silentMs = nowMs - this.#heardMs;
    if (silentMs > DEAD_AFTER_MS) {
      this.#connection?.end();
      return;
    }
    if (silentMs > PING_AFTER_MS && nowMs - this.#pingedMs > PING_AFTER_MS) {
      this.#pingedMs = nowMs;
      this.#connection?.ping();
    }
  }

  /** The machine slept or the like: whatever is connected is no longer to be trusted. */
  reconnect(): void {
    this.#failures = 0;
    if (this.state.kind === 'connected') this.#connection?.end();
    else if (this.state.kind === 'waiting') {
      this.#cancelTimer();
      this.#connect();
    }
  }

  put(fact: FeedFact): void {
    this.#put(null, fact);
  }

  /** No more messages; may run twice. What is in the queue stays. */
  close(): void {
    if (this.state.kind === 'closed') return;
    this.state = { kind: 'closed' };
    this.#cancelTimer();
    this.#connection?.end();
    this.#connection = null;
  }

  #connect(): void {
    this.state = { kind: 'connecting' };
    let isOver = false;
    const isCurrent = (): boolean => !isOver && this.state.kind !== 'closed';
    this.#isPaused = false;
    this.#connection = this.#options.connect({
      opened: () => {
        if (isCurrent()) this.#opened();
      },
      message: (bytes) => {
        if (isCurrent()) this.#message(bytes);
      },
      alive: () => {
        this.#heardMs = this.#options.clock.monotonicMs();
      },
      closed: (why, oversized) => {
        if (!isCurrent()) return;
        isOver = true;
        this.#closed(why, oversized);
      },
    });
  }

  #opened(): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.state = { kind: 'connected' };
    this.connects += 1;
    this.openedMs = nowMs;
    this.#heardMs = nowMs;
    this.#put(null, { what: 'connected', atMs: this.#wallMs() });
  }

  #message(bytes: Uint8Array): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    this.lastMessageMs = this.#heardMs;
    this.#put(bytes, null);
    if (this.#isPaused || (this.queued < QUEUE_MESSAGES_MAX && this.#queuedBytes < QUEUE_BYTES_MAX)) return;
    this.#isPaused = true;
    this.pauses += 1;
    this.#connection?.pause();
  }

  #closed(why: string, oversized: boolean): void {
    const { clock, random, startTimer } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.state.kind === 'connected') {
      this.#put(null, { what: 'disconnected', atMs: this.#wallMs(), why });
      if (nowMs - this.openedMs > STABLE_MS) this.#failures = 0;
    }
    if (oversized) this.oversized += 1;
    const most = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** this.#failures);
    // At least half of it, so that a feed that is down is never hammered.
    const delayMs = most * (0.5 + random() / 2);
    this.#failures += 1;
    this.state = { kind: 'waiting', atMs: nowMs + delayMs };
    this.#cancelTimer = startTimer(delayMs, () => this.#connect());
    this.#wake();
  }

  #put(bytes: Uint8Array | null, fact: FeedFact | null): void {
    this.#queue.push({ bytes, fact });
    this.#queuedBytes += bytes?.length ?? 0;
    this.#wake();
  }

  #wallMs(): number {
    return Math.floor(this.#options.clock.wallMs());
  }
}
