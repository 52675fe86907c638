// `npm run bench`: bundles test/performance/bench.ts and runs it under plain Node. Arguments are passed on.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { argv, execPath, exit } from 'node:process';
import { bundleEngine } from './bundle/engine.mjs';
import { repositoryRoot } from './checks/source-tree.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @param {string} message */
const say = (message) => console.error(`bench: ${message}`);

const source = join(repositoryRoot, 'test', 'performance', 'bench.ts');
const outdir = join(repositoryRoot, 'dist', 'performance');
const target = join(outdir, 'bench.js');
const entryOf = (/** @type {string} */ name) => join(repositoryRoot, 'engine', 'entry', `${name}.node.ts`);
const common = /** @type {const} */ ({
  outdir,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.18',
  logLevel: 'warning',
});

try {
  await ensureModules(repositoryRoot, say);
  if (!existsSync(source)) throw new Error('there is no test/performance/bench.ts to run.');
  await bundleEngine({ log: say });
  const { build } = await import('esbuild');
  await build({
    ...common,
    entryPoints: {
      bench: source,
      'bench-worker': join(repositoryRoot, 'test', 'performance', 'bench-worker.ts'),
      'plain-worker': join(repositoryRoot, 'test', 'performance', 'plain-worker.ts'),
    },
    packages: 'external',
    // Loaded from where they lie: they find the project by their own place. dist/performance is as deep as test/support.
    external: ['../../build/*'],
  });
  // The threads of the product, each one file that needs no package, as they are installed.
  const threads = ['flinktrade-worker', 'flinktrade-task'];
  await build({ ...common, entryPoints: Object.fromEntries(threads.map((name) => [name, entryOf(name)])) });
} catch (error) {
  say(/** @type {Error} */ (error).message);
  exit(1);
}

// The benchmark asks for the collector, to measure memory that is really held. No source maps: every thread would read them
// as it starts, which threads of the product do not.
const child = spawn(execPath, ['--expose-gc', target, ...argv.slice(2)], {
  stdio: 'inherit',
  cwd: repositoryRoot,
});
child.once('close', (code) => exit(code ?? 1));
