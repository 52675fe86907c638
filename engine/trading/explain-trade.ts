import type { TradeDecision, TradeExplanation } from '../contract/explanations.ts';
import { resolveRules, type ResolvedRules, type ResolvedSymbolRules } from '../contract/rules-resolve.ts';
import type { RulesDocument } from '../contract/rules.ts';
import type { TradeMessage } from '../contract/window.ts';

/**
 * Why a trade was made as it was, from what was kept with it.
 * @param decision null: the trade was stored by a version that did not keep it
 * @param rules of the decision's version; null: nothing has them any more
 */
export function explainTrade(
  trade: TradeMessage,
  decision: TradeDecision | null,
  rules: RulesDocument | null,
): TradeExplanation {
  const { id, symbol, shares, price, profit, eventTimeMs, quoteSequence, askBefore, askAfter } = trade;
  const resolved = rules === null ? null : resolveRules(rules);
  const own = resolved === null ? null : rulesOf(resolved, symbol);
  return {
    id,
    symbol,
    why: decision === null ? withoutDecision(trade) : whyOf(trade, decision, own),
    shares,
    price,
    profit,
    buyPrice: decision?.buyPrice ?? null,
    quote: {
      sequence: quoteSequence,
      eventTimeMs,
      bid: price,
      bidSize: decision?.bidSize ?? null,
      ask: decision?.ask ?? null,
      askSize: decision?.askSize ?? null,
    },
    rulesVersion: decision?.rulesVersion ?? null,
    rules: own,
    limits: resolved?.limits ?? null,
    askPrice: { before: askBefore, after: askAfter },
    sharesHeld: decision === null ? null : { before: decision.sharesBefore, after: decision.sharesAfter },
    expiresAtMs: decision === null ? null : { before: decision.expiresAtBefore, after: decision.expiresAtAfter },
    nextDecayAtMs: decision === null ? null : { before: decision.nextDecayAtBefore, after: decision.nextDecayAtAfter },
  };
}

function rulesOf({ defaults, symbols }: ResolvedRules, symbol: string): ResolvedSymbolRules {
  if (Object.hasOwn(symbols, symbol)) return symbols[symbol];
  // The session's own settings are no rules of a symbol.
  const { outOfOrdernessMs: _outOfOrderness, maxFutureMs: _future, idleMs: _idle, ...own } = defaults;
  return own;
}

function withoutDecision({ price, askBefore }: TradeMessage): string {
  return `${comparison(price, askBefore)}. It was stored by an earlier version of the program, which did not keep what else decided.`;
}

function whyOf(trade: TradeMessage, decision: TradeDecision, rules: ResolvedSymbolRules | null): string {
  const { shares, price, askBefore } = trade;
  const sold = `${shares} of ${decision.sharesBefore} shares were sold at it${amountText(trade, decision, rules)}`;
  return [`${comparison(price, askBefore)}: ${sold}.`, askText(trade, decision, rules), timerText(decision)]
    .filter((sentence) => sentence !== '')
    .join(' ');
}

/** Prices are written in one way only, so equal ones are equal texts. */
function comparison(price: string, askBefore: string): string {
  return `The bid ${price} was ${price === askBefore ? 'at' : 'above'} our ask price ${askBefore}`;
}

function amountText({ shares }: TradeMessage, decision: TradeDecision, rules: ResolvedSymbolRules | null): string {
  if (shares === decision.sharesBefore) return ', all that were held';
  if (shares === decision.bidSize) return ', as many as the bid was for';
  return shares === rules?.maxSharesPerTrade ? ', as many as one trade may sell' : '';
}

function askText(trade: TradeMessage, { sharesAfter }: TradeDecision, rules: ResolvedSymbolRules | null): string {
  if (sharesAfter === '0') return 'Nothing was left: the position was closed.';
  const { askBefore, askAfter } = trade;
  if (rules === null) return `Our ask price went from ${askBefore} to ${askAfter}.`;
  const { from, amount } = rules.askIncrease;
  const base = from === 'ask' ? 'the ask before' : 'the trade price';
  const by = typeof amount === 'string' ? amount : `${amount.percent} %`;
  return `Our ask price went from ${askBefore} to ${askAfter}: ${base} and ${by}.`;
}

function timerText({ sharesAfter, nextDecayAtBefore, nextDecayAtAfter }: TradeDecision): string {
  if (nextDecayAtBefore === nextDecayAtAfter || sharesAfter === '0') return '';
  return nextDecayAtBefore === null
    ? 'It woke the decay of the ask price, which had reached its floor.'
    : 'It started the time to live anew, and the next decay moved with it.';
}
