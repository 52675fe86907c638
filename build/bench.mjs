// `npm run bench`: bundles test/performance/bench.ts and runs it under plain Node. Arguments are passed on.
import './runtime/node-version.mjs';
import { spawn } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { argv, env, execPath, exit } from 'node:process';
import { bundleEngine } from './bundle/engine.mjs';
import { bundlePerformance, performanceFolder } from './bundle/performance.mjs';
import { repositoryRoot } from './checks/source-tree.mjs';
import { ensureModules } from './runtime/node-modules.mjs';

/** @param {string} message */
const say = (message) => console.error(`bench: ${message}`);

const source = join(repositoryRoot, 'test', 'performance', 'bench.ts');
const target = join(performanceFolder, 'bench.js');

try {
  await ensureModules(repositoryRoot, say);
  if (!existsSync(source)) throw new Error('there is no test/performance/bench.ts to run.');
  await bundleEngine({ log: say });
  await bundlePerformance(['bench', 'bench-worker', 'plain-worker']);
  // The threads of the product as they are installed, beside the benchmark, which starts them as the command line does.
  for (const name of ['flinktrade-worker.js', 'flinktrade-task.js'])
    copyFileSync(join(repositoryRoot, 'dist', 'engine', name), join(performanceFolder, name));
} catch (error) {
  say(/** @type {Error} */ (error).message);
  exit(1);
}

// Large arrays on large pages, where the C library is glibc: it reads this once, as a process starts.
const hugePages = argv.includes('--huge-pages') ? { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' } : {};

// The benchmark asks for the collector, to measure memory that is really held. No source maps: every thread would read them
// as it starts, which threads of the product do not.
const passedOn = argv.slice(2).filter((word) => word !== '--huge-pages');
const child = spawn(execPath, ['--expose-gc', target, ...passedOn], {
  stdio: 'inherit',
  env: { ...env, ...hugePages },
  cwd: repositoryRoot,
});
child.once('close', (code) => exit(code ?? 1));
