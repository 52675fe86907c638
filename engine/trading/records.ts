import { OutputTag } from '../api/output-tag.ts';
import { struct, type ViewOf } from '../api/struct.ts';
import type { RulesDocument } from '../contract/rules.ts';

/**
 * What travels in FlinkTrade's job. Prices are whole numbers of 1e-8, sizes and shares of 1e-6 (core/decimal.ts);
 * event time is the record's timestamp, not a field.
 */

/** A missing side of a quote: no price. */
export const NO_PRICE = 0;
/** A size nobody told: unknown. A size of 0 is known, and nothing can be sold into it. */
export const SIZE_UNKNOWN = -1;

export const QUOTE = struct('quote', {
  symbol: 'symbol',
  bid: 'f64',
  bidSize: 'f64',
  ask: 'f64',
  askSize: 'f64',
  /** Place among the well-formed quotes of the session, from 0. */
  sequence: 'f64',
});
export type Quote = ViewOf<typeof QUOTE>;

/** `ttlMs` is -1 when the position does not bring its own. The timestamp is `openedAt`. */
export const POSITION = struct('position', { symbol: 'symbol', shares: 'f64', buyPrice: 'f64', ttlMs: 'f64' });
export type StartingPosition = ViewOf<typeof POSITION>;

/**
 * Profit is not carried: it is (price - buyPrice) x shares, exact, wherever it is shown. What stands below `askAfter` is why
 * it was decided so: a trade can be explained long after the state has changed.
 */
export const TRADE = struct('trade', {
  symbol: 'symbol',
  shares: 'f64',
  price: 'f64',
  buyPrice: 'f64',
  quoteSequence: 'f64',
  askBefore: 'f64',
  askAfter: 'f64',
  /** The rest of the quote that was traded on; its bid is the price. */
  bidSize: 'f64',
  ask: 'f64',
  askSize: 'f64',
  sharesBefore: 'f64',
  /** Of the rules in force. */
  rulesVersion: 'f64',
  /** When the time to live ends, on the clock of the rules; NaN: never. */
  expiresBefore: 'f64',
  expiresAfter: 'f64',
  /** The timer: when the ask decays next; NaN: none is planned. */
  decayBefore: 'f64',
  decayAfter: 'f64',
});
export type Trade = ViewOf<typeof TRADE>;

/** Broadcast records: every key sees them from their place in the stream on. */
export type ControlRecord =
  | { readonly kind: 'rules'; readonly rules: RulesDocument; readonly version: number }
  | { readonly kind: 'halt'; readonly by: string }
  | { readonly kind: 'rearm'; readonly by: string };

export const CONTROL = new OutputTag<ControlRecord>('control');
/** Quotes that came too late and whose rules drop them. */
export const LATE_QUOTES = new OutputTag<Quote>('late-quotes', QUOTE);

export { REASONS, type Reason } from '../contract/frames.ts';
