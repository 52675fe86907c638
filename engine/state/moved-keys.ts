import type { Key } from './java-hash.ts';
import type { StoredStructs, StoredTimers } from './key-group-blob.ts';

/**
 * Keys, and what one operator has of them, on their way from a subtask to another of the same job. Columns as they stand
 * in memory: unlike a stored key group they outlive nobody, and numbers of symbols mean the same at both ends.
 */
export interface MovedKeys {
  /** Numbers of symbols, or any keys. */
  readonly keys: Int32Array | readonly Key[];
  /** Of each key. */
  readonly keyGroups: Int32Array;
  /** Here and below: indexes are into `keys`. */
  readonly structs: readonly StoredStructs[];
  /** encodePlain of StoredObjects[]. */
  readonly objects: string;
  /** By publisher: keys that have a row. */
  readonly rows: Readonly<Record<string, Int32Array>>;
  readonly eventTimers: StoredTimers;
  readonly processingTimers: StoredTimers;
}

/** The memory behind it, to be handed to another thread instead of copied. */
export function buffersOf({ keys, keyGroups, structs, rows, eventTimers, processingTimers }: MovedKeys): ArrayBuffer[] {
  const columns = [
    ...(keys instanceof Int32Array ? [keys] : []),
    keyGroups,
    ...structs.flatMap((struct) => [struct.indexes, struct.rows]),
    ...Object.values(rows),
    ...[eventTimers, processingTimers].flatMap(({ indexes, times }) => [indexes, times]),
  ];
  return columns.map(({ buffer }) => buffer as ArrayBuffer);
}
