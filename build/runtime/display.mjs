// Finds out whether windows can be shown, and starts a screen in memory (Xvfb) where they cannot.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import { env, getuid, platform } from 'node:process';

const answerLimitMs = 2_000;
const startLimitMs = 15_000;
/** Room for the largest window that a test asks for. */
const screenSize = '1920x1200x24';

/** @typedef {{ kind: 'present', via: string } | { kind: 'absent', reason: string }} Display */

/** @returns {Promise<Display>} */
export async function findDisplay() {
  if (platform !== 'linux') return { kind: 'present', via: platform };
  const wayland = env['WAYLAND_DISPLAY'];
  if (wayland !== undefined && wayland !== '') {
    const socket = wayland.startsWith('/') ? wayland : `${env['XDG_RUNTIME_DIR'] ?? ''}/${wayland}`;
    if (existsSync(socket)) return { kind: 'present', via: `Wayland ${wayland}` };
  }
  const name = env['DISPLAY'];
  if (name === undefined || name === '') return { kind: 'absent', reason: 'DISPLAY is not set' };
  return (await answers(name))
    ? { kind: 'present', via: `X ${name}` }
    : { kind: 'absent', reason: `nothing answers at DISPLAY ${name}` };
}

/**
 * @param {string} name such as `:0` or `host:10.0`
 * @returns {Promise<boolean>}
 */
function answers(name) {
  const match = /^(?:unix)?([^:]*):(\d+)/.exec(name);
  if (match === null) return Promise.resolve(false);
  const [, host = '', number = '0'] = match;
  const local = `/tmp/.X11-unix/X${number}`;
  const socket = host === '' ? createConnection(local) : createConnection(6000 + Number(number), host);
  return new Promise((resolve) => {
    const done = (/** @type {boolean} */ found) => {
      socket.destroy();
      resolve(found);
    };
    socket
      .setTimeout(answerLimitMs, () => done(false))
      .once('connect', () => done(true))
      .once('error', () => done(false));
  });
}

/**
 * Starts Xvfb on a free number. Whoever calls this stops it.
 * @returns {Promise<{ display: string, stop: () => Promise<void> }>}
 */
export async function startScreen() {
  const args = ['-displayfd', '3', '-screen', '0', screenSize, '-nolisten', 'tcp', '-noreset'];
  const child = spawn('Xvfb', args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr?.on('data', (chunk) => (errors += chunk));
  const closed = new Promise((resolve) => child.once('close', resolve));
  const stop = async () => {
    child.kill();
    await closed;
  };
  // A run that is cut short must not leave a screen behind.
  process.once('exit', () => child.kill());
  try {
    const number = await numberFrom(
      child,
      /** @type {import('node:stream').Readable} */ (child.stdio[3]),
      () => errors,
    );
    return { display: `:${number}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {import('node:stream').Readable} pipe
 * @param {() => string} errors
 * @returns {Promise<string>}
 */
function numberFrom(child, pipe, errors) {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(
      () => reject(new Error(`Xvfb did not start within ${startLimitMs} ms. ${errors()}`)),
      startLimitMs,
    );
    const settle = (/** @type {() => void} */ act) => {
      clearTimeout(timer);
      act();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code) => settle(() => reject(new Error(`Xvfb ended with code ${code}. ${errors()}`))));
    pipe.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\n')) settle(() => resolve(text.trim()));
    });
  });
}

/**
 * Chromium's sandbox refuses to run as root, which happens in containers only. Otherwise it is left out when asked to,
 * never silently, and never in a shipped launcher.
 */
export function runsWithoutSandbox() {
  return platform === 'linux' && (getuid?.() === 0 || env['FLINKTRADE_NO_SANDBOX'] === '1');
}

/** Flags that Electron needs on this machine, and only where it needs them. */
export function electronFlags() {
  /** @type {string[]} */
  const flags = [];
  if (runsWithoutSandbox()) flags.push('--no-sandbox');
  if (platform === 'linux' && (env['DISPLAY'] ?? '') === '' && (env['WAYLAND_DISPLAY'] ?? '') !== '') {
    flags.push('--ozone-platform=wayland');
  }
  return flags;
}
