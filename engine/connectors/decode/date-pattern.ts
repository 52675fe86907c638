/**
 * Date and time patterns of profiles: `dd-MMM-yyyy`, `HH:mm:ss.S`, `yyyy-MM-dd HH:mm:ss`, or `iso`. Compiled once,
 * matched on bytes with one pass and no backtracking.
 *
 *   yyyy  year, four digits        HH  hour 00-23           S  any number of fraction digits, floored to whole ms;
 *   MM    month 01-12              mm  minute                  the point before it may be missing with them
 *   MMM   Jan..Dec, any case       ss  second, 00-59        Z  `Z`, `+hh:mm`, `-hhmm`: the offset, zone not used
 *   dd    day, d one or two digits                          anything else stands for itself
 */
type Part =
  | {
      readonly kind: 'digits';
      readonly unit: 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second';
      readonly least: number;
      readonly most: number;
    }
  | { readonly kind: 'month-name' }
  | { readonly kind: 'fraction' }
  | { readonly kind: 'offset' }
  | { readonly kind: 'literal'; readonly byte: number; readonly optionalBeforeFraction: boolean };

const TOKENS: readonly (readonly [string, Part])[] = [
  ['yyyy', { kind: 'digits', unit: 'year', least: 4, most: 4 }],
  ['MMM', { kind: 'month-name' }],
  ['MM', { kind: 'digits', unit: 'month', least: 2, most: 2 }],
  ['dd', { kind: 'digits', unit: 'day', least: 2, most: 2 }],
  ['d', { kind: 'digits', unit: 'day', least: 1, most: 2 }],
  ['HH', { kind: 'digits', unit: 'hour', least: 2, most: 2 }],
  ['H', { kind: 'digits', unit: 'hour', least: 1, most: 2 }],
  ['mm', { kind: 'digits', unit: 'minute', least: 2, most: 2 }],
  ['ss', { kind: 'digits', unit: 'second', least: 2, most: 2 }],
  ['S', { kind: 'fraction' }],
  ['Z', { kind: 'offset' }],
];
const ISO_PATTERN = 'yyyy-MM-ddTHH:mm:ss.S';
const MONTH_NAMES = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const LETTER = /[A-Za-z]/;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const LETTER_Z = 90;
const FRACTION_MS_DIGITS = 3;

/** What a pattern can give: a calendar date, a time of day, or both. */
export interface PatternGives {
  readonly date: boolean;
  readonly time: boolean;
}

export class DatePattern {
  readonly text: string;
  readonly gives: PatternGives;
  /** The UTC offset that the text itself named in the last match, in ms; NaN when it named none. */
  offsetMs = NaN;
  readonly #parts: readonly Part[];
  readonly #iso: boolean;
  #fields = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
  #millis = 0;

