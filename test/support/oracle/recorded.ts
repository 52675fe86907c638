import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { OraclePosition, OracleQuote } from './session.ts';
import type { OracleTrade } from './trading.ts';

/** Reads two of the recorded formats in the plainest way, for comparison with what the profiles make of them. */
function rowsOf(file: string): string[][] {
  const [, ...lines] = gunzipSync(readFileSync(file)).toString('utf8').split(/\r?\n/);
  return lines.filter((line) => line !== '').map((line) => line.split(','));
}

/** `symbol,ts_ms,bid,bid_size,bid_ex,ask,ask_size,ask_ex,suspicious` */
export function readNbbo(file: string): OracleQuote[] {
  return rowsOf(file).map(([symbol, timeMs, bid, bidSize, , ask, askSize]) => ({
    kind: 'quote',
    symbol,
    timeMs: Number(timeMs),
    bid,
    bidSize,
    ask,
    askSize,
  }));
}

/** 30 columns from `#RIC,Date[G],Time[G]` on; quotes among trades, GMT, sizes in round lots of 100. */
export function readTickHistory(file: string): OracleQuote[] {
  const ROUND_LOT = 100;
  const shares = (lots: string): string => (lots === '' ? '' : String(Number(lots) * ROUND_LOT));
  return rowsOf(file)
    .filter((row) => row[4] === 'Quote')
    .map((row) => ({
      kind: 'quote',
      symbol: row[0],
      timeMs: Date.parse(`${row[1]} ${row[2]} GMT`),
      bid: row[10],
      bidSize: shares(row[11]),
      ask: row[14],
      askSize: shares(row[15]),
    }));
}

/** A position of 10,000 shares in every symbol that is quoted with a bid, bought at its first one. */
export function positionsForAll(quotes: readonly OracleQuote[]): OraclePosition[] {
  const firstBid = new Map<string, string>();
  for (const { symbol, bid } of quotes) {
    if (Number(bid) > 0 && !firstBid.has(symbol)) firstBid.set(symbol, bid);
  }
  return [...firstBid].map(([symbol, buyPrice]) => ({
    symbol,
    shares: '10000',
    buyPrice,
    ttlMs: null,
    openedAt: null,
  }));
}

/** What `--trades` writes. */
export function tradesCsv(trades: readonly OracleTrade[]): string {
  const header = 'id,symbol,shares,price,profit,eventTimeMs,quoteSequence,askBefore,askAfter';
  const lines = trades.map((trade) =>
    [
      trade.id,
      trade.symbol,
      trade.shares,
      trade.price,
      trade.profit,
      trade.eventTimeMs,
      trade.quoteSequence,
      trade.askBefore,
      trade.askAfter,
    ].join(','),
  );
  return `${[header, ...lines].join('\n')}\n`;
}
