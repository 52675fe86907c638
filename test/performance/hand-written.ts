import { SHARES_HELD, type MarketColumns } from './market-in-memory.ts';

const CENT = 1_000_000;
const SHARE = 1_000_000;
const ASK_INCREASE = 10 * CENT;
const NO_TRADE_BID = 1;
const NO_TRADE_CROSSED = 2;
const NO_TRADE_ASK = 3;
const NO_TRADE_SIZE = 4;
const REASONS = 5;

/** Quotes whose columns are fetched together; the engine's own number. */
const FETCHED_QUOTES = 64;

/** What a program for exactly these rules comes to: one thread, columns by symbol, nothing between source and rules. */
export class HandWrittenLoop {
  trades = 0;
  profit = 0;
  /** Read by nobody; keeps fetches from being optimized away. */
  fetched = 0;
  private readonly market: MarketColumns;
  private readonly shares: Float64Array;
  private readonly askPrice: Float64Array;
  private readonly lastBid: Float64Array;
  private readonly lastBidSize: Float64Array;
  private readonly lastAsk: Float64Array;
  private readonly lastAskSize: Float64Array;
  private readonly lastTime: Float64Array;
  private readonly reasons: Float64Array;
  private readonly changed: Uint8Array;
  private played = 0;

  constructor(market: MarketColumns) {
    const symbols = market.buyPrice.length;
    this.market = market;
    this.shares = new Float64Array(symbols).fill(SHARES_HELD);
    this.askPrice = market.buyPrice.map((price) => price + ASK_INCREASE);
    this.lastBid = new Float64Array(symbols);
    this.lastBidSize = new Float64Array(symbols);
    this.lastAsk = new Float64Array(symbols);
    this.lastAskSize = new Float64Array(symbols);
    this.lastTime = new Float64Array(symbols);
    this.reasons = new Float64Array(symbols * REASONS);
    this.changed = new Uint8Array(symbols);
  }

  /** The same with the engine's own trick: what the next quotes will touch is read ahead, all of it at once. */
  playFetched(quotes: number, quotesPerMs: number): void {
    const end = this.played + quotes;
    while (this.played < end) {
      const count = Math.min(FETCHED_QUOTES, end - this.played);
      this.fetch(count);
      this.play(count, quotesPerMs);
    }
  }

  private fetch(count: number): void {
    const { market, askPrice, lastBid, lastBidSize, lastAsk, lastAskSize, lastTime, reasons, changed } = this;
    const mask = market.symbol.length - 1;
    let sum = 0;
    for (let played = this.played; played < this.played + count; played += 1) {
      const symbol = market.symbol[played & mask];
      sum += askPrice[symbol] + lastBid[symbol] + lastBidSize[symbol] + lastAsk[symbol] + lastAskSize[symbol];
      sum += lastTime[symbol] + reasons[symbol * REASONS + NO_TRADE_ASK] + changed[symbol];
    }
    this.fetched = sum;
  }

  play(quotes: number, quotesPerMs: number): void {
    const { market, shares, askPrice, lastBid, lastBidSize, lastAsk, lastAskSize, lastTime, reasons, changed } = this;
    const mask = market.symbol.length - 1;
    const end = this.played + quotes;
    for (let played = this.played; played < end; played += 1) {
      const at = played & mask;
      const rise = market.rise[at] * Math.floor(played / market.symbol.length);
      const symbol = market.symbol[at];
      const bid = market.bid[at] + rise;
      const bidSize = market.bidSize[at];
      const ask = market.ask[at] + rise;
      lastBid[symbol] = bid;
      lastBidSize[symbol] = bidSize;
      lastAsk[symbol] = ask;
      lastAskSize[symbol] = market.askSize[at];
      lastTime[symbol] = Math.floor(played / quotesPerMs);
      changed[symbol] = 1;
      let reason = 0;
      if (bid <= 0) reason = NO_TRADE_BID;
      else if (ask > 0 && bid > ask) reason = NO_TRADE_CROSSED;
      else if (bid <= askPrice[symbol]) reason = NO_TRADE_ASK;
      else if (bidSize === 0) reason = NO_TRADE_SIZE;
      if (reason > 0) {
        reasons[symbol * REASONS + reason] += 1;
        continue;
      }
      const sold = Math.min(shares[symbol], bidSize, SHARE);
      shares[symbol] -= sold;
      askPrice[symbol] = bid + ASK_INCREASE;
      this.trades += 1;
      this.profit += (bid - market.buyPrice[symbol]) * sold;
    }
    this.played = end;
  }
}
