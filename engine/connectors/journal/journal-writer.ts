import type { StartTimer } from '../sources/pacing.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';
import type { SessionJournal, SessionMark } from '../sources/session-marks.ts';
import type { SymbolTable } from '../sources/symbol-table.ts';
import type { Crc32, LiveSettings } from '../recording/recording-format.ts';
import { RecordingWriter, type RecordingSink, type RecordingState } from '../recording/recording-writer.ts';

/** About as much as a store makes durable in the time of a little; a thousand quotes cost what one would. */
const PART_BYTES = 100 * 1024;
/** A trade is final when its part is durable: it does not wait longer than this for company. */
export const PART_MS_MAX = 50;
/** Nothing waits for a part in which nothing was quoted, and a quiet night is long. */
const QUIET_PART_MS_MAX = 1_000;
/** Parts that were handed over and not acknowledged. At the bound the session takes nothing more; at half of it, again. */
const UNSTORED_BYTES_MAX = 4 * 1_048_576;

/** A piece of the journal on its way to the store. */
export interface JournalPart {
  readonly part: number;
  /** Quotes of the session ahead of it. */
  readonly firstSequence: number;
  /** Quotes of the session up to its end: once it is stored, all below are there for good. */
  readonly nextSequence: number;
  /** Of those, the ones whose fate what follows decides: they are held back for their time. */
  readonly undecided: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A place between two parts of a journal. */
export interface JournalPlace {
  /** Number of the part behind it. */
  readonly part: number;
  readonly state: RecordingState;
}

export interface JournalStart {
  readonly part: number;
  /** null: the session is new. */
  readonly state: RecordingState | null;
}

export interface JournalWriterOptions {
  readonly symbols: SymbolTable;
  readonly crc32: Crc32;
  readonly startTimer: StartTimer;
  readonly settings: LiveSettings;
  readonly createdBy: string;
  readonly profile: string;
  /** Numbers of quotes that were taken and are held back. */
  readonly undecided: () => readonly number[];
  readonly handOver: (part: JournalPart) => void;
  /** There is room again. */
  readonly onRoom: () => void;
}

class Gathered implements RecordingSink {
  pieces: Uint8Array[] = [];
  bytes = 0;

  write(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.bytes += bytes.length;
  }

  digest(): Uint8Array {
    return new Uint8Array(32);
  }

  take(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.bytes);
    let at = 0;
    for (const piece of this.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    this.pieces = [];
    this.bytes = 0;
    return whole;
  }
}

/** Bytes of a quote in the block that is being filled. */
const QUOTE_BYTES_ABOUT = 56;

/**
 * Takes down what a live session takes, and hands it over part by part. Source thread only. It begins to write with
 * `begin`; what is taken before that (a recovery) is in the journal already.
 */
export class JournalWriter implements SessionJournal {
  readonly #options: JournalWriterOptions;
  readonly #sink = new Gathered();
  #writer: RecordingWriter | null = null;
  #part = 0;
  #partSequence = 0;
  #quotesInPart = 0;
  #isDirty = false;
  /** How soon after its beginning the part will be handed over. */
  #cutInMs = Infinity;
  readonly #unstored: { readonly part: number; readonly bytes: number }[] = [];
  #unstoredBytes = 0;
  #isHeldBack = false;
  #cancelTimer: () => void = () => undefined;

  constructor(options: JournalWriterOptions) {
    this.#options = options;
  }

  begin({ part, state }: JournalStart): void {
    const { symbols, crc32, settings, createdBy, profile } = this.#options;
    const about = { createdBy, inputs: [settings.feed], profiles: [profile], live: settings, isOpenEnded: true };
    this.#writer = new RecordingWriter(
      this.#sink,
      crc32,
      (symbol) => symbols.name(symbol),
      state ?? about,
      (name) => symbols.intern(name),
    );
    this.#part = part;
    this.#partSequence = this.#writer.quotes;
    // A session that has begun is told from one that never did, even if nothing comes.
    if (state === null) this.#touched();
  }

  get isBegun(): boolean {
    return this.#writer !== null;
  }

  /** The store is behind: nothing is to be taken until `onRoom`. */
  get mustWait(): boolean {
    return this.#isHeldBack;
  }

  get unstoredParts(): number {
    return this.#unstored.length;
  }

  takenQuotes(batch: QuoteBatch, from: number, to: number): void {
    const writer = this.#writer;
    if (writer === null) return;
    for (let index = from; index < to; index += 1) writer.add(batch, index);
    this.#quotesInPart += to - from;
    this.#touched();
  }

  takenControl(control: unknown): void {
    this.#writer?.addControl(control);
    this.#touched();
  }

  takenMark(mark: SessionMark): void {
    this.#writer?.addMark(mark);
    this.#touched(mark.kind === 'clock' ? QUIET_PART_MS_MAX : PART_MS_MAX);
  }

  /** Hands over what there is. */
  cut(): void {
    this.#cancelTimer();
    if (this.#writer === null || !this.#isDirty) return;
    this.#isDirty = false;
    this.#quotesInPart = 0;
    this.#writer.flush();
    const bytes = this.#sink.take();
    const undecided = this.#options.undecided();
    const nextSequence = this.#writer.quotes;
    const part = { part: this.#part, firstSequence: this.#partSequence, nextSequence, undecided, bytes };
    this.#part += 1;
    this.#partSequence = part.nextSequence;
    this.#unstored.push({ part: part.part, bytes: bytes.length });
    this.#unstoredBytes += bytes.length;
    if (this.#unstoredBytes >= UNSTORED_BYTES_MAX) this.#isHeldBack = true;
    this.#options.handOver(part);
  }

  /** Hands over what there is, and says where the next part will begin; null: nothing is journaled yet. */
  place(): JournalPlace | null {
    const writer = this.#writer;
    if (writer === null) return null;
    this.cut();
    return { part: this.#part, state: writer.state() };
  }

  /** All parts up to this one are there for good. */
  stored(part: number): void {
    while (this.#unstored.length > 0 && this.#unstored[0].part <= part)
      this.#unstoredBytes -= (this.#unstored.shift() as { readonly bytes: number }).bytes;
    if (!this.#isHeldBack || this.#unstoredBytes > UNSTORED_BYTES_MAX / 2) return;
    this.#isHeldBack = false;
    this.#options.onRoom();
  }

  dispose(): void {
    this.#cancelTimer();
  }

  #touched(cutInMs = PART_MS_MAX): void {
    if (this.#writer === null) return;
    if (this.#sink.bytes + this.#quotesInPart * QUOTE_BYTES_ABOUT >= PART_BYTES) {
      this.#isDirty = true;
      this.cut();
      return;
    }
    if (this.#isDirty && this.#cutInMs <= cutInMs) return;
    this.#isDirty = true;
    this.#cutInMs = cutInMs;
    this.#cancelTimer();
    this.#cancelTimer = this.#options.startTimer(cutInMs, () => this.cut());
  }
}
