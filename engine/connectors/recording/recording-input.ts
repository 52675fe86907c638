import { fromUtf8 } from '../../core/utf8.ts';
import type { ByteSource } from '../decode/byte-source.ts';
import type { InputError } from '../sources/input-error.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';
import type { FillStatus, QuoteInput } from '../sources/quote-input.ts';
import { RecordedMark, type SessionMark } from '../sources/session-marks.ts';
import { RowLedger } from '../sources/row-ledger.ts';
import type { SymbolTable } from '../sources/symbol-table.ts';
import { crc32 as tableCrc32 } from './crc32.ts';
import type { RecordingState } from './recording-writer.ts';
import {
  BLOCK_CHECKED_BYTES,
  BLOCK_CONTROL,
  BLOCK_FOOTER,
  BLOCK_HEADER_BYTES,
  BLOCK_LIVE_QUOTES,
  BLOCK_MAGIC,
  BLOCK_MARK,
  BLOCK_QUOTES_KIND,
  BLOCK_SYMBOLS,
  LIVE_QUOTE_BYTES,
  padTo8,
  PAYLOAD_BYTES_MAX,
  QUOTE_BYTES,
  recordingHeader,
  TRAILER_BYTES,
  TRAILER_DIGEST_AT,
  TRAILER_MAGIC,
  type Crc32,
  type RecordingAbout,
  type RecordingFooter,
  type RecordingHeader,
} from './recording-format.ts';
import { readRecordingStart, recordingDamage, type RecordingStart } from './recording-start.ts';

const FIRST_BLOCK_BYTES = 524_288;

export interface RecordingInputOptions {
  /** It is a journal: there is no footer, and it ends where its last block does. */
  readonly isOpenEnded?: boolean;
  /** The books to keep; default: its own. */
  readonly ledger?: RowLedger;
}

/**
 * Reads a recording. A block is brought together in one buffer, checked, and handed out as views on that buffer: nothing
 * is decoded or copied per quote. Damage is told with the block and the byte where it was found; every quote of the
 * blocks before it has been handed out by then.
 */
export class RecordingInput implements QuoteInput {
  readonly name: string;
  readonly header: RecordingHeader;
  readonly ledger: RowLedger;
  /** Known once the end was read. */
  footer: RecordingFooter | null = null;
  /** SHA-256 of everything before the trailer, as the recording itself says. */
  trailerDigest: Uint8Array | null = null;
  nextControlIndex = Infinity;
  readonly batch: QuoteBatch;
  readonly #source: ByteSource;
  readonly #symbols: SymbolTable;
  readonly #crc32: Crc32;
  readonly #controls: unknown[] = [];
  /** A journal: it has no footer, and ends where its last block does. */
  readonly #isOpenEnded: boolean;
  /** Number in the file -> number in the session. */
  readonly #numbers: number[] = [];
  #numbersDiffer = false;
  #chunk: Uint8Array;
  #chunkAt = 0;
  #block = new Uint8Array(FIRST_BLOCK_BYTES);
  #view = new DataView(this.#block.buffer);
  #have = 0;
  #offset: number;
  #blockCount = 0;
  #quotes = 0;
  #previousCrc: number;
  #footerOffset = 0;
  #trailerTaken = false;

  private constructor(
    source: ByteSource,
    symbols: SymbolTable,
    crc32: Crc32,
    start: RecordingStart,
    { isOpenEnded = false, ledger }: RecordingInputOptions,
  ) {
    this.#isOpenEnded = isOpenEnded;
    this.name = source.name;
    this.ledger = ledger ?? new RowLedger(source.name);
    this.#source = source;
    this.#symbols = symbols;
    this.#crc32 = crc32;
    this.header = start.header;
    this.#previousCrc = start.crc;
    this.#offset = start.bytes;
    this.#chunk = start.rest;
    const none = new Float64Array(0);
    this.batch = {
      time: none,
      bid: none,
      bidSize: none,
      ask: none,
      askSize: none,
      symbol: new Int32Array(0),
      line: null,
      rows: null,
      from: 0,
      to: 0,
      timeShiftMs: 0,
      live: null,
    };
  }

  /** @throws InputError when this is no recording, or one of a version this program does not know */
  static async open(
    source: ByteSource,
    symbols: SymbolTable,
    crc32: Crc32 = tableCrc32,
    options: RecordingInputOptions = {},
  ): Promise<RecordingInput> {
    return new RecordingInput(source, symbols, crc32, await readRecordingStart(source, crc32), options);
  }

