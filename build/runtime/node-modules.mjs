// Installs node_modules when they are missing or not what the lockfile says. Uses nothing but Node itself.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand } from './npm.mjs';

/** Kept inside node_modules, so that it goes when they go. */
const stampName = '.flinktrade-lock';

/**
 * @param {string} root
 * @returns {'ready' | 'missing' | 'stale'}
 */
export function stateOfModules(root) {
  const modules = join(root, 'node_modules');
  if (!existsSync(modules)) return 'missing';
  const lockHash = hashOf(join(root, 'package-lock.json'));
  const stamp = join(modules, stampName);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockHash) return 'ready';
  if (!agreesWithLock(root)) return 'stale';
  writeFileSync(stamp, lockHash);
  return 'ready';
}

/**
 * @param {string} root
 * @param {(message: string) => void} say
 */
export async function ensureModules(root, say) {
  const state = stateOfModules(root);
  if (state === 'ready') return;
  say(
    state === 'missing'
      ? 'installing node modules (npm ci)'
      : 'node modules differ from package-lock.json; installing anew (npm ci)',
  );
  // Nothing here needs an install script: esbuild's program is a package of its own, Electron is fetched by build/runtime.
  const { command, args, shell } = npmCommand([
    'ci',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
  const child = spawn(command, args, { cwd: root, shell, stdio: ['ignore', 'ignore', 'inherit'] });
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  if (code !== 0)
    throw new Error(`npm ci ended with code ${code}. Check the network and the npm registry setting, then run again.`);
  writeFileSync(join(root, 'node_modules', stampName), hashOf(join(root, 'package-lock.json')));
}

/**
 * Whether what npm has noted as installed is what the lockfile asks for. Packages for other platforms are not installed.
 * @param {string} root
 */
function agreesWithLock(root) {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'));
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const found = installed[path];
    if (found !== undefined && !existsSync(join(root, path))) return false;
    return found === undefined
      ? entry.optional === true || entry.devOptional === true
      : found.version === entry.version && found.integrity === entry.integrity;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean, devOptional?: boolean }> | undefined}
 */
function readPackages(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/** @param {string} file */
function hashOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
