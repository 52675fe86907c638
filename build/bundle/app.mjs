// Bundles the desktop application: dist/electron/main.js, dist/electron/<preload>.cjs and dist/renderer/.
// `node build/bundle/app.mjs` rebuilds only what changed; `--force` rebuilds all.
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import process, { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { hashFiles, listFiles, repositoryRoot } from '../checks/source-tree.mjs';
import { isFresh, markFresh, markStale } from './stamp.mjs';

/** The file that Electron loads, and that package.json names as `main` after bundling. */
const mainEntry = 'electron/main/main.ts';
const rendererEntryFolder = 'renderer/entry';

/** @typedef {{ part: 'main and preload' | 'renderer', kind: 'fresh' | 'built' | 'nothing to build' }} PartOutcome */

/**
 * @param {{ root?: string, force?: boolean, log?: (message: string) => void }} [options]
 * @returns {Promise<PartOutcome[]>}
 */
export async function bundleApp({ root = repositoryRoot, force = false, log = () => undefined } = {}) {
  const shared = [
    ...listFiles(root, 'engine/contract'),
    ...listFiles(root, 'electron/contract'),
    'package-lock.json',
    'build/bundle/app.mjs',
  ];
  const main = await buildPart(root, {
    part: 'main and preload',
    inputs: [...listFiles(root, 'electron'), ...listFiles(root, 'engine'), ...shared],
    exists: existsSync(join(root, mainEntry)),
    results: [join(root, 'dist/electron/main.js')],
    force,
    build: () => bundleMain(root),
    log,
  });
  const pages = rendererPages(root);
  const renderer = await buildPart(root, {
    part: 'renderer',
    inputs: [
      ...listFiles(root, 'renderer'),
      ...listFiles(root, 'engine/contract'),
      ...listFiles(root, 'engine/trading'),
      ...shared,
    ],
    exists: pages.length > 0,
    results: pages.map((page) => join(root, 'dist/renderer', page)),
    force,
    build: () => bundleRenderer(root, pages),
    log,
  });
  return [main, renderer];
}

/**
 * @param {string} root
 * @param {{ part: PartOutcome['part'], inputs: string[], exists: boolean, results: string[], force: boolean,
 *   build: () => Promise<void>, log: (message: string) => void }} part
 * @returns {Promise<PartOutcome>}
 */
async function buildPart(root, { part, inputs, exists, results, force, build, log }) {
  if (!exists) return { part, kind: 'nothing to build' };
  const stampFile = join(root, 'dist', `${part.replaceAll(' ', '-')}.stamp`);
  const hash = hashFiles(root, inputs);
  if (!force && isFresh(stampFile, hash, results)) return { part, kind: 'fresh' };
  log(`bundling ${part}`);
  markStale(stampFile);
  await build();
  markFresh(stampFile, hash);
  return { part, kind: 'built' };
}

/** @param {string} root */
async function bundleMain(root) {
  const { build } = await import('esbuild');
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20.18',
    sourcemap: 'linked',
    charset: 'utf8',
    logLevel: 'warning',
    external: ['electron'],
  };
  await build({ ...common, format: 'esm', entryPoints: { main: mainEntry }, outdir: 'dist/electron' });
  const preloads = preloadEntries(root);
  if (preloads.length === 0) return;
  await build({
    ...common,
    // A sandboxed preload is loaded as CommonJS, whatever package.json says.
    format: 'cjs',
    entryPoints: Object.fromEntries(preloads.map((file) => [basename(file, '.ts'), `electron/preload/${file}`])),
    outdir: 'dist/electron',
    outExtension: { '.js': '.cjs' },
  });
}

/**
 * Every file right in electron/preload is a preload of its own; what they share lies in folders below it.
 * @param {string} root
 */
function preloadEntries(root) {
  const folder = join(root, 'electron', 'preload');
  return existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    : [];
}

/** @param {string} root */
function rendererPages(root) {
  const folder = join(root, rendererEntryFolder);
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.html')) : [];
}

/**
 * @param {string} root
 * @param {readonly string[]} pages
 */
async function bundleRenderer(root, pages) {
  const { build } = await import('vite');
  const { default: react } = await import('@vitejs/plugin-react');
  // Tests bundle, too, and theirs is another environment: React would then be bundled as it is for its developers, and slower.
  const environment = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    await build(rendererBuild(root, pages, react()));
  } finally {
    if (environment === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = environment;
  }
}

/**
 * @param {string} root
 * @param {readonly string[]} pages
 * @param {import('vite').PluginOption} react
 * @returns {import('vite').InlineConfig}
 */
function rendererBuild(root, pages, react) {
  return {
    mode: 'production',
    root: join(root, rendererEntryFolder),
    configFile: false,
    base: './',
    logLevel: 'warn',
    plugins: [react],
    build: {
      outDir: join(root, 'dist', 'renderer'),
      emptyOutDir: true,
      sourcemap: true,
      target: 'chrome130',
      // The content policy allows no inline script and no data: font, so nothing is inlined.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 4096,
      rollupOptions: {
        // A slow machine is no news.
        checks: { pluginTimings: false },
        input: pages.map((page) => join(root, rendererEntryFolder, page)),
      },
    },
  };
}

if (argv[1] !== undefined && resolve(argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    const parts = await bundleApp({ force: argv.includes('--force'), log: console.error });
    for (const { part, kind } of parts) console.error(`${part}: ${kind}`);
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    exit(1);
  }
}
