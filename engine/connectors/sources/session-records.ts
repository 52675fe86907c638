/**
 * What a session source emits. The shapes are those of the trading job's own records; they are written down here once
 * more because connectors know nothing of trading: whoever joins the two (entry) lets the compiler compare them.
 */

/** A missing side of a quote: no price. */
export const NO_PRICE = 0;
/** A size nobody told. A size of 0 is known. */
export const SIZE_UNKNOWN = -1;

/** Prices in 1e-8, sizes in 1e-6; the event time is the record's timestamp. One object, reused for every quote. */
export interface SessionQuote {
  readonly kind: 'quote';
  symbol: string;
  /** The symbol's number in the job's dictionary, where the host gave one: saves the job a look-up per quote. */
  symbolId?: number;
  bid: number;
  bidSize: number;
  ask: number;
  askSize: number;
  sequence: number;
}

/** A starting position as the stream carries it: shares in 1e-6, price in 1e-8, `ttlMs` -1 when it brings none. */
export interface SessionPosition {
  readonly kind: 'position';
  symbol: string;
  shares: number;
  buyPrice: number;
  ttlMs: number;
}

export type SessionRecord = SessionQuote | SessionPosition;

/** A starting position as its file names it. */
export interface PlannedPosition {
  readonly symbol: string;
  /** 1e-6 shares. */
  readonly shares: number;
  /** 1e-8. */
  readonly buyPrice: number;
  /** null: the rules decide. */
  readonly ttlMs: number | null;
  /** Event time, or null: ahead of the first quote of the session. */
  readonly openedAt: number | null;
}
