// Where things that outlive a work tree are kept.
import { accessSync, constants, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { env } from 'node:process';
import { repositoryRoot } from '../checks/source-tree.mjs';

/**
 * FLINKTRADE_CACHE if set, else the user's cache folder, else `.cache` in the work tree where no home is writable.
 * @returns {string} an absolute path of a folder that exists and can be written
 */
export function cacheFolder() {
  const named = env['FLINKTRADE_CACHE'];
  if (named !== undefined && named !== '') {
    const folder = isAbsolute(named) ? named : join(repositoryRoot, named);
    if (!canWrite(folder))
      throw new Error(`FLINKTRADE_CACHE names ${folder}, which cannot be written. Name a folder that can.`);
    return folder;
  }
  const candidates = [join(userCacheFolder(), 'flinktrade'), join(repositoryRoot, '.cache', 'flinktrade')];
  const usable = candidates.find(canWrite);
  if (usable === undefined) {
    throw new Error(
      `no cache folder can be written; tried ${candidates.join(' and ')}. Set FLINKTRADE_CACHE to one that can.`,
    );
  }
  return usable;
}

function userCacheFolder() {
  const xdg = env['XDG_CACHE_HOME'];
  if (xdg !== undefined && isAbsolute(xdg)) return xdg;
  if (process.platform === 'win32') return env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local');
  return process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache');
}

/** @param {string} folder */
function canWrite(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
