// The Electron that package.json declares. Its program comes from the project's release page, not from the registry.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { env, execPath, platform } from 'node:process';
import { repositoryRoot } from '../checks/source-tree.mjs';
import { cacheFolder } from './cache-folder.mjs';

/** Long enough for a slow name server, short enough not to be felt as a hang. */
const probeLimitMs = 5_000;
const downloadLimitMs = 15 * 60_000;
/** A blocked network seldom opens within a day; FLINKTRADE_RETRY_ELECTRON=1 asks again at once. */
const refusalHolds = 24 * 60 * 60_000;

const packageFolder = join(repositoryRoot, 'node_modules', 'electron');

/** @returns {string} the exact version that package.json pins */
export function declaredVersion() {
  return JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')).devDependencies.electron;
}

/**
 * @param {(message: string) => void} say
 * @returns {Promise<string | undefined>} its folder, or undefined where it can neither be found nor fetched
 */
export async function findDeclaredElectron(say) {
  const version = declaredVersion();
  const folder = join(packageFolder, 'dist');
  if (isThere(folder, version)) return folder;
  if (wasRefused(version)) return undefined;
  say(`fetching Electron ${version} from its release page`);
  const problem = (await probe(version)) ?? (await download());
  if (problem === undefined && isThere(folder, version)) {
    forgetRefusal(version);
    return folder;
  }
  say(`Electron ${version} cannot be fetched here (${problem ?? 'its program is not there after the download'})`);
  rememberRefusal(version, problem ?? 'incomplete');
  return undefined;
}

/**
 * @param {string} folder
 * @param {string} version
 */
function isThere(folder, version) {
  const versionFile = join(folder, 'version');
  return (
    existsSync(versionFile) &&
    readFileSync(versionFile, 'utf8').trim().replace(/^v/, '') === version &&
    existsSync(join(folder, executableName()))
  );
}

export function executableName() {
  if (platform === 'win32') return 'electron.exe';
  return platform === 'darwin' ? 'Electron.app/Contents/MacOS/Electron' : 'electron';
}

/**
 * Asks for the first bytes of the release before a download is begun, because a blocked network often hangs.
 * @param {string} version
 * @returns {Promise<string | undefined>} what went wrong
 */
async function probe(version) {
  const mirrored = [
    'ELECTRON_MIRROR',
    'electron_mirror',
    'npm_config_electron_mirror',
    'ELECTRON_GET_USE_PROXY',
    'HTTPS_PROXY',
    'https_proxy',
  ];
  if (mirrored.some((name) => (env[name] ?? '') !== '')) return undefined;
  try {
    const address = `https://github.com/electron/electron/releases/download/v${version}/SHASUMS256.txt`;
    const response = await fetch(address, { signal: AbortSignal.timeout(probeLimitMs) });
    return response.ok ? undefined : `the release page answered ${response.status}`;
  } catch (error) {
    const cause = /** @type {Error & { cause?: { code?: string } }} */ (error);
    return `no answer: ${cause.cause?.code ?? cause.name}`;
  }
}

/** @returns {Promise<string | undefined>} what went wrong */
async function download() {
  const child = spawn(execPath, [join(packageFolder, 'install.js')], {
    cwd: packageFolder,
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: downloadLimitMs,
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors += chunk));
  /** @type {number | null} */
  const code = await new Promise((resolve) => child.on('error', () => resolve(-1)).on('close', resolve));
  return code === 0 ? undefined : (errors.trim().split('\n')[0] ?? `the download ended with code ${code}`);
}

/** @param {string} version */
const refusalFile = (version) => join(cacheFolder(), `electron-${version}-refused.json`);

/** @param {string} version */
function wasRefused(version) {
  if ((env['FLINKTRADE_RETRY_ELECTRON'] ?? '') !== '') return false;
  const file = refusalFile(version);
  if (!existsSync(file)) return false;
  try {
    const { atMs } = JSON.parse(readFileSync(file, 'utf8'));
    const ageMs = Date.now() - atMs;
    return ageMs >= 0 && ageMs < refusalHolds;
  } catch {
    return false;
  }
}

/**
 * @param {string} version
 * @param {string} problem
 */
function rememberRefusal(version, problem) {
  const file = refusalFile(version);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ atMs: Date.now(), problem }));
}

/** @param {string} version */
function forgetRefusal(version) {
  rmSync(refusalFile(version), { force: true });
}
