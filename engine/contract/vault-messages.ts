import type { StoreErrorKind } from './durable-store.ts';
import type { StoreEvent } from './store-events.ts';

/**
 * What the engine's thread and the main process say to each other about the vault: two IndexedDB stores in hidden windows.
 * Over a Node MessagePort of its own. Each question is answered once, by its id; a window that dies in between is brought
 * back and asked again, so what a question does can be done twice without harm.
 */
export type VaultLabel = 'a' | 'b';

export type VaultCall =
  | { readonly kind: 'open' }
  | { readonly kind: 'put'; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: 'get'; readonly name: string }
  | { readonly kind: 'list'; readonly prefix: string }
  | { readonly kind: 'remove'; readonly names: readonly string[] }
  | { readonly kind: 'close' }
  /** What is there is left where it is, for good, and the next `open` begins with an empty store. */
  | { readonly kind: 'set-aside' };

export type VaultResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'value'; readonly bytes: Uint8Array | null }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'set-aside'; readonly to: string | null }
  | { readonly kind: 'refused'; readonly reason: StoreErrorKind; readonly where: string; readonly message: string };

/** engine -> main */
export interface VaultQuestion {
  readonly id: number;
  readonly vault: VaultLabel;
  readonly call: VaultCall;
}

/** main -> engine */
export type VaultMessage =
  | { readonly kind: 'answer'; readonly id: number; readonly result: VaultResult }
  /** The room on the disk, a log that was made safe, a window that was brought back. */
  | { readonly kind: 'event'; readonly event: StoreEvent };
