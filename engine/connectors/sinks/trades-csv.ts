import { formatMoney, formatPrice, formatShares, notional } from '../../core/decimal.ts';
import type { TradeMessage } from '../../contract/window.ts';

/** Columns of the trades file, in the order that trading-rules fixes for others to script against. */
export const TRADES_CSV_HEADER = 'id,symbol,shares,price,profit,eventTimeMs,quoteSequence,askBefore,askAfter';

/** Writes one field by RFC 4180: quoted only when it must be, so that symbols come out exactly as they came in. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A trade in the words of trade-run.ts, as people and scripts read it. */
export function tradeMessage(words: Float64Array, offset: number, symbol: string): TradeMessage {
  const [eventTimeMs, quoteSequence, , shares, price, buyPrice, askBefore, askAfter] = words.subarray(
    offset,
    offset + 8,
  ) as unknown as readonly [number, number, number, number, number, number, number, number];
  return {
    id: `${quoteSequence}-${symbol}`,
    symbol,
    shares: formatShares(shares),
    price: formatPrice(price),
    profit: formatMoney(notional(price - buyPrice, shares)),
    eventTimeMs,
    quoteSequence,
    askBefore: formatPrice(askBefore),
    askAfter: formatPrice(askAfter),
  };
}

export function tradesCsvLine(trade: TradeMessage): string {
  const { id, symbol, shares, price, profit, eventTimeMs, quoteSequence, askBefore, askAfter } = trade;
  return `${csvField(id)},${csvField(symbol)},${shares},${price},${profit},${eventTimeMs},${quoteSequence},${askBefore},${askAfter}`;
}
