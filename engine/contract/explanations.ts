import type { ResolvedSymbolRules } from './rules-resolve.ts';
import type { LimitRules } from './rules.ts';

/**
 * What decided a trade, beside what the trade itself says: its price is the bid, its event time the quote's. Kept with the
 * trade, and told to the audit trail. Decimals are text, times ms since the Unix epoch.
 */
export interface TradeDecision {
  /** null: nobody told it. */
  readonly bidSize: string | null;
  /** null: the quote had no ask. */
  readonly ask: string | null;
  readonly askSize: string | null;
  readonly buyPrice: string;
  readonly sharesBefore: string;
  readonly sharesAfter: string;
  /** Of the rules in force. */
  readonly rulesVersion: number;
  /** When the time to live ends; null: never. */
  readonly expiresAtBefore: number | null;
  readonly expiresAtAfter: number | null;
  /** The timer: when the ask decays next; null: none is planned. */
  readonly nextDecayAtBefore: number | null;
  readonly nextDecayAtAfter: number | null;
}

interface BeforeAndAfter<T> {
  readonly before: T;
  readonly after: T;
}

/** Why a trade was made as it was. Decimals are text, times ms since the Unix epoch. */
export interface TradeExplanation {
  readonly id: string;
  readonly symbol: string;
  /** Sentences, with the numbers that were compared. */
  readonly why: string;
  readonly shares: string;
  readonly price: string;
  readonly profit: string;
  /** null, here and below: the trade was stored by a version that did not keep what decided. */
  readonly buyPrice: string | null;
  /** The quote that was traded on; of an older trade the bid alone. */
  readonly quote: {
    readonly sequence: number;
    readonly eventTimeMs: number;
    readonly bid: string;
    readonly bidSize: string | null;
    readonly ask: string | null;
    readonly askSize: string | null;
  };
  readonly rulesVersion: number | null;
  /** That applied to the symbol; null as well where nothing has them any more. */
  readonly rules: ResolvedSymbolRules | null;
  readonly limits: Required<LimitRules> | null;
  readonly askPrice: BeforeAndAfter<string>;
  readonly sharesHeld: BeforeAndAfter<string> | null;
  /** When the time to live ends; null: never. */
  readonly expiresAtMs: BeforeAndAfter<number | null> | null;
  /** The timer: when the ask decays next; null: none is planned. */
  readonly nextDecayAtMs: BeforeAndAfter<number | null> | null;
}
