// Remembers what a prepared folder holds, so that damage is noticed before it runs.
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

const manifestName = 'flinktrade-manifest.json';

/** @typedef {{ path: string, bytes: number, modifiedMs: number, sha256: string }} ManifestFile */
/** @typedef {{ electronVersion: string, source: string, integrity: string, files: ManifestFile[] }} Manifest */

/**
 * @param {string} folder
 * @param {Omit<Manifest, 'files'>} facts
 */
export async function writeManifest(folder, facts) {
  /** @type {ManifestFile[]} */
  const files = [];
  for (const path of filesBelow(folder)) {
    const { size, mtimeMs } = statSync(join(folder, path));
    files.push({ path, bytes: size, modifiedMs: mtimeMs, sha256: await hashOf(join(folder, path)) });
  }
  writeFileSync(join(folder, manifestName), JSON.stringify({ ...facts, files }, null, 1));
}

/**
 * @param {string} folder
 * @returns {Manifest | undefined}
 */
export function readManifest(folder) {
  const file = join(folder, manifestName);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * @param {string} folder
 * @param {boolean} thorough hash every file; otherwise only those whose size or time changed
 * @returns {Promise<string | undefined>} what is wrong, or undefined
 */
export async function verifyManifest(folder, thorough) {
  const manifest = readManifest(folder);
  if (manifest === undefined) return `${manifestName} is missing or cannot be read`;
  for (const { path, bytes, modifiedMs, sha256 } of manifest.files) {
    const file = join(folder, path);
    if (!existsSync(file)) return `${path} is missing`;
    const { size, mtimeMs } = statSync(file);
    if (size !== bytes) return `${path} has ${size} bytes, expected ${bytes}`;
    if ((thorough || mtimeMs !== modifiedMs) && (await hashOf(file)) !== sha256) return `${path} has changed`;
  }
  return undefined;
}

/** @param {string} folder */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== manifestName)
    .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    .sort();
}

/** @param {string} file */
async function hashOf(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
