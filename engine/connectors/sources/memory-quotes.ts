import { assert } from '../../core/assert.ts';
import type { QuoteBatch } from './quote-batch.ts';
import type { FillStatus, QuoteInput } from './quote-input.ts';
import { RowLedger } from './row-ledger.ts';

/** Quotes in memory, column by column (see QuoteBatch), all of the same length, symbols numbered by the session's table. */
export type QuoteColumns = Pick<QuoteBatch, 'time' | 'bid' | 'bidSize' | 'ask' | 'askSize' | 'symbol'>;

/** Quotes handed out at a time; they are not copied, so this only bounds how far a batch runs ahead of the pace. */
const QUOTES_AT_A_TIME = 16_384;

/**
 * Plays arrays as they are, nothing copied or decoded: what a benchmark measures is then the engine. Played more than
 * once, each round's times follow those of the round before, so event time always moves on.
 */
export class MemoryQuotes implements QuoteInput {
  readonly name: string;
  readonly ledger: RowLedger;
  readonly nextControlIndex = Infinity;
  readonly batch: QuoteBatch;
  readonly #count: number;
  readonly #total: number;
  readonly #roundMs: number;
  #played = 0;

  /** @param quotesMax how many quotes to play in all; default: the arrays once */
  constructor(name: string, columns: QuoteColumns, quotesMax = columns.time.length) {
    const count = columns.time.length;
    const same = [columns.bid, columns.bidSize, columns.ask, columns.askSize, columns.symbol].every(
      (column) => column.length === count,
    );
    assert(same, 'All columns of quotes in memory must have the same length.');
    assert(count > 0 || quotesMax === 0, 'No quotes cannot be played again and again.');
    this.name = name;
    this.ledger = new RowLedger(name);
    this.batch = { ...columns, line: null, rows: null, from: 0, to: 0, timeShiftMs: 0 };
    this.#count = count;
    this.#total = quotesMax;
    this.#roundMs = count === 0 ? 0 : spanMs(columns.time) + 1;
  }

  fill(): FillStatus {
    const left = this.#total - this.#played;
    if (left <= 0) return 'ended';
    const { batch } = this;
    const at = this.#played % this.#count;
    batch.timeShiftMs = Math.floor(this.#played / this.#count) * this.#roundMs;
    batch.from = at;
    batch.to = Math.min(this.#count, at + Math.min(left, QUOTES_AT_A_TIME));
    this.#played += batch.to - at;
    this.ledger.rowsRead += batch.to - at;
    return 'filled';
  }

  async whenReady(): Promise<void> {}

  takeControl(): unknown {
    return undefined;
  }

  progress(): { readonly read: number; readonly total: number } {
    return { read: this.#played, total: this.#total };
  }

  position(): number {
    return this.#played;
  }

  async close(): Promise<void> {}
}

function spanMs(time: Float64Array): number {
  let smallest = Infinity;
  let greatest = -Infinity;
  for (const timeMs of time) {
    smallest = Math.min(smallest, timeMs);
    greatest = Math.max(greatest, timeMs);
  }
  return greatest - smallest;
}
