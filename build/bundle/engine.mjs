// Bundles every engine/entry/*.node.ts into one file each, dist/engine/<name>.js, for worker threads and the command line.
// `node build/bundle/engine.mjs` rebuilds only what changed; `--force` rebuilds all.
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { argv, exit, pid } from 'node:process';
import { fileURLToPath } from 'node:url';
import { hashFiles, listFiles, repositoryRoot } from '../checks/source-tree.mjs';
import { isFresh, markFresh, markStale } from './stamp.mjs';

const entrySuffix = '.node.ts';

/**
 * @param {string} root
 * @returns {string[]} names of the entries: `coordinator`, `task`, `cli` ...
 */
export function engineEntries(root) {
  const folder = join(root, 'engine', 'entry');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith(entrySuffix))
    .map((name) => basename(name, entrySuffix))
    .sort();
}

/**
 * @typedef {object} BundleOutcome
 * @property {'fresh' | 'built' | 'nothing to build'} kind
 * @property {string[]} files absolute paths of what is there now
 */

/**
 * Makes dist/engine what the sources say. Safe to call from two processes at once: each builds aside and renames.
 * @param {{ root?: string, force?: boolean, log?: (message: string) => void }} [options]
 * @returns {Promise<BundleOutcome>}
 */
export async function bundleEngine({ root = repositoryRoot, force = false, log = () => undefined } = {}) {
  const names = engineEntries(root);
  if (names.length === 0) return { kind: 'nothing to build', files: [] };
  const outputFolder = join(root, 'dist', 'engine');
  const files = names.map((name) => join(outputFolder, `${name}.js`));
  const stampFile = join(root, 'dist', 'engine.stamp');
  const inputs = [...listFiles(root, 'engine'), 'package-lock.json', 'build/bundle/engine.mjs'];
  const version = versionOf(root);
  const hash = hashFiles(root, inputs, version);
  if (!force && isFresh(stampFile, hash, files)) return { kind: 'fresh', files };

  log(`bundling the engine: ${names.join(', ')}`);
  markStale(stampFile);
  const staging = join(root, 'dist', `.engine-${pid}`);
  try {
    await build(root, names, { outdir: staging, version, log });
    mkdirSync(outputFolder, { recursive: true });
    for (const name of readdirSync(staging)) renameSync(join(staging, name), join(outputFolder, name));
  } catch (error) {
    // Nobody may meet yesterday's bundle after a build that failed.
    for (const file of files) rmSync(file, { force: true });
    throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  markFresh(stampFile, hash);
  return { kind: 'built', files };
}

/** @param {string} root */
function versionOf(root) {
  const file = join(root, 'package.json');
  return existsSync(file) ? String(JSON.parse(readFileSync(file, 'utf8')).version) : '0.0.0';
}

/**
 * @param {string} root
 * @param {readonly string[]} names
 * @param {{ outdir: string, version: string, log: (message: string) => void }} options
 */
async function build(root, names, { outdir, version, log }) {
  const { build: esbuild } = await import('esbuild');
  const { warnings } = await esbuild({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(names.map((name) => [name, join('engine', 'entry', name + entrySuffix)])),
    outdir,
    bundle: true,
    platform: 'node',
    format: 'esm',
    // The oldest host is Electron 33 with Node 20.18.
    target: 'node20.18',
    sourcemap: 'linked',
    // A third less to read for every thread that starts. Names stay: failures are told with them.
    minifyWhitespace: true,
    minifySyntax: true,
    define: { FLINKTRADE_VERSION: JSON.stringify(version) },
    charset: 'utf8',
    // Packages in the older module format (ws) ask for Node's own parts with require, which an ES module does not have.
    banner: {
      js: "import { createRequire as createNodeRequire } from 'node:module';\nconst require = createNodeRequire(import.meta.url);",
    },
    // Errors are thrown with their text; printing them here as well would show them twice.
    logLevel: 'silent',
    external: ['electron'],
  });
  for (const { text, location } of warnings) log(`${location?.file ?? 'esbuild'}:${location?.line ?? 0}: ${text}`);
}

if (argv[1] !== undefined && resolve(argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const { kind, files } = await bundleEngine({ force: argv.includes('--force'), log: console.error });
    console.error(`engine bundles: ${kind}${files.length > 0 ? `, ${files.length} files in dist/engine` : ''}`);
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    exit(1);
  }
}
