import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const repositoryRoot = resolve(import.meta.dirname, '..', '..');

/**
 * Bundles a worker entry of the tests, as the product's own are bundled.
 * @param entry path below `test`, such as `engine/worker-jobs.ts`
 * @returns the script to give to a job runner
 */
export async function bundleTestWorker(entry: string): Promise<URL> {
  const folder = join(repositoryRoot, '.cache', 'test-workers');
  mkdirSync(folder, { recursive: true });
  const outfile = join(
    folder,
    `${entry.replaceAll(/[/.]/g, '-')}-${process.pid}-${process.env['VITEST_POOL_ID'] ?? '0'}.mjs`,
  );
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: [join('test', entry)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.18',
    sourcemap: 'inline',
    logLevel: 'warning',
  });
  return pathToFileURL(outfile);
}
