import { STATUS_CLOSED, STATUS_NO_POSITION } from '../contract/frames.ts';
import { formatPrice, formatShares } from '../core/decimal.ts';
import type { SymbolRulesCompiled } from './compiled-rules.ts';
import { expiresAt } from './decay.ts';
import { PLAN_EVENT_TIME, PLAN_NONE, type PositionState } from './position-state.ts';
import { REASONS, type Reason } from './records.ts';

/** Why a symbol did or did not trade on its last quote. Decimals are text, times ms since the Unix epoch. */
export interface Explanation {
  readonly symbol: string;
  /** One sentence, with the numbers that were compared. */
  readonly why: string;
  /** null: the last quote traded, or nothing was held. */
  readonly reason: Reason | null;
  readonly bid: string | null;
  readonly bidSize: string | null;
  readonly ask: string | null;
  readonly quoteTimeMs: number | null;
  readonly askPrice: string | null;
  readonly shares: string | null;
  /** The one timer that is pending: the next decay of the ask price; null: none is. */
  readonly timerAtMs: number | null;
  readonly timerClock: 'event-time' | 'processing-time' | null;
  readonly expiresAtMs: number | null;
  /** The ask price never decays below it. */
  readonly floor: string | null;
}

export function explain(state: PositionState, rules: SymbolRulesCompiled): Explanation {
  const isHeld = state.status !== STATUS_NO_POSITION;
  const expiry = isHeld ? expiresAt(state, rules) : Infinity;
  const hasTimer = state.plan !== PLAN_NONE;
  return {
    symbol: state.symbol,
    why: whyOf(state, rules),
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

function whyOf(state: PositionState, rules: SymbolRulesCompiled): string {
  if (state.status === STATUS_NO_POSITION) return 'It is quoted, and no position is held.';
  if (state.status === STATUS_CLOSED) return 'The position is closed: all its shares were sold.';
  if (state.quoted === 0) return 'The position is open, and there was no quote yet.';
  if (state.lastReason === 0)
    return state.trades === 0
      ? 'There was no quote since the position was opened.'
      : `The last quote traded, at ${formatPrice(state.lastTradePrice)}.`;
  return `The last quote did not trade: ${becauseOf(REASONS[state.lastReason - 1], state, rules)}`;
}

function becauseOf(reason: Reason, state: PositionState, rules: SymbolRulesCompiled): string {
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
    case 'size': {
      const size = state.bidSize < 0 ? 'an unknown size' : `a size of ${formatShares(state.bidSize)}`;
      return `a bid for ${size} cannot be filled from ${formatShares(state.shares)} shares.`;
    }
    default:
      return `it would have broken the limit ${reason.slice('limit:'.length)}.`;
  }
}

/** The ask price may have decayed since: a decay never trades by itself. */
function bidText({ bid, askPrice }: PositionState, { tradesAtAsk }: SymbolRulesCompiled): string {
  const compared = `the bid ${formatPrice(bid)}`;
  const own = `our ask price ${formatPrice(askPrice)}`;
  if (tradesAtAsk ? bid >= askPrice : bid > askPrice)
    return `${compared} was too low then. It no longer is: ${own} has come down since, and the next such quote trades.`;
  return `${compared} is ${tradesAtAsk ? 'below' : 'not above'} ${own}.`;
}
