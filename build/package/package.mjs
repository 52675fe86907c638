// `npm run package`: the installable application, made by electron-builder from the Electron at hand.
// `--test-build` makes the one that the end-to-end tests can drive, unpacked only; `--quick` makes the unpacked one only.
import '../runtime/node-version.mjs';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { argv, arch, env, exit, platform } from 'node:process';
import { isFresh, markFresh, markStale } from '../bundle/stamp.mjs';
import { hashFiles, listFiles, repositoryRoot } from '../checks/source-tree.mjs';
import { ensureModules } from '../runtime/node-modules.mjs';
import { writeThirdPartyLicences } from './third-party.mjs';

/** @typedef {{ target: string, result: string, built: boolean }} TargetOutcome */

/** @param {string} message */
const say = (message) => console.log(`package: ${message}`);

try {
  const isTestBuild = argv.includes('--test-build');
  const outcomes = await makePackages({ isTestBuild, onlyUnpacked: isTestBuild || argv.includes('--quick') });
  console.log('');
  for (const { target, result, built } of outcomes) {
    console.log(`${built ? 'built    ' : 'not built'}  ${target.padEnd(14)} ${result}`);
  }
} catch (error) {
  console.error(`package: ${/** @type {Error} */ (error).message}`);
  exit(1);
}

/**
 * @param {{ isTestBuild: boolean, onlyUnpacked: boolean }} options
 * @returns {Promise<TargetOutcome[]>}
 */
async function makePackages({ isTestBuild, onlyUnpacked }) {
  await ensureModules(repositoryRoot, say);
  const { bundleEngine } = await import('../bundle/engine.mjs');
  const { bundleApp } = await import('../bundle/app.mjs');
  const { findElectron } = await import('../runtime/electron.mjs');
  const { configurationFor } = await import('./configuration.mjs');
  await bundleEngine({ log: say });
  await bundleApp({ log: say });
  const { packages, silent } = writeThirdPartyLicences(repositoryRoot);
  say(
    `licences of ${packages.length} bundled packages written${silent.length > 0 ? `; without a text: ${silent.join(', ')}` : ''}`,
  );
  const electron = await findElectron({ say, thorough: true });
  say(`packing with ${electron.description}`);

  const outputFolder = join(repositoryRoot, 'release', isTestBuild ? 'test-build' : '');
  mkdirSync(outputFolder, { recursive: true });
  const stampFile = join(outputFolder, '.stamp');
  const hash = hashOfInputs(electron.folder);
  if (onlyUnpacked && isFresh(stampFile, hash)) {
    return [
      {
        target: `${platform} ${arch}`,
        result: `${relative(repositoryRoot, unpackedFolder(outputFolder))}, as it was`,
        built: true,
      },
    ];
  }
  markStale(stampFile);
  const clean = cleanCopyOf(electron.folder, join(outputFolder, '.electron'));
  try {
    const configuration = configurationFor(electron, clean, { isTestBuild, outputFolder });
    const unpacked = await buildOne(configuration, 'dir');
    markFresh(stampFile, hash);
    const outcomes = [{ target: `${platform} ${arch}`, result: relative(repositoryRoot, unpacked), built: true }];
    if (onlyUnpacked) return outcomes;
    for (const target of targetsOf(configuration)) outcomes.push(await tryTarget(configuration, target, unpacked));
    return [...outcomes, ...foreignTargets(configuration)];
  } finally {
    rmSync(clean, { recursive: true, force: true });
  }
}

/** @param {string} electronFolder its name holds version and recipe */
function hashOfInputs(electronFolder) {
  const files = [
    ...listFiles(repositoryRoot, 'build/package'),
    'dist/engine.stamp',
    'dist/main-and-preload.stamp',
    'dist/renderer.stamp',
    'package.json',
    'LICENSE',
    'NOTICE',
  ];
  return hashFiles(repositoryRoot, files, electronFolder);
}

/**
 * The cached Electron has a launcher and a manifest of ours, which do not belong into a package.
 * @param {string} folder
 * @param {string} copy
 */
function cleanCopyOf(folder, copy) {
  rmSync(copy, { recursive: true, force: true });
  cpSync(folder, copy, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !/default_app\.asar|flinktrade-manifest\.json$/.test(relative(folder, source)),
  });
  return copy;
}

