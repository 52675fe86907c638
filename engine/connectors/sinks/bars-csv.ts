import type { SinkWriter } from '../../api/sink.ts';
import type { BarPrice } from '../../contract/bars.ts';
import { formatScaled, PRICE_DECIMALS } from '../../core/decimal.ts';
import { rangeOf, type Bar } from '../../trading/bars/bar-records.ts';
import { csvField } from './trades-csv.ts';

export const BARS_CSV_HEADER = 'symbol,startMs,open,high,low,close,quotes';

/** A price of bars, in 5e-9, as exact decimal text: nine places at most, two at least. */
export function formatBarPrice(halves: number): string {
  return formatScaled(BigInt(halves) * 5n, PRICE_DECIMALS + 1, 2);
}

interface KeptBar {
  readonly symbol: string;
  readonly startMs: number;
  readonly line: string;
}

/** Collects bars of one price as lines of CSV. Coordinator thread only. */
export class BarsCollector implements SinkWriter<Bar> {
  readonly #price: BarPrice;
  readonly #bars: KeptBar[] = [];

  constructor(price: BarPrice) {
    this.#price = price;
  }

  get count(): number {
    return this.#bars.length;
  }

  /** A bar without the price (there was never a bid) is none. */
  write(bar: Bar): void {
    const { open, high, low, close } = rangeOf(bar, this.#price);
    if (open === 0) return;
    const { symbol, startMs, quotes } = bar;
    const prices = [open, high, low, close].map(formatBarPrice).join(',');
    this.#bars.push({ symbol, startMs, line: `${csvField(symbol)},${startMs},${prices},${quotes}` });
  }

  /** By start, then symbol: the same whoever made which bar. */
  *lines(): Generator<string> {
    yield `${BARS_CSV_HEADER}\n`;
    this.#bars.sort((left, right) => left.startMs - right.startMs || (left.symbol < right.symbol ? -1 : 1));
    for (const { line } of this.#bars) yield `${line}\n`;
  }
}
