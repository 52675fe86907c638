import type { TradeDecision } from '../../contract/explanations.ts';
import { formatPrice, formatShares } from '../../core/decimal.ts';

const FIRST_WORD = 8;
const WORDS = 9;

/** @param words of trade-run.ts @returns null for a trade that was stored before decisions were */
export function tradeDecision(words: Float64Array, offset: number): TradeDecision | null {
  const [bidSize, ask, askSize, sharesBefore, rulesVersion, expiresBefore, expiresAfter, decayBefore, decayAfter] =
    words.subarray(offset + FIRST_WORD, offset + FIRST_WORD + WORDS) as unknown as readonly number[];
  if (Number.isNaN(rulesVersion)) return null;
  return {
    bidSize: bidSize < 0 ? null : formatShares(bidSize),
    ask: ask > 0 ? formatPrice(ask) : null,
    askSize: ask > 0 && askSize >= 0 ? formatShares(askSize) : null,
    buyPrice: formatPrice(words[offset + 5]),
    sharesBefore: formatShares(sharesBefore),
    sharesAfter: formatShares(sharesBefore - words[offset + 3]),
    rulesVersion,
    expiresAtBefore: timeOrNull(expiresBefore),
    expiresAtAfter: timeOrNull(expiresAfter),
    nextDecayAtBefore: timeOrNull(decayBefore),
    nextDecayAtAfter: timeOrNull(decayAfter),
  };
}

function timeOrNull(timeMs: number): number | null {
  return Number.isNaN(timeMs) ? null : timeMs;
}
