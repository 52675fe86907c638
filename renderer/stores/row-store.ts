import {
  openFrame,
  ROW,
  ROW_WORDS,
  rowOffset,
  rowProfit,
  STATUS_CLOSED,
  STATUS_NO_POSITION,
  STATUS_OPEN,
  STATUS_PENDING,
  type RowField,
  type RowsFrame,
} from '../../engine/contract/frames.ts';

/**
 * The latest row of each symbol, as columns of one flat buffer laid out like the frames that fill it. No object per row
 * and none per update: a frame's row is one block copy. Readers look at `version` to see whether a row changed since
 * they drew it. Totals are kept exact and up to date as rows come, so that showing them costs nothing.
 */
const CAPACITY_START = 1024;
const BYTES_PER_WORD = 8;
const HALVES_PER_WORD = 2;

export interface Totals {
  /** Symbols with a position, in whatever state. */
  readonly positions: number;
  readonly open: number;
  readonly closed: number;
  readonly pending: number;
  /** Still held, 1e-6. */
  readonly shares: bigint;
  /** Realised, 1e-14. */
  readonly profit: bigint;
  readonly trades: number;
}

export class RowStore {
  #numbers = new Float64Array(CAPACITY_START * ROW_WORDS);
  #integers = new BigInt64Array(this.#numbers.buffer);
  #halves = new Int32Array(this.#numbers.buffer);
  #versions = new Uint32Array(CAPACITY_START);
  #names: string[] = [];
  #numbersByName = new Map<string, number>();
  /** Symbol numbers that have a row, in the order they came. */
  #present: number[] = [];
  #change = 0;
  #structure = 0;
  #generation = 0;
  #namesVersion = 0;
  #newestQuoteMs = NaN;
  #byStatus = [0, 0, 0, 0];
  #shares = 0n;
  #profit = 0n;
  #trades = 0;

  /** Rises with every applied frame. */
  get change(): number {
    return this.#change;
  }

  /** Rises when rows appear or change their status, and when names arrive: what is listed may then be different. */
  get structure(): number {
    return this.#structure;
  }

  /** Rises when all rows are forgotten: the engine may be another one, or have another session. */
  get generation(): number {
    return this.#generation;
  }

  get namesVersion(): number {
    return this.#namesVersion;
  }

  get symbols(): readonly number[] {
    return this.#present;
  }

  /** Greatest quote time seen in a frame, NaN before the first. */
  get newestQuoteMs(): number {
    return this.#newestQuoteMs;
  }

  get totals(): Totals {
    const [, open = 0, closed = 0, pending = 0] = this.#byStatus;
    return {
      positions: open + closed + pending,
      open,
      closed,
      pending,
      shares: this.#shares,
      profit: this.#profit,
      trades: this.#trades,
    };
  }

  name(symbol: number): string {
    return this.#names[symbol] ?? `#${symbol}`;
  }

  /** @returns the symbol's number, or null when it is not known */
  find(name: string): number | null {
    return this.#numbersByName.get(name) ?? null;
  }

  get(symbol: number, field: RowField): number {
    return this.#numbers[symbol * ROW_WORDS + ROW[field]];
  }

