import { InputError } from '../sources/input-error.ts';
import type { OwnedQuoteBatch } from '../sources/quote-batch.ts';
import type { FillStatus, QuoteInput } from '../sources/quote-input.ts';
import type { RowLedger } from '../sources/row-ledger.ts';
import type { ByteSource } from './byte-source.ts';
import type { LineDecoder } from './line-decoder.ts';

/** A longer line is no row of any market data; the rest of it is skipped without being kept. */
export const LINE_BYTES_MAX = 1_048_576;
const FIRST_WINDOW_BYTES = 262_144;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const BYTE_ORDER_MARKS: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe], 'UTF-16 (little-endian)'],
  [[0xfe, 0xff], 'UTF-16 (big-endian)'],
];
const UTF8_MARK = [0xef, 0xbb, 0xbf] as const;

/**
 * An input made of lines of text. Bytes go through one window: what a chunk leaves over is moved to its front, so that a
 * row is always in one piece whatever the chunks are, and memory stays at the window's size: a chunk and the longest
 * line allowed, never the file.
 *
 *   window:  | rows being decoded ... | unfinished row | spare byte |
 *             ^from                                     ^to
 */
export class DecodedInput implements QuoteInput {
  readonly name: string;
  readonly nextControlIndex = Infinity;
  readonly #source: ByteSource;
  readonly #decoder: LineDecoder;
  #window = new Uint8Array(FIRST_WINDOW_BYTES);
  #from = 0;
  #to = 0;
  /** The input's first bytes, until there are enough to know whether they are a byte order mark. */
  #start: Uint8Array = new Uint8Array(0);
  #started = false;
  #skipping = false;
  /** No more bytes will come: what is in the window is all there is. */
  #last = false;
  #ended = false;
  #failure: InputError | null = null;

  constructor(source: ByteSource, decoder: LineDecoder) {
    this.name = source.name;
    this.#source = source;
    this.#decoder = decoder;
  }

  get ledger(): RowLedger {
    return this.#decoder.ledger;
  }

  get batch(): OwnedQuoteBatch {
    return this.#decoder.assembler.batch;
  }

  fill(): FillStatus {
    const { batch } = this;
    batch.from = 0;
    batch.to = 0;
    for (;;) {
      this.#decodeWindow();
      if (batch.to > 0) return 'filled';
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) return 'ended';
      if (this.#last) {
        this.#finish();
        continue;
      }
      const chunk = this.#source.take();
      if (chunk !== null) this.#append(chunk);
      else if (this.#source.ended) this.#endOfBytes();
      else return 'waiting';
    }
  }

  whenReady(): Promise<void> {
    return this.#source.whenReady();
  }

  progress(): { readonly read: number; readonly total: number } {
    return { read: this.#source.bytesRead, total: this.#source.bytesTotal };
  }

  position(): number {
    return this.#decoder.lines;
  }

  takeControl(): unknown {
    return undefined;
  }

  close(): Promise<void> {
    return this.#source.close();
  }

  #decodeWindow(): void {
    if (this.#skipping) this.#skipToLineEnd();
    if (this.#from >= this.#to || this.#skipping || this.#failure !== null) return;
    try {
      this.#from = this.#decoder.decode(this.#window, this.#from, this.#to, this.#last);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#to - this.#from > LINE_BYTES_MAX && this.#decoder.assembler.hasRoom()) {
      this.#decoder.skipLine(this.#window, this.#from, this.#to);
      this.#skipping = true;
      this.#skipToLineEnd();
    }
  }

  #skipToLineEnd(): void {
    const window = this.#window;
    let at = this.#from;
    while (at < this.#to && window[at] !== LINE_FEED && window[at] !== CARRIAGE_RETURN) at += 1;
    this.#from = at;
    this.#skipping = at === this.#to && !this.#last;
  }

  #append(chunk: Uint8Array): void {
    let rest = chunk;
    if (!this.#started) {
      // A mark may come in pieces: nothing is decoded before its last byte could be there.
      const start = joined(this.#start, chunk);
      this.#start = start;
      if (start.length < UTF8_MARK.length && !this.#last) return;
      this.#started = true;
      rest = this.#withoutMark(start);
    }
    const left = this.#to - this.#from;
    if (left + rest.length + 1 > this.#window.length) this.#grow(left + rest.length + 1);
    else if (this.#from > 0) this.#window.copyWithin(0, this.#from, this.#to);
    this.#window.set(rest, left);
    this.#from = 0;
    this.#to = left + rest.length;
  }

  #grow(bytes: number): void {
    let size = this.#window.length;
    while (size < bytes) size *= 2;
    const window = new Uint8Array(size);
    window.set(this.#window.subarray(this.#from, this.#to));
    this.#window = window;
  }

  #withoutMark(chunk: Uint8Array): Uint8Array {
    for (const [mark, encoding] of BYTE_ORDER_MARKS) {
      if (mark.every((byte, index) => chunk[index] === byte)) {
        this.#failure = new InputError(
          'unreadable',
          'input-unreadable',
          { input: this.name },
          `${this.name} is written in ${encoding}; only UTF-8 and ASCII text can be read. Save it as UTF-8.`,
        );
        return chunk.subarray(0, 0);
      }
    }
    return UTF8_MARK.every((byte, index) => chunk[index] === byte) ? chunk.subarray(UTF8_MARK.length) : chunk;
  }

  #endOfBytes(): void {
    this.#last = true;
    if (!this.#started && this.#start.length > 0) this.#append(new Uint8Array(0));
    const { failure } = this.#source;
    if (failure !== null) {
      // What is left is a row cut short: its numbers may look whole and be wrong.
      this.#from = this.#to;
      this.#decoder.assembler.flush();
      this.#failure = located(failure, this.#decoder.lines);
    } else if (!this.#started) {
      this.#fail(
        new InputError(
          'unreadable',
          'input-empty',
          { input: this.name },
          `${this.name} is empty: it has no byte to read.`,
        ),
      );
    }
  }

  #finish(): void {
    this.#ended = true;
    this.#decoder.assembler.flush();
    try {
      this.#decoder.finish();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (!(error instanceof InputError)) throw error;
    this.#failure = error;
  }
}

function located(failure: InputError, lines: number): InputError {
  const { input, byte } = failure.place;
  const place = { input, line: lines, ...(byte === undefined ? {} : { byte }) };
  return new InputError(
    failure.kind,
    failure.code,
    place,
    `${failure.message} Everything up to line ${lines} was read whole; what came after it was not used.`,
  );
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}
