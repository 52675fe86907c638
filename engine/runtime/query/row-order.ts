import type { Key, PrimitiveKey } from '../../state/java-hash.ts';
import type { ComparableValue, Condition, ListedRow, ListQuestion, Ordering, RowPlace } from './state-question.ts';

const DECIMAL = /^-?\d{1,40}(?:\.\d{1,40})?$/;
/** Values of different kinds stand in this order. */
const RANKS = ['null', 'boolean', 'number', 'string'] as const;

function rankOf(value: ComparableValue): number {
  if (value === null) return RANKS.indexOf('null');
  if (typeof value === 'boolean') return RANKS.indexOf('boolean');
  return RANKS.indexOf(typeof value === 'string' && !DECIMAL.test(value) ? 'string' : 'number');
}

/**
 * Numbers, bigints and exact decimals written as text ("140.50") by their size, other text by its UTF-16 units; null
 * before booleans before numbers before text.
 */
export function compareValues(left: ComparableValue, right: ComparableValue): number {
  const rank = rankOf(left) - rankOf(right);
  if (rank !== 0 || left === null || right === null) return rank;
  if (typeof left === 'string' && typeof right === 'string' && rankOf(left) === RANKS.indexOf('number'))
    return compareDecimals(left, right);
  if (typeof left === 'string' && typeof right === 'string') return left < right ? -1 : left > right ? 1 : 0;
  if (typeof left === 'string') return compareDecimals(left, textOf(right));
  if (typeof right === 'string') return compareDecimals(textOf(left), right);
  return left < right ? -1 : left > right ? 1 : 0;
}

function textOf(value: ComparableValue): string {
  const text = String(value);
  // 1e21, NaN: no decimal of the kind that is compared exactly.
  return DECIMAL.test(text) ? text : Number(value) < 0 ? '-9'.padEnd(40, '9') : '9'.repeat(40);
}

/** Exact: a difference in the last of forty places counts. */
function compareDecimals(left: string, right: string): number {
  const [leftWhole, leftPart = ''] = left.split('.');
  const [rightWhole, rightPart = ''] = right.split('.');
  const places = Math.max(leftPart.length, rightPart.length);
  const difference =
    BigInt(leftWhole + leftPart.padEnd(places, '0')) - BigInt(rightWhole + rightPart.padEnd(places, '0'));
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** A total order of keys of all kinds, the same on every machine and for every parallelism. */
export function compareKeys(left: Key, right: Key): number {
  if (typeof left === 'object' && typeof right === 'object') {
    for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
      const order = comparePrimitives(left[index], right[index]);
      if (order !== 0) return order;
    }
    return left.length - right.length;
  }
  if (typeof left === 'object') return 1;
  if (typeof right === 'object') return -1;
  return comparePrimitives(left, right);
}

function comparePrimitives(left: PrimitiveKey, right: PrimitiveKey): number {
  if (typeof left === typeof right) return left < right ? -1 : left > right ? 1 : 0;
  return typeof left < typeof right ? -1 : 1;
}

export function keyText(key: Key): string {
  return typeof key === 'object' ? key.map(String).join(',') : String(key);
}

/** A field as it is compared: what is no plain value counts as null, and only a value's own fields are looked at. */
export function fieldOf(value: unknown, field: string): ComparableValue {
  const found =
    field === ''
      ? value
      : typeof value === 'object' && value !== null && Object.hasOwn(value, field)
        ? (value as Record<string, unknown>)[field]
        : null;
  return found === undefined || found === null || typeof found === 'object' || typeof found === 'function'
    ? null
    : (found as ComparableValue);
}

function holds(value: unknown, { field, operator, value: constant }: Condition): boolean {
  const order = compareValues(fieldOf(value, field), constant);
  switch (operator) {
    case 'eq':
      return order === 0;
    case 'ne':
      return order !== 0;
    case 'lt':
      return order < 0;
    case 'le':
      return order <= 0;
    case 'gt':
      return order > 0;
    case 'ge':
      return order >= 0;
  }
}

export function placeOf({ key, value }: ListedRow, order: Ordering | null): RowPlace {
  return { value: order === null ? null : fieldOf(value, order.field), key };
}

function comparePlaces(left: RowPlace, right: RowPlace, order: Ordering | null): number {
  if (order !== null) {
    const difference = compareValues(left.value, right.value);
    if (difference !== 0) return order.direction === 'ascending' ? difference : -difference;
  }
  return compareKeys(left.key, right.key);
}

/** The first rows of a list, whatever the order in which they come: one more than asked for, to know that there are more. */
export class FirstRows {
  private readonly question: ListQuestion;
  private readonly rows: { readonly row: ListedRow; readonly place: RowPlace }[] = [];

  constructor(question: ListQuestion) {
    this.question = question;
  }

  /** Without its value, whether a key can be among them at all: cheap, asked before the value is made. */
  wants(key: Key): boolean {
    const { prefix, order, after } = this.question;
    if (prefix !== '' && !keyText(key).startsWith(prefix)) return false;
    if (order !== null) return true;
    if (after !== null && compareKeys(key, after.key) <= 0) return false;
    return !this.isFull || compareKeys(key, this.rows[this.rows.length - 1].place.key) < 0;
  }

  add(row: ListedRow): void {
    const { where, order, after } = this.question;
    if (!where.every((condition) => holds(row.value, condition))) return;
    const place = placeOf(row, order);
    if (after !== null && comparePlaces(place, after, order) <= 0) return;
    if (this.isFull && comparePlaces(place, this.rows[this.rows.length - 1].place, order) >= 0) return;
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comparePlaces(this.rows[middle].place, place, order) < 0) low = middle + 1;
      else high = middle;
    }
    this.rows.splice(low, 0, { row, place });
    if (this.rows.length > this.question.limit + 1) this.rows.pop();
  }

  result(): { readonly rows: readonly ListedRow[]; readonly hasMore: boolean } {
    const { limit } = this.question;
    return { rows: this.rows.slice(0, limit).map(({ row }) => row), hasMore: this.rows.length > limit };
  }

  private get isFull(): boolean {
    return this.rows.length > this.question.limit;
  }
}
