import { SCHEMA_VERSION_FIRST } from '../api/state-schema.ts';
import { wideFirst, type FieldType } from '../memory/record-layout.ts';
import { decodePlain } from '../memory/plain-text.ts';
import { textsFrom } from '../memory/symbol-dictionary.ts';
import type { Key } from './java-hash.ts';
import type { ColumnReader, KeyGroupState, StoredObjects, StoredStructs } from './key-group-blob.ts';

/** The header of version 1: keys, symbols and rows as text, and every state of the first schema version. */
export interface Version1Header {
  readonly keyGroup: number;
  /** encodePlain */
  readonly keys: string;
  readonly areSymbols: boolean;
  readonly structs: readonly {
    readonly name: string;
    readonly struct: string;
    readonly fields: Readonly<Record<string, FieldType>>;
    readonly words: number;
    readonly count: number;
  }[];
  /** encodePlain */
  readonly objects: string;
  readonly symbols: readonly (readonly [number, string])[];
  readonly rows: Readonly<Record<string, readonly number[]>>;
  readonly eventTimers: number;
  readonly processingTimers: number;
}

/** Numbers of keys were not stored. */
const NUMBER_UNKNOWN = -1;

export function decodeVersion1(header: Version1Header, columns: ColumnReader): KeyGroupState {
  const keys = decodePlain(header.keys) as Key[];
  const structs = header.structs.map(({ count, words, fields, ...stored }): StoredStructs => {
    const indexes = columns.integers(count);
    const rows = columns.floats(count * words);
    return { ...stored, fields: wideFirst(fields), version: SCHEMA_VERSION_FIRST, words, indexes, rows };
  });
  return {
    keyGroup: header.keyGroup,
    keys: header.areSymbols ? textsFrom((keys as string[]).map((key) => [NUMBER_UNKNOWN, key])) : keys,
    structs,
    objects: (decodePlain(header.objects) as Omit<StoredObjects, 'version'>[]).map((state) => ({
      ...state,
      version: SCHEMA_VERSION_FIRST,
    })),
    symbols: textsFrom(header.symbols),
    rows: Object.fromEntries(Object.entries(header.rows).map(([name, indexes]) => [name, Int32Array.from(indexes)])),
    eventTimers: columns.timers(header.eventTimers),
    processingTimers: columns.timers(header.processingTimers),
  };
}
