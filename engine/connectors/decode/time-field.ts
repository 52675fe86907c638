import type { RowReason } from '../sources/row-ledger.ts';
import type { DatePattern } from './date-pattern.ts';
import type { TimeZone } from './time-zone.ts';

/** Units of a number that counts time. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

/** Powers of ten from the unit to milliseconds. */
const TO_MS_EXPONENT: Readonly<Record<TimeUnit, number>> = { s: 3, ms: 0, us: -3, ns: -6 };
const UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];
const DAY_MS = 86_400_000;
/** The range of a JavaScript date. */
const TIME_MS_MAX = 8.64e15;
/**
 * Years in which market data is likely: 1990 to 2100. A number outside that would be inside in another unit is a
 * mix-up of units; one that is inside in none (a test that counts from 0) is left alone.
 */
const LIKELY_FROM_MS = 631_152_000_000;
const LIKELY_TO_MS = 4_102_444_800_000;
const SAFE_DIGITS = 15;

/**
 * Reads the event time of a row from one or two fields. NaN: no such time, `problem` says why. Fractions of a
 * millisecond are floored, before 1970 as well.
 */
export interface TimeField {
  readonly problem: RowReason;
  /** After a `time-unit` problem: the unit that would make sense of the number. */
  readonly likelyUnit: TimeUnit | null;
  /** The field is a plain number of milliseconds: then `readWhole` may be given it as a number. */
  readonly readsWholeMs: boolean;
  /** @param value 0 or more, whole */
  readWhole(value: number): number;
  /** [from, to) is the field, [from2, to2) the second one where the profile names two. */
  read(bytes: Uint8Array, from: number, to: number, from2: number, to2: number): number;
}

/** A number since the Unix epoch. */
export class EpochTime implements TimeField {
  problem: RowReason = 'bad-time';
  likelyUnit: TimeUnit | null = null;
  readonly readsWholeMs: boolean;
  readonly #exponent: number;
  readonly #shiftMs: number;

  constructor(unit: TimeUnit, shiftMs: number) {
    this.#exponent = TO_MS_EXPONENT[unit];
    this.readsWholeMs = this.#exponent === 0;
    this.#shiftMs = shiftMs;
  }

  readWhole(value: number): number {
    return value >= LIKELY_FROM_MS && value < LIKELY_TO_MS ? value + this.#shiftMs : this.#unlikely(value);
  }

  read(bytes: Uint8Array, from: number, to: number): number {
    const timeMs = readScaledMs(bytes, from, to, this.#exponent);
    if (timeMs >= LIKELY_FROM_MS && timeMs < LIKELY_TO_MS) return timeMs + this.#shiftMs;
    return this.#unlikely(timeMs);
  }

  #unlikely(timeMs: number): number {
    this.problem = 'bad-time';
    if (Number.isNaN(timeMs)) return NaN;
    for (const unit of UNITS) {
      const otherMs = timeMs * 10 ** (TO_MS_EXPONENT[unit] - this.#exponent);
      if (TO_MS_EXPONENT[unit] !== this.#exponent && otherMs >= LIKELY_FROM_MS && otherMs < LIKELY_TO_MS) {
        this.problem = 'time-unit';
        this.likelyUnit = unit;
        return NaN;
      }
    }
    return Math.abs(timeMs) > TIME_MS_MAX ? NaN : timeMs + this.#shiftMs;
  }
}

/** A number since midnight on the zone's clock; the date comes from elsewhere or from the second field. */
export class MidnightTime implements TimeField {
  readonly problem: RowReason = 'bad-time';
  readonly readsWholeMs: boolean;
  readonly likelyUnit = null;
  readonly #exponent: number;
  readonly #zone: TimeZone;
  readonly #shiftMs: number;
  readonly #date: DateOfDay;

  constructor(unit: TimeUnit, date: DateOfDay, zone: TimeZone, shiftMs: number) {
    this.#exponent = TO_MS_EXPONENT[unit];
    this.readsWholeMs = this.#exponent === 0 && date.isConstant;
    this.#date = date;
    this.#zone = zone;
    this.#shiftMs = shiftMs;
  }

  readWhole(value: number): number {
    return value < DAY_MS ? this.#zone.toUtc(this.#date.constantMs + value) + this.#shiftMs : NaN;
  }

