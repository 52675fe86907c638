// Measuring programs of test/performance as bundles, in dist/performance.
import { join } from 'node:path';
import { repositoryRoot } from '../checks/source-tree.mjs';

export const performanceFolder = join(repositoryRoot, 'dist', 'performance');

/** @param {readonly string[]} names of files in test/performance, without `.ts` */
export async function bundlePerformance(names) {
  const { build } = await import('esbuild');
  await build({
    outdir: performanceFolder,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.18',
    sourcemap: 'linked',
    logLevel: 'warning',
    entryPoints: Object.fromEntries(
      names.map((name) => [name, join(repositoryRoot, 'test', 'performance', `${name}.ts`)]),
    ),
    packages: 'external',
    // Loaded from where they lie: they find the project by their own place. dist/performance is as deep as test/support.
    external: ['../../build/*'],
  });
}
