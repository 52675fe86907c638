import { formatMoney, formatPrice, formatShares } from '../../../engine/core/decimal.ts';
import { csvText } from '../../format/csv-text.ts';
import { REASON_CODES } from '../../format/reason-text.ts';
import { STATUS_NO_POSITION, STATUS_PENDING, type RowStore } from '../../stores/row-store.ts';
import type { PositionView } from '../../stores/position-view.ts';

const HEADER = [
  'symbol',
  'shares',
  'buyPrice',
  'askPrice',
  'lastTradePrice',
  'profit',
  'status',
  'bid',
  'ask',
  'lastQuote',
  'reason',
  'trades',
];
const STATUS_WORDS = ['', 'open', 'closed', 'pending'];

/** The rows that the table lists, in its order, every number exact; what a trader filtered is what is exported. */
export function positionsCsv(rows: RowStore, view: PositionView): string {
  return csvText(lines(rows, view));
}

function* lines(rows: RowStore, view: PositionView): Iterable<readonly string[]> {
  yield HEADER;
  for (let position = 0; position < view.length; position += 1) {
    const symbol = view.symbolAt(position);
    const status = rows.get(symbol, 'status');
    const decimals = rows.get(symbol, 'priceDecimals');
    const held = status !== STATUS_NO_POSITION;
    const price = (units: number): string => (units === 0 ? '' : formatPrice(units, decimals));
    const quoteMs = rows.get(symbol, 'quoteTimeMs');
    yield [
      rows.name(symbol),
      held ? formatShares(rows.get(symbol, 'shares')) : '',
      held ? price(rows.get(symbol, 'buyPrice')) : '',
      held && status !== STATUS_PENDING ? formatPrice(rows.get(symbol, 'askPrice'), decimals) : '',
      held ? price(rows.get(symbol, 'lastTradePrice')) : '',
      held ? formatMoney(rows.profit(symbol)) : '',
      STATUS_WORDS[status] ?? '',
      price(rows.get(symbol, 'bid')),
      price(rows.get(symbol, 'ask')),
      Number.isNaN(quoteMs) ? '' : new Date(quoteMs).toISOString(),
      REASON_CODES[rows.get(symbol, 'lastReason')] ?? '',
      held ? String(rows.get(symbol, 'trades')) : '',
    ];
  }
}
