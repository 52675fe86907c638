import { IllegalArgumentError, NullPointerError } from '../core/errors.ts';

/**
 * What a stream can be keyed by. A number that is a whole 32-bit value hashes as Java's Integer, every other number as
 * its Double, a bigint as its Long; a tuple as Flink's Tuple of its parts.
 */
export type PrimitiveKey = string | number | bigint | boolean;
export type Key = PrimitiveKey | readonly PrimitiveKey[];

/** Java's hash codes: 32-bit arithmetic throughout. They decide the key group, so they must be exactly Java's. */
export function hashString(text: string): number {
  let hash = 0;
  for (let unit = 0; unit < text.length; unit += 1) hash = (Math.imul(31, hash) + text.charCodeAt(unit)) | 0;
  return hash;
}

/** The same of a string that stands in `units` from `from` up to `to`. */
export function hashUnits(units: Uint16Array, from: number, to: number): number {
  let hash = 0;
  for (let unit = from; unit < to; unit += 1) hash = (Math.imul(31, hash) + units[unit]) | 0;
  return hash;
}

export function hashInt(value: number): number {
  return value | 0;
}

/** @param value wraps to 64 bits, as a cast to long does */
export function hashLong(value: bigint): number {
  const bits = BigInt.asUintN(64, value);
  return Number(BigInt.asIntN(32, bits ^ (bits >> 32n)));
}

const doubleBits = new DataView(new ArrayBuffer(8));

/** NaN has one bit pattern, as in Double.doubleToLongBits; 0.0 and -0.0 differ. */
export function hashDouble(value: number): number {
  if (Number.isNaN(value)) return 0x7ff80000 | 0;
  doubleBits.setFloat64(0, value);
  return doubleBits.getInt32(0) ^ doubleBits.getInt32(4);
}

export function hashBoolean(value: boolean): number {
  return value ? 1231 : 1237;
}

/** Flink's TupleN: the first part's hash, then 31 x so far + next. */
export function hashTuple(parts: readonly PrimitiveKey[]): number {
  let hash = 0;
  parts.forEach((part, index) => {
    hash = index === 0 ? javaHash(part) : (Math.imul(31, hash) + javaHash(part)) | 0;
  });
  return hash;
}

function hashNumber(value: number): number {
  return (value | 0) === value ? hashInt(value) : hashDouble(value);
}

/**
 * @throws NullPointerError for null or undefined, with Flink's text
 * @throws IllegalArgumentError for anything else that is no key
 */
export function javaHash(key: Key): number {
  switch (typeof key) {
    case 'string':
      return hashString(key);
    case 'number':
      return hashNumber(key);
    case 'bigint':
      return hashLong(key);
    case 'boolean':
      return hashBoolean(key);
    default:
      if (key === null || key === undefined) throw new NullPointerError('Assigned key must not be null!');
      if (Array.isArray(key)) return hashTuple(key);
      throw new IllegalArgumentError(
        `A key must be a string, number, bigint, boolean or a tuple of these; found ${Object.prototype.toString.call(key)}. Take the part of the record that identifies it.`,
      );
  }
}
