import type { JsonlDecoder } from '../decode/jsonl-decoder.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';
import type { FillStatus, QuoteInput } from '../sources/quote-input.ts';
import type { RowLedger } from '../sources/row-ledger.ts';
import { QUOTE_IS_STALE, RecordedMark, type LiveColumns, type SessionMark } from '../sources/session-marks.ts';
import type { FeedGate } from './feed-gate.ts';
import type { FeedLink, LinkItem } from './feed-link.ts';
import type { LiveClock } from './live-clock.ts';

/** While nothing is quoted, time is looked at this often; each look that moves it is journaled. */
export const STEP_MS = 250;
/** Messages decoded at a time. */
const WINDOW_BYTES = 65_536;
const WINDOW_MESSAGES_MAX = 2_048;
/** A feed on which no usable quote has come for so long is stale, whatever the connection says. */
export const FEED_STALE_MS = 5_000;
/** The same for one symbol. */
export const SYMBOL_STALE_MS = 30_000;
/** A connection without a fresh quote is stale after this. */
const FIRST_QUOTE_MS = 2_000;
const LINE_FEED = 10;

/** `live`: connected, and quotes are fresh; `stale`: connected, and they are not. */
export type FeedState =
  | { readonly kind: 'recovering' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'reconnecting'; readonly inMs: number }
  | { readonly kind: 'closed' };

export interface FeedStatus {
  readonly state: FeedState;
  /** Since the last message of any kind; null before the first. */
  readonly lastMessageAgeMs: number | null;
  /** How old the last quote was when it was taken, by this machine's clock; null before the first. */
  readonly quoteAgeMs: number | null;
  readonly connects: number;
  readonly gaps: number;
  readonly missed: number;
  readonly duplicates: number;
  readonly staleQuotes: number;
  /** Symbols that were quoted, but not lately. */
  readonly staleSymbols: number;
  readonly queued: number;
  /** Times the feed was made to wait because the queue was full. */
  readonly pauses: number;
  /** Since the last quote that moved event time. */
  readonly silentMs: number;
  /** The journal is behind, or has no room: nothing is taken. */
  readonly isHeld: boolean;
}

export interface LiveFeedOptions {
  readonly name: string;
  readonly link: FeedLink;
  readonly clock: LiveClock;
  readonly decoder: JsonlDecoder;
  readonly gate: FeedGate;
  /** A quote that is older than this when it is taken is stale; 0: none ever is. */
  readonly staleMs: number;
  readonly idleMs: number;
  /** Greatest event time that the session has reached; -Infinity before the first quote. */
  readonly reachedMs: () => number;
  /** The journal is behind, or has no room: nothing is taken until `wakeUp`. */
  readonly mustWait: () => boolean;
}

/**
 * A live feed as an input of a session: its messages decoded by a profile, duplicates left out, old ones marked; and in
 * their order with the quotes what is known about the feed, and the steps of time in which nothing came. Source thread only.
 * Life: open, draining (`finish`), ended.
 */
