import type { RowReason } from '../sources/row-ledger.ts';
import { decodeUtf8 } from '../sources/symbol-table.ts';

/** The field is empty, or one of the words the profile calls absent. */
export const ABSENT = Infinity;

const MINUS = 45;
const PLUS = 43;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const SPACE = 32;
/** Digits a double holds exactly whatever they are. */
const SAFE_DIGITS = 15;
/** Longest number that is looked at at all: no price or size has more digits, and BigInt work stays small. */
const NUMBER_CHARACTERS_MAX = 400;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

export interface ScaledFieldOptions {
  /** What one unit of the number in the file is worth, in units of the result: 1e8 for dollars read as 1e-8. */
  readonly unit: bigint;
  /** Largest magnitude of the result. */
  readonly max: number;
  /** Words that mean "no value", beside the empty field. */
  readonly absent: readonly string[];
  /** JSON numbers may have an exponent; in CSV one is refused. */
  readonly exponents: boolean;
}

/**
 * Reads decimal text from bytes as an exact whole number, with no string made on the usual path. NaN is returned for
 * text that is no such number, and `problem` says why; ABSENT for no value.
 */
export class ScaledField {
  problem: RowReason = 'bad-number';
  readonly #options: ScaledFieldOptions;
  /** factors[d]: unit / 10^d where that is whole and the product stays exact, else 0: the slow path decides. */
  readonly #factors = new Float64Array(SAFE_DIGITS + 1);
  readonly #max: number;

  constructor(options: ScaledFieldOptions) {
    this.#options = options;
    this.#max = options.max;
    for (let decimals = 0; decimals <= SAFE_DIGITS; decimals += 1) {
      const divisor = 10n ** BigInt(decimals);
      if (options.unit % divisor === 0n) this.#factors[decimals] = Number(options.unit / divisor);
    }
  }

  /** The result for mantissa / 10^decimals, both 0 or more, at most 15 digits; -1 when the careful path must decide. */
  scalePlain(mantissa: number, decimals: number): number {
    const factor = this.#factors[decimals];
    const value = mantissa * factor;
    return factor === 0 || value > this.#max ? -1 : value;
  }

  parse(bytes: Uint8Array, from: number, to: number): number {
    while (from < to && isBlank(bytes[from])) from += 1;
    while (to > from && isBlank(bytes[to - 1])) to -= 1;
    if (from === to) return ABSENT;
    let index = from;
    const sign = bytes[index];
    if (sign === MINUS || sign === PLUS) index += 1;
    if (to - index > SAFE_DIGITS) return this.#parseSlowly(bytes, from, to);
    let mantissa = 0;
    let decimals = -1;
    for (; index < to; index += 1) {
      const digit = bytes[index];
      if (digit >= ZERO && digit <= NINE) {
        mantissa = mantissa * 10 + (digit - ZERO);
        if (decimals >= 0) decimals += 1;
      } else if (digit === POINT && decimals < 0) {
        decimals = 0;
      } else {
        return this.#parseSlowly(bytes, from, to);
      }
    }
    const factor = this.#factors[decimals < 0 ? 0 : decimals];
    const value = mantissa * factor;
    // No factor, no digits ("-", "."), or too large: all rare, so the careful path gives the exact answer or reason.
    if (factor === 0 || value > this.#max || (mantissa === 0 && !hasDigit(bytes, from, to))) {
      return this.#parseSlowly(bytes, from, to);
    }
    return sign === MINUS && value !== 0 ? -value : value;
  }

  #parseSlowly(bytes: Uint8Array, from: number, to: number): number {
    const text = decodeUtf8(bytes, from, Math.min(to, from + NUMBER_CHARACTERS_MAX + 1)).trim();
    if (text.length === 0 || this.#options.absent.includes(text)) return ABSENT;
    const match = text.length > NUMBER_CHARACTERS_MAX ? null : DECIMAL.exec(text);
    if (match === null) return this.#refuse('bad-number');
    const [, sign = '', whole = '', fraction = '', exponent] = match;
    if (whole.length + fraction.length === 0) return this.#refuse('bad-number');
    if (exponent !== undefined && !this.#options.exponents) return this.#refuse('bad-number');
    return this.#scale(sign === '-', BigInt(whole + fraction), fraction.length - Number(exponent ?? 0));
  }

  #scale(negative: boolean, mantissa: bigint, decimals: number): number {
    let value = mantissa * this.#options.unit;
    if (decimals < 0) {
      value *= 10n ** BigInt(-decimals);
    } else {
      const divisor = 10n ** BigInt(decimals);
      if (value % divisor !== 0n) return this.#refuse('too-many-decimals');
      value /= divisor;
    }
    if (value > BigInt(this.#max)) return this.#refuse('out-of-range');
    return negative && value !== 0n ? -Number(value) : Number(value);
  }

  #refuse(reason: RowReason): number {
    this.problem = reason;
    return NaN;
  }
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === 9;
}

function hasDigit(bytes: Uint8Array, from: number, to: number): boolean {
  for (let index = from; index < to; index += 1) {
    const byte = bytes[index];
    if (byte >= ZERO && byte <= NINE) return true;
  }
  return false;
}
