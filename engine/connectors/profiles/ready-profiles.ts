import type { SessionProfile } from './profile-schema.ts';

/** Profiles that come with the project, as a user would write them. What each format is, its `description` says. */

const CSV_FIELDS = {
  symbol: { field: ['symbol', 'sym', 'ticker', 'instrument'] },
  time: {
    field: ['eventTimeMs', 'event_time_ms', 'ts_ms', 'timestamp_ms', 'time_ms', 'timestamp', 'ts', 'time'],
    unit: 'ms',
  },
} as const;
const BID_PRICE = ['bid', 'bidPrice', 'bid_px', 'best_bid', 'best_bid_price'];
const ASK_PRICE = ['ask', 'askPrice', 'ask_px', 'offer', 'best_ask', 'best_ask_price'];

const LEAN_EQUITY_TIME = {
  unit: 'ms',
  since: 'midnight',
  zone: 'America/New_York',
  date: { fileName: ['{date:yyyyMMdd}_*', '{date:yyyyMMdd}/*'] },
} as const;
const LEAN_FOREX_TIME = { ...LEAN_EQUITY_TIME, zone: 'UTC' } as const;

function leanNames(kind: string): string[] {
  return [`{date:yyyyMMdd}_{symbol}_${kind}`, `{date:yyyyMMdd}/{symbol}_${kind}`, `{symbol}_${kind}`];
}

/** The close of a bar, at the bar's end: what a trader who waits for the bar knows then. */
function quoteBar(name: string, kind: string, barMs: number, market: 'equity' | 'forex'): unknown {
  const equity = market === 'equity';
  const names = leanNames(kind);
  return {
    version: 1,
    name,
    description: `${equity ? 'US equities (LEAN)' : 'Foreign exchange (LEAN, OANDA)'}: one bid and ask bar of ${barMs / 1000} s a row. The quote is the bar's close and stands at the bar's end.`,
    format: 'csv',
    header: false,
    columnCount: 11,
    symbol: { fileName: names, upperCase: true },
    time: { field: 0, ...(equity ? LEAN_EQUITY_TIME : LEAN_FOREX_TIME), addMs: barMs },
    // Foreign exchange bars carry a size column that is always 0 because nobody knows it.
    bid: { price: 4, ...(equity ? { size: 5 } : {}) },
    ask: { price: 9, ...(equity ? { size: 10 } : {}) },
    ...(equity ? { priceUnit: '0.0001' } : {}),
    detect: { fileName: names, ...(equity ? { lacks: ['.'] } : { contains: ['.'] }) },
  };
}

