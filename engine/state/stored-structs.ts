import type { FieldType, StructShape } from '../memory/record-layout.ts';
import { layoutOf } from '../memory/record-layout.ts';
import type { StoredStructs } from './key-group-blob.ts';

export function fieldsOf(shape: StructShape): readonly (readonly [string, FieldType])[] {
  return Object.entries(shape.fields);
}

/** Whether rows can be taken as they are: the same fields of the same types in the same order. */
export function sameFields(fields: readonly (readonly [string, FieldType])[], stored: StoredStructs): boolean {
  const storedFields = Object.entries(stored.fields);
  return (
    storedFields.length === fields.length &&
    fields.every(([name, type], index) => storedFields[index][0] === name && storedFields[index][1] === type)
  );
}

/** A stored row as a plain object, read by the layout it was stored with. */
export function structObjectAt(
  stored: StoredStructs,
  row: number,
  symbols: ReadonlyMap<number, string>,
): Record<string, unknown> {
  const { fields } = layoutOf({ name: stored.struct, fields: stored.fields });
  const integers = new Int32Array(stored.rows.buffer, stored.rows.byteOffset, stored.rows.length * 2);
  const base = row * stored.words;
  const valueOf = (type: FieldType, index: number): unknown => {
    if (type === 'f64') return stored.rows[base + index];
    const integer = integers[base * 2 + index];
    return type === 'i32' ? integer : (symbols.get(integer) ?? '');
  };
  return Object.fromEntries(fields.map(({ name, type, index }) => [name, valueOf(type, index)]));
}
