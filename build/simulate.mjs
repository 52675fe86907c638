// `npm run simulate -- --seeds N [--first S]`: bundles test/simulation/simulate.ts and runs it under plain Node.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { argv, execPath, exit } from 'node:process';
import { repositoryRoot } from './checks/source-tree.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @param {string} message */
const say = (message) => console.error(`simulate: ${message}`);

const target = join(repositoryRoot, 'dist', 'simulation', 'simulate.js');

try {
  await ensureModules(repositoryRoot, say);
  const { build } = await import('esbuild');
  await build({
    entryPoints: [join(repositoryRoot, 'test', 'simulation', 'simulate.ts')],
    outfile: target,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.18',
    sourcemap: 'linked',
    packages: 'external',
    logLevel: 'warning',
  });
} catch (error) {
  say(/** @type {Error} */ (error).message);
  exit(1);
}

const child = spawn(execPath, ['--enable-source-maps', target, ...argv.slice(2)], { stdio: 'inherit' });
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM']))
  process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  exit(code ?? 1);
});
