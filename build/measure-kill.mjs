// `npm run measure:kill [-- --kills N --busy N]`: how long the kill switch takes in the real program, on a busy machine.
// Prints a distribution; it is no test, because no machine promises a time.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argv, execPath, exit } from 'node:process';
import { bundleEngine } from './bundle/engine.mjs';
import { repositoryRoot } from './checks/source-tree.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @param {string} message */
const say = (message) => console.error(`measure:kill: ${message}`);
const name = 'kill-latency';
const outdir = join(repositoryRoot, 'dist', 'performance');

try {
  await ensureModules(repositoryRoot, say);
  await bundleEngine({ log: say });
  const { build } = await import('esbuild');
  await build({
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.18',
    sourcemap: 'linked',
    logLevel: 'warning',
    entryPoints: { [name]: join(repositoryRoot, 'test', 'performance', `${name}.ts`) },
    packages: 'external',
    // Loaded from where they lie: they find the project by their own place. dist/performance is as deep as test/support.
    external: ['../../build/*'],
  });
} catch (error) {
  say(/** @type {Error} */ (error).message);
  exit(1);
}

const child = spawn(execPath, [join(outdir, `${name}.js`), ...argv.slice(2)], {
  stdio: 'inherit',
  cwd: repositoryRoot,
});
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => child.kill(signal));
child.once('close', (code) => exit(code ?? 1));
