import { SCHEMA_VERSION_FIRST } from '../api/state-schema.ts';
import { fromStrictUtf8, toUtf8 } from '../core/utf8.ts';
import { StateMigrationError } from '../core/errors.ts';
import { decodePlain, encodePlain } from '../memory/plain-text.ts';
import type { FieldType } from '../memory/record-layout.ts';
import type { Key } from './java-hash.ts';
import type { StateKind } from './operator-snapshot.ts';

/**
 * The state of one key group as bytes, the unit that checkpoints store and that moves when the parallelism changes:
 *
 *   magic u32 | header bytes u32 | header JSON, padded with blanks to 8 |
 *   of each struct state: i32 index of the key x count, padded to 8 | f64 words x count
 *   event timers, then processing timers: i32 index of the key x count, padded to 8 | f64 time x count
 *
 * Little-endian. Struct rows are stored as they stand in memory; their symbol fields hold numbers that mean something only
 * together with the header's `symbols`.
 */
const MAGIC = 0x31_47_4b_46; // "FKG1"
const ALIGN = 8;
/** Version 1 had no schema versions: all of its states are of the first. */
export const KEY_GROUP_BLOB_VERSION = 2;

export interface StoredStructs {
  readonly name: string;
  /** Of its schema, as of objects. */
  readonly version: number;
  readonly struct: string;
  readonly fields: Readonly<Record<string, FieldType>>;
  /** Words of one row. */
  readonly words: number;
  readonly indexes: Int32Array;
  readonly rows: Float64Array;
}

export interface StoredObjects {
  readonly name: string;
  readonly kind: StateKind;
  readonly version: number;
  /** Pairs of an index into `keys` and plain data. */
  readonly entries: readonly (readonly [number, unknown])[];
}

export interface StoredTimers {
  readonly indexes: Int32Array;
  readonly times: Float64Array;
}

export interface KeyGroupState {
  readonly keyGroup: number;
  readonly keys: readonly Key[];
  /** Whether the keys are symbols of the job's dictionary. */
  readonly areSymbols: boolean;
  readonly structs: readonly StoredStructs[];
  readonly objects: readonly StoredObjects[];
  /** What the numbers in symbol fields stood for. */
  readonly symbols: readonly (readonly [number, string])[];
  /** By publisher: indexes of keys that have a row. */
  readonly rows: Readonly<Record<string, readonly number[]>>;
  readonly eventTimers: StoredTimers;
  readonly processingTimers: StoredTimers;
}

interface Header {
  readonly version: number;
  readonly keyGroup: number;
  readonly keys: string;
  readonly areSymbols: boolean;
  readonly structs: readonly {
    readonly name: string;
    readonly version?: number;
    readonly struct: string;
    readonly fields: Readonly<Record<string, FieldType>>;
    readonly words: number;
    readonly count: number;
  }[];
  readonly objects: string;
  readonly symbols: readonly (readonly [number, string])[];
  readonly rows: Readonly<Record<string, readonly number[]>>;
  readonly eventTimers: number;
  readonly processingTimers: number;
}

const padded = (bytes: number): number => (bytes + ALIGN - 1) & ~(ALIGN - 1);

export function encodeKeyGroup(state: KeyGroupState): Uint8Array<ArrayBuffer> {
  const header: Header = {
    version: KEY_GROUP_BLOB_VERSION,
    keyGroup: state.keyGroup,
    keys: encodePlain(state.keys),
    areSymbols: state.areSymbols,
    structs: state.structs.map(({ name, version, struct, fields, words, indexes }) => ({
      name,
      version,
      struct,
      fields,
      words,
      count: indexes.length,
    })),
    objects: encodePlain(state.objects),
    symbols: state.symbols,
    rows: state.rows,
    eventTimers: state.eventTimers.indexes.length,
    processingTimers: state.processingTimers.indexes.length,
  };
  const text = toUtf8.encode(JSON.stringify(header));
  const pairs: readonly (readonly [Int32Array, Float64Array])[] = [
    ...state.structs.map(({ indexes, rows }) => [indexes, rows] as const),
    ...[state.eventTimers, state.processingTimers].map(({ indexes, times }) => [indexes, times] as const),
  ];
  const dataAt = padded(ALIGN + text.length);
  const size = pairs.reduce((sum, [indexes, values]) => sum + padded(indexes.length * 4) + values.length * 8, dataAt);
  const bytes = new Uint8Array(size);
  const words = new Int32Array(bytes.buffer, 0, 2);
  words[0] = MAGIC;
  words[1] = dataAt - ALIGN;
  bytes.fill(0x20, ALIGN, dataAt);
  bytes.set(text, ALIGN);
  let at = dataAt;
  for (const [indexes, values] of pairs) {
    new Int32Array(bytes.buffer, at, indexes.length).set(indexes);
    at += padded(indexes.length * 4);
    new Float64Array(bytes.buffer, at, values.length).set(values);
    at += values.length * 8;
  }
  return bytes;
}

/**
 * @param bytes as `encodeKeyGroup` made them, at an offset that is a multiple of 8; they are looked at, not copied
 * @throws StateMigrationError for bytes that are none of this version
 */
export function decodeKeyGroup(bytes: Uint8Array): KeyGroupState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < ALIGN || view.getUint32(0, true) !== MAGIC)
    throw new StateMigrationError('The bytes of a key group do not begin as they should; they are damaged.');
  const headerBytes = view.getUint32(4, true);
  const header = JSON.parse(fromStrictUtf8.decode(bytes.slice(ALIGN, ALIGN + headerBytes))) as Header;
  if (!(header.version >= 1 && header.version <= KEY_GROUP_BLOB_VERSION)) {
    throw new StateMigrationError(
      `Key group ${header.keyGroup} was stored in version ${String(header.version)}; this engine reads versions up to ${KEY_GROUP_BLOB_VERSION}.`,
    );
  }
  let at = ALIGN + headerBytes;
  const take = (count: number, width: number): readonly [Int32Array, Float64Array] => {
    const valuesAt = at + padded(count * 4);
    const indexes = new Int32Array(bytes.buffer, bytes.byteOffset + at, count);
    const values = new Float64Array(bytes.buffer, bytes.byteOffset + valuesAt, count * width);
    at = valuesAt + values.byteLength;
    return [indexes, values];
  };
  const structs = header.structs.map(({ name, version, struct, fields, words, count }): StoredStructs => {
    const [indexes, rows] = take(count, words);
    return { name, version: version ?? SCHEMA_VERSION_FIRST, struct, fields, words, indexes, rows };
  });
  const [eventIndexes, eventTimes] = take(header.eventTimers, 1);
  const [processingIndexes, processingTimes] = take(header.processingTimers, 1);
  return {
    keyGroup: header.keyGroup,
    keys: decodePlain(header.keys) as Key[],
    areSymbols: header.areSymbols,
    structs,
    objects: (decodePlain(header.objects) as StoredObjects[]).map((state) => ({
      ...state,
      version: state.version ?? SCHEMA_VERSION_FIRST,
    })),
    symbols: header.symbols,
    rows: header.rows,
    eventTimers: { indexes: eventIndexes, times: eventTimes },
    processingTimers: { indexes: processingIndexes, times: processingTimes },
  };
}
