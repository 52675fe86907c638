import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** A running program that can be asked, as the others find it. It holds no secret: where the token lies, not what it is. */
const INSTANCE = z.strictObject({
  pid: z.int().positive(),
  kind: z.enum(['workstation', 'replay', 'live']),
  url: z.string().regex(/^http:\/\/127\.0\.0\.1:\d{1,5}$/),
  tokenPath: z.string().min(1).max(4_096),
  startedAtMs: z.number(),
});
export type Instance = z.infer<typeof INSTANCE>;

const FOLDER = 'instances';
const FILE_BYTES_MAX = 16_384;

/** Says that this program can be asked. @returns what takes it back */
export function announceInstance(folder: string, instance: Instance): () => void {
  const path = join(folder, FOLDER, `${instance.pid}-${new URL(instance.url).port}.json`);
  mkdirSync(join(folder, FOLDER), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  writeFileSync(unfinished, JSON.stringify(instance), { mode: 0o600 });
  renameSync(unfinished, path);
  return () => rmSync(path, { force: true });
}

/** Programs that can be asked now, newest first. Files of programs that are gone are removed. */
export function findInstances(folder: string): readonly Instance[] {
  const found: Instance[] = [];
  for (const name of namesIn(join(folder, FOLDER))) {
    const path = join(folder, FOLDER, name);
    const instance = readInstance(path);
    if (instance !== null && isAlive(instance.pid)) found.push(instance);
    else rmSync(path, { force: true });
  }
  return found.sort((left, right) => right.startedAtMs - left.startedAtMs);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readInstance(path: string): Instance | null {
  try {
    const text = readFileSync(path, 'utf8');
    return text.length > FILE_BYTES_MAX ? null : (INSTANCE.safeParse(JSON.parse(text)).data ?? null);
  } catch {
    // Half a file, or one that went between the listing and here: no instance either way.
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
