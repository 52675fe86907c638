import type { Explanation } from '../contract/explanations.ts';
import { STATUS_CLOSED, STATUS_NO_POSITION } from '../contract/frames.ts';
import { assertNever } from '../core/assert.ts';
import { formatMoney, formatPrice, formatShares, notional } from '../core/decimal.ts';
import type { LimitsCompiled, SymbolRulesCompiled } from './compiled-rules.ts';
import { expiresAt } from './decay.ts';
import { sharesToSell } from './fill.ts';
import { PLAN_EVENT_TIME, PLAN_NONE, type PositionState } from './position-state.ts';
import { REASONS, type Reason } from './records.ts';

/** What the circuit breakers compared last, in 1e-14. */
export interface DayTotals {
  readonly notional: bigint;
  readonly profit: bigint;
}

/** @param totals null: as of a checkpoint they are not looked up */
export function explain(
  state: PositionState,
  rules: SymbolRulesCompiled,
  limits: LimitsCompiled,
  totals: DayTotals | null,
): Explanation {
  const isHeld = state.status !== STATUS_NO_POSITION;
  const expiry = isHeld ? expiresAt(state, rules) : Infinity;
  const hasTimer = state.plan !== PLAN_NONE;
  return {
    symbol: state.symbol,
    why: whyOf(state, rules, limits, totals),
    reason: state.lastReason === 0 ? null : REASONS[state.lastReason - 1],
    bid: priceOf(state.bid),
    bidSize: state.quoted === 1 && state.bidSize >= 0 ? formatShares(state.bidSize) : null,
    ask: priceOf(state.ask),
    quoteTimeMs: state.quoted === 1 ? state.quoteTime : null,
    askPrice: isHeld ? formatPrice(state.askPrice) : null,
    shares: isHeld ? formatShares(state.shares) : null,
    timerAtMs: hasTimer ? state.nextDecayAt : null,
    timerClock: hasTimer ? (state.plan === PLAN_EVENT_TIME ? 'event-time' : 'processing-time') : null,
    expiresAtMs: expiry === Infinity ? null : expiry,
    floor: isHeld && state.hasFloor === 1 ? formatPrice(state.floor) : null,
  };
}

function priceOf(units: number): string | null {
  return units > 0 ? formatPrice(units) : null;
}

function whyOf(
  state: PositionState,
  rules: SymbolRulesCompiled,
  limits: LimitsCompiled,
  totals: DayTotals | null,
): string {
  if (state.status === STATUS_NO_POSITION) return 'It is quoted, and no position is held.';
  if (state.status === STATUS_CLOSED) return 'The position is closed: all its shares were sold.';
  if (state.quoted === 0) return 'The position is open, and there was no quote yet.';
  if (state.lastReason === 0)
    return state.trades === 0
      ? 'There was no quote since the position was opened.'
      : `The last quote traded, at ${formatPrice(state.lastTradePrice)}.`;
  const reason = REASONS[state.lastReason - 1];
  const because = isLimit(reason) ? limitText(reason, state, rules, limits, totals) : becauseOf(reason, state, rules);
  return `The last quote did not trade: ${because}`;
}

type LimitReason = Extract<Reason, `limit:${string}`>;

function isLimit(reason: Reason): reason is LimitReason {
  return reason.startsWith('limit:');
}

function becauseOf(reason: Exclude<Reason, LimitReason>, state: PositionState, rules: SymbolRulesCompiled): string {
  const bid = formatPrice(state.bid);
  switch (reason) {
    case 'halted':
      return 'the kill switch is on.';
    case 'no-bid':
      return 'it had no bid.';
    case 'crossed':
      return `its bid ${bid} is above its own ask ${formatPrice(state.ask)}, and crossed quotes are ignored.`;
    case 'bid-not-above-ask':
      return bidText(state, rules);
    case 'size':
      return sizeText(state, rules);
    default:
      return assertNever(reason);
  }
}

function sizeText({ bidSize, shares }: PositionState, { maxSharesPerTrade }: SymbolRulesCompiled): string {
  if (bidSize > maxSharesPerTrade && shares > maxSharesPerTrade)
    return `a bid for ${formatShares(bidSize)} shares is above the ${formatShares(maxSharesPerTrade)} that one trade may sell, and it is filled whole or not at all.`;
  const size = bidSize < 0 ? 'an unknown size' : `a size of ${formatShares(bidSize)}`;
  return `a bid for ${size} cannot be filled from ${formatShares(shares)} shares.`;
}

/** The counts are those of the newest second and day with a trade, which is where a limit was met. */
function limitText(
  reason: LimitReason,
  { bid, bidSize, shares, tradesInSecond, tradesInDay }: PositionState,
  rules: SymbolRulesCompiled,
  limits: LimitsCompiled,
  totals: DayTotals | null,
): string {
  switch (reason) {
    case 'limit:maxTradesPerSecond':
      return `it had traded ${tradesInSecond} times in that second, and maxTradesPerSecond is ${limits.maxTradesPerSecond}.`;
    case 'limit:maxTradesPerDay':
      return `it had traded ${tradesInDay} times on that day, and maxTradesPerDay is ${limits.maxTradesPerDay}.`;
    case 'limit:maxNotionalPerTrade': {
      const sold = sharesToSell(shares, bidSize, rules);
      const allowed = moneyText(limits.maxNotionalPerTrade?.toBigInt() ?? null);
      return `${formatShares(sold)} shares at ${formatPrice(bid)} come to ${formatMoney(notional(bid, sold))}, and maxNotionalPerTrade is ${allowed}.`;
    }
    case 'limit:maxNotionalPerDay':
      return `the trades of all symbols came to ${moneyText(totals?.notional ?? null)} on that day, and maxNotionalPerDay is ${moneyText(limits.maxNotionalPerDay)}.`;
    case 'limit:maxLossPerDay':
      return `the trades of all symbols lost ${moneyText(totals === null ? null : -totals.profit)} on that day, and maxLossPerDay is ${moneyText(limits.maxLossPerDay)}.`;
    default:
      return assertNever(reason);
  }
}

/** Limits may have been changed, or lifted, since. */
function moneyText(units: bigint | null): string {
  return units === null ? 'not known here' : formatMoney(units);
}

/** The ask price may have decayed since: a decay never trades by itself. */
function bidText({ bid, askPrice }: PositionState, { tradesAtAsk }: SymbolRulesCompiled): string {
  const compared = `the bid ${formatPrice(bid)}`;
  const own = `our ask price ${formatPrice(askPrice)}`;
  if (tradesAtAsk ? bid >= askPrice : bid > askPrice)
    return `${compared} was too low then. It no longer is: ${own} has come down since, and the next such quote trades.`;
  return `${compared} is ${tradesAtAsk ? 'below' : 'not above'} ${own}.`;
}
