// Lists the project's own files, for the checks and for the stamps that tell whether a bundle is stale.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json. */
export const repositoryRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

// `.git` is a file in a linked work tree.
const generatedFolders = new Set(['node_modules', '.git', 'dist', 'release', 'coverage', '.cache', 'test-results']);

/**
 * Every file below `folder` that is not generated, as sorted paths relative to `root`, with `/` on every platform.
 * A folder that does not exist has no files.
 * @param {string} root
 * @param {string} [folder] relative to `root`
 * @returns {string[]}
 */
export function listFiles(root, folder = '.') {
  /** @type {string[]} */
  const found = [];
  /** @param {string} directory */
  const walk = (directory) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        if (!generatedFolders.has(entry.name)) walk(path);
      } else if (entry.isFile() && !generatedFolders.has(entry.name)) {
        found.push(relative(root, path).split(sep).join('/'));
      }
    }
  };
  const start = join(root, folder);
  if (existsSync(start)) walk(start);
  return found.sort();
}

/**
 * One hash over names and contents, so that a renamed, edited or removed file is noticed and a touched one is not.
 * @param {string} root
 * @param {readonly string[]} files relative to `root`; one that is absent counts as absent
 * @param {string} [salt] whatever else the result depends on
 * @returns {string} hex SHA-256
 */
export function hashFiles(root, files, salt = '') {
  const hash = createHash('sha256').update(salt);
  for (const file of files) {
    const path = join(root, file);
    const content = existsSync(path) ? readFileSync(path) : undefined;
    hash.update(`\0${file}\0${content === undefined ? 'absent' : content.length}\0`);
    if (content !== undefined) hash.update(content);
  }
  return hash.digest('hex');
}