  read(bytes: Uint8Array, from: number, to: number, from2: number, to2: number): number {
    const sinceMidnightMs = readScaledMs(bytes, from, to, this.#exponent);
    if (!(sinceMidnightMs >= 0 && sinceMidnightMs < DAY_MS)) return NaN;
    return this.#zone.toUtc(this.#date.read(bytes, from2, to2) + sinceMidnightMs) + this.#shiftMs;
  }
}

/** Text with a date and a time of day in it, or a time of day with its date elsewhere or in the second field. */
export class TextTime implements TimeField {
  readonly readsWholeMs = false;
  readonly problem: RowReason = 'bad-time';
  readonly likelyUnit = null;
  readonly #pattern: DatePattern;
  readonly #date: DateOfDay | null;
  readonly #zone: TimeZone;
  readonly #shiftMs: number;

  constructor(pattern: DatePattern, date: DateOfDay | null, zone: TimeZone, shiftMs: number) {
    this.#pattern = pattern;
    this.#date = date;
    this.#zone = zone;
    this.#shiftMs = shiftMs;
  }

  readWhole(): number {
    return NaN;
  }

  read(bytes: Uint8Array, from: number, to: number, from2: number, to2: number): number {
    while (from < to && isBlank(bytes[from])) from += 1;
    while (to > from && isBlank(bytes[to - 1])) to -= 1;
    let wallMs = this.#pattern.parse(bytes, from, to);
    const { offsetMs } = this.#pattern;
    if (this.#date !== null) wallMs += this.#date.read(bytes, from2, to2);
    if (Number.isNaN(wallMs)) return NaN;
    const utcMs = Number.isNaN(offsetMs) ? this.#zone.toUtc(wallMs) : wallMs - offsetMs;
    return utcMs + this.#shiftMs;
  }
}

/** Where the date of a time of day comes from: one for the whole input, or a field that repeats from row to row. */
export class DateOfDay {
  readonly constantMs: number;
  readonly #pattern: DatePattern | null;
  #last = new Uint8Array(0);
  #lastMs = NaN;

  /** @param constantMs midnight as if in UTC, used when `pattern` is null */
  constructor(constantMs: number, pattern: DatePattern | null) {
    this.constantMs = constantMs;
    this.#pattern = pattern;
  }

  get isConstant(): boolean {
    return this.#pattern === null;
  }

  read(bytes: Uint8Array, from: number, to: number): number {
    if (this.#pattern === null) return this.constantMs;
    while (from < to && isBlank(bytes[from])) from += 1;
    while (to > from && isBlank(bytes[to - 1])) to -= 1;
    if (!this.#sameAsLast(bytes, from, to)) {
      this.#lastMs = this.#pattern.parse(bytes, from, to);
      this.#last = bytes.slice(from, to);
    }
    return this.#lastMs;
  }

  #sameAsLast(bytes: Uint8Array, from: number, to: number): boolean {
    const last = this.#last;
    if (to - from !== last.length) return false;
    for (let index = 0; index < last.length; index += 1) {
      if (last[index] !== bytes[from + index]) return false;
    }
    return true;
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}

/** floor(number x 10^exponent), exact from the digits; NaN for text that is no plain decimal number. */
export function readScaledMs(bytes: Uint8Array, from: number, to: number, exponent: number): number {
  while (from < to && isBlank(bytes[from])) from += 1;
  while (to > from && isBlank(bytes[to - 1])) to -= 1;
  if (exponent === 0 && to - from <= SAFE_DIGITS && to > from) {
    let value = 0;
    let index = from;
    for (; index < to; index += 1) {
      const digit = bytes[index] - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (index === to) return value;
  }
  return readScaledMsSlowly(bytes, from, to, exponent);
}

function readScaledMsSlowly(bytes: Uint8Array, from: number, to: number, exponent: number): number {
  const negative = bytes[from] === 45 && from < to;
  if (from < to && (negative || bytes[from] === 43)) from += 1;
  let digits = 0;
  let whole = -1;
  for (let index = from; index < to; index += 1) {
    const byte = bytes[index];
    if (byte === 46 && whole < 0) whole = digits;
    else if (byte >= 48 && byte <= 57) digits += 1;
    else return NaN;
  }
  if (digits === 0) return NaN;
  // Digits left of the point once the number counts milliseconds.
  const kept = (whole < 0 ? digits : whole) + exponent;
  let value = 0;
  let seen = 0;
  let dropped = false;
  for (let index = from; index < to; index += 1) {
    const digit = bytes[index] - 48;
    if (digit < 0) continue;
    if (seen < kept) value = value * 10 + digit;
    else if (digit > 0) dropped = true;
    seen += 1;
  }
  if (kept > seen) value *= 10 ** (kept - seen);
  if (value > Number.MAX_SAFE_INTEGER) return value === Infinity ? NaN : value;
  if (!negative) return value;
  return dropped ? -value - 1 : -value;
}
