import { Dexie, type EntityTable } from 'dexie';

/**
 * One copy of the engine's state, in IndexedDB. Two tables: what the store is, and its values, each whole under its name.
 * What a value means, and whether it is what was written, is the engine's business.
 */
export const VAULT_DATABASE_NAME = 'flinktrade-vault';
/** Our own number: Dexie opens a newer schema than it knows without a word. */
export const VAULT_FORMAT = 1;

export interface VaultFact {
  readonly name: 'format' | 'instance';
  readonly value: unknown;
}
export interface VaultValue {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class VaultDatabase extends Dexie {
  readonly facts!: EntityTable<VaultFact, 'name'>;
  readonly values!: EntityTable<VaultValue, 'name'>;

  constructor() {
    // Strict: acknowledged means flushed. The default answers before the flush and loses up to a second in a power cut.
    // Not opened by itself: after a fault it would come back silently, and perhaps as another, empty database.
    super(VAULT_DATABASE_NAME, { chromeTransactionDurability: 'strict', autoOpen: false, cache: 'disabled' });
    this.version(1).stores({ facts: 'name', values: 'name' });
  }
}
