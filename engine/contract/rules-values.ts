import { parseScaled } from '../core/decimal.ts';
import {
  allowedText,
  INCREASE_FROM,
  PERCENT_OF_AMOUNT,
  PERCENT_OF_FLOOR,
  PRICE_AMOUNT,
  type ValueKind,
} from './rules-fields.ts';

/**
 * Checks one value of the rules document against what its field allows. Pure; used by the schema for whole documents
 * and by the settings form for one input.
 */
export interface ValueProblem {
  /** Below the field: ['amount', 'percent']; empty when the field itself is meant. */
  readonly path: readonly string[];
  readonly found: string;
  readonly allowed: string;
}

/** Text of a found value: short, on one line, never the whole of a pasted file. */
export function describe(value: unknown): string {
  const FOUND_CHARACTERS_MAX = 60;
  if (value === undefined) return 'nothing';
  const text =
    typeof value === 'number' || typeof value === 'bigint' ? String(value) : (JSON.stringify(value) ?? typeof value);
  return text.length <= FOUND_CHARACTERS_MAX ? text : `${text.slice(0, FOUND_CHARACTERS_MAX)}...`;
}

const problem = (value: unknown, allowed: string, path: readonly string[] = []): ValueProblem[] => [
  { path, found: describe(value), allowed },
];

export function isNone(value: unknown): boolean {
  return value === null || value === 'none';
}

export function checkValue(kind: ValueKind, value: unknown): readonly ValueProblem[] {
  switch (kind.type) {
    case 'decimal':
      return kind.canBeNone && isNone(value) ? [] : checkDecimal(kind, value);
    case 'integer':
      if (kind.canBeNone && isNone(value)) return [];
      return typeof value === 'number' && Number.isInteger(value) && value >= kind.min && value <= kind.max
        ? []
        : problem(value, allowedText(kind));
    case 'boolean':
      return typeof value === 'boolean' ? [] : problem(value, allowedText(kind));
    case 'choice':
      return typeof value === 'string' && kind.values.includes(value) ? [] : problem(value, allowedText(kind));
    case 'amount':
      return checkAmount(value, allowedText(kind));
    case 'ask-increase':
      return checkAskIncrease(value, allowedText(kind));
    case 'ask-floor':
      return checkAskFloor(value, allowedText(kind));
    case 'time-zone':
      return isTimeZone(value) ? [] : problem(value, allowedText(kind));
  }
}

function checkDecimal(kind: Extract<ValueKind, { type: 'decimal' }>, value: unknown): readonly ValueProblem[] {
  if (typeof value === 'number')
    return problem(value, `${allowedText(kind)}: decimals are written in quotes, "${value}", so that no digit is lost`);
  if (typeof value !== 'string') return problem(value, allowedText(kind));
  const scaled = parseScaled(value, kind.places);
  const min = parseScaled(kind.min, kind.places);
  const max = parseScaled(kind.max, kind.places);
  if (!scaled.ok || !min.ok || !max.ok) return problem(value, allowedText(kind));
  const belowMin = kind.aboveMin ? scaled.value <= min.value : scaled.value < min.value;
  return belowMin || scaled.value > max.value ? problem(value, allowedText(kind)) : [];
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A plain object with exactly these keys. */
function hasExactly(value: Readonly<Record<string, unknown>>, keys: readonly string[]): boolean {
  return Object.keys(value).length === keys.length && keys.every((key) => Object.hasOwn(value, key));
}

function below(key: string, problems: readonly ValueProblem[]): readonly ValueProblem[] {
  return problems.map((found) => ({ ...found, path: [key, ...found.path] }));
}

function checkAmount(value: unknown, allowed: string): readonly ValueProblem[] {
  if (!isPlainObject(value)) {
    const found = checkValue(PRICE_AMOUNT, value);
    return found.length === 0 || typeof value === 'number' || typeof value === 'string'
      ? found
      : problem(value, allowed);
  }
  return hasExactly(value, ['percent'])
    ? below('percent', checkValue(PERCENT_OF_AMOUNT, value['percent']))
    : problem(value, allowed);
}

function checkAskIncrease(value: unknown, allowed: string): readonly ValueProblem[] {
  if (!isPlainObject(value) || !hasExactly(value, ['from', 'amount'])) return problem(value, `both keys of ${allowed}`);
  const amountAllowed = allowedText({ type: 'amount', percentOf: 'the trade price or the ask' });
  return [
    ...below('from', checkValue(INCREASE_FROM, value['from'])),
    ...below('amount', checkAmount(value['amount'], amountAllowed)),
  ];
}

function checkAskFloor(value: unknown, allowed: string): readonly ValueProblem[] {
  if (value === 'none') return [];
  if (!isPlainObject(value)) return problem(value, allowed);
  if (hasExactly(value, ['percentOfBuy']))
    return below('percentOfBuy', checkValue(PERCENT_OF_FLOOR, value['percentOfBuy']));
  if (hasExactly(value, ['price'])) return below('price', checkValue(PRICE_AMOUNT, value['price']));
  return problem(value, allowed);
}

/** Names only: an offset such as +01:00 has no daylight saving and no name, so it is not what a trader means. */
function isTimeZone(value: unknown): boolean {
  if (typeof value !== 'string' || !/^[A-Za-z][A-Za-z0-9_+\-/]{0,63}$/.test(value)) return false;
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: value });
    return true;
  } catch {
    return false;
  }
}
