import { z } from 'zod';
import type { StoreErrorKind } from '../../engine/contract/durable-store.ts';
import type { VaultCall } from '../../engine/contract/vault-messages.ts';
import { SCHEME } from './channels.ts';

/**
 * What main and the page of a vault say to each other, over the one port that the page has. The page has no other door: no
 * request of channels.ts, no object from its preload.
 */
export const VAULT_HOST = 'vault';
/** Never change it after a release: the origin app://vault names the folder of the vault's IndexedDB. */
export const VAULT_URL = `${SCHEME}://${VAULT_HOST}/vault.html`;
export const VAULT_PORT_CHANNEL = 'flinktrade/vault-port';
/** Posted from the preload to its own page together with the port. */
export const VAULT_PORT_HANDOVER = 'flinktrade-vault-port-handover';
/** A page that lives says so that often. */
export const VAULT_BEAT_EVERY_MS = 1000;

/** main -> page */
export interface VaultPageRequest {
  readonly id: number;
  readonly call:
    | Extract<VaultCall, { kind: 'put' | 'get' | 'list' | 'remove' }>
    /** `instance`: which store it was when it was opened before, or null. */
    | { readonly kind: 'open'; readonly instance: string | null };
}

/** page -> main */
export type VaultPageMessage =
  { readonly kind: 'beat' } | { readonly kind: 'answer'; readonly id: number; readonly result: VaultPageResult };

export type VaultPageResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'opened'; readonly instance: string }
  | { readonly kind: 'value'; readonly bytes: Uint8Array | null }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: StoreErrorKind; readonly message: string };

const reason = z.enum(['full', 'damaged', 'lost', 'newer', 'locked', 'failed']);

export const vaultPageMessageSchema: z.ZodType<VaultPageMessage> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('beat') }),
  z.strictObject({
    kind: z.literal('answer'),
    id: z.number().int().nonnegative(),
    result: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('done') }),
      z.strictObject({ kind: z.literal('opened'), instance: z.string().max(100) }),
      z.strictObject({ kind: z.literal('value'), bytes: z.instanceof(Uint8Array).nullable() }),
      z.strictObject({ kind: z.literal('names'), names: z.array(z.string()) }),
      z.strictObject({ kind: z.literal('refused'), reason, message: z.string().max(4000) }),
    ]),
  }),
]);
