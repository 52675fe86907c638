import { formatPrice, formatShares } from '../../core/decimal.ts';
import type { QuoteBatch } from './quote-batch.ts';
import type { RowLedger } from './row-ledger.ts';
import type { SymbolTable } from './symbol-table.ts';

/** How many quotes must follow, all as far ahead, before a jump in time is believed (trading-rules "Time"). */
export const CONFIRMING_QUOTES = 3;
const HELD_MAX = CONFIRMING_QUOTES + 1;

/** As plain data: symbols by name, inputs by their place among all. */
export interface StoredHeldQuote {
  readonly symbol: string;
  readonly timeMs: number;
  readonly bid: number;
  readonly bidSize: number;
  readonly ask: number;
  readonly askSize: number;
  readonly sequence: number;
  readonly rows: number;
  readonly line: number;
  readonly input: number;
}

interface DescribedQuote {
  symbol: number;
  timeMs: number;
  bid: number;
  bidSize: number;
  ask: number;
  askSize: number;
}

/** A quote that is held back, with all it needs to be taken later. */
export interface HeldQuote extends DescribedQuote {
  sequence: number;
  rows: number;
  line: number;
  ledger: RowLedger | null;
}

/**
 * Quotes that are too far ahead in time to be believed. They are held until enough of them follow each other, and are then
 * released in order, or until one that is not as far ahead comes, and are then quarantined. Source thread only; four are
 * held at most, in objects that are made once.
 */
export class HeldQuotes {
  readonly #symbols: SymbolTable;
  readonly #slots: HeldQuote[] = [];
  /** Released ones included, until the last of them was taken. */
  count = 0;
  /** Their time is believed: they are taken one by one, before any other quote. */
  isReleasing = false;
  #taken = 0;

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
    for (let index = 0; index < HELD_MAX; index += 1) {
      this.#slots.push({
        symbol: 0,
        timeMs: 0,
        bid: 0,
        bidSize: 0,
        ask: 0,
        askSize: 0,
        sequence: 0,
        rows: 0,
        line: 0,
        ledger: null,
      });
    }
  }

  /** How many are not taken. */
  get waiting(): number {
    return this.count - this.#taken;
  }

  /** The one whose turn it is, while they are released. */
  get next(): HeldQuote {
    return this.#slots[this.#taken];
  }

  /** Numbers of those about which nothing is decided. */
  undecided(): readonly number[] {
    return this.isReleasing ? [] : this.#slots.slice(0, this.count).map(({ sequence }) => sequence);
  }

  hold(batch: QuoteBatch, index: number, timeMs: number, sequence: number, ledger: RowLedger): void {
    const held = this.#slots[this.count];
    held.symbol = batch.symbol[index];
    held.timeMs = timeMs;
    held.bid = batch.bid[index];
    held.bidSize = batch.bidSize[index];
    held.ask = batch.ask[index];
    held.askSize = batch.askSize[index];
    held.sequence = sequence;
    held.rows = rowsOf(batch, index);
    held.line = lineOf(batch, index, sequence);
    held.ledger = ledger;
    this.count += 1;
    if (this.count === HELD_MAX) this.isReleasing = true;
  }

  /** `next` was taken. */
  took(): void {
    this.#taken += 1;
    if (this.#taken === this.count) this.#forget();
  }

  /** None of them is believed. @returns how many there were */
  quarantine(): number {
    const refused = this.waiting;
    for (let index = this.#taken; index < this.count; index += 1) {
      const held = this.#slots[index];
      (held.ledger as RowLedger).quarantine('future', held.line, quoteText(this.#symbols, held), held.rows);
    }
    this.#forget();
    return refused;
  }

  /** @param ledgers of the inputs, in their order */
  snapshot(ledgers: readonly (RowLedger | null)[]): readonly StoredHeldQuote[] {
    return this.#slots.slice(this.#taken, this.count).map(({ symbol, ledger, ...quote }) => ({
      ...quote,
      symbol: this.#symbols.name(symbol),
      input: ledgers.indexOf(ledger),
    }));
  }

  restore(stored: readonly StoredHeldQuote[], isReleasing: boolean, ledgers: readonly (RowLedger | null)[]): void {
    stored.forEach(({ symbol, input, ...quote }, index) => {
      Object.assign(this.#slots[index], quote, { symbol: this.#symbols.intern(symbol), ledger: ledgers[input] });
    });
    this.count = stored.length;
    this.isReleasing = isReleasing;
  }

  #forget(): void {
    this.count = 0;
    this.#taken = 0;
    this.isReleasing = false;
  }
}

/** Puts a quote into quarantine that was too old when it came. @param sequence the number it has */
export function quarantineStale(
  batch: QuoteBatch,
  index: number,
  sequence: number,
  symbols: SymbolTable,
  ledger: RowLedger,
): void {
  const quote: DescribedQuote = {
    symbol: batch.symbol[index],
    timeMs: batch.time[index] + batch.timeShiftMs,
    bid: batch.bid[index],
    bidSize: batch.bidSize[index],
    ask: batch.ask[index],
    askSize: batch.askSize[index],
  };
  ledger.quarantine('stale', lineOf(batch, index, sequence), quoteText(symbols, quote), rowsOf(batch, index));
}

function rowsOf(batch: QuoteBatch, index: number): number {
  return batch.rows === null ? 1 : batch.rows[index];
}

/** Inputs without lines count quotes. */
function lineOf(batch: QuoteBatch, index: number, sequence: number): number {
  return batch.line === null ? sequence + 1 : batch.line[index];
}

function quoteText(symbols: SymbolTable, quote: DescribedQuote): string {
  const size = (units: number): string => (units < 0 ? '' : formatShares(units));
  const price = (units: number): string => (units === 0 ? '' : formatPrice(units));
  return [
    symbols.name(quote.symbol),
    String(quote.timeMs),
    price(quote.bid),
    size(quote.bidSize),
    price(quote.ask),
    size(quote.askSize),
  ].join(',');
}
