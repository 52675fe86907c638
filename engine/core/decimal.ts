import type { Brand } from './brand.ts';
import { fail, ok, type Result } from './result.ts';

/**
 * Exact decimals. A price is a whole number of 1e-8, a share quantity a whole number of 1e-6, both held in a JavaScript
 * number that is always a safe integer; money (price x shares) is a bigint of 1e-14, where sums never overflow.
 *
 * Bounds: PRICE_MAX is half of what a safe integer holds, so that the sum of two prices is exact as well;
 * SHARES_MAX is what a safe integer holds. A value beyond them is refused at the door, never rounded.
 */
export type PriceUnits = Brand<number, 'PriceUnits'>;
export type ShareUnits = Brand<number, 'ShareUnits'>;
export type MoneyUnits = Brand<bigint, 'MoneyUnits'>;

export const PRICE_DECIMALS = 8;
export const SHARE_DECIMALS = 6;
export const MONEY_DECIMALS = 14;
/** 45,035,996.27370495: the largest price (and the largest rule amount) that is held exactly. */
export const PRICE_MAX = (2 ** 52 - 1) as PriceUnits;
/** 9,007,199,254.740991 shares. */
export const SHARES_MAX = Number.MAX_SAFE_INTEGER as ShareUnits;

export type DecimalProblem = 'empty' | 'not-a-decimal' | 'too-many-decimals' | 'out-of-range';

/** Digits with an optional sign and point; no exponent, no separators, no blanks. */
const DECIMAL_PATTERN = /^([+-]?)(\d*)(?:\.(\d*))?$/;

/**
 * Reads decimal text as a whole number of 10^-decimals.
 * Trailing zeros beyond `decimals` are harmless; any other digit there is refused as `too-many-decimals`.
 */
export function parseScaled(text: string, decimals: number): Result<bigint, DecimalProblem> {
  if (text.length === 0) return fail('empty');
  const match = DECIMAL_PATTERN.exec(text);
  if (match === null) return fail('not-a-decimal');
  const [, sign = '', whole = '', fraction = ''] = match;
  if (whole.length + fraction.length === 0) return fail('not-a-decimal');
  const kept = fraction.slice(0, decimals).padEnd(decimals, '0');
  if (/[1-9]/.test(fraction.slice(decimals))) return fail('too-many-decimals');
  const units = BigInt(whole + kept);
  return ok(sign === '-' ? -units : units);
}

function parseSafe(text: string, decimals: number, max: number): Result<number, DecimalProblem> {
  const scaled = parseScaled(text, decimals);
  if (!scaled.ok) return scaled;
  if (scaled.value > BigInt(max) || scaled.value < -BigInt(max)) return fail('out-of-range');
  return ok(Number(scaled.value));
}

/** @returns the price in 1e-8; zero and negative values are read as they are, the caller decides what they mean */
export function parsePrice(text: string): Result<PriceUnits, DecimalProblem> {
  return parseSafe(text, PRICE_DECIMALS, PRICE_MAX) as Result<PriceUnits, DecimalProblem>;
}

/** @returns the quantity in 1e-6 shares */
export function parseShares(text: string): Result<ShareUnits, DecimalProblem> {
  return parseSafe(text, SHARE_DECIMALS, SHARES_MAX) as Result<ShareUnits, DecimalProblem>;
}

/** price x shares, exact. */
export function notional(price: number, shares: number): MoneyUnits {
  return (BigInt(price) * BigInt(shares)) as MoneyUnits;
}

/**
 * Writes a scaled whole number as plain decimal text: no exponent, no separators, trailing zeros cut down to
 * `decimalsMin` places ("140.50" for decimalsMin 2).
 */
export function formatScaled(units: bigint | number, decimals: number, decimalsMin: number): string {
  const negative = units < 0;
  const digits = String(negative ? -units : units).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  let end = digits.length;
  const keep = digits.length - decimals + decimalsMin;
  while (end > keep && digits.charCodeAt(end - 1) === 48) end -= 1;
  const fraction = digits.slice(digits.length - decimals, end);
  const text = fraction.length === 0 ? whole : `${whole}.${fraction}`;
  return negative ? `-${text}` : text;
}

export function formatPrice(units: number, decimalsMin = 2): string {
  return formatScaled(units, PRICE_DECIMALS, decimalsMin);
}

export function formatShares(units: number | bigint): string {
  return formatScaled(units, SHARE_DECIMALS, 0);
}

export function formatMoney(units: bigint, decimalsMin = 2): string {
  return formatScaled(units, MONEY_DECIMALS, decimalsMin);
}

/**
 * `percent` of `base`, rounded half up to whole steps (the only rounding in the product; trading-rules "Numbers").
 * @param base price in 1e-8, zero or more
 * @param percentScaled percent in 1e-8 ("0.5" is 50_000_000), zero or more
 * @param step price step in 1e-8, 1 or more
 */
export function percentOf(base: number, percentScaled: number, step: number): number {
  const divisor = BigInt(step) * 100n * 10n ** BigInt(PRICE_DECIMALS);
  const steps = (2n * BigInt(base) * BigInt(percentScaled) + divisor) / (2n * divisor);
  return Number(steps * BigInt(step));
}
