import { IllegalArgumentError } from '../core/errors.ts';
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from './state.ts';

/** What renews an entry's life: writing it, or reading it as well. */
export type TtlUpdateType = 'on-create-and-write' | 'on-read-and-write';

/**
 * `never-return-expired`: what has expired is as good as gone. `return-expired-if-not-cleaned-up`: it may be handed out
 * once more, if nothing cleaned it up before; that read removes it.
 */
export type TtlStateVisibility = 'never-return-expired' | 'return-expired-if-not-cleaned-up';

/** How long state lives, and what becomes of it then (Flink: StateTtlConfig). */
export interface StateTtlConfig {
  /** Above 0. An entry has expired when this much processing time has passed since it was last renewed. */
  readonly ttlMs: number;
  readonly updateType: TtlUpdateType;
  readonly stateVisibility: TtlStateVisibility;
  /**
   * How many keys each access to the state looks at, in turn, to remove what has expired; 0 or more. What nobody reads
   * any more is removed by nothing else.
   */
  readonly cleanupIncrementallyKeys: number;
  /** Leaves what has expired out of snapshots. The running state keeps it. */
  readonly cleanupInFullSnapshot: boolean;
}

/** Keys looked at per access unless told otherwise; Flink's number for state on the heap. */
const DEFAULT_CLEANUP_KEYS = 5;

/** @throws IllegalArgumentError for a time to live that is not above 0 */
export function stateTtlConfig(ttlMs: number, options: Partial<Omit<StateTtlConfig, 'ttlMs'>> = {}): StateTtlConfig {
  if (!(ttlMs > 0)) {
    throw new IllegalArgumentError(`TTL is expected to be positive; found ${ttlMs} ms.`);
  }
  const cleanupIncrementallyKeys = options.cleanupIncrementallyKeys ?? DEFAULT_CLEANUP_KEYS;
  if (!Number.isInteger(cleanupIncrementallyKeys) || cleanupIncrementallyKeys < 0) {
    throw new IllegalArgumentError(
      `cleanupIncrementallyKeys must be a whole number, 0 (none) or more; found ${cleanupIncrementallyKeys}.`,
    );
  }
  return {
    ttlMs,
    updateType: options.updateType ?? 'on-create-and-write',
    stateVisibility: options.stateVisibility ?? 'never-return-expired',
    cleanupIncrementallyKeys,
    cleanupInFullSnapshot: options.cleanupInFullSnapshot ?? false,
  };
}

/** Every kind of state but structs, whose columns have no room for the time of the last access. */
type TtlDescriptor =
  | ValueStateDescriptor<never>
  | ListStateDescriptor<never>
  | MapStateDescriptor<never, never>
  | ReducingStateDescriptor<never>
  | AggregatingStateDescriptor<never, never, never>;

/**
 * The same state with a time to live, on processing time, also while the job is down. Values live as a whole, elements of
 * lists and entries of maps each on their own. Whether a state has a time to live is part of what a snapshot stores: it
 * cannot be turned on or off across a restore; how long it is can change.
 *
 * `const LAST_SEEN = enableTimeToLive(valueState<number>('last-seen'), stateTtlConfig(60_000));`
 */
export function enableTimeToLive<D extends Pick<TtlDescriptor, 'kind' | 'name'>>(
  descriptor: D,
  ttl: StateTtlConfig,
): D {
  return { ...descriptor, ttl };
}
