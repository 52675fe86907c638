import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { STORE_NAME, StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { assert } from '../../core/assert.ts';
import { syncFolder, writeDurably } from './durable-file.node.ts';
import { lockFolder } from './folder-lock.node.ts';
import { codeOf, storeFailure } from './store-failure.node.ts';

/**
 * A DurableStore in a folder, one file per value:
 *
 *   format            what this folder is, and the number of its layout
 *   lock              who has it open (folder-lock.node.ts)
 *   temporary/        files being written; emptied when the store is opened
 *   values/a/b@       the value `a/b`. No name contains `@`, so the values `a` and `a/b` do not meet.
 *
 * It protects against crashes and against a second writer, not against a damaged disk: that is MirroredStore's business.
 * May be called from one thread; puts of different names run side by side.
 */
export const FOLDER_FORMAT = 1;
const MARKER = 'FlinkTrade folder store';
const VALUE_END = '@';

export class FolderStore implements DurableStore {
  readonly #folder: string;
  readonly #unlock: () => Promise<void>;
  readonly #madeFolders = new Set<string>();
  #closed = false;

  /** Use `openFolderStore`. */
  constructor(folder: string, unlock: () => Promise<void>) {
    this.#folder = folder;
    this.#unlock = unlock;
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const path = this.#pathOf(name);
    try {
      await this.#ensureFolder(dirname(path));
      await writeDurably(path, bytes, join(this.#folder, 'temporary', randomUUID()));
    } catch (error) {
      throw storeFailure(error, path, `store ${bytes.byteLength} bytes`);
    }
  }

  async get(name: string): Promise<Uint8Array | null> {
    const path = this.#pathOf(name);
    try {
      const file = await readFile(path);
      return new Uint8Array(file.buffer, file.byteOffset, file.byteLength);
    } catch (error) {
      if (isAbsence(error)) return null;
      throw storeFailure(error, path, 'read a value');
    }
  }

  async list(prefix: string): Promise<readonly string[]> {
    this.#assertOpen();
    const names: string[] = [];
    try {
      // Whole segments of the prefix lead straight to their folder.
      const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      await this.#collect(start, prefix, names);
    } catch (error) {
      throw storeFailure(error, this.#folder, `list the values ${prefix}...`);
    }
    return names.sort();
  }

  async remove(names: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const name of names) {
      const path = this.#pathOf(name);
      try {
        await unlink(path);
        folders.add(dirname(path));
      } catch (error) {
        if (!isAbsence(error)) throw storeFailure(error, path, 'remove a value');
      }
    }
    try {
      for (const folder of folders) await syncFolder(folder);
    } catch (error) {
      throw storeFailure(error, this.#folder, `remove ${names.length} values`);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#unlock();
  }

  #pathOf(name: string): string {
    this.#assertOpen();
    assert(STORE_NAME.test(name), `A value's name is segments of a-z 0-9 . _ - joined by /; found "${name}".`);
    return join(this.#folder, 'values', ...name.split('/')) + VALUE_END;
  }

  #assertOpen(): void {
    assert(!this.#closed, `The store ${this.#folder} was closed and is used all the same.`);
  }

  /** New folders are made one by one from the top, each flushed with its parent: a value must not hang in the air. */
  async #ensureFolder(folder: string): Promise<void> {
    if (this.#madeFolders.has(folder)) return;
    if (folder !== join(this.#folder, 'values')) await this.#ensureFolder(dirname(folder));
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncFolder(dirname(folder));
    this.#madeFolders.add(folder);
  }

  async #collect(under: string, prefix: string, names: string[]): Promise<void> {
    if (under !== '' && !STORE_NAME.test(under.slice(0, -1))) return;
    let entries;
    try {
      entries = await readdir(join(this.#folder, 'values', under), { withFileTypes: true });
    } catch (error) {
      if (isAbsence(error)) return;
      throw error;
    }
    for (const entry of entries) {
      const name = under + entry.name;
      if (entry.isDirectory()) {
        if (`${name}/`.startsWith(prefix) || prefix.startsWith(`${name}/`))
          await this.#collect(`${name}/`, prefix, names);
      } else if (name.endsWith(VALUE_END) && name.startsWith(prefix)) {
        names.push(name.slice(0, -VALUE_END.length));
      }
    }
  }
}

/**
 * Opens the store in `folder`, making it when there is nothing.
 * @throws StoreError `newer`: written by a newer version, nothing was touched; `locked`: a living process has it open;
 *   `damaged`: there are values, but what says their layout is gone or unreadable
 */
export async function openFolderStore(folder: string): Promise<FolderStore> {
  // Before the lock is written: what is newer stays untouched.
  await readFormat(folder);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw storeFailure(error, folder, 'make the folder');
  }
  const unlock = await lockFolder(folder);
  try {
    const format = await readFormat(folder);
    await rm(join(folder, 'temporary'), { recursive: true, force: true });
    await mkdir(join(folder, 'temporary'), { mode: 0o700 });
    await mkdir(join(folder, 'values'), { recursive: true, mode: 0o700 });
    if (format === null) await writeFormat(folder);
    return new FolderStore(folder, unlock);
  } catch (error) {
    await unlock();
    throw storeFailure(error, folder, 'open the store');
  }
}

async function writeFormat(folder: string): Promise<void> {
  const text = `${JSON.stringify({ what: MARKER, format: FOLDER_FORMAT })}\n`;
  await writeDurably(join(folder, 'format'), Buffer.from(text), join(folder, 'temporary', 'format'));
}

/** @returns null when there is no store yet */
async function readFormat(folder: string): Promise<number | null> {
  const path = join(folder, 'format');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isAbsence(error)) throw storeFailure(error, path, 'read the format');
    if ((await valuesIn(folder)) === 0) return null;
    throw new StoreError('damaged', folder, `${folder} has values, but no file "format" that says how to read them.`);
  }
  const format = formatOf(text);
  if (format === null) {
    throw new StoreError(
      'damaged',
      folder,
      `${path} should say "${MARKER}" and a format; found "${text.slice(0, 80)}".`,
    );
  }
  if (format > FOLDER_FORMAT) {
    throw new StoreError(
      'newer',
      folder,
      `${folder} was written by a newer FlinkTrade (format ${format}; this one knows ${FOLDER_FORMAT}). ` +
        'It was left untouched. Use the newer version, or name another folder.',
    );
  }
  return format;
}

function formatOf(text: string): number | null {
  try {
    const read = JSON.parse(text) as { what?: unknown; format?: unknown } | null;
    return read?.what === MARKER && Number.isSafeInteger(read.format) ? (read.format as number) : null;
  } catch {
    return null;
  }
}

async function valuesIn(folder: string): Promise<number> {
  try {
    return (await readdir(join(folder, 'values'))).length;
  } catch (error) {
    if (isAbsence(error)) return 0;
    throw storeFailure(error, folder, 'look into the folder');
  }
}

function isAbsence(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}
