import { NOTHING, priceText, sharesText, signedMoneyText } from '../../format/decimal-text.ts';
import { isLimitReason, reasonText } from '../../format/reason-text.ts';
import { ageText } from '../../format/time-text.ts';
import type { GridRow } from '../../drawing/grid-row.ts';
import type { GridColumn, GridSource } from '../../drawing/windowed-grid.ts';
import type { OrderStore } from '../../stores/order-store.ts';
import type { PositionView, SortColumn } from '../../stores/position-view.ts';
import { STATUS_NO_POSITION, STATUS_OPEN, STATUS_PENDING, type RowStore } from '../../stores/row-store.ts';
import type { RowField } from '../../../engine/contract/frames.ts';

/** The columns of the position table: the six that a trader knows, then what the market and the rules say. */
export const POSITION_COLUMNS: readonly (GridColumn & { readonly id: SortColumn })[] = [
  { id: 'symbol', heading: 'SYMBOL', title: 'Symbol', width: 86, align: 'left', sortable: true },
  { id: 'shares', heading: 'SHARES', title: 'Shares still held', width: 78, align: 'right', sortable: true },
  {
    id: 'buyPrice',
    heading: 'BUY PRICE',
    title: 'Price the position was bought at',
    width: 86,
    align: 'right',
    sortable: true,
  },
  {
    id: 'askPrice',
    heading: 'ASK PRICE',
    title: 'Our ask: the bid must be above it for a trade',
    width: 86,
    align: 'right',
    sortable: true,
  },
  {
    id: 'lastTradePrice',
    heading: 'LAST TRADE PRICE',
    title: 'Price of our last trade; before the first, the buying price',
    width: 126,
    align: 'right',
    sortable: true,
  },
  { id: 'profit', heading: 'PROFIT', title: 'Realised profit, exact', width: 112, align: 'right', sortable: true },
  {
    id: 'status',
    heading: 'STATUS',
    title: 'Open, closed (all sold) or pending (not opened yet)',
    width: 80,
    align: 'left',
    sortable: true,
  },
  { id: 'bid', heading: 'BID', title: 'Best bid of the last quote', width: 86, align: 'right', sortable: true },
  { id: 'ask', heading: 'ASK', title: 'Best ask of the last quote', width: 86, align: 'right', sortable: true },
  {
    id: 'quoteTimeMs',
    heading: 'AGE',
    title: 'Event time since the last quote',
    width: 56,
    align: 'right',
    sortable: true,
  },
  {
    id: 'lastReason',
    heading: 'NOT TRADED BECAUSE',
    title: 'Why the last quote did not trade',
    width: 140,
    align: 'left',
    sortable: true,
  },
  { id: 'trades', heading: 'TRADES', title: 'Number of our trades', width: 66, align: 'right', sortable: true },
];

/** A quote older than this is shown as stale: dimmed, its age in words. */
export const STALE_AFTER_MS = 30_000;
/** Ages are drawn anew four times a second; a tenth of a second that flickers sixty times cannot be read. */
const AGE_STEP_MS = 250;
const AGE_TICKS = 1024;

const COLUMN = Object.fromEntries(POSITION_COLUMNS.map((column, index) => [column.id, index])) as Record<
  SortColumn,
  number
>;
const STATUS_TEXTS = ['\u2013', 'Open', 'Closed', 'Pending'];
const STATUS_CLASSES = ['status-none', 'status-open', 'status-closed', 'status-pending'];

export class PositionSource implements GridSource {
  readonly columns = POSITION_COLUMNS;
  readonly #rows: RowStore;
  readonly #view: PositionView;
  /** Where there is a gateway, it knows what a symbol is. */
  readonly #orders: OrderStore;
  #nowMs = NaN;
  #ageTick = 0;
  #paintMs = 0;
  #flashes = true;

  constructor(rows: RowStore, view: PositionView, orders: OrderStore) {
    this.#rows = rows;
    this.#orders = orders;
    this.#view = view;
  }

  setFlashes(flashes: boolean): void {
    this.#flashes = flashes;
  }

  /** @param eventTimeMs of the session, NaN before the first quote. @param paintMs the frame's own time */
  startFrame(eventTimeMs: number, paintMs: number): void {
    this.#paintMs = paintMs;
    this.#nowMs = eventTimeMs;
    this.#ageTick = Number.isNaN(eventTimeMs) ? 0 : Math.floor(eventTimeMs / AGE_STEP_MS) % AGE_TICKS;
  }

  rowCount(): number {
    return this.#view.length;
  }

  rowKey(position: number): number {
    return this.#view.symbolAt(position);
  }

  rowVersion(position: number): number {
    return this.#rows.version(this.#view.symbolAt(position)) * AGE_TICKS + this.#ageTick;
  }

