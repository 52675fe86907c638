// `npm run test:kill [-- --kills N --seed N]`: kills the real program, its pages and its threads over and over, damages its
// files, fills its disk, and compares what is left with undisturbed runs. Takes minutes; `npm test` has a handful of kills.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argv, env, execPath, exit } from 'node:process';
import { repositoryRoot } from './checks/source-tree.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @param {string} name */
function option(name) {
  const at = argv.indexOf(`--${name}`);
  if (at < 0) return undefined;
  const value = argv[at + 1] ?? '';
  if (/^[1-9]\d{0,8}$/.test(value)) return value;
  console.error(`test:kill: --${name} must be a whole number, 1 or more; found "${value}".`);
  exit(2);
}

const kills = option('kills');
const seed = option('seed');
await ensureModules(repositoryRoot, (message) => console.log(`test:kill: ${message}`));
const vitest = join(repositoryRoot, 'node_modules', 'vitest', 'vitest.mjs');
const child = spawn(execPath, [vitest, 'run', '--project', 'kill'], {
  cwd: repositoryRoot,
  stdio: 'inherit',
  env: {
    ...env,
    ...(kills === undefined ? {} : { FLINKTRADE_KILLS: kills }),
    ...(seed === undefined ? {} : { FLINKTRADE_SEED: seed }),
  },
});
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => child.kill(signal));
child.once('exit', (code) => exit(code ?? 1));
