import type { KeyGroupRange } from '../../state/key-groups.ts';
import type { Key } from '../../state/java-hash.ts';
import type { StateKind } from '../../state/operator-snapshot.ts';
import type { StateQueryReason } from './state-query-error.ts';

/** What keeps a row: one field of its value against a constant, compared as `compareValues` does. */
export interface Condition {
  /** A field of the value; empty: the value itself. */
  readonly field: string;
  readonly operator: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge';
  readonly value: ComparableValue;
}
export type ComparableValue = string | number | bigint | boolean | null;

export interface Ordering {
  /** A field of the value; empty: the value itself. Rows of equal value are in the order of their keys. */
  readonly field: string;
  readonly direction: 'ascending' | 'descending';
}

/** Where a row stands in a list: behind it the next page begins. */
export interface RowPlace {
  /** What the list is ordered by; null when it is ordered by key. */
  readonly value: ComparableValue;
  readonly key: Key;
}

/** Which rows of a state are meant, and in which order. */
export interface ListQuestion {
  /** Keys as text begin with it; empty: all keys. */
  readonly prefix: string;
  readonly where: readonly Condition[];
  /** null: by key. */
  readonly order: Ordering | null;
  /** null: from the first. */
  readonly after: RowPlace | null;
  readonly limit: number;
}

/** What a task is asked. */
export type StateQuestion =
  | { readonly kind: 'describe' }
  | { readonly kind: 'look-up'; readonly name: string; readonly keys: readonly Key[]; readonly argument: unknown }
  | ({ readonly kind: 'list'; readonly name: string; readonly keyGroups: KeyGroupRange } & ListQuestion);

/** One state that can be asked for. */
export interface QueryableInfo {
  readonly name: string;
  /** Of the operator that has it. */
  readonly uid: string;
  readonly operator: string;
  /** `computed`: by a query of the operator's function; it has no state name. */
  readonly kind: StateKind | 'computed';
  readonly stateName: string | null;
  /** Its time to live; null: it lives for ever. */
  readonly ttlMs: number | null;
}

/** What a key has. */
export interface FoundState {
  readonly value: unknown;
  /**
   * Of state with a time to live: when it expires, ms of processing time; of lists and maps when each element or entry
   * does, in their order. Absent: it lives for ever.
   */
  readonly expiresAtMs?: number | readonly number[];
}

export interface ListedRow extends FoundState {
  readonly key: Key;
}

/** A key's answer; null: it has no state. */
export type LookedUp = FoundState | null;

export type StateAnswer =
  | { readonly kind: 'described'; readonly states: readonly QueryableInfo[] }
  | { readonly kind: 'looked-up'; readonly values: readonly LookedUp[] }
  /** `hasMore`: there were more rows than asked for. */
  | { readonly kind: 'listed'; readonly rows: readonly ListedRow[]; readonly hasMore: boolean }
  | { readonly kind: 'refused'; readonly reason: StateQueryReason; readonly problem: string };
