import type { Clock } from '../../core/time.ts';
import { Pacer, type ReplaySpeed } from '../sources/pacing.ts';
import type { QuoteInput } from '../sources/quote-input.ts';
import { SessionMerge } from '../sources/session-merge.ts';
import { BookTickerText } from './book-ticker.ts';

/** What a feed does wrong on purpose, so that whoever reads it can be tried. All counted in messages; null: never. */
export interface FeedFaults {
  /** Cut every connection after so many messages, again and again. */
  readonly dropAfter: number | null;
  /** Leave out every so-manyth message; its number is used up. */
  readonly gapEvery: number | null;
  /** Send every so-manyth message twice. */
  readonly repeatEvery: number | null;
  /** Send something that is no quote ahead of every so-manyth message. */
  readonly garbageEvery: number | null;
  /** After every 2,000 messages, say nothing for so long. */
  readonly silenceMs: number | null;
}

export const NO_FAULTS: FeedFaults = {
  dropAfter: null,
  gapEvery: null,
  repeatEvery: null,
  garbageEvery: null,
  silenceMs: null,
};

const SILENCE_EVERY = 2_000;
/** Update ids of one millisecond; a server that restarts goes on above those of its life before. */
const UPDATE_IDS_PER_MS = 1_000;
/** A gap of hours in a recording (a night) is not waited for. */
const WAIT_MS_MAX = 3_600_000;
/** What a message can be made of besides quotes: cut short, no JSON, numbers that are none, the wrong types. */
const GARBAGE: readonly string[] = [
  '{"e":"bookTicker","u":1,"s":"AAP',
  'hello',
  '{"e":"bookTicker","u":1,"s":"AAPL","b":"NaN","B":"1","a":"1.02","A":"1","T":1763829000123}',
  '{"e":"bookTicker","u":1,"s":["AAPL"],"b":{"x":1},"B":"1","a":"1e999","A":"-5","T":"yesterday"}',
  '{"e":"bookTicker","u":"high","s":"","b":"1","B":"1","a":"2","A":"1","T":1763829000123}',
];

export interface FeedPlayerOptions {
  readonly inputs: readonly QuoteInput[];
  readonly nameOf: (symbol: number) => string;
  readonly combined: boolean;
  readonly clock: Clock;
  readonly speed: ReplaySpeed;
  /** `now`: each quote is stamped when it is sent, as a real feed's are; `recorded`: it keeps its time. */
  readonly stamp: 'now' | 'recorded';
  readonly faults: FeedFaults;
}

export interface FeedSender {
  send(message: string): void;
  /** Cuts every connection, as a network does: without a word. */
  cut(): void;
}

/** `waitMs` 0: more at once. */
export type FeedPlay =
  { readonly kind: 'played'; readonly waitMs: number } | { readonly kind: 'waiting' } | { readonly kind: 'ended' };

/** Plays a session as the messages of a live feed: merged, paced, numbered. Pure but for its clock; one thread. */
export class FeedPlayer {
  readonly #options: FeedPlayerOptions;
  readonly #merge: SessionMerge;
  readonly #pacer: Pacer;
  readonly #text: BookTickerText;
  #updateId: number;
  #silentUntilMs = -Infinity;
  #reachedMs = -Infinity;
  /** Messages made, the ones left out included. */
  messages = 0;

  constructor(options: FeedPlayerOptions) {
    this.#options = options;
    this.#merge = new SessionMerge(options.inputs);
    this.#pacer = new Pacer(options.clock, options.speed, false);
    this.#text = new BookTickerText(options.nameOf, options.combined);
    this.#updateId = options.clock.wallMs() * UPDATE_IDS_PER_MS;
  }

  /** Sends what is due, `messagesMax` at most. @throws InputError when an input cannot be read any further */
  play(sender: FeedSender, messagesMax: number): FeedPlay {
    const silentMs = this.#silentUntilMs - this.#options.clock.monotonicMs();
    if (silentMs > 0) return { kind: 'played', waitMs: silentMs };
    let left = messagesMax;
    while (left > 0) {
      const status = this.#merge.select();
      if (status === 'waiting') return { kind: 'waiting' };
      if (status === 'ended') return { kind: 'ended' };
      const input = this.#merge.current as QuoteInput;
      // Rule changes and the like are of the session that was recorded, not of its quotes.
      while (input.nextControlIndex <= input.batch.from) input.takeControl();
      if (status === 'marks') continue;
      const waitMs = this.#waitMs(input.batch.time[input.batch.from] + input.batch.timeShiftMs);
      if (waitMs > 0) return { kind: 'played', waitMs };
      this.#quote(input, sender);
      left -= 1;
      if (this.#options.clock.monotonicMs() < this.#silentUntilMs) break;
    }
    return { kind: 'played', waitMs: 0 };
  }

  whenReady(): Promise<void> {
    return this.#merge.whenReady();
  }

  #waitMs(timeMs: number): number {
    if (timeMs <= this.#reachedMs) return 0;
    const waitMs = this.#pacer.waitMs(timeMs);
    const factor = this.#options.speed.kind === 'times' ? this.#options.speed.factor : 1;
    if (waitMs * factor > WAIT_MS_MAX) {
      this.#pacer.anchor(timeMs);
      this.#reachedMs = timeMs;
      return 0;
    }
    if (waitMs === 0) this.#reachedMs = timeMs;
    return waitMs;
  }

  #quote(input: QuoteInput, sender: FeedSender): void {
    const { batch } = input;
    const { stamp, clock, faults } = this.#options;
    const index = batch.from;
    batch.from = index + 1;
    this.messages += 1;
    this.#updateId += 1;
    const number = this.messages;
    const timeMs = stamp === 'now' ? Math.floor(clock.wallMs()) : batch.time[index] + batch.timeShiftMs;
    const { garbageEvery } = faults;
    if (garbageEvery !== null && number % garbageEvery === 0)
      sender.send(GARBAGE[(number / garbageEvery) % GARBAGE.length]);
    if (!isTurn(number, faults.gapEvery)) {
      const message = this.#text.text(batch, index, timeMs, this.#updateId, number);
      sender.send(message);
      if (isTurn(number, faults.repeatEvery)) sender.send(message);
    }
    if (isTurn(number, faults.dropAfter)) sender.cut();
    if (faults.silenceMs !== null && number % SILENCE_EVERY === 0)
      this.#silentUntilMs = clock.monotonicMs() + faults.silenceMs;
  }
}

function isTurn(number: number, every: number | null): boolean {
  return every !== null && number % every === 0;
}
