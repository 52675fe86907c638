import { STATUS_CLOSED, STATUS_NO_POSITION, STATUS_OPEN, STATUS_PENDING, type RowStore } from './row-store.ts';
import type { RowField } from '../../engine/contract/frames.ts';

/**
 * Which symbols the position table lists, and in what order. Listing is decided anew when rows appear or change their
 * status, at once when a person changes filter or sorting, and at a calm rate when the sorted column is alive: a table
 * that reorders itself sixty times a second cannot be read.
 */
export type StatusFilter = 'positions' | 'open' | 'closed' | 'pending' | 'all';
export const SORT_COLUMNS = [
  'symbol',
  'status',
  'shares',
  'buyPrice',
  'askPrice',
  'lastTradePrice',
  'profit',
  'bid',
  'ask',
  'quoteTimeMs',
  'trades',
  'lastReason',
] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];
export interface Sort {
  readonly column: SortColumn;
  readonly direction: 'ascending' | 'descending';
}
export const SORT_DEFAULT: Sort = { column: 'symbol', direction: 'ascending' };

const CALM_SORT_MS = 1000;
const CALM_FILTER_MS = 250;
/** Columns that do not move by themselves while a session plays. */
const QUIET_COLUMNS: ReadonlySet<SortColumn> = new Set(['symbol', 'buyPrice']);
/** Shown first when sorted by status: what may still trade. */
const STATUS_RANK = [3, 0, 2, 1];

export class PositionView {
  readonly #rows: RowStore;
  #sort = SORT_DEFAULT;
  #text = '';
  #status: StatusFilter = 'positions';
  #order = new Uint32Array(0);
  #keys = new Float64Array(0);
  #ranks = new Uint32Array(0);
  #ranksOfNames = -1;
  #ranksOfCount = -1;
  #length = 0;
  #seenStructure = -1;
  #sortedChange = -1;
  #sortedAtMs = -Infinity;
  #filteredAtMs = -Infinity;
  #dirty = true;

  constructor(rows: RowStore) {
    this.#rows = rows;
  }

  get length(): number {
    return this.#length;
  }

  get sort(): Sort {
    return this.#sort;
  }

  symbolAt(position: number): number {
    return this.#order[position];
  }

  /** @returns -1 when the symbol is not listed */
  positionOf(symbol: number): number {
    return this.#order.subarray(0, this.#length).indexOf(symbol);
  }

  setSort(sort: Sort): void {
    this.#sort = sort;
    this.#dirty = true;
  }

  setFilter(text: string, status: StatusFilter): void {
    this.#text = text.trim().toUpperCase();
    this.#status = status;
    this.#dirty = true;
  }

  /** @returns true when the listing changed */
  refresh(nowMs: number): boolean {
    const structural = this.#rows.structure !== this.#seenStructure && nowMs - this.#filteredAtMs >= CALM_FILTER_MS;
    const stirred =
      !QUIET_COLUMNS.has(this.#sort.column) &&
      this.#rows.change !== this.#sortedChange &&
      nowMs - this.#sortedAtMs >= CALM_SORT_MS;
    if (!this.#dirty && !structural && !stirred) return false;
    if (this.#dirty || structural) {
      this.#filter();
      this.#filteredAtMs = nowMs;
    }
    this.#arrange();
    this.#sortedAtMs = nowMs;
    this.#dirty = false;
    return true;
  }

  #filter(): void {
    const { symbols } = this.#rows;
    if (this.#order.length < symbols.length)
      this.#order = new Uint32Array(Math.max(symbols.length, this.#order.length * 2));
    this.#length = 0;
    for (const symbol of symbols) {
      if (!this.#lists(symbol)) continue;
      this.#order[this.#length] = symbol;
      this.#length += 1;
    }
    this.#seenStructure = this.#rows.structure;
  }

  #lists(symbol: number): boolean {
    if (this.#text !== '' && !this.#rows.name(symbol).toUpperCase().includes(this.#text)) return false;
    const status = this.#rows.get(symbol, 'status');
    switch (this.#status) {
      case 'all':
        return true;
      case 'positions':
        return status !== STATUS_NO_POSITION;
      case 'open':
        return status === STATUS_OPEN;
      case 'closed':
        return status === STATUS_CLOSED;
      case 'pending':
        return status === STATUS_PENDING;
      default:
        return this.#status satisfies never;
    }
  }

  #arrange(): void {
    const ranks = this.#rankNames();
    const order = this.#order.subarray(0, this.#length);
    if (this.#keys.length <= (ranks.length || 1)) this.#keys = new Float64Array(ranks.length + 1);
    const keys = this.#keys;
    for (const symbol of order) keys[symbol] = this.#key(symbol);
    const sign = this.#sort.direction === 'ascending' ? 1 : -1;
    // Rows without a value stay at the end, whichever way the column is sorted; equals are ordered by symbol.
    order.sort((left, right) => {
      const a = keys[left];
      const b = keys[right];
      if (a === b) return ranks[left] - ranks[right];
      if (Number.isNaN(a)) return Number.isNaN(b) ? ranks[left] - ranks[right] : 1;
      if (Number.isNaN(b)) return -1;
      return a < b ? -sign : sign;
    });
    this.#sortedChange = this.#rows.change;
  }

  #key(symbol: number): number {
    const { column } = this.#sort;
    switch (column) {
      case 'symbol':
        return this.#ranks[symbol];
      case 'status':
        return STATUS_RANK[this.#rows.get(symbol, 'status')] ?? 4;
      case 'profit':
        return this.#hasPosition(symbol) ? this.#rows.profitSize(symbol) : NaN;
      case 'bid':
      case 'ask':
        return this.#rows.get(symbol, column) || NaN;
      case 'lastReason': {
        const reason = this.#rows.get(symbol, column);
        return reason < 0 ? NaN : reason;
      }
      case 'quoteTimeMs':
        return this.#rows.get(symbol, column);
      case 'shares':
      case 'buyPrice':
      case 'askPrice':
      case 'lastTradePrice':
      case 'trades':
        return this.#hasPosition(symbol) ? this.#rows.get(symbol, column satisfies RowField) : NaN;
      default:
        return column satisfies never;
    }
  }

  #hasPosition(symbol: number): boolean {
    return this.#rows.get(symbol, 'status') !== STATUS_NO_POSITION;
  }

  /** Place of each symbol among the sorted names; made again only when names or rows were added. */
  #rankNames(): Uint32Array {
    const { symbols, namesVersion } = this.#rows;
    if (this.#ranksOfNames === namesVersion && this.#ranksOfCount === symbols.length) return this.#ranks;
    const highest = symbols.reduce((most, symbol) => Math.max(most, symbol), -1);
    const sorted = [...symbols].sort((left, right) => {
      const a = this.#rows.name(left);
      const b = this.#rows.name(right);
      return a < b ? -1 : a > b ? 1 : left - right;
    });
    this.#ranks = new Uint32Array(highest + 1);
    sorted.forEach((symbol, rank) => (this.#ranks[symbol] = rank));
    this.#ranksOfNames = namesVersion;
    this.#ranksOfCount = symbols.length;
    return this.#ranks;
  }
}
