import { seededRandom } from '../support/seeded-random.ts';

/** Prices in 1e-8, sizes in 1e-6, as everywhere in the engine. */
const CENT = 1_000_000;
const SHARE = 1_000_000;

/** One quote in so many is above its symbol's ask, so it trades. */
export const QUOTES_PER_TRADE = 100;
/** Each trade is at a bid that much above the one before: a cent more than the ask moves up by. */
const RISE = 11 * CENT;
/** Bids that do not trade are up to so many cents under the last trade. */
const NOISE_CENTS = 5;
/** So many shares, at one a trade, that no position is sold out while it is measured. */
export const SHARES_HELD = 1_000_000_000 * SHARE;
export const BUFFERED_MIN = 2 ** 16;

/** Quotes that are played again and again. All columns have a power of two of entries. */
export interface MarketColumns {
  /** Which symbol, 0 .. symbols - 1, in random order: on average each comes up equally often. */
  readonly symbol: Int32Array;
  readonly bid: Float64Array;
  /** Bid and ask move up by this much each time the arrays begin again. */
  readonly rise: Float64Array;
  readonly bidSize: Float64Array;
  readonly ask: Float64Array;
  readonly askSize: Float64Array;
  /** Bought at this price, by symbol. */
  readonly buyPrice: Float64Array;
}

/** The same for the engine and its baselines: everything is made from one seed. */
export function marketInMemory(symbols: number): MarketColumns {
  const random = seededRandom(1);
  const count = Math.max(BUFFERED_MIN, 2 ** Math.ceil(Math.log2(symbols * 2)));
  const columns = {
    symbol: new Int32Array(count),
    bid: new Float64Array(count),
    rise: new Float64Array(count),
    bidSize: new Float64Array(count),
    ask: new Float64Array(count),
    askSize: new Float64Array(count),
    buyPrice: new Float64Array(symbols),
  };
  for (let symbol = 0; symbol < symbols; symbol += 1)
    columns.buyPrice[symbol] = (1000 + Math.floor(random() * 40_000)) * CENT;
  const trades = new Float64Array(symbols);
  for (let index = 0; index < count; index += 1) {
    const symbol = Math.floor(random() * symbols);
    const isTrade = random() < 1 / QUOTES_PER_TRADE;
    if (isTrade) trades[symbol] += 1;
    const noise = isTrade ? 0 : Math.floor(random() * NOISE_CENTS) * CENT;
    const bid = columns.buyPrice[symbol] + trades[symbol] * RISE - noise;
    columns.symbol[index] = symbol;
    columns.bid[index] = bid;
    columns.ask[index] = bid + (1 + Math.floor(random() * 3)) * CENT;
    columns.bidSize[index] = SHARE;
    columns.askSize[index] = 100 * SHARE;
  }
  for (let index = 0; index < count; index += 1) columns.rise[index] = trades[columns.symbol[index]] * RISE;
  return columns;
}

/** The same in memory that threads share: whoever goes on with a session does not make it anew. */
export function sharedMarket(symbols: number): MarketColumns {
  return Object.fromEntries(
    Object.entries(marketInMemory(symbols)).map(([name, column]: [string, Int32Array | Float64Array]) => {
      const shared = new SharedArrayBuffer(column.byteLength);
      const copy = column instanceof Int32Array ? new Int32Array(shared) : new Float64Array(shared);
      copy.set(column);
      return [name, copy];
    }),
  ) as unknown as MarketColumns;
}

export function symbolName(symbol: number): string {
  return `S${symbol}`;
}
