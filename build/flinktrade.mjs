// `npm run -s flinktrade -- replay ...`: the command line from a clone. Installs and builds what is stale, speaking to
// stderr only, then runs the command line inside this process, so that a fresh clone costs nothing on the second run.
import './runtime/node-version.mjs';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { argv, chdir, env, exit } from 'node:process';
import { pathToFileURL } from 'node:url';
import { bundleEngine } from './bundle/engine.mjs';
import { repositoryRoot } from './checks/source-tree.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

const cli = join(repositoryRoot, 'dist', 'engine', 'cli.js');

/** @param {string} message */
const say = (message) => console.error(`flinktrade: ${message}`);

// The kill switch does not wait for a look at the sources, as long as there is a command line.
const isUrgent = argv[2] === 'kill' && existsSync(cli);
try {
  if (!isUrgent) {
    await ensureModules(repositoryRoot, say);
    await bundleEngine({ log: say });
  }
  if (!existsSync(cli)) throw new Error('there is no command line: engine/entry/cli.node.ts is missing.');
} catch (error) {
  say(/** @type {Error} */ (error).message);
  exit(1);
}

// npm runs scripts in the project's folder; the user's paths are relative to where the user is.
const calledFrom = env['INIT_CWD'];
if (calledFrom !== undefined && env['npm_lifecycle_event'] === 'flinktrade') chdir(calledFrom);
argv[1] = cli;
// Reading the map takes longer than starting; stacks are only shown to those who ask.
if (env['FLINKTRADE_DEBUG'] !== undefined) process.setSourceMapsEnabled(true);
await import(pathToFileURL(cli).href);
