import { formatPrice, formatShares } from '../../core/decimal.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';

/**
 * Quotes as the messages of a live feed, in the words of Binance's book tickers, so that one profile reads both:
 *
 *   {"e":"bookTicker","u":1763829000000123,"s":"AAPL","b":"140.50","B":"300","a":"140.52","A":"100","T":1763829000123,"E":1763829000123,"n":123}
 *
 *   u   rises with every quote, also over restarts of the server: what does not rise for a symbol was sent twice
 *   n   rises by one with every message of the server: a jump is a gap. Binance's messages do not have it
 *   T E event time, and when the message was made, ms since the Unix epoch
 *
 * A missing side has the price "0" and the size "0"; an unknown size is left out.
 */
export class BookTickerText {
  readonly #nameOf: (symbol: number) => string;
  readonly #isCombined: boolean;
  /** By symbol: the message up to the price of the bid, made once. */
  readonly #heads: { readonly stream: string; readonly symbol: string }[] = [];

  /** @param combined each message in the envelope of Binance's combined streams: {"stream":...,"data":{...}} */
  constructor(nameOf: (symbol: number) => string, combined: boolean) {
    this.#nameOf = nameOf;
    this.#isCombined = combined;
  }

  text(batch: QuoteBatch, index: number, eventTimeMs: number, updateId: number, number: number): string {
    const head = this.#head(batch.symbol[index]);
    const bid = sideText('b', 'B', batch.bid[index], batch.bidSize[index]);
    const ask = sideText('a', 'A', batch.ask[index], batch.askSize[index]);
    const data = `{"e":"bookTicker","u":${updateId},"s":${head.symbol}${bid}${ask},"T":${eventTimeMs},"E":${eventTimeMs},"n":${number}}`;
    return this.#isCombined ? `{"stream":${head.stream},"data":${data}}` : data;
  }

  #head(symbol: number): { readonly stream: string; readonly symbol: string } {
    let head = this.#heads[symbol];
    if (head === undefined) {
      const name = this.#nameOf(symbol);
      head = { symbol: JSON.stringify(name), stream: JSON.stringify(`${name.toLowerCase()}@bookTicker`) };
      this.#heads[symbol] = head;
    }
    return head;
  }
}

function sideText(priceKey: string, sizeKey: string, price: number, size: number): string {
  if (price <= 0) return `,"${priceKey}":"0","${sizeKey}":"0"`;
  const priceText = `,"${priceKey}":"${formatPrice(price)}"`;
  return size < 0 ? priceText : `${priceText},"${sizeKey}":"${formatShares(size)}"`;
}
