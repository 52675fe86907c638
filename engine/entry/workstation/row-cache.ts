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
const HALVES = ROW_WORDS * 2;
/** So many rows that nobody sees travel with any frame: a small session never waits. */
const UNSEEN_ROWS_MIN = 256;
/** A row that nobody sees waits for so many frames at most, a quarter of a second. */
const UNSEEN_FRAMES_MAX = 15;

/**
 * What a frame holds: every row; every row that changed; or of those the ones in sight and a part of the others, oldest
 * change first.
 */
export type FrameScope = 'complete' | 'changed' | 'in-sight-first';

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
 * a window gets one frame at a time, merged: the latest value wins, which is the rule for everything in a row. In a fast
 * market nearly all rows change between two frames, and a window shows a few dozen: those come first.
 * Coordinator thread only.
 */
export class RowCache {
  #numbers = new Float64Array(ROWS_START * ROW_WORDS);
  /** Rows are copied by these: a profit's words are integers, and some of them look like NaNs that a copy of numbers may change. */
  #halves = new Int32Array(this.#numbers.buffer);
  /** Row number of a symbol number, -1: none yet. */
  #rowOfSymbol = new Int32Array(ROWS_START).fill(-1);
  #count = 0;
  #symbolMax = -1;
  #publishedCount = 0;
  /** Rows that changed since they were last cut: those in sight, and the others in the order of their first change. */
  #changedInSight: number[] = [];
  #changedUnseen: number[] = [];
  #isChanged = new Uint8Array(ROWS_START);
  #isInSight = new Uint8Array(ROWS_START);
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
    return this.#changedInSight.length + this.#changedUnseen.length > 0;
  }

  /** The symbols that the window shows just now: their rows are in the next frame after every change. */
  setInSight(symbols: readonly number[]): void {
    this.#isInSight.fill(0);
    for (const symbol of symbols) {
      const row = symbol < this.#rowOfSymbol.length ? this.#rowOfSymbol[symbol] : -1;
      if (row >= 0) this.#isInSight[row] = 1;
    }
    const changed = [...this.#changedInSight, ...this.#changedUnseen];
    this.#changedInSight = changed.filter((row) => this.#isInSight[row] === 1);
    this.#changedUnseen = changed.filter((row) => this.#isInSight[row] === 0);
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
    const halves = new Int32Array(published);
    for (let index = 0; index < rows; index += 1) {
      const from = index * ROW_WORDS;
      const row = this.#rowFor(numbers[from + ROW.symbol]);
      copyRow(halves, from * 2, this.#halves, row * HALVES);
      if (this.#pending.size > 0) this.#settlePending(numbers[from + ROW.symbol], row, numbers[from + ROW.status]);
      this.#markChanged(row);
      this.#publishedCount += 1 - this.#isPublished[row];
      this.#isPublished[row] = 1;
    }
  }

  #markChanged(row: number): void {
    if (this.#isChanged[row] === 1) return;
    this.#isChanged[row] = 1;
    (this.#isInSight[row] === 1 ? this.#changedInSight : this.#changedUnseen).push(row);
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

  /** @param cutAtMs monotonic ms, stamped on the frame */
  cut(cutAtMs: number, scope: FrameScope): ArrayBuffer {
    const rows = scope === 'complete' ? Array.from({ length: this.#count }, (_, row) => row) : this.#takeChanged(scope);
    const frame = new ArrayBuffer((FRAME_HEADER_WORDS + rows.length * ROW_WORDS) * Float64Array.BYTES_PER_ELEMENT);
    const numbers = new Float64Array(frame, 0, FRAME_HEADER_WORDS);
    numbers[0] = FRAME_MAGIC;
    numbers[1] = rows.length;
    numbers[2] = cutAtMs;
    numbers[3] = scope === 'complete' ? 1 : 0;
    const halves = new Int32Array(frame);
    for (let index = 0; index < rows.length; index += 1)
      copyRow(this.#halves, rows[index] * HALVES, halves, FRAME_HEADER_WORDS * 2 + index * HALVES);
    if (scope === 'complete') this.#takeChanged('changed');
    return frame;
  }

  /** They count as unchanged from here on. */
  #takeChanged(scope: 'changed' | 'in-sight-first'): number[] {
    const unseen = this.#changedUnseen;
    const some = Math.max(UNSEEN_ROWS_MIN, Math.ceil(unseen.length / UNSEEN_FRAMES_MAX));
    const taken = [...this.#changedInSight, ...(scope === 'changed' ? unseen : unseen.slice(0, some))];
    this.#changedUnseen = scope === 'changed' ? [] : unseen.slice(some);
    this.#changedInSight = [];
    for (const row of taken) this.#isChanged[row] = 0;
    return taken;
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
    const halves = new Int32Array(this.#halves.length * 2);
    halves.set(this.#halves);
    this.#halves = halves;
    this.#numbers = new Float64Array(halves.buffer);
    this.#isChanged = widened(this.#isChanged);
    this.#isPublished = widened(this.#isPublished);
    this.#isInSight = widened(this.#isInSight);
  }
}

function copyRow(from: Int32Array, fromHalf: number, to: Int32Array, toHalf: number): void {
  for (let half = 0; half < HALVES; half += 1) to[toHalf + half] = from[fromHalf + half];
}

function widened(flags: Uint8Array): Uint8Array<ArrayBuffer> {
  const wider = new Uint8Array(flags.length * 2);
  wider.set(flags);
  return wider;
}