  /** Exact, in 1e-14. */
  profit(symbol: number): bigint {
    const at = symbol * ROW_WORDS;
    const low = BigInt.asUintN(64, this.#integers[at + ROW.profitLow]);
    return (this.#integers[at + ROW.profitHigh] << 64n) | low;
  }

  /** Close to the profit, for sorting and for its sign. Zero only when the profit is exactly zero. */
  profitSize(symbol: number): number {
    const at = symbol * ROW_WORDS + ROW.profitLow;
    const halves = this.#halves;
    const low = at * HALVES_PER_WORD;
    const high = (at + 1) * HALVES_PER_WORD;
    return (
      (halves[low] >>> 0) +
      (halves[low + 1] >>> 0) * 2 ** 32 +
      (halves[high] >>> 0) * 2 ** 64 +
      halves[high + 1] * 2 ** 96
    );
  }

  version(symbol: number): number {
    return this.#versions[symbol];
  }

  setNames(first: number, names: readonly string[]): void {
    names.forEach((name, index) => {
      this.#names[first + index] = name;
      this.#numbersByName.set(name, first + index);
    });
    this.#namesVersion += 1;
    this.#structure += 1;
  }

  /** Forgets every row, for a new session. */
  clear(): void {
    this.#versions.fill(0);
    this.#numbers.fill(0);
    this.#present = [];
    this.#byStatus = [0, 0, 0, 0];
    this.#shares = 0n;
    this.#profit = 0n;
    this.#trades = 0;
    this.#newestQuoteMs = NaN;
    this.#change += 1;
    this.#structure += 1;
    this.#generation += 1;
  }

  clearNames(): void {
    this.#names = [];
    this.#numbersByName = new Map();
    this.#namesVersion += 1;
    this.#structure += 1;
  }

  /** @returns engine time at which the frame was cut, ms. @throws BugError when the bytes are no frame */
  apply(bytes: ArrayBuffer): number {
    const frame = openFrame(bytes);
    if (frame.complete) this.clear();
    this.#change += 1;
    const halves = new Int32Array(bytes);
    for (let index = 0; index < frame.rowCount; index += 1) this.#applyRow(frame, halves, rowOffset(index));
    return frame.cutAtMs;
  }

  #applyRow(frame: RowsFrame, halves: Int32Array, from: number): void {
    const symbol = frame.numbers[from + ROW.symbol];
    this.#reserve(symbol);
    const to = symbol * ROW_WORDS;
    const isNew = this.#versions[symbol] === 0;
    if (isNew) this.#present.push(symbol);
    this.#countRow(frame, halves, from, to, isNew);
    // As integers: bit for bit, whatever the words of a profit would mean as fractions.
    const target = this.#halves;
    for (let half = 0; half < ROW_WORDS * HALVES_PER_WORD; half += 1)
      target[to * HALVES_PER_WORD + half] = halves[from * HALVES_PER_WORD + half];
    this.#versions[symbol] = this.#change;
    const quoteMs = frame.numbers[from + ROW.quoteTimeMs];
    if (!(quoteMs <= this.#newestQuoteMs) && !Number.isNaN(quoteMs)) this.#newestQuoteMs = quoteMs;
  }

  /** Before the row is overwritten: moves the totals by the difference. Most rows only bring a new quote. */
  #countRow(frame: RowsFrame, halves: Int32Array, from: number, to: number, isNew: boolean): void {
    const status = frame.numbers[from + ROW.status];
    const before = isNew ? STATUS_NO_POSITION : this.#numbers[to + ROW.status];
    if (isNew || status !== before) {
      if (!isNew) this.#byStatus[before] = (this.#byStatus[before] ?? 0) - 1;
      this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
      this.#structure += 1;
    }
    const shares = frame.numbers[from + ROW.shares];
    const sharesBefore = isNew ? 0 : this.#numbers[to + ROW.shares];
    if (shares !== sharesBefore) this.#shares += BigInt(shares) - BigInt(sharesBefore);
    this.#trades += frame.numbers[from + ROW.trades] - (isNew ? 0 : this.#numbers[to + ROW.trades]);
    if (isNew || this.#profitDiffers(halves, from, to)) {
      this.#profit += rowProfit(frame, from) - (isNew ? 0n : this.profit(to / ROW_WORDS));
    }
  }

  /** Compares the 128 bits without making a bigint of them. */
  #profitDiffers(halves: Int32Array, from: number, to: number): boolean {
    const theirs = (from + ROW.profitLow) * HALVES_PER_WORD;
    const ours = (to + ROW.profitLow) * HALVES_PER_WORD;
    for (let half = 0; half < 2 * HALVES_PER_WORD; half += 1) {
      if (halves[theirs + half] !== this.#halves[ours + half]) return true;
    }
    return false;
  }

  #reserve(symbol: number): void {
    const capacity = this.#versions.length;
    if (symbol < capacity) return;
    let next = capacity;
    while (next <= symbol) next *= 2;
    const bytes = new ArrayBuffer(next * ROW_WORDS * BYTES_PER_WORD);
    const numbers = new Float64Array(bytes);
    numbers.set(this.#numbers);
    const versions = new Uint32Array(next);
    versions.set(this.#versions);
    this.#numbers = numbers;
    this.#integers = new BigInt64Array(bytes);
    this.#halves = new Int32Array(bytes);
    this.#versions = versions;
  }
}

export { STATUS_CLOSED, STATUS_NO_POSITION, STATUS_OPEN, STATUS_PENDING };
