// Writes the licences of what is bundled into the application, as those licences ask: dist/THIRD-PARTY-LICENSES.txt.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listFiles } from '../checks/source-tree.mjs';

const bundleFolders = ['engine', 'electron', 'renderer'];
const licenceFile = /^(licen[cs]e|copying|notice)(\.|-|$)/i;
const packageInPath = /node_modules\/((?:@[\w.-]+\/)?\w[\w.-]*)\/(?!.*node_modules\/)/;

/**
 * @param {string} root
 * @returns {{ file: string, packages: string[], silent: string[] }} `silent`: packages that come without a licence text
 */
export function writeThirdPartyLicences(root) {
  const packages = [...new Set([...packagesInBundles(root), ...stylesheetPackages(root)])].sort();
  /** @type {string[]} */
  const silent = [];
  const sections = packages.map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const texts = readdirSync(folder)
      .filter((file) => licenceFile.test(file))
      .sort()
      .map((file) => readFileSync(join(folder, file), 'utf8').trim());
    if (texts.length === 0) silent.push(name);
    const body = texts.length === 0 ? `Licensed under ${license}.` : texts.join('\n\n');
    return `${name} ${version} (${license})\n\n${body}\n`;
  });
  const file = join(root, 'dist', 'THIRD-PARTY-LICENSES.txt');
  const rule = `\n${'-'.repeat(80)}\n\n`;
  writeFileSync(file, `FlinkTrade contains the following software of others.\n${rule}${sections.join(rule)}`);
  return { file, packages, silent };
}

/**
 * Source maps name every module that went into a bundle.
 * @param {string} root
 */
function packagesInBundles(root) {
  /** @type {Set<string>} */
  const found = new Set();
  for (const folder of bundleFolders) {
    const base = join(root, 'dist', folder);
    if (!existsSync(base)) continue;
    for (const entry of readdirSync(base, { recursive: true, encoding: 'utf8' })) {
      if (!entry.endsWith('.map')) continue;
      /** @type {{ sources: string[] }} */
      const { sources } = JSON.parse(readFileSync(join(base, entry), 'utf8'));
      for (const source of sources) {
        const name = packageInPath.exec(source)?.[1];
        if (name !== undefined && existsSync(join(root, 'node_modules', name, 'package.json'))) found.add(name);
      }
    }
  }
  return found;
}

/**
 * Style sheets and fonts leave no trace in a source map; they are found where they are imported.
 * @param {string} root
 */
function stylesheetPackages(root) {
  const imports =
    /(?:@import\s+|import\s+|url\()['"]((?:@[\w.-]+\/)?[\w.-]+)\/[^'"]*\.(?:css|woff2)['"]|import\s+['"](@fontsource[\w-]*\/[\w.-]+)['"]/g;
  return listFiles(root, 'renderer')
    .filter((file) => /\.(css|tsx?)$/.test(file))
    .flatMap((file) => [...readFileSync(join(root, file), 'utf8').matchAll(imports)])
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => /^[@\w]/.test(name) && existsSync(join(root, 'node_modules', name, 'package.json')));
}
