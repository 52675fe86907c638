import { assert } from '../core/assert.ts';

/**
 * Field types: `f64` any number; `i32` a 32-bit integer; `symbol` an interned string: a view shows the string, the
 * bytes hold its number in the job's symbol dictionary, so that a record never carries text.
 */
export type FieldType = 'f64' | 'i32' | 'symbol';

/** What a layout is made from; `StructType` of the API is one. */
export interface StructShape {
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/**
 * Where each field of a struct sits, counted from the first word of its payload:
 *
 *   words 0..        the f64 fields, in declared order
 *   words after      i32 and symbol fields, two to a word
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
  /** Index in 64-bit words (f64) or 32-bit half words (i32, symbol); -1 for the key field. */
  readonly index: number;
}

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_$]*$/;
/** What a view needs for itself, besides its own properties, which all begin with `$`. */
const RESERVED: ReadonlySet<string> = new Set(['kind', 'constructor', 'toObject', 'toJSON', '__proto__']);
const TYPES: ReadonlySet<string> = new Set(['f64', 'i32', 'symbol']);

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
    assert(TYPES.has(type), `Field '${name}' of struct '${shape.name}' must be f64, i32 or symbol; found '${type}'.`);
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
  const entries = Object.entries(shape.fields);
  const wide = entries.filter(([, type]) => type === 'f64');
  const narrow = entries.filter(([name, type]) => type !== 'f64' && name !== keyField);
  const index = new Map<string, number>();
  wide.forEach(([name], position) => index.set(name, position));
  narrow.forEach(([name], position) => index.set(name, wide.length * 2 + position));
  return {
    shape,
    keyField,
    fields: entries.map(([name, type]) => ({ name, type, index: index.get(name) ?? -1 })),
    words: wide.length + Math.ceil(narrow.length / 2),
  };
}
