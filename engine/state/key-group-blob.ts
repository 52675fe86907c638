import { fromStrictUtf8, toUtf8 } from '../core/utf8.ts';
import { StateMigrationError } from '../core/errors.ts';
import { decodePlain, encodePlain } from '../memory/plain-text.ts';
import { wideFirst, type FieldType } from '../memory/record-layout.ts';
import type { SymbolTexts } from '../memory/symbol-dictionary.ts';
import type { Key } from './java-hash.ts';
import { decodeVersion1, type Version1Header } from './key-group-blob-version-1.ts';
import type { StateKind } from './operator-snapshot.ts';

/**
 * The state of one key group as bytes, the unit that checkpoints store and that moves when the parallelism changes:
 *
 *   magic u32 | header bytes u32 | header JSON, padded with blanks to 8 | columns, each padded to 8:
 *   keys that are symbols, then further symbols: i32 number x count | i32 end of its text x count | u16 text
 *   of each publisher of rows: i32 index of the key x count
 *   of each struct state: i32 index of the key x count | f64 words x count
 *   event timers, then processing timers: i32 index of the key x count | f64 time x count
 *
 * Little-endian. Struct rows are stored as they stand in memory; their symbol fields hold numbers that mean something only
 * together with the symbols. What is there once for every key is in columns, so that a million keys are read in a blink.
 */
const MAGIC = 0x31_47_4b_46; // "FKG1"
const ALIGN = 8;
/**
 * Version 1 (key-group-blob-version-1.ts) had keys, symbols and rows in its header, and no schema versions. Up to version 2
 * struct rows had their f64 fields first.
 */
export const KEY_GROUP_BLOB_VERSION = 3;
const VERSION_OF_DECLARED_ORDER = 3;

type StructFields = Readonly<Record<string, FieldType>>;

export interface StoredStructs {
  readonly name: string;
  /** Of its schema, as of objects. */
  readonly version: number;
  readonly struct: string;
  readonly fields: StructFields;
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
  /** Symbols of the job's dictionary, or any keys. */
  readonly keys: SymbolTexts | readonly Key[];
  readonly structs: readonly StoredStructs[];
  readonly objects: readonly StoredObjects[];
  /** What the numbers in symbol fields stood for, besides those of keys. */
  readonly symbols: SymbolTexts;
  /** By publisher: indexes of keys that have a row. */
  readonly rows: Readonly<Record<string, Int32Array>>;
  readonly eventTimers: StoredTimers;
  readonly processingTimers: StoredTimers;
}

interface TextsHeader {
  readonly count: number;
  readonly units: number;
}

interface Header {
  readonly version: number;
  readonly keyGroup: number;
  /** encodePlain, or how many symbols there are. */
  readonly keys: string | TextsHeader;
  readonly structs: readonly {
    readonly name: string;
    readonly version: number;
    readonly struct: string;
    readonly fields: StructFields;
    readonly words: number;
    readonly count: number;
  }[];
  /** encodePlain */
  readonly objects: string;
  readonly symbols: TextsHeader;
  readonly rows: Readonly<Record<string, number>>;
  readonly eventTimers: number;
  readonly processingTimers: number;
}

type Column = Int32Array | Float64Array | Uint16Array;

const padded = (bytes: number): number => (bytes + ALIGN - 1) & ~(ALIGN - 1);

export function areSymbols(keys: KeyGroupState['keys']): keys is SymbolTexts {
  return 'units' in keys;
}

