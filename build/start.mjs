// `npm start`: sets up whatever is missing and opens the workstation; without a display, replays the sample instead.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env, execPath, exit } from 'node:process';
import { repositoryRoot } from './checks/source-tree.mjs';
import { electronFlags, findDisplay } from './runtime/display.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @param {string} message */
const say = (message) => console.log(`flinktrade: ${message}`);

try {
  exit(await start());
} catch (error) {
  console.error(`flinktrade: ${/** @type {Error} */ (error).message}`);
  exit(1);
}

/** @returns {Promise<number>} the exit code */
async function start() {
  await ensureModules(repositoryRoot, say);
  const { bundleEngine } = await import('./bundle/engine.mjs');
  await bundleEngine({ log: say });
  const display = await findDisplay();
  if (display.kind === 'absent') {
    say(
      `there is no display (${display.reason}), so no window; replaying the built-in sample on the command line instead`,
    );
    return replaySample();
  }
  const { bundleApp } = await import('./bundle/app.mjs');
  await bundleApp({ log: say });
  return openWorkstation(display.via);
}

async function replaySample() {
  const cli = join(repositoryRoot, 'dist', 'engine', 'cli.js');
  if (!existsSync(cli))
    throw new Error('there is no command line to replay it with: engine/entry/cli.node.ts is missing.');
  return run(execPath, ['--enable-source-maps', cli, 'sample', ...argv.slice(2)]);
}

/** @param {string} display */
async function openWorkstation(display) {
  const { findElectron } = await import('./runtime/electron.mjs');
  const { ensureSystem } = await import('./runtime/system-libraries.mjs');
  const electron = await findElectron({ say, thorough: true });
  ensureSystem(electron.executable, { screen: false, say });
  say(`opening the workstation on ${display} with ${electron.description}`);
  // Named files are played instead of the sample: npm start -- --session FILE --positions FILE
  const wishes = argv.length > 2 ? argv.slice(2) : ['--sample'];
  return run(electron.executable, [...electronFlags(), repositoryRoot, ...wishes]);
}

/**
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<number>}
 */
function run(command, args) {
  const { ELECTRON_RUN_AS_NODE: _asNode, ...clean } = env;
  const child = spawn(command, args, { stdio: 'inherit', env: clean });
  // Ctrl+C reaches the child by itself; this script waits for it to close its files.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}
