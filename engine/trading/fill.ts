import type { SymbolRulesCompiled } from './compiled-rules.ts';
import { SIZE_UNKNOWN } from './records.ts';

/**
 * How many shares a bid takes: trading-rules `fill`. A negative size is unknown; a size of 0 is known and takes nothing.
 * @returns 1e-6 shares; 0: the bid's size does not allow a trade (reason `size`)
 */
export function sharesToSell(held: number, bidSize: number, rules: SymbolRulesCompiled): number {
  const isKnown = bidSize > SIZE_UNKNOWN;
  const most = Math.min(held, rules.maxSharesPerTrade);
  if (!rules.allOrNone) return isKnown ? Math.min(most, bidSize) : most;
  return isKnown && bidSize <= most ? bidSize : 0;
}
