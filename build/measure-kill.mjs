// `npm run measure:kill [-- --kills N --busy N]`: how long the kill switch takes in the real program, on a busy machine.
// Prints a distribution; it is no test, because no machine promises a time.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argv, execPath, exit } from 'node:process';
import { bundleEngine } from './bundle/engine.mjs';
import { bundlePerformance, performanceFolder } from './bundle/performance.mjs';
import { repositoryRoot } from './checks/source-tree.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @param {string} message */
const say = (message) => console.error(`measure:kill: ${message}`);
const name = 'kill-latency';

try {
  await ensureModules(repositoryRoot, say);
  await bundleEngine({ log: say });
  await bundlePerformance([name]);
} catch (error) {
  say(/** @type {Error} */ (error).message);
  exit(1);
}

const child = spawn(execPath, [join(performanceFolder, `${name}.js`), ...argv.slice(2)], {
  stdio: 'inherit',
  cwd: repositoryRoot,
});
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => child.kill(signal));
child.once('close', (code) => exit(code ?? 1));
