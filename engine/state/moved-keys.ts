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
  /** Here and below: indexes are into `keys`. Rows lie in memory that threads share: they are much, and are not copied. */
  readonly structs: readonly StoredStructs[];
  /** encodePlain of StoredObjects[]. */
  readonly objects: string;
  /** By publisher: keys that have a row. */
  readonly rows: Readonly<Record<string, Int32Array>>;
  readonly eventTimers: StoredTimers;
  readonly processingTimers: StoredTimers;
}
