import type { OrderOutcome } from '../../../engine/contract/orders.ts';
import type { GridRow } from '../../drawing/grid-row.ts';
import type { GridColumn, GridSource } from '../../drawing/windowed-grid.ts';
import { MINUS, shownDecimal, shownSignedDecimal } from '../../format/decimal-text.ts';
import { instrumentText, orderClass, orderText, orderTitle } from '../../format/order-text.ts';
import { timeText } from '../../format/time-text.ts';
import type { OrderStore } from '../../stores/order-store.ts';
import type { TradeStore } from '../../stores/trade-store.ts';

export const TRADE_COLUMNS: readonly GridColumn[] = [
  { id: 'time', heading: 'TIME', title: 'Event time of the trade', width: 98, align: 'left', sortable: false },
  { id: 'symbol', heading: 'SYMBOL', title: 'Symbol', width: 64, align: 'left', sortable: false },
  { id: 'shares', heading: 'SHARES', title: 'Shares sold', width: 64, align: 'right', sortable: false },
  { id: 'price', heading: 'PRICE', title: 'Price: the bid it was sold at', width: 68, align: 'right', sortable: false },
  { id: 'profit', heading: 'PROFIT', title: 'Profit of this trade, exact', width: 84, align: 'right', sortable: false },
  { id: 'ask', heading: 'ASK AFTER', title: 'Our ask after the trade', width: 78, align: 'right', sortable: false },
];

/** Where trades go on as orders. */
const ORDER_COLUMN: GridColumn = {
  id: 'order',
  heading: 'ORDER',
  title: 'What the execution gateway did with it',
  width: 88,
  align: 'left',
  sortable: false,
};
/** Beside the symbol: a narrow panel cuts columns off on the right. */
const ORDER = 2;
/** Of an order, as part of a row's version. */
const STATE_STEPS: readonly (OrderOutcome['state'] | undefined)[] = [
  undefined,
  'confirmed',
  'partly-confirmed',
  'rejected',
  'timed-out',
  'refused',
];

/** Newest trade first; the key is the trade's number in the session, so a row that moves down is not a new row. */
export class TradeSource implements GridSource {
  readonly columns: readonly GridColumn[];
  readonly #trades: TradeStore;
  readonly #orders: OrderStore;
  readonly #hasOrders: boolean;
  #zone: string;

  /** @param orders its column is there where there is a gateway */
  constructor(trades: TradeStore, orders: OrderStore, zone: string) {
    this.#trades = trades;
    this.#orders = orders;
    this.#hasOrders = orders.routing !== null;
    this.columns = this.#hasOrders
      ? [...TRADE_COLUMNS.slice(0, ORDER), ORDER_COLUMN, ...TRADE_COLUMNS.slice(ORDER)]
      : TRADE_COLUMNS;
    this.#zone = zone;
  }

  setZone(zone: string): void {
    this.#zone = zone;
  }

  rowCount(): number {
    return this.#trades.kept;
  }

  rowKey(position: number): number {
    return this.#trades.numberOf(position);
  }

  rowVersion(position: number): number {
    // A trade changes once, from pending to final; its order changes as the gateway speaks.
    const finality = this.#trades.isFinal(this.#trades.numberOf(position)) ? 2 : 1;
    const trade = this.#hasOrders ? this.#trades.newest(position) : undefined;
    if (trade === undefined) return finality;
    return finality + 4 * STATE_STEPS.indexOf(this.#orders.outcomeOf(trade.id)?.state);
  }

  draw(position: number, row: GridRow): void {
    const trade = this.#trades.newest(position);
    if (trade === undefined) return;
    row.setText(0, timeText(trade.eventTimeMs, this.#zone));
    const isFinal = this.#trades.isFinal(this.#trades.numberOf(position));
    const pending = isFinal ? '' : '; pending: final with the next checkpoint';
    row.setTitle(0, `${trade.id}, quote ${trade.quoteSequence}${pending}. Double-click or Enter: why it was made`);
    row.setRowClass(isFinal ? '' : 'pending-trade');
    row.setText(1, trade.symbol);
    row.setTitle(
      1,
      this.#hasOrders ? `${trade.symbol}: ${instrumentText(this.#orders.instrumentOf(trade.symbol))}` : trade.symbol,
    );
    const shares = this.#hasOrders ? ORDER + 1 : ORDER;
    row.setText(shares, shownDecimal(trade.shares));
    row.setText(shares + 1, shownDecimal(trade.price));
    const profit = shownSignedDecimal(trade.profit);
    row.setText(shares + 2, profit);
    row.setClass(shares + 2, profit.startsWith(MINUS) ? 'tone-down' : profit.startsWith('+') ? 'tone-up' : 'tone-flat');
    row.setText(shares + 3, shownDecimal(trade.askAfter));
    if (!this.#hasOrders) return;
    const outcome = this.#orders.outcomeOf(trade.id);
    row.setText(ORDER, orderText(outcome, isFinal));
    row.setTitle(ORDER, orderTitle(outcome, isFinal));
    row.setClass(ORDER, orderClass(outcome));
  }
}
