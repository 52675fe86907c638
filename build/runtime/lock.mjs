// One process at a time: two runs that start together must not download and unpack into each other.
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { pid } from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 200;
/** Longer than the slowest download; a lock that old was left behind on another host. */
const abandonedAfterMs = 45 * 60_000;

/**
 * Runs `work` while holding the lock. A lock whose owner died is taken over.
 * @template Result
 * @param {string} lockFolder made by whoever holds the lock
 * @param {() => Promise<Result>} work
 * @param {(message: string) => void} say
 * @returns {Promise<Result>}
 */
export async function withLock(lockFolder, work, say) {
  mkdirSync(dirname(lockFolder), { recursive: true });
  let waiting = false;
  while (!tryLock(lockFolder)) {
    if (isAbandoned(lockFolder)) {
      rmSync(lockFolder, { recursive: true, force: true });
      continue;
    }
    if (!waiting) say('another run is doing the same set-up; waiting for it');
    waiting = true;
    await sleep(pollMs);
  }
  try {
    return await work();
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
}

/** @param {string} lockFolder */
function tryLock(lockFolder) {
  try {
    mkdirSync(lockFolder);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(lockFolder, 'owner'), JSON.stringify({ pid, host: hostname() }));
  return true;
}

/** @param {string} lockFolder */
function isAbandoned(lockFolder) {
  try {
    // The wall clock is right here: the lock may be from before the last start of the machine.
    if (Date.now() - statSync(lockFolder).mtimeMs > abandonedAfterMs) return true;
    const owner = JSON.parse(readFileSync(join(lockFolder, 'owner'), 'utf8'));
    return owner.host === hostname() && !isAlive(owner.pid);
  } catch {
    // Released, or its owner is about to write its name: look again.
    return false;
  }
}

/** @param {number} owner */
function isAlive(owner) {
  try {
    process.kill(owner, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
