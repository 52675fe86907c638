import { Dexie, type EntityTable } from 'dexie';

/**
 * What a window remembers, in IndexedDB: how it looks, the rules documents, which files were used and when. The engine's
 * own state is not here. Tables:
 *
 *   facts          one value per name: format, settings, windowPlace, the chosen positions file
 *   rulesDocuments the document in use and those a person saved by name
 *   sessions       what was opened, newest use first by `usedAtMs`
 *   positionsFiles the same for positions files
 */
export const DATABASE_NAME = 'flinktrade-window';
/**
 * Our own number for what the rows mean. Dexie opens a newer schema than it knows without a word, so a program older
 * than its data looks here first and leaves the data alone.
 */
export const FORMAT = 1;

export interface Fact {
  readonly name: string;
  readonly value: unknown;
}
export interface StoredRules {
  /** `current`, or the name a person gave. */
  readonly name: string;
  readonly document: unknown;
  readonly savedAtMs: number;
}
export interface StoredSession {
  /** The paths, one a line: the same files opened again are the same session. */
  readonly key: string;
  readonly paths: readonly string[];
  readonly positionsPath: string | null;
  readonly profile: string | null;
  readonly usedAtMs: number;
}
export interface StoredPositionsFile {
  readonly path: string;
  readonly usedAtMs: number;
}

export class WindowDatabase extends Dexie {
  readonly facts!: EntityTable<Fact, 'name'>;
  readonly rulesDocuments!: EntityTable<StoredRules, 'name'>;
  readonly sessions!: EntityTable<StoredSession, 'key'>;
  readonly positionsFiles!: EntityTable<StoredPositionsFile, 'path'>;

  constructor(name = DATABASE_NAME) {
    // Rules are worth a flush: a power cut must not bring back what a trader changed a minute ago.
    super(name, { chromeTransactionDurability: 'strict' });
    this.version(1).stores({
      facts: 'name',
      rulesDocuments: 'name',
      sessions: 'key, usedAtMs',
      positionsFiles: 'path, usedAtMs',
    });
  }
}
