import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { VaultLabel } from '../../engine/contract/vault-messages.ts';
import { trimIndexedDb, type Cut } from './leveldb-trim.ts';

/**
 * Which session partition serves a copy of the vault. The first one is `vault-a`; when it is set aside it stays where it
 * is, untouched, and `vault-a-2` takes its place: a folder that Chromium has open cannot be moved, and on Windows not even
 * renamed. The newest folder counts, so no list of them can be lost.
 */
export class VaultPartition {
  readonly #userData: string;
  readonly #base: string;
  #generation: number | null = null;
  readonly #trimmed = new Set<string>();

  constructor(userData: string, label: VaultLabel) {
    this.#userData = userData;
    this.#base = `vault-${label}`;
  }

  /** Name of the partition that serves now, without `persist:`. */
  async name(): Promise<string> {
    this.#generation ??= Math.max(1, ...(await this.#generations()));
    return this.#generation === 1 ? this.#base : `${this.#base}-${this.#generation}`;
  }

  async folder(): Promise<string> {
    return join(this.#userData, 'Partitions', await this.name());
  }

  /**
   * Must be awaited before a page opens the partition's database. Does its work once, until `closed` is told: in between
   * Chromium has the files open.
   * @param day goes into the name of what is cut off
   */
  async makeSafe(day: string): Promise<readonly Cut[]> {
    const name = await this.name();
    if (this.#trimmed.has(name)) return [];
    this.#trimmed.add(name);
    return trimIndexedDb(await this.folder(), join(this.#userData, 'vault-cuts'), `${name}-${day}`);
  }

  /** Chromium has let go of the files. */
  closed(): void {
    this.#trimmed.clear();
  }

  /** @returns the folder that served until now */
  async advance(): Promise<string> {
    const former = await this.folder();
    this.#generation = Math.max(this.#generation ?? 1, ...(await this.#generations())) + 1;
    // There at once: after a crash the set-aside one must not serve again.
    await mkdir(await this.folder(), { recursive: true, mode: 0o700 });
    return former;
  }

  async #generations(): Promise<readonly number[]> {
    const pattern = new RegExp(`^${this.#base}(?:-(\\d{1,9}))?$`);
    const names = await readdir(join(this.#userData, 'Partitions')).catch(() => []);
    return names.flatMap((name) => {
      const found = pattern.exec(name);
      return found === null ? [] : [Number(found[1] ?? 1)];
    });
  }
}
