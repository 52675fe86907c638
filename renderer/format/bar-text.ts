import { formatScaled, PRICE_DECIMALS } from '../../engine/core/decimal.ts';
import { NOTHING, shownDecimal } from './decimal-text.ts';

/** A price of bars, a whole number of 5e-9, exact: nine places where they count. 0: there is none. */
export function barPriceText(halves: number, decimalsMin: number): string {
  return halves === 0 ? NOTHING : shownDecimal(formatScaled(BigInt(halves) * 5n, PRICE_DECIMALS + 1, decimalsMin));
}
