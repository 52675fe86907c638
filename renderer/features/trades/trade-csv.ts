import { csvText } from '../../format/csv-text.ts';
import type { TradeStore } from '../../stores/trade-store.ts';

const HEADER = ['id', 'symbol', 'shares', 'price', 'profit', 'eventTimeMs', 'quoteSequence', 'askBefore', 'askAfter'];

/** The trades the window holds, oldest first, in the columns of the command line's trades file. */
export function tradesCsv(trades: TradeStore): string {
  const rows = trades
    .all()
    .map((trade) => [
      trade.id,
      trade.symbol,
      trade.shares,
      trade.price,
      trade.profit,
      String(trade.eventTimeMs),
      String(trade.quoteSequence),
      trade.askBefore,
      trade.askAfter,
    ]);
  return csvText([HEADER, ...rows]);
}
