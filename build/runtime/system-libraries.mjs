// What Electron needs of a Linux system: shared libraries, GTK for dialogs, a font, and Xvfb where there is no screen.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { env, getuid, platform } from 'node:process';
import { runsWithoutSandbox } from './display.mjs';

/** Names changed with the 64-bit time of Debian 13 and Ubuntu 24.04; the first that the system knows is taken. */
const libraryPackages = [
  ['libasound2t64', 'libasound2'],
  ['libatk-bridge2.0-0t64', 'libatk-bridge2.0-0'],
  ['libatk1.0-0t64', 'libatk1.0-0'],
  ['libatspi2.0-0t64', 'libatspi2.0-0'],
  ['libcairo2'],
  ['libcups2t64', 'libcups2'],
  ['libdbus-1-3'],
  ['libdrm2'],
  ['libgbm1'],
  ['libglib2.0-0t64', 'libglib2.0-0'],
  ['libgtk-3-0t64', 'libgtk-3-0'],
  ['libnspr4'],
  ['libnss3'],
  ['libpango-1.0-0'],
  ['libx11-6'],
  ['libxcb1'],
  ['libxcomposite1'],
  ['libxdamage1'],
  ['libxext6'],
  ['libxfixes3'],
  ['libxkbcommon0'],
  ['libxrandr2'],
];
const fontPackages = [['fonts-dejavu-core']];
const screenPackages = [['xvfb']];

/** Loaded by name while running, so that `ldd` does not list it. */
const loadedLater = ['libgtk-3.so.0'];

/**
 * @param {string} executable
 * @param {{ screen: boolean }} wanted `screen`: Xvfb too
 * @returns {string[]} what is missing, in words
 */
export function missingFromSystem(executable, { screen }) {
  if (platform !== 'linux') return [];
  const missing = [...unresolved(executable), ...notLoadable(loadedLater)];
  if (!hasFont()) missing.push('a font');
  if (screen && !onPath('Xvfb')) missing.push('Xvfb');
  return [...new Set(missing)];
}

/**
 * Installs what is missing, or says how to.
 * @param {string} executable
 * @param {{ screen: boolean, say: (message: string) => void }} options
 * @throws when something stays missing; the message holds the command to run
 */
export function ensureSystem(executable, { screen, say }) {
  refuseBrokenSandbox(executable);
  const missing = missingFromSystem(executable, { screen });
  if (missing.length === 0) return;
  const what = missing.join(', ');
  if (!onPath('apt-get')) {
    throw new Error(
      `Electron needs ${what}, which this system lacks. Install them with its package manager and run again.`,
    );
  }
  if (getuid?.() !== 0) {
    const names = packageNames(screen);
    throw new Error(
      `Electron needs ${what}, which this system lacks. Run this, then run again:\n\n  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names.join(' ')}\n`,
    );
  }
  say(`installing system packages, because these are missing: ${what}`);
  aptGet(['update'], say);
  aptGet(['install', '-y', '--no-install-recommends', ...packageNames(screen)], say);
  const left = missingFromSystem(executable, { screen });
  if (left.length > 0) throw new Error(`apt-get has run, and Electron still lacks ${left.join(', ')}.`);
}

/**
 * Chromium's sandbox wants either user namespaces, which some systems refuse to ordinary users, or its helper program to
 * belong to root. Electron itself would end with a crash dump; it must not go on without a sandbox unasked.
 * @param {string} executable
 */
function refuseBrokenSandbox(executable) {
  if (platform !== 'linux' || runsWithoutSandbox()) return;
  const helper = join(dirname(executable), 'chrome-sandbox');
  if (existsSync(helper)) {
    const { uid, mode } = statSync(helper);
    if (uid === 0 && (mode & 0o4000) !== 0) return;
  }
  if (spawnSync('unshare', ['--user', 'true'], { stdio: 'ignore' }).status === 0) return;
  throw new Error(
    'this system gives ordinary users no user namespaces, so Chromium cannot build its sandbox. Run this, then run again:\n\n' +
      `  sudo chown root:root '${helper}' && sudo chmod 4755 '${helper}'\n\n` +
      'or, in a throw-away container only, set FLINKTRADE_NO_SANDBOX=1.',
  );
}

/** @param {boolean} screen */
function packageNames(screen) {
  const wanted = [...libraryPackages, ...(hasFont() ? [] : fontPackages), ...(screen ? screenPackages : [])];
  return wanted.map((names) => names.find(isKnownToApt) ?? /** @type {string} */ (names.at(-1)));
}

/** @param {string} name */
function isKnownToApt(name) {
  const { stdout } = spawnSync('apt-cache', ['policy', name], { encoding: 'utf8', env: { ...env, LC_ALL: 'C' } });
  return /Candidate: (?!\(none\))/.test(stdout ?? '');
}

/**
 * @param {string[]} args
 * @param {(message: string) => void} say
 */
function aptGet(args, say) {
  // Another package manager may be at work on a machine that has just started.
  const full = ['-q', '-o', 'DPkg::Lock::Timeout=180', '-o', 'Acquire::Retries=3', ...args];
  const { status, stdout, stderr } = spawnSync('apt-get', full, {
    encoding: 'utf8',
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 1 << 26,
  });
  if (status === 0) return;
  say(`${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n'));
  throw new Error(`apt-get ${args.join(' ')} ended with code ${status}. Run it by hand, then run again.`);
}

/** @param {string} executable */
function unresolved(executable) {
  const { stdout } = spawnSync('ldd', [executable], { encoding: 'utf8' });
  return [...(stdout ?? '').matchAll(/^\s*(\S+) => not found/gm)].map((match) => /** @type {string} */ (match[1]));
}

/** @param {readonly string[]} names */
function notLoadable(names) {
  try {
    const known = execFileSync('/sbin/ldconfig', ['-p'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return names.filter((name) => !known.includes(name));
  } catch {
    return [];
  }
}

function hasFont() {
  const folder = '/usr/share/fonts';
  return (
    existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => /\.(ttf|otf|ttc)$/.test(String(name)))
  );
}

/**
 * @param {string} program
 * @returns {boolean}
 */
export function onPath(program) {
  return (env['PATH'] ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, program)));
}
