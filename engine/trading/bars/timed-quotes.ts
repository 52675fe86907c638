import { ProcessFunction, type Collector, type ProcessContext } from '../../api/functions.ts';
import type { Quote, StartingPosition } from '../records.ts';
import type { TimedQuote } from './bar-records.ts';

/** Quotes with their times, of a session's records. On the source thread; one object is sent again and again. */
export class TimedQuotes extends ProcessFunction<Quote | StartingPosition, TimedQuote> {
  readonly #sent: { -readonly [F in keyof TimedQuote]: TimedQuote[F] } & { symbolId?: number } = {
    kind: 'timed-quote',
    symbol: '',
    timeMs: 0,
    sequence: 0,
    bid: 0,
    ask: 0,
  };

  processElement(record: Quote | StartingPosition, context: ProcessContext, out: Collector<TimedQuote>): void {
    if (record.kind !== 'quote') return;
    const sent = this.#sent;
    const { symbolId } = record as Quote & { readonly symbolId?: number };
    if (symbolId === undefined) delete sent.symbolId;
    else sent.symbolId = symbolId;
    sent.symbol = record.symbol;
    sent.timeMs = context.timestamp() ?? NaN;
    sent.sequence = record.sequence;
    sent.bid = record.bid;
    sent.ask = record.ask;
    out.collect(sent);
  }
}