/** @param take gives memory for so many bytes, which may hold anything */
export function encodeKeyGroup(
  state: KeyGroupState,
  take: (bytes: number) => Uint8Array = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  const { keys, symbols } = state;
  const header: Header = {
    version: KEY_GROUP_BLOB_VERSION,
    keyGroup: state.keyGroup,
    keys: areSymbols(keys) ? textsHeader(keys) : encodePlain(keys),
    structs: state.structs.map(({ name, version, struct, fields, words, indexes }) => ({
      name,
      version,
      struct,
      fields,
      words,
      count: indexes.length,
    })),
    objects: encodePlain(state.objects),
    symbols: textsHeader(symbols),
    rows: Object.fromEntries(Object.entries(state.rows).map(([name, indexes]) => [name, indexes.length])),
    eventTimers: state.eventTimers.indexes.length,
    processingTimers: state.processingTimers.indexes.length,
  };
  const text = toUtf8.encode(JSON.stringify(header));
  const columns: readonly Column[] = [
    ...(areSymbols(keys) ? [keys.ids, keys.ends, keys.units] : []),
    ...[symbols.ids, symbols.ends, symbols.units],
    ...Object.values(state.rows),
    ...state.structs.flatMap(({ indexes, rows }) => [indexes, rows]),
    ...[state.eventTimers, state.processingTimers].flatMap(({ indexes, times }) => [indexes, times]),
  ];
  const dataAt = padded(ALIGN + text.length);
  const bytes = take(columns.reduce((sum, { byteLength }) => sum + padded(byteLength), dataAt));
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, 2);
  words[0] = MAGIC;
  words[1] = dataAt - ALIGN;
  bytes.fill(0x20, ALIGN, dataAt);
  bytes.set(text, ALIGN);
  let at = dataAt;
  for (const { buffer, byteOffset, byteLength } of columns) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    // Equal states are equal bytes, whatever was here before.
    bytes.fill(0, at + byteLength, at + padded(byteLength));
    at += padded(byteLength);
  }
  return bytes;
}

function textsHeader({ ids, units }: SymbolTexts): TextsHeader {
  return { count: ids.length, units: units.length };
}

/**
 * @param bytes as `encodeKeyGroup` of this or an older version made them, at an offset that is a multiple of 8; they are
 *   looked at, not copied
 * @throws StateMigrationError for bytes that are none of a version that is known
 */
export function decodeKeyGroup(bytes: Uint8Array): KeyGroupState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < ALIGN || view.getUint32(0, true) !== MAGIC)
    throw new StateMigrationError('The bytes of a key group do not begin as they should; they are damaged.');
  const headerBytes = view.getUint32(4, true);
  const header = JSON.parse(fromStrictUtf8.decode(bytes.slice(ALIGN, ALIGN + headerBytes))) as Header;
  const columns = new ColumnReader(bytes, ALIGN + headerBytes);
  if (header.version === 1) return decodeVersion1(header as unknown as Version1Header, columns);
  if (!(header.version <= KEY_GROUP_BLOB_VERSION)) {
    throw new StateMigrationError(
      `Key group ${header.keyGroup} was stored in version ${String(header.version)}; this engine reads versions up to ${KEY_GROUP_BLOB_VERSION}.`,
    );
  }
  const texts = ({ count, units }: TextsHeader): SymbolTexts => ({
    ids: columns.integers(count),
    ends: columns.integers(count),
    units: columns.units(units),
  });
  const fieldsOf = header.version < VERSION_OF_DECLARED_ORDER ? wideFirst : (fields: StructFields) => fields;
  // In the order in which they stand.
  const keys = typeof header.keys === 'string' ? (decodePlain(header.keys) as Key[]) : texts(header.keys);
  const symbols = texts(header.symbols);
  const rows = Object.fromEntries(Object.entries(header.rows).map(([name, count]) => [name, columns.integers(count)]));
  const structs = header.structs.map(({ name, version, struct, fields, words, count }): StoredStructs => {
    const indexes = columns.integers(count);
    return { name, version, struct, fields: fieldsOf(fields), words, indexes, rows: columns.floats(count * words) };
  });
  return {
    keyGroup: header.keyGroup,
    keys,
    structs,
    objects: decodePlain(header.objects) as StoredObjects[],
    symbols,
    rows,
    eventTimers: columns.timers(header.eventTimers),
    processingTimers: columns.timers(header.processingTimers),
  };
}

/** Hands out one column after the other. */
export class ColumnReader {
  private readonly bytes: Uint8Array;
  private at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  integers(count: number): Int32Array {
    return new Int32Array(this.bytes.buffer, this.take(count * Int32Array.BYTES_PER_ELEMENT), count);
  }

  floats(count: number): Float64Array {
    return new Float64Array(this.bytes.buffer, this.take(count * Float64Array.BYTES_PER_ELEMENT), count);
  }

  units(count: number): Uint16Array {
    return new Uint16Array(this.bytes.buffer, this.take(count * Uint16Array.BYTES_PER_ELEMENT), count);
  }

  timers(count: number): StoredTimers {
    return { indexes: this.integers(count), times: this.floats(count) };
  }

  private take(bytes: number): number {
    const at = this.bytes.byteOffset + this.at;
    this.at += padded(bytes);
    return at;
  }
}
