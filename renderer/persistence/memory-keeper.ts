import type { WindowPlace } from '../../electron/contract/channels.ts';
import { FORMAT, WindowDatabase, type StoredPositionsFile, type StoredSession } from './database.ts';

/**
 * The window's memory. Opening and every write may fail (a full disk, a damaged store, data of a newer program): that is
 * said once, and the window goes on without remembering, because trading does not depend on it.
 */
export interface Remembered {
  readonly settings: unknown;
  readonly rules: unknown;
  readonly savedRules: readonly { readonly name: string; readonly document: unknown }[];
  readonly windowPlace: WindowPlace | null;
  readonly positionsPath: string | null;
  readonly sessions: readonly StoredSession[];
  readonly positionsFiles: readonly StoredPositionsFile[];
}

export const NOTHING_REMEMBERED: Remembered = {
  settings: null,
  rules: null,
  savedRules: [],
  windowPlace: null,
  positionsPath: null,
  sessions: [],
  positionsFiles: [],
};

const CURRENT_RULES = 'current';
const RECENT_MAX = 20;

export class MemoryKeeper {
  readonly #onTrouble: (text: string) => void;
  readonly #wallMs: () => number;
  #database: WindowDatabase | null = null;
  #troubled = false;

  constructor(onTrouble: (text: string) => void, wallMs: () => number) {
    this.#onTrouble = onTrouble;
    this.#wallMs = wallMs;
  }

  get isKept(): boolean {
    return this.#database !== null && !this.#troubled;
  }

  /** Opens the store and reads all of it; a few kilobytes. */
  async open(): Promise<Remembered> {
    const database = new WindowDatabase();
    try {
      await database.open();
      const format = await database.facts.get('format');
      if (format !== undefined && format.value !== FORMAT) {
        database.close();
        this.#trouble(
          `The window's memory was written by another version of FlinkTrade (format ${String(format.value)}, this one writes ${FORMAT}). ` +
            'It is left untouched; settings of this run are not kept.',
        );
        return NOTHING_REMEMBERED;
      }
      if (format === undefined) await database.facts.put({ name: 'format', value: FORMAT });
      this.#database = database;
      return await this.#read(database);
    } catch (error) {
      database.close();
      this.#trouble(`The window's memory could not be opened: ${textOf(error)}. Settings of this run are not kept.`);
      return NOTHING_REMEMBERED;
    }
  }

  keepSettings(settings: object): void {
    void this.#write((database) => database.facts.put({ name: 'settings', value: settings }));
  }

  keepWindowPlace(place: WindowPlace): void {
    void this.#write((database) => database.facts.put({ name: 'windowPlace', value: place }));
  }

  keepPositionsPath(path: string | null): void {
    void this.#write((database) => database.facts.put({ name: 'positionsPath', value: path }));
    if (path === null) return;
    void this.#write((database) => database.positionsFiles.put({ path, usedAtMs: this.#wallMs() }));
  }

  keepRules(document: object, name = CURRENT_RULES): void {
    void this.#write((database) => database.rulesDocuments.put({ name, document, savedAtMs: this.#wallMs() }));
  }

  forgetRules(name: string): void {
    void this.#write((database) => database.rulesDocuments.delete(name));
  }

  /** @returns the list with this session first */
  async keepSession(session: Omit<StoredSession, 'key' | 'usedAtMs'>): Promise<readonly StoredSession[]> {
    const stored = { ...session, key: session.paths.join('\n'), usedAtMs: this.#wallMs() };
    await this.#write((database) => database.sessions.put(stored));
    return await this.#recentSessions();
  }

  async forgetSession(key: string): Promise<readonly StoredSession[]> {
    await this.#write((database) => database.sessions.delete(key));
    return await this.#recentSessions();
  }

  async #recentSessions(): Promise<readonly StoredSession[]> {
    const database = this.#database;
    if (database === null) return [];
    try {
      return await database.sessions.orderBy('usedAtMs').reverse().limit(RECENT_MAX).toArray();
    } catch (error) {
      this.#trouble(`The list of sessions could not be read: ${textOf(error)}.`);
      return [];
    }
  }

  async #read(database: WindowDatabase): Promise<Remembered> {
    const [settings, place, positionsPath, documents, sessions, positionsFiles] = await Promise.all([
      database.facts.get('settings'),
      database.facts.get('windowPlace'),
      database.facts.get('positionsPath'),
      database.rulesDocuments.toArray(),
      this.#recentSessions(),
      database.positionsFiles.orderBy('usedAtMs').reverse().limit(RECENT_MAX).toArray(),
    ]);
    return {
      settings: settings?.value ?? null,
      rules: documents.find((stored) => stored.name === CURRENT_RULES)?.document ?? null,
      savedRules: documents.filter((stored) => stored.name !== CURRENT_RULES),
      windowPlace: readPlace(place?.value),
      positionsPath: typeof positionsPath?.value === 'string' ? positionsPath.value : null,
      sessions,
      positionsFiles,
    };
  }

  async #write(act: (database: WindowDatabase) => PromiseLike<unknown>): Promise<void> {
    const database = this.#database;
    if (database === null) return;
    try {
      await act(database);
    } catch (error) {
      this.#trouble(`The window's memory could not be written: ${textOf(error)}. Later changes may not be kept.`);
    }
  }

  #trouble(text: string): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#onTrouble(text);
  }
}

function readPlace(value: unknown): WindowPlace | null {
  if (typeof value !== 'object' || value === null) return null;
  const { x, y, width, height, maximized } = value as Partial<Record<keyof WindowPlace, unknown>>;
  const numbers = [x, y, width, height];
  if (!numbers.every(Number.isInteger) || typeof maximized !== 'boolean') return null;
  return { x, y, width, height, maximized } as WindowPlace;
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