  /**
   * Reads on from a place between two blocks.
   * @param source begins with the block at that place
   * @param about what the header says
   */
  static resume(
    source: ByteSource,
    symbols: SymbolTable,
    crc32: Crc32,
    { about, state }: { readonly about: RecordingAbout; readonly state: RecordingState },
    options: RecordingInputOptions,
  ): RecordingInput {
    const start = { header: recordingHeader(about), crc: state.previousCrc, bytes: 0, rest: new Uint8Array(0) };
    const input = new RecordingInput(source, symbols, crc32, start, options);
    input.#quotes = state.quotes;
    for (const name of state.symbols) input.#number(symbols.intern(name));
    return input;
  }

  fill(): FillStatus {
    this.batch.from = 0;
    this.batch.to = 0;
    for (;;) {
      if (this.footer !== null) return this.#takeEnd();
      if (!this.#gather(BLOCK_HEADER_BYTES)) return this.#starved();
      const payloadBytes = this.#checkHeader();
      if (!this.#gather(BLOCK_HEADER_BYTES + padTo8(payloadBytes))) return this.#starved();
      this.#checkPayload(payloadBytes);
      const quotes = this.#takeBlock(payloadBytes);
      this.#offset += this.#have;
      this.#have = 0;
      this.#blockCount += 1;
      if (quotes > 0) return 'filled';
      // A silent week of a live session is a million steps of time: they are not gathered.
      if (this.#controls.length > 0 && this.header.live !== undefined) return 'marks';
    }
  }

  /** Where the reading stands: the end of the last block. */
  state(): RecordingState {
    return {
      quotes: this.#quotes,
      previousCrc: this.#previousCrc,
      symbols: this.#numbers.map((symbol) => this.#symbols.name(symbol)),
    };
  }

  takeControl(): unknown {
    const control = this.#controls.shift();
    if (this.#controls.length === 0) this.nextControlIndex = Infinity;
    return control;
  }

  whenReady(): Promise<void> {
    return this.#source.whenReady();
  }

  progress(): { readonly read: number; readonly total: number } {
    return { read: this.#source.bytesRead, total: this.#source.bytesTotal };
  }

  position(): number {
    return this.#quotes;
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  /** Brings the first `bytes` of the block together. @returns false when not all are at hand */
  #gather(bytes: number): boolean {
    if (bytes > this.#block.length) this.#grow(bytes);
    while (this.#have < bytes) {
      const left = this.#chunk.length - this.#chunkAt;
      if (left === 0) {
        const chunk = this.#source.take();
        if (chunk === null) return false;
        this.#chunk = chunk;
        this.#chunkAt = 0;
        continue;
      }
      const used = Math.min(left, bytes - this.#have);
      this.#block.set(this.#chunk.subarray(this.#chunkAt, this.#chunkAt + used), this.#have);
      this.#chunkAt += used;
      this.#have += used;
    }
    return true;
  }

  #starved(): FillStatus {
    if (!this.#source.ended) return 'waiting';
    if (this.#source.failure !== null) throw this.#source.failure;
    if (this.#isOpenEnded && this.#have === 0) return 'ended';
    throw this.#damage(
      `it ends at byte ${this.#offset + this.#have}, inside ${this.#have === 0 ? 'its blocks: the footer is missing' : `block ${this.#blockCount}`}`,
    );
  }

  #grow(bytes: number): void {
    const block = new Uint8Array(padTo8(bytes));
    block.set(this.#block.subarray(0, this.#have));
    this.#block = block;
    this.#view = new DataView(block.buffer);
  }

  #checkHeader(): number {
    if (this.#view.getUint32(0, true) !== BLOCK_MAGIC) throw this.#damage('a block should begin here');
    const payloadBytes = this.#view.getUint32(8, true);
    if (payloadBytes > PAYLOAD_BYTES_MAX) throw this.#damage(`a block cannot have ${payloadBytes} bytes`);
    return payloadBytes;
  }

  #checkPayload(payloadBytes: number): void {
    const whole = BLOCK_HEADER_BYTES + padTo8(payloadBytes);
    const crc = this.#crc32(
      this.#block.subarray(BLOCK_HEADER_BYTES, whole),
      this.#crc32(this.#block.subarray(0, BLOCK_CHECKED_BYTES)),
    );
    if (this.#view.getUint32(BLOCK_CHECKED_BYTES, true) !== crc) throw this.#damage('its checksum does not match');
    if (this.#view.getUint32(24, true) !== this.#previousCrc || this.#view.getFloat64(16, true) !== this.#quotes) {
      throw this.#damage('it does not follow the block before it: one is missing, repeated or moved');
    }
    this.#previousCrc = crc;
  }

  /** @returns how many quotes are in the batch now */
  #takeBlock(payloadBytes: number): number {
    const kind = this.#view.getUint32(4, true);
    const count = this.#view.getUint32(12, true);
    const payload = this.#block.subarray(BLOCK_HEADER_BYTES, BLOCK_HEADER_BYTES + payloadBytes);
    switch (kind) {
      case BLOCK_QUOTES_KIND:
        if (count * QUOTE_BYTES !== payloadBytes)
          throw this.#damage(`${count} quotes do not have ${payloadBytes} bytes`);
        this.#takeQuotes(count, false);
        return count;
      case BLOCK_LIVE_QUOTES:
        if (count * LIVE_QUOTE_BYTES !== payloadBytes)
          throw this.#damage(`${count} live quotes do not have ${payloadBytes} bytes`);
        this.#takeQuotes(count, true);
        return count;
      case BLOCK_SYMBOLS:
        this.#takeSymbols(payload, count);
        return 0;
      case BLOCK_CONTROL:
        this.#controls.push((JSON.parse(fromUtf8.decode(payload)) as { value: unknown }).value);
        this.nextControlIndex = 0;
        return 0;
      case BLOCK_MARK:
        this.#controls.push(new RecordedMark((JSON.parse(fromUtf8.decode(payload)) as { mark: SessionMark }).mark));
        this.nextControlIndex = 0;
        return 0;
      case BLOCK_FOOTER:
        this.#takeFooter(payload);
        return 0;
      default:
        throw this.#damage(`its kind ${kind} is not known to this program`);
    }
  }

  #takeQuotes(count: number, isLive: boolean): void {
    const { batch } = this;
    const { buffer } = this.#block;
    let at = BLOCK_HEADER_BYTES;
    const column = (): Float64Array => {
      const values = new Float64Array(buffer, at, count);
      at += count * 8;
      return values;
    };
    batch.time = column();
    batch.bid = column();
    batch.bidSize = column();
    batch.ask = column();
    batch.askSize = column();
    const received = isLive ? column() : null;
    const symbol = new Int32Array(buffer, at, count);
    this.#renumber(symbol);
    batch.symbol = symbol;
    batch.live = received === null ? null : { received, flags: new Int32Array(buffer, at + count * 4, count) };
    batch.to = count;
    this.#quotes += count;
    this.ledger.rowsRead += count;
  }

  #renumber(symbol: Int32Array): void {
    const numbers = this.#numbers;
    const known = numbers.length;
    const { length } = symbol;
    for (let index = 0; index < length; index += 1) {
      const number = symbol[index];
      if (number >= known || number < 0)
        throw this.#damage(`it names symbol ${number >>> 0}, but only ${known} were introduced`);
    }
    if (!this.#numbersDiffer) return;
    for (let index = 0; index < length; index += 1) symbol[index] = numbers[symbol[index]];
  }

  #takeSymbols(payload: Uint8Array, count: number): void {
    let at = 0;
    for (let index = 0; index < count; index += 1) {
      const bytes = (payload[at] ?? 0) | ((payload[at + 1] ?? 0) << 8);
      if (at + 2 + bytes > payload.length) throw this.#damage('its symbols are cut short');
      const symbol = this.#symbols.internBytes(payload, at + 2, at + 2 + bytes);
      if (symbol < 0) throw this.#damage('it has a symbol that is none');
      this.#number(symbol);
      at += 2 + bytes;
    }
  }

  /** The next symbol of the file has this number in the session. */
  #number(symbol: number): void {
    if (symbol !== this.#numbers.length) this.#numbersDiffer = true;
    this.#numbers.push(symbol);
  }

  #takeFooter(payload: Uint8Array): void {
    const footer = JSON.parse(fromUtf8.decode(payload)) as RecordingFooter;
    if (footer.quotes !== this.#quotes)
      throw this.#damage(`its footer counts ${footer.quotes} quotes; ${this.#quotes} were read`);
    this.footer = footer;
    this.#footerOffset = this.#offset;
  }

  /** Behind the footer: the trailer, and then nothing. */
  #takeEnd(): FillStatus {
    if (!this.#trailerTaken) {
      if (!this.#gather(TRAILER_BYTES)) return this.#starved();
      const magicFits = TRAILER_MAGIC.every((byte, index) => this.#block[index] === byte);
      if (!magicFits || Number(this.#view.getBigUint64(8, true)) !== this.#footerOffset)
        throw this.#damage('its trailer is damaged');
      this.trailerDigest = this.#block.slice(TRAILER_DIGEST_AT, TRAILER_BYTES);
      this.#trailerTaken = true;
    }
    if (this.#chunkAt < this.#chunk.length || this.#source.take() !== null)
      throw this.#damage('something follows its trailer');
    if (!this.#source.ended) return 'waiting';
    if (this.#source.failure !== null) throw this.#source.failure;
    return 'ended';
  }

  #damage(why: string): InputError {
    return recordingDamage(
      this.name,
      this.#offset,
      `${why} (block ${this.#blockCount}). The ${this.#quotes} quotes before it are intact`,
    );
  }
}
