import type { SingleOutputStreamOperator } from '../api/data-stream.ts';
import type { Collector } from '../api/functions.ts';
import { AsOfJoinFunction, type AsOfContext } from '../api/joins/as-of-join.ts';
import { struct, type ViewOf } from '../api/struct.ts';
import { TimedQuotes } from './bars/timed-quotes.ts';
import { TIMED_QUOTE, type TimedQuote } from './bars/bar-records.ts';
import type { SessionStream } from './job.ts';
import { NO_PRICE, type Trade } from './records.ts';

/** A trade beside the quote that stood before it: prices in 1e-8, 0: none; `quoteTimeMs` NaN: there was no quote. */
export const EXECUTION = struct('execution', {
  symbol: 'symbol',
  quoteSequence: 'f64',
  shares: 'f64',
  price: 'f64',
  bid: 'f64',
  ask: 'f64',
  quoteTimeMs: 'f64',
});
export type Execution = ViewOf<typeof EXECUTION>;

class QuoteBefore extends AsOfJoinFunction<Trade, TimedQuote, Execution> {
  processElement(trade: Trade, quote: TimedQuote | null, context: AsOfContext, out: Collector<Execution>): void {
    const { symbol, quoteSequence, shares, price } = trade;
    out.collect({
      kind: 'execution',
      symbol,
      quoteSequence,
      shares,
      price,
      bid: quote?.bid ?? NO_PRICE,
      ask: quote?.ask ?? NO_PRICE,
      quoteTimeMs: context.versionTimestamp() ?? NaN,
    });
  }
}

/**
 * Each trade with the quote that stood before its millisecond: the one that a trader could know, since the one that was
 * traded on is of that very millisecond.
 */
export function describeExecutions(
  session: SessionStream,
  trades: SingleOutputStreamOperator<Trade>,
): SingleOutputStreamOperator<Execution> {
  const quotes = session.process(new TimedQuotes()).name('timed quotes').returns(TIMED_QUOTE);
  return trades
    .keyBy('symbol')
    .asOfJoin(quotes.keyBy('symbol'))
    .strictlyBefore()
    .process(new QuoteBefore())
    .name('executions')
    .uid('executions')
    .returns(EXECUTION);
}
