import { assert } from '../core/assert.ts';

/**
 * Field types: `f64` any number; `i32` a 32-bit integer; `i8` one of -128 to 127; `symbol` an interned string: a view shows
 * the string, the bytes hold its number in the job's symbol dictionary, so that a record never carries text.
 */
export type FieldType = 'f64' | 'i32' | 'i8' | 'symbol';

/** What a layout is made from; `StructType` of the API is one. */
export interface StructShape {
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/**
 * Where each field of a struct sits, counted from the first word of its payload: in declared order, so that whoever declares
 * it says what stands together. A `f64` takes a word of its own; an `i32` or a symbol takes the half that an earlier one
 * left, or the first half of the next word; four `i8` share a half.
 *
 *   { bid: 'f64', flags: 'i8', kind: 'i8', count: 'i32', ask: 'f64' }
 *
 *   word 0   bid
 *   word 1   flags, kind, two bytes left | count
 *   word 2   ask
 *
 * `keyField`, when given, is a symbol field that the payload leaves out: the record's key says it already, and its slot
 * travels in the record's header (record-header.ts).
 */
export interface RecordLayout {
  readonly shape: StructShape;
  readonly keyField: string | null;
  readonly fields: readonly FieldLayout[];
  /** Size of the payload in 64-bit words; 0 for a struct with no field but its key. */
  readonly words: number;
}

export interface FieldLayout {
  readonly name: string;
  readonly type: FieldType;
  /** Index in 64-bit words (f64), 32-bit half words (i32, symbol) or bytes (i8); -1 for the key field. */
  readonly index: number;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]*$/;
/** What a view needs for itself, besides its own properties, which all begin with `$`. */
const RESERVED: ReadonlySet<string> = new Set(['kind', 'constructor', 'toObject', 'toJSON', '__proto__']);
const TYPES: ReadonlySet<string> = new Set(['f64', 'i32', 'i8', 'symbol']);

/** @throws BugError for a name that generated code cannot carry; see docs of `struct` in the API */
export function checkShape(shape: StructShape): void {
  assert(shape.name.length > 0, 'A struct must have a name; found an empty one.');
  const names = Object.keys(shape.fields);
  for (const name of names) {
    assert(IDENTIFIER.test(name), `Field names of struct '${shape.name}' must be plain identifiers; found '${name}'.`);
    assert(
      !RESERVED.has(name),
      `Struct '${shape.name}' must not have a field '${name}': a view needs that name for itself. Rename the field.`,
    );
    const type = shape.fields[name] as string;
    assert(
      TYPES.has(type),
      `Field '${name}' of struct '${shape.name}' must be f64, i32, i8 or symbol; found '${type}'.`,
    );
    assert(
      type !== 'symbol' || !names.includes(`${name}Id`),
      `Struct '${shape.name}' must not have a field '${name}Id': it is the number of symbol field '${name}'. Rename one of them.`,
    );
  }
}

export function layoutOf(shape: StructShape, keyField: string | null = null): RecordLayout {
  checkShape(shape);
  assert(
    keyField === null || shape.fields[keyField] === 'symbol',
    `Struct '${shape.name}' can only be keyed by name on a symbol field; '${keyField}' is ${String(shape.fields[keyField ?? ''])}. Use keyBy(record => ...) for other fields.`,
  );
  const places = new Places();
  return {
    shape,
    keyField,
    fields: Object.entries(shape.fields).map(([name, type]) => ({
      name,
      type,
      index: name === keyField ? -1 : places.take(type),
    })),
    words: places.words,
  };
}

/** Hands out one place after the other. */
class Places {
  words = 0;
  /** Index of a half word that is left; -1: none. */
  private half = -1;
  /** Index of the next byte of a half that bytes share. */
  private byte = 0;

  take(type: FieldType): number {
    if (type === 'f64') return this.takeWord();
    return type === 'i8' ? this.takeByte() : this.takeHalf();
  }

  private takeWord(): number {
    this.words += 1;
    return this.words - 1;
  }

  private takeHalf(): number {
    const left = this.half;
    if (left < 0) {
      this.half = this.takeWord() * 2 + 1;
      return this.half - 1;
    }
    this.half = -1;
    return left;
  }

  private takeByte(): number {
    if ((this.byte & 3) === 0) this.byte = this.takeHalf() * 4;
    this.byte += 1;
    return this.byte - 1;
  }
}

/** As it was in key groups of version 2 and older: f64 fields first, i32 and symbols behind them. */
export function wideFirst(fields: StructShape['fields']): StructShape['fields'] {
  const entries = Object.entries(fields);
  return Object.fromEntries([
    ...entries.filter(([, type]) => type === 'f64'),
    ...entries.filter(([, type]) => type !== 'f64'),
  ]);
}