export class LiveFeedInput implements QuoteInput {
  readonly name: string;
  nextControlIndex = Infinity;
  staleQuotes = 0;
  readonly #options: LiveFeedOptions;
  readonly #live: LiveColumns;
  #marks: { index: number; readonly mark: SessionMark }[] = [];
  /** Messages that were copied together, each with a line end behind it; one byte is spare. */
  #window = new Uint8Array(WINDOW_BYTES + 1);
  #windowFrom = 0;
  #windowTo = 0;
  #oversizedTold = 0;
  #lastQuoteMs: number;
  #lastStepMs: number;
  /** Event time when the feed fell silent; null: it has not, or no step was taken since. */
  #anchorMs: number | null = null;
  /** Monotonic; when a fresh quote came last. */
  #lastFreshMs = -Infinity;
  #isTrusted = true;
  #quoteAgeMs: number | null = null;
  #symbolMs = new Float64Array(1024).fill(-Infinity);
  #isFinishing = false;
  #isEndTold = false;
  #wakers: (() => void)[] = [];

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    this.name = options.name;
    const { batch } = options.decoder.assembler;
    this.#live = { received: new Float64Array(batch.capacity), flags: new Int32Array(batch.capacity) };
    batch.live = this.#live;
    this.#lastQuoteMs = options.clock.monotonicMs();
    this.#lastStepMs = this.#lastQuoteMs;
    options.link.onItem(() => this.wakeUp());
  }

  get ledger(): RowLedger {
    return this.#options.decoder.ledger;
  }

  get batch(): QuoteBatch {
    return this.#options.decoder.assembler.batch;
  }

  fill(): FillStatus {
    const { batch } = this;
    batch.from = 0;
    batch.to = 0;
    // What stood behind the last quote stands ahead of the next one now.
    for (const waiting of this.#marks) waiting.index = 0;
    // What has come by the end is little, and is taken all the same.
    if (this.#options.mustWait() && !this.#isFinishing) return 'waiting';
    this.#countOversized();
    this.#decodeQueued();
    if (batch.to > 0) return this.#taken('filled');
    if (this.#marks.length > 0) return this.#taken('marks');
    if (this.#isFinishing && this.#windowFrom === this.#windowTo) {
      if (this.#isEndTold) return 'ended';
      this.#isEndTold = true;
      const atMs = Math.floor(this.#options.clock.wallMs());
      this.#marks.push({ index: 0, mark: { kind: 'feed', fact: { what: 'session-ended', atMs } } });
      return this.#taken('marks');
    }
    const step = this.#step();
    if (step === null) return 'waiting';
    this.#marks.push({ index: 0, mark: step });
    return this.#taken('marks');
  }

  takeControl(): unknown {
    const next = this.#marks.shift();
    this.nextControlIndex = this.#marks.length > 0 ? this.#marks[0].index : Infinity;
    return next === undefined ? undefined : new RecordedMark(next.mark);
  }

  whenReady(): Promise<void> {
    return new Promise((resolve) => this.#wakers.push(resolve));
  }

  /** Something came, or time did. */
  wakeUp(): void {
    if (this.#wakers.length === 0) return;
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  /** Call every STEP_MS: looks after clocks and connection, and wakes the source. */
  tick(): void {
    const { clock, link } = this.#options;
    const event = clock.look();
    const atMs = Math.floor(clock.wallMs());
    if (event?.kind === 'jumped') link.put({ what: 'clock-jumped', atMs, byMs: event.byMs });
    if (event?.kind === 'stood-still') this.stoodStill(event.forMs);
    // Ages are compared with a wall clock that has just been set: nothing is fresh before a quote says so.
    if (event !== null) this.#isTrusted = false;
    link.tick();
    this.wakeUp();
  }

  /** The machine slept: what was connected is not to be trusted. */
  stoodStill(forMs: number): void {
    const { clock, link } = this.#options;
    this.#isTrusted = false;
    link.put({ what: 'stood-still', atMs: Math.floor(clock.wallMs()), forMs });
    link.reconnect();
  }

  /** Takes what has come, and then ends. */
  finish(): void {
    this.#isFinishing = true;
    this.#options.link.close();
    this.wakeUp();
  }

  status(): FeedStatus {
    const { link, clock, gate } = this.#options;
    const nowMs = clock.monotonicMs();
    const ageMs = nowMs - link.lastMessageMs;
    let staleSymbols = 0;
    for (const atMs of this.#symbolMs) if (atMs !== -Infinity && nowMs - atMs > SYMBOL_STALE_MS) staleSymbols += 1;
    return {
      state: this.#state(nowMs),
      lastMessageAgeMs: Number.isFinite(ageMs) ? Math.round(ageMs) : null,
      quoteAgeMs: this.#quoteAgeMs,
      connects: link.connects,
      gaps: gate.gaps,
      missed: gate.missed,
      duplicates: gate.duplicates,
      staleQuotes: this.staleQuotes,
      staleSymbols,
      queued: link.queued,
      pauses: link.pauses,
      silentMs: Math.max(0, Math.round(nowMs - this.#lastQuoteMs)),
      isHeld: this.#options.mustWait(),
    };
  }

  progress(): null {
    return null;
  }

  position(): number {
    return this.#options.decoder.lines;
  }

  async close(): Promise<void> {
    this.#options.link.close();
    this.wakeUp();
  }

  #state(nowMs: number): FeedState {
    const { state } = this.#options.link;
    switch (state.kind) {
      case 'waiting':
        return { kind: 'reconnecting', inMs: Math.max(0, Math.round(state.atMs - nowMs)) };
      case 'connected':
        if (this.#isTrusted && nowMs - this.#lastFreshMs <= FEED_STALE_MS) return { kind: 'live' };
        // It has just been connected: its first quote is on its way.
        return nowMs - this.#options.link.openedMs < FIRST_QUOTE_MS && this.#isTrusted
          ? { kind: 'connecting' }
          : { kind: 'stale' };
      case 'connecting':
      case 'closed':
        return { kind: state.kind };
    }
  }

  #taken(status: FillStatus): FillStatus {
    this.nextControlIndex = this.#marks.length > 0 ? this.#marks[0].index : Infinity;
    return status;
  }

  /** Decodes queued messages until the batch is full, or a fact stands ahead that must not be passed. */
  #decodeQueued(): void {
    const { link } = this.#options;
    const { assembler } = this.#options.decoder;
    while (assembler.hasRoom()) {
      if (this.#windowFrom < this.#windowTo) {
        this.#decodeWindow();
        continue;
      }
      const item = link.peek();
      if (item === null) return;
      if (item.fact !== null) {
        link.shift();
        if (item.fact.what === 'connected') this.#options.gate.connected();
        this.#mark({ kind: 'feed', fact: item.fact });
      } else {
        this.#fillWindow(item);
      }
    }
  }

  /** Copies waiting messages together. */
  #fillWindow(first: LinkItem): void {
    const { link } = this.#options;
    let to = 0;
    let count = 0;
    for (let item: LinkItem | null = first; item !== null && count < WINDOW_MESSAGES_MAX; item = link.peek()) {
      const { bytes } = item;
      if (bytes === null) break;
      if (to + bytes.length + 2 > this.#window.length) {
        if (count > 0) break;
        this.#window = new Uint8Array(bytes.length + 2);
      }
      this.#window.set(bytes, to);
      this.#window[to + bytes.length] = LINE_FEED;
      to += bytes.length + 1;
      count += 1;
      link.shift();
    }
    this.#windowFrom = 0;
    this.#windowTo = to;
  }

  #decodeWindow(): void {
    const { decoder, staleMs, clock } = this.#options;
    // Read now, not when they came: a quote that waited here is as old as one that waited elsewhere.
    const processingMs = clock.processingMs();
    const wallMs = clock.wallMs();
    const { batch } = this;
    const { received, flags } = this.#live;
    let index = batch.to;
    this.#windowFrom = decoder.decode(this.#window, this.#windowFrom, this.#windowTo, false);
    if (index === batch.to) return;
    this.#quoteAgeMs = Math.round(wallMs - batch.time[batch.to - 1]);
    const nowMs = clock.monotonicMs();
    for (; index < batch.to; index += 1) {
      const isStale = staleMs > 0 && wallMs - batch.time[index] > staleMs;
      received[index] = processingMs;
      flags[index] = isStale ? QUOTE_IS_STALE : 0;
      if (isStale) this.staleQuotes += 1;
      else this.#fresh(batch.symbol[index], nowMs);
    }
  }

  #fresh(symbol: number, nowMs: number): void {
    this.#lastFreshMs = nowMs;
    this.#isTrusted = true;
    // Quotes that are put aside move no time: to event time, a feed that sends nothing else is silent.
    this.#lastQuoteMs = nowMs;
    this.#anchorMs = null;
    if (symbol >= this.#symbolMs.length) {
      const wider = new Float64Array(Math.max(symbol + 1, this.#symbolMs.length * 2)).fill(-Infinity);
      wider.set(this.#symbolMs);
      this.#symbolMs = wider;
    }
    this.#symbolMs[symbol] = nowMs;
  }

  /** Called by the gate too, in the middle of decoding: it stands ahead of the quote that comes next. */
  noteJump(kind: 'gap' | 'restarted', from: number, to: number): void {
    this.#mark({ kind: 'feed', fact: { what: kind, atMs: Math.floor(this.#options.clock.wallMs()), from, to } });
  }

  #mark(mark: SessionMark): void {
    this.#marks.push({ index: this.batch.to, mark });
  }

  /** Of a message above the bound nothing was kept but that it came. */
  #countOversized(): void {
    const { link, decoder } = this.#options;
    while (this.#oversizedTold < link.oversized) {
      this.#oversizedTold += 1;
      decoder.ledger.rowsRead += 1;
      decoder.ledger.quarantine(
        'line-too-long',
        decoder.lines + 1,
        '(a message of more than 1 MB; the connection was closed)',
      );
    }
  }

  /** Time goes on while nothing is quoted. @returns null when it is not worth a step */
  #step(): SessionMark | null {
    const { clock, idleMs, reachedMs } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lastQuoteMs < STEP_MS || nowMs - this.#lastStepMs < STEP_MS) return null;
    this.#lastStepMs = nowMs;
    return {
      kind: 'clock',
      eventTimeMs: this.#idleEventTimeMs(nowMs, idleMs, reachedMs()),
      processingTimeMs: clock.processingMs(),
    };
  }

  /**
   * After `idleMs` of silence event time goes on from where it stood, as fast as the clock: so it always trails by idleMs,
   * and a quote that was a little longer on its way than the last one is not late for it.
   */
  #idleEventTimeMs(nowMs: number, idleMs: number, reachedMs: number): number | null {
    if (!Number.isFinite(reachedMs)) return null;
    this.#anchorMs ??= reachedMs;
    const goneMs = Math.floor(nowMs - this.#lastQuoteMs - idleMs);
    const eventTimeMs = this.#anchorMs + goneMs;
    return goneMs > 0 && eventTimeMs > reachedMs ? eventTimeMs : null;
  }
}
