import { IllegalArgumentError } from '../core/errors.ts';

/**
 * Plain data as text, for records without a struct: JSON, and what JSON lacks written as one-field objects: bigint,
 * NaN, the infinities, undefined, Map, Set and Date. Functions and objects of a class cannot travel.
 */
const TAG = '$plain';

export function encodePlain(value: unknown): string {
  return JSON.stringify(toJson(value, 0));
}

export function decodePlain(text: string): unknown {
  return text.includes(`"${TAG}"`) ? fromJson(JSON.parse(text)) : JSON.parse(text);
}

const DEPTH_MAX = 100;

function toJson(value: unknown, depth: number): unknown {
  if (depth > DEPTH_MAX)
    throw new IllegalArgumentError(`A record must not be nested deeper than ${DEPTH_MAX}; does it contain itself?`);
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : { [TAG]: 'number', value: String(value) };
    case 'bigint':
      return { [TAG]: 'bigint', value: String(value) };
    case 'undefined':
      return { [TAG]: 'undefined' };
    case 'object':
      return value === null ? null : objectToJson(value, depth + 1);
    case 'function':
    case 'symbol':
      throw new IllegalArgumentError(`A record that crosses threads must be plain data; found a ${typeof value}.`);
    default:
      return value;
  }
}

function objectToJson(value: object, depth: number): unknown {
  if (Array.isArray(value)) return value.map((item) => toJson(item, depth));
  if (value instanceof Map)
    return { [TAG]: 'map', value: [...value].map((entry) => entry.map((item) => toJson(item, depth))) };
  if (value instanceof Set) return { [TAG]: 'set', value: [...value].map((item) => toJson(item, depth)) };
  if (value instanceof Date) return { [TAG]: 'date', value: value.getTime() };
  const source = 'toObject' in value && typeof value.toObject === 'function' ? (value.toObject() as object) : value;
  return Object.fromEntries(
    Object.entries(source)
      .filter(([, field]) => field !== undefined)
      .map(([name, field]) => [name, toJson(field, depth)]),
  );
}

function fromJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(fromJson);
  const object = value as Record<string, unknown>;
  switch (object[TAG]) {
    case 'number':
      return Number(object['value']);
    case 'bigint':
      return BigInt(object['value'] as string);
    case 'undefined':
      return undefined;
    case 'map':
      return new Map((object['value'] as [unknown, unknown][]).map(([key, entry]) => [fromJson(key), fromJson(entry)]));
    case 'set':
      return new Set((object['value'] as unknown[]).map(fromJson));
    case 'date':
      return new Date(object['value'] as number);
    default:
      return Object.fromEntries(Object.entries(object).map(([name, field]) => [name, fromJson(field)]));
  }
}
