import { assert } from '../../core/assert.ts';
import {
  FRAME_HEADER_WORDS,
  FRAME_MAGIC,
  ROW,
  ROW_WORDS,
  STATUS_NO_POSITION,
  STATUS_PENDING,
} from '../../contract/frames.ts';

/** Rows to start with; doubled when more symbols come. */
const ROWS_START = 256;

/** A starting position whose time has not come: the tasks do not know it yet, a trader wants to see it. */
export interface PendingPosition {
  readonly shares: number;
  readonly buyPrice: number;
  /** NaN: with the first quote. */
  readonly openedAtMs: number;
  readonly priceDecimals: number;
}

/**
 * The latest row of every symbol of a session, and which of them changed since the last frame. Tasks publish changed rows;
 * a window gets one frame at a time, merged: the latest value wins, which is the rule for everything in a row.
 * Coordinator thread only.
 */
export class RowCache {
  #numbers = new Float64Array(ROWS_START * ROW_WORDS);
  #bits = new BigInt64Array(this.#numbers.buffer);
  /** Row number of a symbol number, -1: none yet. */
  #rowOfSymbol = new Int32Array(ROWS_START).fill(-1);
  #count = 0;
  #symbolMax = -1;
  #publishedCount = 0;
  #changed: number[] = [];
  #isChanged = new Uint8Array(ROWS_START);
  #isPublished = new Uint8Array(ROWS_START);

  readonly #pending = new Map<number, PendingPosition>();

  /** Shows a position as pending until a task publishes the symbol with one that is open. */
  addPending(symbol: number, position: PendingPosition): void {
    this.#pending.set(symbol, position);
    const row = this.#rowFor(symbol);
    const numbers = this.#numbers.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS);
    numbers[ROW.symbol] = symbol;
    for (const field of ['quoteTimeMs', 'expiresAtMs', 'nextDecayAtMs'] as const) numbers[ROW[field]] = NaN;
    numbers[ROW.lastReason] = -1;
    numbers[ROW.bidSize] = -1;
    numbers[ROW.askSize] = -1;
    this.#overlay(row, position);
    this.#markChanged(row);
  }

  get rowCount(): number {
    return this.#count;
  }

  get hasChanges(): boolean {
    return this.#changed.length > 0;
  }

  /** The largest symbol number that has a row; -1: none. */
  get symbolMax(): number {
    return this.#symbolMax;
  }

  /** The row of a symbol, valid until the next update; null when it has none. */
  rowOf(symbol: number): Float64Array | null {
    const row = symbol < this.#rowOfSymbol.length ? this.#rowOfSymbol[symbol] : -1;
    return row < 0 ? null : this.#numbers.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS);
  }

  /** How many symbols a task has published. */
  get publishedCount(): number {
    return this.#publishedCount;
  }

  forEachPublished(visit: (symbol: number) => void): void {
    for (let row = 0; row < this.#count; row += 1)
      if (this.#isPublished[row] === 1) visit(this.#numbers[row * ROW_WORDS + ROW.symbol]);
  }

  /** Takes published rows: `rows` rows of ROW_WORDS words each. */
  update(published: ArrayBuffer, rows: number): void {
    const numbers = new Float64Array(published);
    assert(
      numbers.length >= rows * ROW_WORDS,
      `${rows} published rows need ${rows * ROW_WORDS} words; found ${numbers.length}.`,
    );
    const bits = new BigInt64Array(published);
    for (let index = 0; index < rows; index += 1) {
      const from = index * ROW_WORDS;
      const row = this.#rowFor(numbers[from + ROW.symbol]);
      // As bits: a profit's words are integers, and some of them look like NaNs that a copy of numbers may change.
      this.#bits.set(bits.subarray(from, from + ROW_WORDS), row * ROW_WORDS);
      if (this.#pending.size > 0) this.#settlePending(numbers[from + ROW.symbol], row, numbers[from + ROW.status]);
      this.#markChanged(row);
      this.#publishedCount += 1 - this.#isPublished[row];
      this.#isPublished[row] = 1;
    }
  }

  #markChanged(row: number): void {
    if (this.#isChanged[row] === 1) return;
    this.#isChanged[row] = 1;
    this.#changed.push(row);
  }

  #settlePending(symbol: number, row: number, status: number): void {
    const position = this.#pending.get(symbol);
    if (position === undefined) return;
    if (status === STATUS_NO_POSITION) this.#overlay(row, position);
    else this.#pending.delete(symbol);
  }

  #overlay(row: number, { shares, buyPrice, openedAtMs, priceDecimals }: PendingPosition): void {
    const numbers = this.#numbers.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS);
    numbers[ROW.status] = STATUS_PENDING;
    numbers[ROW.shares] = shares;
    numbers[ROW.buyPrice] = buyPrice;
    numbers[ROW.openedAtMs] = openedAtMs;
    numbers[ROW.priceDecimals] = priceDecimals;
  }

  /**
   * Cuts a frame of the rows that changed since the last cut, or of all rows.
   * @param cutAtMs monotonic ms, stamped on the frame
   */
  cut(cutAtMs: number, all: boolean): ArrayBuffer {
    const count = all ? this.#count : this.#changed.length;
    const frame = new ArrayBuffer((FRAME_HEADER_WORDS + count * ROW_WORDS) * Float64Array.BYTES_PER_ELEMENT);
    const numbers = new Float64Array(frame);
    const bits = new BigInt64Array(frame);
    numbers[0] = FRAME_MAGIC;
    numbers[1] = count;
    numbers[2] = cutAtMs;
    numbers[3] = all ? 1 : 0;
    for (let index = 0; index < count; index += 1) {
      const row = (all ? index : this.#changed[index]) * ROW_WORDS;
      bits.set(this.#bits.subarray(row, row + ROW_WORDS), FRAME_HEADER_WORDS + index * ROW_WORDS);
    }
    for (const row of this.#changed) this.#isChanged[row] = 0;
    this.#changed = [];
    return frame;
  }

  #rowFor(symbol: number): number {
    if (symbol >= this.#rowOfSymbol.length) {
      const wider = new Int32Array(Math.max(symbol + 1, this.#rowOfSymbol.length * 2)).fill(-1);
      wider.set(this.#rowOfSymbol);
      this.#rowOfSymbol = wider;
    }
    const known = this.#rowOfSymbol[symbol];
    if (known >= 0) return known;
    if (this.#count * ROW_WORDS === this.#numbers.length) this.#grow();
    const row = this.#count;
    this.#count += 1;
    this.#rowOfSymbol[symbol] = row;
    this.#symbolMax = Math.max(this.#symbolMax, symbol);
    return row;
  }

  #grow(): void {
    const numbers = new Float64Array(this.#numbers.length * 2);
    const bits = new BigInt64Array(numbers.buffer);
    bits.set(this.#bits);
    const isChanged = new Uint8Array(this.#isChanged.length * 2);
    isChanged.set(this.#isChanged);
    this.#numbers = numbers;
    this.#bits = bits;
    this.#isChanged = isChanged;
    const isPublished = new Uint8Array(this.#isPublished.length * 2);
    isPublished.set(this.#isPublished);
    this.#isPublished = isPublished;
  }
}
