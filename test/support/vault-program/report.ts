import type { StoreErrorKind } from '../../../engine/contract/durable-store.ts';
import type { StoreEvent } from '../../../engine/contract/store-events.ts';

/** What the vault program prints, one a line. */
export type VaultReport =
  | { readonly kind: 'opened'; readonly pids: readonly { readonly pid: number; readonly type: string }[] }
  | { readonly kind: 'refused'; readonly reason: StoreErrorKind; readonly message: string }
  | { readonly kind: 'event'; readonly event: StoreEvent }
  /** A writing is on its way, null: a removal; and it was acknowledged. */
  | { readonly kind: 'asked' | 'stored'; readonly name: string; readonly hash: string | null }
  | { readonly kind: 'unstored'; readonly reason: StoreErrorKind; readonly message: string }
  | { readonly kind: 'idle' }
  /** `hash` is why, where it could not be read. */
  | { readonly kind: 'value'; readonly name: string; readonly hash: string | null }
  | { readonly kind: 'whole'; readonly copies: readonly boolean[] }
  | { readonly kind: 'broken'; readonly message: string };
