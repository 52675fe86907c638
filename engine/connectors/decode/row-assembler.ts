import { createQuoteBatch, type OwnedQuoteBatch } from '../sources/quote-batch.ts';
import { NO_PRICE, SIZE_UNKNOWN } from '../sources/session-records.ts';

/** A row may complete the pending one and be a quote itself. */
export const QUOTES_PER_ROW_MAX = 2;

/**
 * Puts decoded rows into the batch. Where the profile says `pairSides`, a row that has only a bid and the next row, that
 * has only an ask at the same time for the same symbol, are one quote (as some venues write them); any other row is a
 * quote by itself. The size of a missing side is dropped, for nothing can be sold at no price.
 */
export class RowAssembler {
  readonly batch: OwnedQuoteBatch;
  readonly #pairSides: boolean;
  #pending = false;
  #pendingSymbol = 0;
  #pendingTimeMs = 0;
  #pendingBid = 0;
  #pendingBidSize = 0;
  #pendingLine = 0;

  constructor(pairSides: boolean, batchQuotes?: number) {
    this.#pairSides = pairSides;
    this.batch = createQuoteBatch(batchQuotes);
  }

  hasRoom(): boolean {
    return this.batch.to + QUOTES_PER_ROW_MAX <= this.batch.capacity;
  }

  add(symbol: number, timeMs: number, bid: number, bidSize: number, ask: number, askSize: number, line: number): void {
    if (!this.#pairSides) {
      this.#put(symbol, timeMs, bid, bidSize, ask, askSize, line, 1);
      return;
    }
    const bidOnly = bid > NO_PRICE && ask <= NO_PRICE;
    if (this.#pending) {
      const pairs =
        bid <= NO_PRICE && ask > NO_PRICE && symbol === this.#pendingSymbol && timeMs === this.#pendingTimeMs;
      if (pairs) {
        this.#pending = false;
        this.#put(symbol, timeMs, this.#pendingBid, this.#pendingBidSize, ask, askSize, this.#pendingLine, 2);
        return;
      }
      this.flush();
    }
    if (!bidOnly) {
      this.#put(symbol, timeMs, bid, bidSize, ask, askSize, line, 1);
      return;
    }
    this.#pending = true;
    this.#pendingSymbol = symbol;
    this.#pendingTimeMs = timeMs;
    this.#pendingBid = bid;
    this.#pendingBidSize = bidSize;
    this.#pendingLine = line;
  }

  /** No partner comes any more. */
  flush(): void {
    if (!this.#pending) return;
    this.#pending = false;
    this.#put(
      this.#pendingSymbol,
      this.#pendingTimeMs,
      this.#pendingBid,
      this.#pendingBidSize,
      NO_PRICE,
      SIZE_UNKNOWN,
      this.#pendingLine,
      1,
    );
  }

  #put(
    symbol: number,
    timeMs: number,
    bid: number,
    bidSize: number,
    ask: number,
    askSize: number,
    line: number,
    rows: number,
  ): void {
    const { batch } = this;
    const at = batch.to;
    batch.symbol[at] = symbol;
    batch.time[at] = timeMs;
    batch.line[at] = line;
    batch.rows[at] = rows;
    if (bid > NO_PRICE) {
      batch.bid[at] = bid;
      batch.bidSize[at] = bidSize;
    } else {
      batch.bid[at] = NO_PRICE;
      batch.bidSize[at] = SIZE_UNKNOWN;
    }
    if (ask > NO_PRICE) {
      batch.ask[at] = ask;
      batch.askSize[at] = askSize;
    } else {
      batch.ask[at] = NO_PRICE;
      batch.askSize[at] = SIZE_UNKNOWN;
    }
    batch.to = at + 1;
  }
}