const DOCUMENTS: readonly unknown[] = [
  {
    version: 1,
    name: 'csv',
    description:
      "FlinkTrade's own CSV: symbol,eventTimeMs,bid,bidSize,ask,askSize, in any order, other columns beside them; common other spellings of these names are known. UTC, ms; shares; decimal prices.",
    format: 'csv',
    comment: '#',
    ...CSV_FIELDS,
    bid: { price: BID_PRICE, size: ['bidSize', 'bid_qty', 'bid_sz', 'bid_volume', 'best_bid_size'] },
    ask: { price: ASK_PRICE, size: ['askSize', 'ask_qty', 'ask_sz', 'ask_volume', 'offer_size', 'best_ask_size'] },
  },
  {
    version: 1,
    name: 'csv-no-sizes',
    description: 'As csv, without sizes: every size is unknown.',
    format: 'csv',
    comment: '#',
    ...CSV_FIELDS,
    bid: { price: BID_PRICE },
    ask: { price: ASK_PRICE },
    // A misspelt size column must not silently become "no sizes": then it has to be named.
    detect: { lacks: ['size', 'Size', 'SIZE', 'qty', 'Qty', '_sz', 'vol', 'Vol'] },
  },
  {
    version: 1,
    name: 'jsonl',
    description:
      'The same as csv, one JSON object a line: {"symbol":"AAPL","eventTimeMs":1381132800054,"bid":"140.50","bidSize":"300","ask":"140.52","askSize":"100"}; numbers may be written as numbers.',
    format: 'jsonl',
    symbol: { field: 'symbol' },
    time: { field: 'eventTimeMs', unit: 'ms' },
    bid: { price: 'bid', size: 'bidSize' },
    ask: { price: 'ask', size: 'askSize' },
  },
  {
    version: 1,
    name: 'nbbo',
    description:
      'National best bid and offer of US equities, all symbols in one file, with exchanges: symbol,ts_ms,bid,bid_size,bid_ex,ask,ask_size,ask_ex,suspicious. UTC, ms. Suspicious quotes are quotes.',
    format: 'csv',
    symbol: { field: 'symbol' },
    time: { field: 'ts_ms', unit: 'ms' },
    bid: { price: 'bid', size: 'bid_size' },
    ask: { price: 'ask', size: 'ask_size' },
    detect: { header: ['symbol', 'ts_ms', 'bid', 'bid_size', 'bid_ex', 'ask', 'ask_size', 'ask_ex', 'suspicious'] },
  },
  {
    version: 1,
    name: 'lean-tick-quote',
    description:
      'US equities (LEAN), one symbol and day a file: ms since midnight New York, bid, size, ask, size, exchange, condition, suspicious; prices in 1/10,000 dollar. A row has one side; a bid row and the ask row behind it at the same ms are one quote.',
    format: 'csv',
    header: false,
    columnCount: 8,
    symbol: { fileName: [...leanNames('quote_tick'), ...leanNames('tick_quote')], upperCase: true },
    time: { field: 0, ...LEAN_EQUITY_TIME },
    bid: { price: 1, size: 2 },
    ask: { price: 3, size: 4 },
    priceUnit: '0.0001',
    pairSides: true,
    detect: { fileName: [...leanNames('quote_tick'), ...leanNames('tick_quote')], lacks: ['.'] },
  },
  quoteBar('lean-second-quote-bar', 'second_quote', 1_000, 'equity'),
  quoteBar('lean-minute-quote-bar', 'minute_quote', 60_000, 'equity'),
  {
    version: 1,
    name: 'lean-trade',
    description: 'US equities (LEAN): trades and trade bars. They hold no quotes: every row is counted as ignored.',
    format: 'csv',
    header: false,
    symbol: {
      fileName: ['trade_tick', 'tick_trade', 'second_trade', 'minute_trade'].flatMap(leanNames),
      upperCase: true,
    },
    time: { field: 0, ...LEAN_EQUITY_TIME },
    ignoreEveryRow: true,
    detect: { fileName: ['*_trade_tick', '*_tick_trade', '*_second_trade', '*_minute_trade'] },
  },
  {
    version: 1,
    name: 'oanda-tick',
    description:
      'Foreign exchange (LEAN, OANDA), one pair and day a file: ms since midnight UTC (fractions are floored), bid, ask; no sizes.',
    format: 'csv',
    header: false,
    columnCount: 3,
    symbol: { fileName: leanNames('tick_quote'), upperCase: true },
    time: { field: 0, ...LEAN_FOREX_TIME },
    bid: { price: 1 },
    ask: { price: 2 },
    detect: { fileName: '{date:yyyyMMdd}_{symbol}_tick_quote', contains: ['.'] },
  },
  quoteBar('oanda-second-bar', 'second_quote', 1_000, 'forex'),
  quoteBar('oanda-minute-bar', 'minute_quote', 60_000, 'forex'),
  {
    version: 1,
    name: 'reuters-tick-history',
    description:
      'Trades and quotes of many symbols in one file, 30 columns from "#RIC" on; date and time in GMT, sizes in round lots of 100. Rows of other types than Quote are ignored.',
    format: 'csv',
    symbol: { field: '#RIC' },
    time: { field: 'Time[G]', pattern: 'HH:mm:ss.S', date: { field: 'Date[G]', pattern: 'dd-MMM-yyyy' }, zone: 'UTC' },
    bid: { price: 'Bid Price', size: 'Bid Size' },
    ask: { price: 'Ask Price', size: 'Ask Size' },
    sizeUnit: '100',
    where: [{ field: 'Type', equals: 'Quote' }],
    detect: { contains: ['#RIC,Date[G],Time[G],', 'Type', 'Bid Price', 'Ask Price'] },
  },
  {
    version: 1,
    name: 'binance-book-ticker',
    description:
      'Raw web socket messages of Binance futures, also as `flinktrade feed` sends them: single or combined streams, live or in a file, there with or without the local time of receipt ahead: `local_ns {json}`. Book tickers are quotes, at the time T of the matching engine; all other messages are ignored.',
    format: 'jsonl',
    linePrefix: 'optional',
    envelope: 'data',
    symbol: { field: 's' },
    time: { field: 'T', unit: 'ms' },
    bid: { price: 'b', size: 'B' },
    ask: { price: 'a', size: 'A' },
    where: [{ field: 'e', equals: 'bookTicker' }],
    live: { updateId: 'u', messageNumber: 'n' },
    detect: { contains: [' {"stream":"', '"data":{'] },
  },
];

/** All ready profiles. They pass the schema that users' profiles go through; a test sees to it, so that no start pays. */
export function readyProfiles(): readonly SessionProfile[] {
  return DOCUMENTS as readonly SessionProfile[];
}

export function readyProfile(name: string): SessionProfile | null {
  return readyProfiles().find((profile) => profile.name === name) ?? null;
}
