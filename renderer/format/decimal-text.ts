/**
 * Numbers as a trader reads them: thousands separators, a true minus, every digit exact. Prices arrive as whole numbers
 * of 1e-8, shares of 1e-6, money as a bigint of 1e-14; none of them ever passes through a binary fraction.
 */
export const MINUS = '\u2212';
export const PLUS = '+';
/** Shown where there is no value; zero is a value and is shown as one. */
export const NOTHING = '\u2013';

const PRICE_DECIMALS = 8;
const SHARE_DECIMALS = 6;
const MONEY_DECIMALS = 14;
const POWERS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);

/** "1234567" -> "1,234,567". */
function grouped(digits: string): string {
  if (digits.length <= 3) return digits;
  const head = digits.length % 3;
  let text = head === 0 ? '' : digits.slice(0, head);
  for (let at = head; at < digits.length; at += 3) text += (text === '' ? '' : ',') + digits.slice(at, at + 3);
  return text;
}

/** Fraction digits without trailing zeros, but never fewer than `decimalsMin`. */
function trimmed(fraction: string, decimalsMin: number): string {
  let end = fraction.length;
  while (end > decimalsMin && fraction.charCodeAt(end - 1) === 48) end -= 1;
  return fraction.slice(0, end);
}

/** A whole number of 10^-decimals, held in a safe integer. Shows more than `decimalsMin` places only where they count. */
function scaledText(units: number, decimals: number, decimalsMin: number): string {
  const size = Math.abs(units);
  const power = POWERS[decimals];
  const fractionUnits = size % power;
  const whole = grouped(String((size - fractionUnits) / power));
  const fraction = trimmed(String(fractionUnits).padStart(decimals, '0'), decimalsMin);
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return units < 0 ? MINUS + text : text;
}

export function priceText(units: number, decimalsMin: number): string {
  return scaledText(units, PRICE_DECIMALS, decimalsMin);
}

/** Decimals that a price needs to be shown whole, but never fewer than `decimalsMin`. */
export function priceDecimals(units: number, decimalsMin: number): number {
  let decimals = decimalsMin;
  while (decimals < PRICE_DECIMALS && units % POWERS[PRICE_DECIMALS - decimals] !== 0) decimals += 1;
  return decimals;
}

export function sharesText(units: number): string {
  return scaledText(units, SHARE_DECIMALS, 0);
}

function scaledBigText(units: bigint, decimals: number, decimalsMin: number): string {
  const size = units < 0n ? -units : units;
  const digits = size.toString().padStart(decimals + 1, '0');
  const whole = grouped(digits.slice(0, digits.length - decimals));
  const fraction = trimmed(digits.slice(digits.length - decimals), decimalsMin);
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return units < 0n ? MINUS + text : text;
}

/** Sums of shares, which may pass what a number holds exactly. */
export function sharesSumText(units: bigint): string {
  return scaledBigText(units, SHARE_DECIMALS, 0);
}

export function moneyText(units: bigint, decimalsMin = 2): string {
  return scaledBigText(units, MONEY_DECIMALS, decimalsMin);
}

/** Money with its sign always said, so that colour is never the only sign of it; zero has none. */
export function signedMoneyText(units: bigint, decimalsMin = 2): string {
  return units > 0n ? PLUS + moneyText(units, decimalsMin) : moneyText(units, decimalsMin);
}

/** Decimal text of the contract ("-1234.50") as it is shown ("−1,234.50"). Text that is no decimal is left alone. */
export function shownDecimal(text: string): string {
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (match === null) return text;
  const [, sign = '', whole = '', fraction = ''] = match;
  return (sign === '-' ? MINUS : '') + grouped(whole) + fraction;
}

/** The same with a plus before a gain. */
export function shownSignedDecimal(text: string): string {
  const shown = shownDecimal(text);
  return shown.startsWith(MINUS) || /^[0.,]*$/.test(text) ? shown : PLUS + shown;
}

/** Plain decimal text for files: no separators, an ASCII minus. */
export function plainDecimal(shown: string): string {
  return shown === NOTHING ? '' : shown.replaceAll(',', '').replace(MINUS, '-').replace(PLUS, '');
}

export function countText(count: number): string {
  const text = grouped(String(Math.abs(Math.round(count))));
  return count < 0 ? MINUS + text : text;
}

/** 1234 -> "1.2 k": for rates, where the last digit only flickers. */
export function rateText(perSecond: number): string {
  if (perSecond < 1000) return String(Math.round(perSecond));
  if (perSecond < 100_000) return `${(perSecond / 1000).toFixed(1)} k`;
  if (perSecond < 1_000_000) return `${Math.round(perSecond / 1000)} k`;
  return `${(perSecond / 1_000_000).toFixed(2)} M`;
}

export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(0)} KB`;
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`;
  return `${(bytes / 1024 ** 3).toFixed(2)} GB`;
}