  draw(position: number, row: GridRow, isFresh: boolean): void {
    const symbol = this.#view.symbolAt(position);
    const rows = this.#rows;
    const status = rows.get(symbol, 'status');
    const decimals = rows.get(symbol, 'priceDecimals');
    if (isFresh) {
      row.drawn.fill(NaN);
      for (let column = 0; column < POSITION_COLUMNS.length; column += 1) row.stopFlash(column);
      const name = rows.name(symbol);
      row.setText(COLUMN.symbol, name);
      row.setTitle(COLUMN.symbol, name);
    }
    if (this.#orders.routing !== null) row.setTitle(COLUMN.symbol, this.#orders.titleOf(rows.name(symbol)));
    this.#drawStatus(row, status);
    const held = status !== STATUS_NO_POSITION;
    this.#drawNumber(row, symbol, 'shares', held, isFresh, sharesText);
    const asPrice = (units: number): string => (units === 0 ? NOTHING : priceText(units, decimals));
    this.#drawNumber(row, symbol, 'buyPrice', held, isFresh, asPrice, false);
    // Our ask may reach zero or less (a decay without a floor): then it is a value, not a gap. A pending position has none.
    const pending = status === STATUS_PENDING;
    this.#drawNumber(row, symbol, 'askPrice', held, isFresh, (units) =>
      pending ? NOTHING : priceText(units, decimals),
    );
    this.#drawNumber(row, symbol, 'lastTradePrice', held, isFresh, asPrice);
    this.#drawProfit(row, symbol, held, isFresh);
    this.#drawNumber(row, symbol, 'bid', true, isFresh, asPrice);
    this.#drawNumber(row, symbol, 'ask', true, isFresh, asPrice);
    this.#drawNumber(row, symbol, 'trades', held, isFresh, String, false);
    this.#drawAge(row, symbol);
    this.#drawReason(row, symbol, status);
  }

  #drawStatus(row: GridRow, status: number): void {
    if (row.drawn[COLUMN.status] === status) return;
    row.drawn[COLUMN.status] = status;
    row.setText(COLUMN.status, STATUS_TEXTS[status] ?? String(status));
    row.setClass(COLUMN.status, STATUS_CLASSES[status] ?? '');
    row.setRowClass(status === STATUS_OPEN ? '' : 'row-idle');
  }

  #drawNumber(
    row: GridRow,
    symbol: number,
    field: RowField & SortColumn,
    has: boolean,
    isFresh: boolean,
    textOf: (value: number) => string,
    flashes = true,
  ): void {
    const column = COLUMN[field];
    const value = has ? this.#rows.get(symbol, field) : Infinity;
    const before = row.drawn[column];
    if (before === value) return;
    row.drawn[column] = value;
    row.setText(column, has ? textOf(value) : '');
    if (!isFresh && flashes && this.#flashes && has && Number.isFinite(before)) {
      row.flash(column, value > before ? 'up' : 'down', this.#paintMs);
    }
  }

  #drawProfit(row: GridRow, symbol: number, has: boolean, isFresh: boolean): void {
    const size = has ? this.#rows.profitSize(symbol) : Infinity;
    const before = row.drawn[COLUMN.profit];
    if (before === size) return;
    row.drawn[COLUMN.profit] = size;
    row.setText(COLUMN.profit, has ? signedMoneyText(this.#rows.profit(symbol)) : '');
    row.setClass(COLUMN.profit, !has || size === 0 ? 'tone-flat' : size > 0 ? 'tone-up' : 'tone-down');
    if (!isFresh && this.#flashes && has && Number.isFinite(before)) {
      row.flash(COLUMN.profit, size > before ? 'up' : 'down', this.#paintMs);
    }
  }

  #drawAge(row: GridRow, symbol: number): void {
    const quoteMs = this.#rows.get(symbol, 'quoteTimeMs');
    const ageMs = this.#nowMs - quoteMs;
    if (Number.isNaN(ageMs)) {
      row.setText(COLUMN.quoteTimeMs, NOTHING);
      row.setClass(COLUMN.quoteTimeMs, 'tone-flat');
      return;
    }
    const isStale = ageMs > STALE_AFTER_MS;
    row.setText(COLUMN.quoteTimeMs, ageText(ageMs));
    row.setClass(COLUMN.quoteTimeMs, isStale ? 'is-stale' : 'tone-quiet');
    row.setClass(COLUMN.bid, isStale ? 'is-stale' : '');
    row.setClass(COLUMN.ask, isStale ? 'is-stale' : '');
  }

  #drawReason(row: GridRow, symbol: number, status: number): void {
    const reason = status === STATUS_OPEN ? this.#rows.get(symbol, 'lastReason') : -1;
    if (row.drawn[COLUMN.lastReason] === reason) return;
    row.drawn[COLUMN.lastReason] = reason;
    row.setText(COLUMN.lastReason, reasonText(reason));
    row.setClass(COLUMN.lastReason, reason === 0 || isLimitReason(reason) ? 'tone-warning' : 'tone-quiet');
  }
}
