import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Paths of the manifests in a state folder, in every copy, by their checkpoints' ids. */
function manifestsIn(state: string): ReadonlyMap<number, readonly string[]> {
  const found = new Map<number, string[]>();
  for (const path of readdirSync(state, { recursive: true, encoding: 'utf8' })) {
    const id = /checkpoints\D+(\d{10}).*manifest/.exec(path)?.[1];
    if (id !== undefined) found.set(Number(id), [...(found.get(Number(id)) ?? []), join(state, path)]);
  }
  return found;
}

/** @returns 0 when there is none */
export function newestCheckpoint(state: string): number {
  return Math.max(0, ...manifestsIn(state).keys());
}

/** Damages the newest checkpoints of a state folder in every copy. @returns the id of the newest */
export function damageCheckpoints(state: string, count = Infinity): number {
  const manifests = manifestsIn(state);
  const ids = [...manifests.keys()].sort((left, right) => right - left);
  for (const path of ids.slice(0, count).flatMap((id) => manifests.get(id) ?? [])) {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] ^= 1;
    writeFileSync(path, bytes);
  }
  return ids[0];
}
