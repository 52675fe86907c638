// Remembers from which inputs a result was made, so that a second run costs only the hashing.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { pid } from 'node:process';

/**
 * @param {string} stampFile
 * @param {string} hash of the inputs as they are now
 * @param {readonly string[]} results files that must be there too
 */
export function isFresh(stampFile, hash, results = []) {
  if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== hash) return false;
  return results.every((file) => existsSync(file));
}

/**
 * Written through a rename, after the results: a run that dies before it leaves the result stale, never half fresh.
 * @param {string} stampFile
 * @param {string} hash
 */
export function markFresh(stampFile, hash) {
  mkdirSync(dirname(stampFile), { recursive: true });
  const temporary = `${stampFile}.${pid}`;
  writeFileSync(temporary, hash);
  renameSync(temporary, stampFile);
}

/** @param {string} stampFile */
export function markStale(stampFile) {
  rmSync(stampFile, { force: true });
}
