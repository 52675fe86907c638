import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * The files that a person chose: in a dialog, by dropping them, or on the command line. Only these may be opened on a
 * window's word, so that a script injected into the page cannot read the disk by naming a path. The list outlives the
 * program, because the window offers recent sessions again.
 *
 * What it does not stop: code that has taken over the whole renderer process can claim that a path was dropped. The
 * sandbox, the content policy and the absence of remote content stand before that.
 */
const GRANTS_MAX = 500;

export class GrantedPaths {
  readonly #file: string;
  readonly #paths = new Set<string>();
  #writing: Promise<void> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  async load(): Promise<void> {
    try {
      const stored: unknown = JSON.parse(await readFile(this.#file, 'utf8'));
      if (!Array.isArray(stored)) return;
      for (const path of stored) if (typeof path === 'string') this.#paths.add(path);
    } catch {
      // No list yet, or an unreadable one: the person chooses again, nothing else is lost.
      this.#paths.clear();
    }
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** Newest last; the oldest are forgotten beyond GRANTS_MAX. */
  grant(paths: readonly string[]): void {
    for (const path of paths) {
      this.#paths.delete(path);
      this.#paths.add(path);
    }
    for (const path of this.#paths) {
      if (this.#paths.size <= GRANTS_MAX) break;
      this.#paths.delete(path);
    }
    this.#writing = this.#writing.then(() => this.#write()).catch(() => undefined);
  }

  /** Settles when what was granted so far is on disk. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    const temporary = `${this.#file}.new`;
    await mkdir(dirname(this.#file), { recursive: true });
    await writeFile(temporary, JSON.stringify([...this.#paths]), { mode: 0o600 });
    await chmod(temporary, 0o600);
    await rename(temporary, this.#file);
  }
}
