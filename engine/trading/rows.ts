import { ROW, STATUS_CLOSED, STATUS_NO_POSITION } from '../contract/frames.ts';
import { formatMoney, formatPrice, formatShares } from '../core/decimal.ts';
import type { SymbolRulesCompiled } from './compiled-rules.ts';
import { expiresAt } from './decay.ts';
import { PLAN_NONE, reasonCount, profitOf, type PositionState } from './position-state.ts';
import { REASONS, type Reason } from './records.ts';

const PROFIT_WORD_BITS = 64n;

/** The number of the state's symbol in the job's dictionary; views of symbol fields have it beside the text. */
function symbolIdOf(state: PositionState): number {
  return (state as PositionState & { readonly symbolId: number }).symbolId;
}

/** Writes one row in the layout of contract/frames.ts. */
export function fillRow(
  state: PositionState,
  rules: SymbolRulesCompiled,
  numbers: Float64Array,
  integers: BigInt64Array,
  offset: number,
): void {
  const held = state.status !== STATUS_NO_POSITION;
  const expiry = held ? expiresAt(state, rules) : Infinity;
  const profit = profitOf(state);
  numbers[offset + ROW.symbol] = symbolIdOf(state);
  numbers[offset + ROW.status] = state.status;
  numbers[offset + ROW.shares] = state.shares;
  numbers[offset + ROW.buyPrice] = state.buyPrice;
  numbers[offset + ROW.askPrice] = state.askPrice;
  numbers[offset + ROW.lastTradePrice] = state.lastTradePrice;
  integers[offset + ROW.profitLow] = profit;
  integers[offset + ROW.profitHigh] = profit >> PROFIT_WORD_BITS;
  numbers[offset + ROW.openedAtMs] = held ? state.openedAt : NaN;
  numbers[offset + ROW.expiresAtMs] = expiry === Infinity ? NaN : expiry;
  numbers[offset + ROW.nextDecayAtMs] = state.plan === PLAN_NONE ? NaN : state.nextDecayAt;
  numbers[offset + ROW.trades] = state.trades;
  numbers[offset + ROW.bid] = state.bid;
  numbers[offset + ROW.ask] = state.ask;
  numbers[offset + ROW.bidSize] = state.bidSize;
  numbers[offset + ROW.askSize] = state.askSize;
  numbers[offset + ROW.quoteTimeMs] = state.quoted === 1 ? state.quoteTime : NaN;
  numbers[offset + ROW.lastReason] = state.lastReason - 1;
  numbers[offset + ROW.priceDecimals] = rules.priceDecimals;
}

/** A row of reason counts: the symbol's number, then a count for each of REASONS. */
export const REASON_ROW_WORDS = 1 + REASONS.length;

/** Writes how often each reason kept this symbol's position from trading. */
export function fillReasonRow(state: PositionState, numbers: Float64Array, offset: number): void {
  numbers[offset] = symbolIdOf(state);
  REASONS.forEach((_, place) => {
    numbers[offset + 1 + place] = reasonCount(state, place);
  });
}

/** trading-rules "Records": a position as a person reads it. Decimals are text, times ms since the Unix epoch. */
export interface PositionRow {
  readonly symbol: string;
  readonly shares: string;
  readonly buyPrice: string;
  readonly askPrice: string;
  readonly lastTradePrice: string;
  readonly profit: string;
  readonly status: 'open' | 'closed';
  readonly openedAt: number;
  /** null: never. A closed row keeps it: it stays as it was. */
  readonly expiresAt: number | null;
  /** null: none is planned. */
  readonly nextDecayAt: number | null;
  readonly trades: number;
}

/** @returns null for a symbol that was quoted and never held */
export function positionRow(state: PositionState, rules: SymbolRulesCompiled): PositionRow | null {
  if (state.status === STATUS_NO_POSITION) return null;
  const expiry = expiresAt(state, rules);
  return {
    symbol: state.symbol,
    shares: formatShares(state.shares),
    buyPrice: formatPrice(state.buyPrice),
    askPrice: formatPrice(state.askPrice),
    lastTradePrice: formatPrice(state.lastTradePrice),
    profit: formatMoney(profitOf(state)),
    status: state.status === STATUS_CLOSED ? 'closed' : 'open',
    openedAt: state.openedAt,
    expiresAt: expiry === Infinity ? null : expiry,
    nextDecayAt: state.plan === PLAN_NONE ? null : state.nextDecayAt,
    trades: state.trades,
  };
}

/** How often each reason kept an open position of this symbol from trading; reasons that never did are left out. */
export function reasonCounts(state: PositionState): Partial<Record<Reason, number>> {
  const counts: Partial<Record<Reason, number>> = {};
  REASONS.forEach((reason, index) => {
    const count = reasonCount(state, index);
    if (count > 0) counts[reason] = count;
  });
  return counts;
}
