import { toUtf8 } from '../../core/utf8.ts';
import { assert } from '../../core/assert.ts';
import { WATERMARK_MIN } from '../../core/time.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';
import type { SessionMark } from '../sources/session-marks.ts';
import {
  BLOCK_CHECKED_BYTES,
  BLOCK_CONTROL,
  BLOCK_FOOTER,
  BLOCK_HEADER_BYTES,
  BLOCK_LIVE_QUOTES,
  BLOCK_MAGIC,
  BLOCK_MARK,
  BLOCK_QUOTES,
  BLOCK_QUOTES_KIND,
  BLOCK_SYMBOLS,
  HOST_IS_LITTLE_ENDIAN,
  LIVE_QUOTE_BYTES,
  padTo8,
  PREFIX_BYTES,
  QUOTE_BYTES,
  RECORDING_MAGIC,
  RECORDING_VERSION,
  recordingHeader,
  TRAILER_BYTES,
  TRAILER_DIGEST_AT,
  TRAILER_MAGIC,
  type Crc32,
  type RecordingAbout,
  type RecordingFooter,
  type RecordingHeader,
  type RecordingOrigin,
} from './recording-format.ts';

/** Where the bytes go. `write` copies or writes them before it returns; `digest` is the SHA-256 of all of them. */
export interface RecordingSink {
  write(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

/** Symbol names of one block, well below what a length may be. */
const SYMBOL_BLOCK_BYTES_MAX = 1_048_576;

/** Where a recording stands between two blocks: all that is needed to go on with it, or to read on from there. */
export interface RecordingState {
  readonly quotes: number;
  readonly previousCrc: number;
  /** In the order of their numbers in the file. */
  readonly symbols: readonly string[];
}

export type NewRecording = RecordingAbout & {
  /** It will never be finished (a journal), so nothing is kept for its footer. */
  readonly isOpenEnded?: boolean;
};

/** Writes a recording, block by block, in one pass. Pure: bytes go to the sink. Same quotes, same bytes. */
export class RecordingWriter {
  readonly #sink: RecordingSink;
  readonly #crc32: Crc32;
  readonly #nameOf: (symbol: number) => string;
  /** Block under construction: columns of BLOCK_QUOTES, packed together when it is written. */
  readonly #time = new Float64Array(BLOCK_QUOTES);
  readonly #bid = new Float64Array(BLOCK_QUOTES);
  readonly #bidSize = new Float64Array(BLOCK_QUOTES);
  readonly #ask = new Float64Array(BLOCK_QUOTES);
  readonly #askSize = new Float64Array(BLOCK_QUOTES);
  readonly #symbol = new Int32Array(BLOCK_QUOTES);
  readonly #received = new Float64Array(BLOCK_QUOTES);
  readonly #flags = new Int32Array(BLOCK_QUOTES);
  /** Whether the block under construction is of live quotes. */
  #isLive = false;
  readonly #keepsIndex: boolean;
  #count = 0;
  #quotes = 0;
  #controls = 0;
  #smallestMs = Infinity;
  #greatestMs = WATERMARK_MIN;
  #bytes = 0;
  #previousCrc = 0;
  /** Session symbol -> number in the file, -1: not written yet. */
  #numbers = new Int32Array(1024).fill(-1);
  #newNames: string[] = [];
  #symbols = 0;
  readonly #index: [number, number, number, number][] = [];

  /**
   * @param nameOf name of a session symbol
   * @param about what the header says; or, to go on with a recording that has no end, where it stands
   * @param numberOf number of a session symbol by name; asked when going on
   */
  constructor(
    sink: RecordingSink,
    crc32: Crc32,
    nameOf: (symbol: number) => string,
    about: NewRecording | RecordingState,
    numberOf: (name: string) => number = () => -1,
  ) {
    assert(HOST_IS_LITTLE_ENDIAN, 'Recordings are written on little-endian machines only.');
    this.#sink = sink;
    this.#crc32 = crc32;
    this.#nameOf = nameOf;
    if ('previousCrc' in about) {
      this.#keepsIndex = false;
      this.#previousCrc = about.previousCrc;
      this.#quotes = about.quotes;
      this.#symbols = about.symbols.length;
      about.symbols.forEach((name, number) => this.#remember(numberOf(name), number));
      return;
    }
    this.#keepsIndex = about.isOpenEnded !== true;
    this.#writeHeader(recordingHeader(about));
  }

  /** Where it stands, between two blocks: what was added is written. */
  state(): RecordingState {
    this.flush();
    const symbols = new Array<string>(this.#symbols);
    this.#numbers.forEach((number, symbol) => {
      if (number >= 0) symbols[number] = this.#nameOf(symbol);
    });
    return { quotes: this.#quotes, previousCrc: this.#previousCrc, symbols };
  }

  /** Quotes added so far, those of the block under construction included. */
  get quotes(): number {
    return this.#quotes + this.#count;
  }

  add(batch: QuoteBatch, index: number): void {
    const live = batch.live ?? null;
    if (this.#isLive !== (live !== null)) {
      this.flush();
      this.#isLive = live !== null;
    }
    const at = this.#count;
    if (live !== null) {
      this.#received[at] = live.received[index];
      this.#flags[at] = live.flags[index];
    }
    const timeMs = batch.time[index] + batch.timeShiftMs;
    this.#time[at] = timeMs;
    this.#bid[at] = batch.bid[index];
    this.#bidSize[at] = batch.bidSize[index];
    this.#ask[at] = batch.ask[index];
    this.#askSize[at] = batch.askSize[index];
    this.#symbol[at] = this.#number(batch.symbol[index]);
    if (timeMs < this.#smallestMs) this.#smallestMs = timeMs;
    if (timeMs > this.#greatestMs) this.#greatestMs = timeMs;
    this.#count = at + 1;
    if (this.#count === BLOCK_QUOTES) this.flush();
  }

  /** @param value plain data; it will enter the stream ahead of the next quote added */
  addControl(value: unknown): void {
    this.flush();
    this.#writeBlock(BLOCK_CONTROL, 1, this.#quotes, toUtf8.encode(JSON.stringify({ value })));
    this.#controls += 1;
  }

  /** It stands ahead of the next quote added. */
  addMark(mark: SessionMark): void {
    this.flush();
    this.#writeBlock(BLOCK_MARK, 1, this.#quotes, toUtf8.encode(JSON.stringify({ mark })));
  }

  finish(origin: RecordingOrigin): RecordingFooter {
    this.flush();
    const some = this.#quotes > 0;
    const footer: RecordingFooter = {
      quotes: this.#quotes,
      symbols: this.#symbols,
      controls: this.#controls,
      firstEventTimeMs: some ? this.#smallestMs : null,
      lastEventTimeMs: some ? this.#greatestMs : null,
      origin,
      index: this.#index,
    };
    const footerOffset = this.#bytes;
    this.#writeBlock(BLOCK_FOOTER, 1, this.#quotes, toUtf8.encode(JSON.stringify(footer)));
    const trailer = new Uint8Array(TRAILER_BYTES);
    trailer.set(TRAILER_MAGIC);
    new DataView(trailer.buffer).setBigUint64(8, BigInt(footerOffset), true);
    trailer.set(this.#sink.digest(), TRAILER_DIGEST_AT);
    this.#write(trailer);
    return footer;
  }

  #number(symbol: number): number {
    const known = symbol < this.#numbers.length ? this.#numbers[symbol] : -1;
    if (known >= 0) return known;
    const number = this.#symbols;
    this.#symbols += 1;
    this.#remember(symbol, number);
    this.#newNames.push(this.#nameOf(symbol));
    return number;
  }

  #remember(symbol: number, number: number): void {
    if (symbol >= this.#numbers.length) {
      const wider = new Int32Array(Math.max(symbol + 1, this.#numbers.length * 2)).fill(-1);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    this.#numbers[symbol] = number;
  }

  /** Writes what was added so far as blocks of their own; the next quote begins another. */
  flush(): void {
    if (this.#newNames.length > 0) this.#writeSymbols();
    const count = this.#count;
    if (count === 0) return;
    const isLive = this.#isLive;
    const payload = new Uint8Array(count * (isLive ? LIVE_QUOTE_BYTES : QUOTE_BYTES));
    let at = 0;
    const plain = [this.#time, this.#bid, this.#bidSize, this.#ask, this.#askSize];
    for (const column of isLive ? [...plain, this.#received, this.#symbol, this.#flags] : [...plain, this.#symbol]) {
      const bytes = count * column.BYTES_PER_ELEMENT;
      payload.set(new Uint8Array(column.buffer, 0, bytes), at);
      at += bytes;
    }
    if (this.#keepsIndex) this.#index.push([this.#bytes, this.#quotes, count, this.#greatestMs]);
    this.#writeBlock(isLive ? BLOCK_LIVE_QUOTES : BLOCK_QUOTES_KIND, count, this.#quotes, payload);
    this.#quotes += count;
    this.#count = 0;
  }

  #writeSymbols(): void {
    let parts: Uint8Array[] = [];
    let bytes = 0;
    const write = (): void => {
      const payload = new Uint8Array(bytes);
      const view = new DataView(payload.buffer);
      let at = 0;
      for (const part of parts) {
        view.setUint16(at, part.length, true);
        payload.set(part, at + 2);
        at += 2 + part.length;
      }
      this.#writeBlock(BLOCK_SYMBOLS, parts.length, this.#quotes, payload);
      parts = [];
      bytes = 0;
    };
    for (const name of this.#newNames) {
      const part = toUtf8.encode(name);
      parts.push(part);
      bytes += 2 + part.length;
      if (bytes > SYMBOL_BLOCK_BYTES_MAX) write();
    }
    if (parts.length > 0) write();
    this.#newNames = [];
  }

  #writeHeader(header: RecordingHeader): void {
    const text = toUtf8.encode(JSON.stringify(header));
    const padded = padTo8(text.length);
    const bytes = new Uint8Array(PREFIX_BYTES + padded + 8).fill(32, PREFIX_BYTES, PREFIX_BYTES + padded);
    const view = new DataView(bytes.buffer);
    bytes.set(RECORDING_MAGIC);
    view.setUint32(8, RECORDING_VERSION, true);
    view.setUint32(12, padded, true);
    bytes.set(text, PREFIX_BYTES);
    this.#previousCrc = this.#crc32(bytes.subarray(0, PREFIX_BYTES + padded));
    view.setUint32(PREFIX_BYTES + padded, this.#previousCrc, true);
    this.#write(bytes);
  }

  #writeBlock(kind: number, count: number, firstSequence: number, payload: Uint8Array): void {
    const block = new Uint8Array(BLOCK_HEADER_BYTES + padTo8(payload.length));
    const view = new DataView(block.buffer);
    view.setUint32(0, BLOCK_MAGIC, true);
    view.setUint32(4, kind, true);
    view.setUint32(8, payload.length, true);
    view.setUint32(12, count, true);
    view.setFloat64(16, firstSequence, true);
    view.setUint32(24, this.#previousCrc, true);
    block.set(payload, BLOCK_HEADER_BYTES);
    const crc = this.#crc32(block.subarray(BLOCK_HEADER_BYTES), this.#crc32(block.subarray(0, BLOCK_CHECKED_BYTES)));
    view.setUint32(BLOCK_CHECKED_BYTES, crc, true);
    this.#previousCrc = crc;
    this.#write(block);
  }

  #write(bytes: Uint8Array): void {
    this.#bytes += bytes.length;
    this.#sink.write(bytes);
  }
}
