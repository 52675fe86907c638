/**
 * The rules document of trading-rules "Files": JSON {"version": 1, "defaults": {...}, "symbols": {...}, "limits": {...}}.
 * Types only here; the schema that checks it is rules-schema.ts beside it.
 */
export type Decimal = string;
export type Amount = Decimal | { readonly percent: Decimal };

export interface SymbolRules {
  readonly priceStep?: Decimal;
  readonly tradeWhen?: 'above' | 'at-or-above';
  readonly askOffset?: Decimal;
  readonly askIncrease?: { readonly from: 'trade-price' | 'ask'; readonly amount: Amount };
  readonly fill?: 'partial' | 'all-or-none';
  readonly maxSharesPerTrade?: Decimal | null;
  readonly ttlMs?: number;
  readonly decayEveryMs?: number;
  readonly decayAmount?: Amount;
  readonly askFloor?: { readonly percentOfBuy: Decimal } | { readonly price: Decimal } | 'none';
  readonly tradeResetsTtl?: boolean;
  readonly ignoreCrossedQuotes?: boolean;
  readonly time?: 'event' | 'processing';
  readonly lateQuotes?: 'drop' | 'process';
}

export interface LimitRules {
  readonly timeZone?: string;
  readonly maxTradesPerSecond?: number | null;
  readonly maxTradesPerDay?: number | null;
  readonly maxNotionalPerTrade?: Decimal | null;
  readonly maxNotionalPerDay?: Decimal | null;
  readonly maxLossPerDay?: Decimal | null;
}

/** Of the session as a whole, not of a symbol. */
export interface SessionRules {
  readonly outOfOrdernessMs?: number;
  readonly maxFutureMs?: number;
  readonly idleMs?: number;
}

export interface RulesDocument {
  readonly version: 1;
  readonly defaults?: SymbolRules & SessionRules;
  readonly symbols?: Readonly<Record<string, SymbolRules>>;
  readonly limits?: LimitRules;
}
