import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { StoreError } from '../../contract/durable-store.ts';
import { codeOf, storeFailure } from './store-failure.node.ts';

/**
 * One writer for a folder: the file `lock` in it names the process that has it open. It is made by linking, which fails
 * when it is there, on every file system. A lock whose process is dead is taken over; a process number that was given to
 * another program since is told by the start time (Linux). A lock of another machine, on a network home, cannot be judged
 * from here and is respected.
 */
const LOCK = 'lock';
/** Each attempt loses against one other process that is starting now; that is at most a few. */
const ATTEMPTS_MAX = 5;

interface Holder {
  readonly host: string;
  readonly pid: number;
  /** Clock ticks since boot at the start of the process; null where the system does not say. */
  readonly started: string | null;
  readonly token: string;
}

/** @returns what gives the lock back; may be called twice */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, LOCK);
  const me: Holder = { host: hostname(), pid: process.pid, started: startOf(process.pid), token: randomUUID() };
  try {
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
      if (await claim(path, me)) return () => release(path, me);
      const holder = await readHolder(path);
      if (holder !== 'gone') refuseLiving(folder, path, holder);
      await clearAway(path, holder);
    }
  } catch (error) {
    throw storeFailure(error, path, 'lock the folder');
  }
  throw new StoreError('locked', folder, `${folder} is being opened by several programs at once. Start one of them.`);
}

async function claim(path: string, me: Holder): Promise<boolean> {
  const mine = `${path}.${me.token}`;
  await writeFile(mine, JSON.stringify(me), { mode: 0o600 });
  try {
    await link(mine, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(mine, { force: true });
  }
}

/** null: there is a lock, but nobody can be read from it; a process was killed while it wrote, or somebody edited it. */
async function readHolder(path: string): Promise<Holder | 'gone' | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
  return parseHolder(text);
}

function parseHolder(text: string): Holder | null {
  try {
    const read = JSON.parse(text) as Partial<Record<keyof Holder, unknown>> | null;
    if (typeof read?.pid !== 'number' || typeof read.host !== 'string' || typeof read.token !== 'string') return null;
    return {
      host: read.host,
      pid: read.pid,
      started: typeof read.started === 'string' ? read.started : null,
      token: read.token,
    };
  } catch {
    return null;
  }
}

function refuseLiving(folder: string, path: string, holder: Holder | null): void {
  if (holder === null) return;
  if (holder.host !== hostname()) {
    throw new StoreError(
      'locked',
      folder,
      `${folder} is in use on the machine ${holder.host} (process ${holder.pid}); this one is ${hostname()}. ` +
        `Close it there. If that machine is off, or has only been renamed, delete ${path}.`,
    );
  }
  if (!isAlive(holder)) return;
  throw new StoreError(
    'locked',
    folder,
    `${folder} is in use by process ${holder.pid}. Close that one, or name another folder.`,
  );
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    if (codeOf(error) !== 'EPERM') return false;
  }
  return holder.started === null || holder.started === startOf(holder.pid);
}

/** Removes a dead lock, unless another process has just put its own there: then that one is put back. */
async function clearAway(path: string, dead: Holder | 'gone' | null): Promise<void> {
  if (dead === 'gone') return;
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  const moved = await readHolder(aside);
  const isOther = moved !== null && moved !== 'gone' && moved.token !== (dead?.token ?? '');
  if (isOther) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function release(path: string, me: Holder): Promise<void> {
  const holder = await readHolder(path);
  if (holder !== 'gone' && holder?.token === me.token) await rm(path, { force: true });
}

/** Field 22 of /proc/PID/stat; the name in field 2 may contain blanks and brackets, hence the last bracket. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    // Not Linux, or the process is gone.
    return null;
  }
}
