import { ruleOf } from '../../contract/rules-resolve.ts';
import type { RulesDocument } from '../../contract/rules.ts';
import type { SessionParameters } from '../session/session-parameters.ts';
import type { PendingPosition } from './row-cache.ts';

/** Of a symbol whose rules name no price step. */
const PRICE_STEP_DEFAULT = '0.01';

export interface PendingRow {
  readonly symbol: string;
  readonly position: PendingPosition;
}

/**
 * Positions that are in sight from the start, also of a session that is opened paused.
 * @returns latest first: of several of a symbol the earliest is shown, because the last one put into its row stays
 */
export function pendingRows(positions: SessionParameters['positions'], rules: RulesDocument): readonly PendingRow[] {
  const openedAtOf = (openedAt: number | null): number => openedAt ?? -Infinity;
  return [...positions]
    .sort((left, right) => openedAtOf(right.openedAt) - openedAtOf(left.openedAt))
    .map(({ symbol, shares, buyPrice, openedAt }) => {
      const priceDecimals = decimalsOf(ruleOf(rules, symbol, 'priceStep') ?? PRICE_STEP_DEFAULT);
      return { symbol, position: { shares, buyPrice, openedAtMs: openedAt ?? NaN, priceDecimals } };
    });
}

/** Places of a price step, two at least: "0.01" has 2. */
function decimalsOf(step: string): number {
  return Math.max(2, step.includes('.') ? step.length - step.indexOf('.') - 1 : 0);
}
