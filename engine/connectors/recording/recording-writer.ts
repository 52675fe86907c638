import { assert } from '../../core/assert.ts';
import { WATERMARK_MIN } from '../../core/time.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';
import {
  BLOCK_CHECKED_BYTES,
  BLOCK_CONTROL,
  BLOCK_FOOTER,
  BLOCK_HEADER_BYTES,
  BLOCK_KINDS,
  BLOCK_MAGIC,
  BLOCK_QUOTES,
  BLOCK_QUOTES_KIND,
  BLOCK_SYMBOLS,
  HOST_IS_LITTLE_ENDIAN,
  padTo8,
  PREFIX_BYTES,
  QUOTE_BYTES,
  QUOTE_COLUMNS,
  RECORDING_MAGIC,
  RECORDING_VERSION,
  TRAILER_BYTES,
  TRAILER_DIGEST_AT,
  TRAILER_MAGIC,
  type Crc32,
  type RecordingFooter,
  type RecordingHeader,
  type RecordingOrigin,
} from './recording-format.ts';

/** Where the bytes go. `write` copies or writes them before it returns; `digest` is the SHA-256 of all of them. */
export interface RecordingSink {
  write(bytes: Uint8Array): void;
  digest(): Uint8Array;
}

const encoder = new (
  globalThis as unknown as { TextEncoder: new () => { encode(text: string): Uint8Array } }
).TextEncoder();
/** Symbol names of one block, well below what a length may be. */
const SYMBOL_BLOCK_BYTES_MAX = 1_048_576;

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

  /** @param nameOf name of a session symbol */
  constructor(
    sink: RecordingSink,
    crc32: Crc32,
    nameOf: (symbol: number) => string,
    about: Pick<RecordingHeader, 'createdBy' | 'inputs' | 'profiles'>,
  ) {
    assert(HOST_IS_LITTLE_ENDIAN, 'Recordings are written on little-endian machines only.');
    this.#sink = sink;
    this.#crc32 = crc32;
    this.#nameOf = nameOf;
    this.#writeHeader({
      format: 'flinktrade-recording',
      version: RECORDING_VERSION,
      createdBy: about.createdBy,
      inputs: about.inputs,
      profiles: about.profiles,
      quoteColumns: QUOTE_COLUMNS,
      blockKinds: BLOCK_KINDS,
    });
  }

  add(batch: QuoteBatch, index: number): void {
    const at = this.#count;
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
    if (this.#count === BLOCK_QUOTES) this.#flush();
  }

  /** @param value plain data; it will enter the stream ahead of the next quote added */
  addControl(value: unknown): void {
    this.#flush();
    this.#writeBlock(BLOCK_CONTROL, 1, this.#quotes, encoder.encode(JSON.stringify({ value })));
    this.#controls += 1;
  }

  finish(origin: RecordingOrigin): RecordingFooter {
    this.#flush();
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
    this.#writeBlock(BLOCK_FOOTER, 1, this.#quotes, encoder.encode(JSON.stringify(footer)));
    const trailer = new Uint8Array(TRAILER_BYTES);
    trailer.set(TRAILER_MAGIC);
    new DataView(trailer.buffer).setBigUint64(8, BigInt(footerOffset), true);
    trailer.set(this.#sink.digest(), TRAILER_DIGEST_AT);
    this.#write(trailer);
    return footer;
  }

  #number(symbol: number): number {
    if (symbol >= this.#numbers.length) {
      const wider = new Int32Array(Math.max(symbol + 1, this.#numbers.length * 2)).fill(-1);
      wider.set(this.#numbers);
      this.#numbers = wider;
    }
    const known = this.#numbers[symbol];
    if (known >= 0) return known;
    const number = this.#symbols;
    this.#symbols += 1;
    this.#numbers[symbol] = number;
    this.#newNames.push(this.#nameOf(symbol));
    return number;
  }

  #flush(): void {
    if (this.#newNames.length > 0) this.#writeSymbols();
    const count = this.#count;
    if (count === 0) return;
    const payload = new Uint8Array(count * QUOTE_BYTES);
    let at = 0;
    for (const column of [this.#time, this.#bid, this.#bidSize, this.#ask, this.#askSize, this.#symbol]) {
      const bytes = count * column.BYTES_PER_ELEMENT;
      payload.set(new Uint8Array(column.buffer, 0, bytes), at);
      at += bytes;
    }
    this.#index.push([this.#bytes, this.#quotes, count, this.#greatestMs]);
    this.#writeBlock(BLOCK_QUOTES_KIND, count, this.#quotes, payload);
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
      const part = encoder.encode(name);
      parts.push(part);
      bytes += 2 + part.length;
      if (bytes > SYMBOL_BLOCK_BYTES_MAX) write();
    }
    if (parts.length > 0) write();
    this.#newNames = [];
  }

  #writeHeader(header: RecordingHeader): void {
    const text = encoder.encode(JSON.stringify(header));
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