/** @typedef {import('electron-builder').Configuration} Configuration */

/**
 * @param {Configuration} configuration
 * @param {string} target
 * @param {string} [prepackaged] the unpacked application, so that it is packed once and the same in every target
 * @returns {Promise<string>} the first artifact, or the unpacked folder
 */
async function buildOne(configuration, target, prepackaged) {
  const { build, Platform } = await import('electron-builder');
  prepareTools();
  const artifacts = await build({
    targets: Platform.current().createTarget(target),
    // electron-builder writes into what it is given.
    config: structuredClone(configuration),
    projectDir: repositoryRoot,
    publish: 'never',
    ...(prepackaged === undefined ? {} : { prepackaged }),
  });
  const made = artifacts.find((file) => !/\.(blockmap|ya?ml)$/.test(file));
  return made ?? unpackedFolder(/** @type {string} */ (configuration.directories?.output));
}

/**
 * Tools that electron-builder would fetch from a release page, taken from the npm registry and the system instead.
 * Whoever has named others keeps them.
 */
function prepareTools() {
  const sevenZip = join(
    repositoryRoot,
    'node_modules',
    '7zip-bin',
    platform === 'darwin' ? 'mac' : platform === 'win32' ? 'win' : 'linux',
    arch,
    platform === 'win32' ? '7za.exe' : '7za',
  );
  if ((env['ELECTRON_BUILDER_7ZIP_PATH'] ?? '') === '' && existsSync(sevenZip)) {
    // It arrives without the right to be run, because install scripts are off.
    if (platform !== 'win32') chmodSync(sevenZip, 0o755);
    env['ELECTRON_BUILDER_7ZIP_PATH'] = sevenZip;
  }
  // Level 9 takes two minutes here and makes the archive 1 % smaller.
  env['ELECTRON_BUILDER_COMPRESSION_LEVEL'] ??= '5';
  const fpm = join(repositoryRoot, 'build', 'package', 'fpm.mjs');
  if (platform === 'linux' && (env['CUSTOM_FPM_PATH'] ?? '') === '') env['CUSTOM_FPM_PATH'] = fpm;
}

/** @param {string} outputFolder */
function unpackedFolder(outputFolder) {
  const name = readdirSync(outputFolder).find((entry) => /-unpacked$|^mac/.test(entry));
  if (name === undefined) throw new Error(`electron-builder left no unpacked application in ${outputFolder}.`);
  return join(outputFolder, name);
}

/** @param {Configuration} configuration */
function targetsOf(configuration) {
  const ofPlatform =
    platform === 'win32' ? configuration.win : platform === 'darwin' ? configuration.mac : configuration.linux;
  return /** @type {string[]} */ (ofPlatform?.target ?? []);
}

/**
 * @param {Configuration} configuration
 * @param {string} target
 * @param {string} unpacked
 * @returns {Promise<TargetOutcome>}
 */
async function tryTarget(configuration, target, unpacked) {
  if (target === 'deb' && !existsSync('/usr/bin/dpkg-deb')) {
    return { target, result: 'dpkg-deb is missing; build on Debian or Ubuntu', built: false };
  }
  try {
    const file = await buildOne(configuration, target, unpacked);
    const megabytes = (statSync(file).size / 1e6).toFixed(0);
    return { target, result: `${relative(repositoryRoot, file)} (${megabytes} MB)`, built: true };
  } catch (error) {
    return { target, result: /** @type {Error} */ (error).message.split('\n')[0] ?? '', built: false };
  }
}

/**
 * @param {Configuration} configuration
 * @returns {TargetOutcome[]}
 */
function foreignTargets(configuration) {
  const elsewhere = [
    { runs: 'win32', name: 'Windows', targets: configuration.win?.target },
    { runs: 'darwin', name: 'macOS', targets: configuration.mac?.target },
    { runs: 'linux', name: 'Linux', targets: configuration.linux?.target },
  ];
  return elsewhere
    .filter(({ runs }) => runs !== platform)
    .flatMap(({ name, targets }) =>
      /** @type {string[]} */ (targets ?? []).map((target) => ({
        target,
        result: `configured; needs ${name} and its Electron: run \`npm run package\` there`,
        built: false,
      })),
    );
}
