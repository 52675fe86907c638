import { formatPrice, formatShares } from '../../core/decimal.ts';
import type { QuoteBatch } from '../sources/quote-batch.ts';
import type { QuoteInput } from '../sources/quote-input.ts';
import { NO_PRICE } from '../sources/session-records.ts';
import type { SymbolTable } from '../sources/symbol-table.ts';

export const PLAIN_CSV_HEADER = 'symbol,eventTimeMs,bid,bidSize,ask,askSize';
const NEEDS_QUOTING = /[",\r\n]/;

/** One quote as a row of the plain `csv` profile, without its line end. */
export function quoteToCsv(batch: QuoteBatch, index: number, symbols: SymbolTable): string {
  const name = symbols.name(batch.symbol[index]);
  const price = (units: number): string => (units === NO_PRICE ? '' : formatPrice(units));
  const size = (units: number): string => (units < 0 ? '' : formatShares(units));
  return [
    NEEDS_QUOTING.test(name) ? `"${name.replaceAll('"', '""')}"` : name,
    String(batch.time[index] + batch.timeShiftMs),
    price(batch.bid[index]),
    size(batch.bidSize[index]),
    price(batch.ask[index]),
    size(batch.askSize[index]),
  ].join(',');
}

/** An input that is always ready (a simulator, memory) as CSV text, a batch at a time. */
export function* inputToCsv(input: QuoteInput, symbols: SymbolTable): Generator<string> {
  yield `${PLAIN_CSV_HEADER}\n`;
  while (input.fill() === 'filled') {
    const { batch } = input;
    let text = '';
    for (; batch.from < batch.to; batch.from += 1) text += `${quoteToCsv(batch, batch.from, symbols)}\n`;
    yield text;
  }
}