  /** @throws RangeError with a sentence when the pattern has unknown letters or no date and no time */
  constructor(text: string) {
    this.text = text;
    this.#iso = text === 'iso';
    this.#parts = compile(this.#iso ? ISO_PATTERN : text);
    const units = new Set(this.#parts.map((part) => (part.kind === 'digits' ? part.unit : part.kind)));
    const date = units.has('year') && (units.has('month') || units.has('month-name')) && units.has('day');
    const time = units.has('hour') && units.has('minute');
    if (!date && !time)
      throw new RangeError('a pattern must give a date (yyyy, MM or MMM, dd), a time of day (HH, mm), or both');
    this.gives = { date, time };
  }

  /** @returns the wall-clock ms (date as if in UTC, plus time of day), or NaN when the bytes do not match */
  parse(bytes: Uint8Array, from: number, to: number): number {
    const fields = this.#fields;
    fields.year = 1970;
    fields.month = 1;
    fields.day = 1;
    fields.hour = 0;
    fields.minute = 0;
    fields.second = 0;
    this.#millis = 0;
    this.offsetMs = NaN;
    let at = from;
    for (let index = 0; index < this.#parts.length; index += 1) {
      const part = this.#parts[index];
      at = this.#match(part, bytes, at, to, this.#parts[index + 1]);
      if (at < 0) return NaN;
    }
    if (this.#iso && at < to) at = this.#matchOffset(bytes, at, to);
    if (at !== to) return NaN;
    return this.#wallMs();
  }

  #wallMs(): number {
    const { year, month, day, hour, minute, second } = this.#fields;
    if (hour > 23 || minute > 59 || second > 59) return NaN;
    const date = this.gives.date ? dateUtcMs(year, month, day) : 0;
    return date + ((hour * 60 + minute) * 60 + second) * 1000 + this.#millis;
  }

  /** @returns where the part ends, or -1 */
  #match(part: Part, bytes: Uint8Array, at: number, to: number, next: Part | undefined): number {
    switch (part.kind) {
      case 'digits':
        return this.#matchDigits(part, bytes, at, to);
      case 'month-name':
        return this.#matchMonthName(bytes, at, to);
      case 'fraction':
        return this.#matchFraction(bytes, at, to);
      case 'offset':
        return this.#matchOffset(bytes, at, to);
      case 'literal': {
        const found = at < to ? bytes[at] : -1;
        if (found === part.byte || (this.#iso && part.byte === 84 && (found === 32 || found === 116))) return at + 1;
        // `06:16:53` fits `HH:mm:ss.S`: no fraction, no point.
        return part.optionalBeforeFraction && next?.kind === 'fraction' && !isDigit(found) ? at : -1;
      }
      default:
        return -1;
    }
  }

  #matchDigits(part: Extract<Part, { kind: 'digits' }>, bytes: Uint8Array, at: number, to: number): number {
    let value = 0;
    let count = 0;
    while (count < part.most && at < to) {
      const digit = bytes[at] - 48;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
      count += 1;
      at += 1;
    }
    if (count < part.least) return -1;
    this.#fields[part.unit] = value;
    return at;
  }

  #matchMonthName(bytes: Uint8Array, at: number, to: number): number {
    if (at + 3 > to) return -1;
    const lower = (index: number): number => bytes[index] | 32;
    const name = String.fromCharCode(lower(at), lower(at + 1), lower(at + 2));
    const month = MONTH_NAMES.indexOf(name);
    if (month < 0) return -1;
    this.#fields.month = month + 1;
    return at + 3;
  }

  #matchFraction(bytes: Uint8Array, at: number, to: number): number {
    let scale = 100;
    let count = 0;
    while (at < to) {
      const digit = bytes[at] - 48;
      if (digit < 0 || digit > 9) break;
      if (count < FRACTION_MS_DIGITS) this.#millis += digit * scale;
      scale /= 10;
      count += 1;
      at += 1;
    }
    return at;
  }

  #matchOffset(bytes: Uint8Array, at: number, to: number): number {
    const sign = at < to ? bytes[at] : -1;
    if (sign === LETTER_Z || sign === LETTER_Z + 32) {
      this.offsetMs = 0;
      return at + 1;
    }
    if (sign !== PLUS && sign !== MINUS) return -1;
    const hours = twoDigits(bytes, at + 1, to);
    const minutesAt = at + 3 < to && bytes[at + 3] === COLON ? at + 4 : at + 3;
    const minutes = minutesAt < to ? twoDigits(bytes, minutesAt, to) : 0;
    if (hours < 0 || minutes < 0 || hours > 23 || minutes > 59) return -1;
    this.offsetMs = (sign === MINUS ? -1 : 1) * (hours * 60 + minutes) * MINUTE_MS;
    return minutesAt < to ? minutesAt + 2 : minutesAt;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}

function twoDigits(bytes: Uint8Array, at: number, to: number): number {
  if (at + 2 > to) return -1;
  const tens = bytes[at] - 48;
  const ones = bytes[at + 1] - 48;
  return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : tens * 10 + ones;
}

/** @returns midnight UTC of the date, or NaN when there is no such day (30 February) */
export function dateUtcMs(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > 31) return NaN;
  // Date.UTC takes the years 0..99 for 1900..1999.
  if (year < 100) return NaN;
  const utcMs = Date.UTC(year, month - 1, day);
  return (utcMs / DAY_MS) * DAY_MS === utcMs && new Date(utcMs).getUTCDate() === day ? utcMs : NaN;
}

function compile(text: string): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  while (at < text.length) {
    const token = TOKENS.find(([name]) => text.startsWith(name, at));
    if (token !== undefined) {
      parts.push(token[1]);
      at += token[0].length;
      continue;
    }
    const character = text[at];
    // T is the one letter that dates are written with.
    if (LETTER.test(character) && character !== 'T')
      throw new RangeError(`unknown letter "${character}" at place ${at + 1} of "${text}"`);
    const code = character.charCodeAt(0);
    if (code > 126)
      throw new RangeError(`only ASCII characters can stand between the parts; found "${character}" in "${text}"`);
    parts.push({ kind: 'literal', byte: code, optionalBeforeFraction: character === '.' || character === ',' });
    at += 1;
  }
  return parts;
}
