import type { FieldType } from '../memory/record-layout.ts';
import { layoutOf } from '../memory/record-layout.ts';
import type { StoredStructs } from './key-group-blob.ts';

/** A stored row as a plain object, read by the layout it was stored with. */
export function structObjectAt(
  stored: StoredStructs,
  row: number,
  textOf: (symbolId: number) => string,
): Record<string, unknown> {
  const { fields } = layoutOf({ name: stored.struct, fields: stored.fields });
  const integers = new Int32Array(stored.rows.buffer, stored.rows.byteOffset, stored.rows.length * 2);
  const base = row * stored.words;
  const valueOf = (type: FieldType, index: number): unknown => {
    if (type === 'f64') return stored.rows[base + index];
    if (type === 'i8') return (integers[base * 2 + (index >> 2)] << (24 - (index & 3) * 8)) >> 24;
    const integer = integers[base * 2 + index];
    return type === 'i32' ? integer : textOf(integer);
  };
  return Object.fromEntries(fields.map(({ name, type, index }) => [name, valueOf(type, index)]));
}
