// Unpacks a zip without a system `unzip`: reads the central directory, streams each entry, checks length and CRC.
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join, normalize, sep } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';

/** @typedef {{ name: string, method: number, crc: number, packedBytes: number, bytes: number, mode: number, headerAt: number }} ZipEntry */

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const headerSignature = 0x04034b50;
const stored = 0;
const deflated = 8;
/** The end record is 22 bytes and a comment of at most 65,535. */
const tailBytesMax = 22 + 65_535;

/**
 * @param {string} zipFile
 * @param {string} folder
 * @param {(name: string) => string | undefined} rename the path below `folder` for an entry; undefined leaves it out
 * @returns {Promise<number>} files written
 */
export async function unzip(zipFile, folder, rename) {
  const handle = await open(zipFile, 'r');
  try {
    let written = 0;
    for (const entry of await readDirectory(handle)) {
      const path = entry.name.endsWith('/') ? undefined : rename(entry.name);
      if (path === undefined) continue;
      const target = targetOf(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      await extract(zipFile, handle, entry, target);
      written += 1;
    }
    return written;
  } finally {
    await handle.close();
  }
}

/**
 * @param {string} folder
 * @param {string} path
 */
function targetOf(folder, path) {
  const target = join(folder, normalize(path));
  if (!target.startsWith(folder + sep)) throw new Error(`the zip entry ${path} leads out of the folder; refused.`);
  return target;
}

/**
 * @param {import('node:fs/promises').FileHandle} handle
 * @returns {Promise<ZipEntry[]>}
 */
async function readDirectory(handle) {
  const { size } = await handle.stat();
  const tail = await readAt(handle, Math.max(0, size - tailBytesMax), Math.min(size, tailBytesMax));
  let end = tail.length - 22;
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end -= 1;
  if (end < 0) throw new Error(`no zip directory found at the end of ${size} bytes; the file is cut off or no zip.`);
  const directory = await readAt(handle, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  /** @type {ZipEntry[]} */
  const entries = [];
  let at = 0;
  for (let count = tail.readUInt16LE(end + 10); count > 0; count -= 1) {
    if (directory.readUInt32LE(at) !== entrySignature) throw new Error(`the zip directory is damaged at byte ${at}.`);
    const nameBytes = directory.readUInt16LE(at + 28);
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      mode: directory.readUInt32LE(at + 38) >>> 16,
      headerAt: directory.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return entries;
}

/**
 * @param {string} zipFile
 * @param {import('node:fs/promises').FileHandle} handle
 * @param {ZipEntry} entry
 * @param {string} target
 */
async function extract(zipFile, handle, entry, target) {
  const header = await readAt(handle, entry.headerAt, 30);
  if (header.readUInt32LE(0) !== headerSignature) throw new Error(`the zip entry ${entry.name} is damaged.`);
  const start = entry.headerAt + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  const output = createWriteStream(target, { mode: (entry.mode & 0o111) === 0 ? 0o644 : 0o755 });
  const check = new ContentCheck(entry);
  if (entry.packedBytes === 0) {
    output.end();
    return;
  }
  // A zip with its lengths in 32 bits is enough: the one read here is 200 MB.
  const packed = createReadStream(zipFile, { start, end: start + entry.packedBytes - 1 });
  if (entry.method === stored) await pipeline(packed, check, output);
  else if (entry.method === deflated) await pipeline(packed, createInflateRaw(), check, output);
  else throw new Error(`the zip entry ${entry.name} is packed by method ${entry.method}; 0 and 8 can be read.`);
}

/** Passes content through and fails at its end when length or CRC-32 differ from the directory. */
class ContentCheck extends Transform {
  /** @type {ZipEntry} */
  #entry;
  #crc = 0;
  #bytes = 0;

  /** @param {ZipEntry} entry */
  constructor(entry) {
    super();
    this.#entry = entry;
  }

  /**
   * @override
   * @param {Buffer} chunk
   * @param {BufferEncoding} _encoding
   * @param {import('node:stream').TransformCallback} done
   */
  _transform(chunk, _encoding, done) {
    this.#crc = crc32(chunk, this.#crc);
    this.#bytes += chunk.length;
    done(null, chunk);
  }

  /**
   * @override
   * @param {import('node:stream').TransformCallback} done
   */
  _flush(done) {
    const whole = this.#bytes === this.#entry.bytes && this.#crc === this.#entry.crc;
    done(
      whole
        ? null
        : new Error(
            `the zip entry ${this.#entry.name} is damaged: ${this.#bytes} of ${this.#entry.bytes} bytes, CRC ${this.#crc}.`,
          ),
    );
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} handle
 * @param {number} position
 * @param {number} length
 */
async function readAt(handle, position, length) {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead !== length)
    throw new Error(`the zip ends at byte ${position + bytesRead}; ${length} bytes from ${position} were expected.`);
  return buffer;
}
