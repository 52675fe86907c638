import type { Key } from './java-hash.ts';
import type { KeyGroupRange } from './key-groups.ts';

/**
 * What one subtask of an operator hands out and takes back: plain data, by key group, so that a new owner of a key group
 * takes exactly its part (Flink: OperatorSubtaskState). The current watermark is not part of it.
 */
export const SNAPSHOT_VERSION = 1;

/** What is stored of state with a time to live has times in it, so it is of another kind. */
export type StateKind =
  | 'value'
  | 'struct'
  | 'list'
  | 'map'
  | 'reducing'
  | 'aggregating'
  | 'ttl-value'
  | 'ttl-list'
  | 'ttl-map'
  | 'ttl-reducing'
  | 'ttl-aggregating';

/** Entries of a broadcast map state; alone: what was stored when states had no versions. */
export type StoredBroadcast =
  | readonly (readonly [unknown, unknown])[]
  | { readonly version: number; readonly entries: readonly (readonly [unknown, unknown])[] };

export function entriesOf(stored: StoredBroadcast): readonly (readonly [unknown, unknown])[] {
  return 'version' in stored ? stored.entries : stored;
}

export interface KeyGroupSnapshot {
  readonly keyGroup: number;
  readonly keys: readonly Key[];
  /** Per state name: pairs of an index into `keys` and the value. */
  readonly states: Readonly<Record<string, readonly (readonly [number, unknown])[]>>;
  /** Pairs of an index into `keys` and the time, ms. */
  readonly eventTimers: readonly (readonly [number, number])[];
  readonly processingTimers: readonly (readonly [number, number])[];
}

export interface OperatorSnapshot {
  readonly version: typeof SNAPSHOT_VERSION;
  readonly maxParallelism: number;
  readonly range: KeyGroupRange;
  /** By name of the state. */
  readonly schemas: Readonly<Record<string, { readonly kind: StateKind; readonly version: number }>>;
  readonly keyGroups: readonly KeyGroupSnapshot[];
  /** Broadcast map states by name: every subtask stores its whole copy. */
  readonly broadcast: Readonly<Record<string, StoredBroadcast>>;
}
