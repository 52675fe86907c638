import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Makes the logs of a LevelDB safe before Chromium opens it. A crash in the middle of an append leaves a torn record at the
 * end; LevelDB appends behind it (https://github.com/google/leveldb/issues/1287), finds a damaged log at the opening after
 * that, and Chromium answers by deleting the whole database. So each `*.log` and `MANIFEST-*` is cut after its last whole
 * record. What is cut off is kept elsewhere. Must run before any session that uses the folder exists.
 *
 * A log is blocks of 32 KiB; a record lies within one block, or in several parts, one a block:
 *
 *   0  4  CRC-32C of type and data, masked
 *   4  2  bytes of data
 *   6  1  type: 1 whole, 2 first part, 3 middle part, 4 last part
 *   7     data
 */
const BLOCK_BYTES = 32 * 1024;
const HEADER_BYTES = 7;
const WHOLE = 1;
const FIRST = 2;
const MIDDLE = 3;
const LAST = 4;
const MASK_DELTA = 0xa282ead8;
const LOG_NAME = /^(\d+\.log|MANIFEST-\d+)$/;

export interface Cut {
  readonly file: string;
  readonly keptBytes: number;
  readonly cutBytes: number;
  /** Where the bytes that were cut off lie now. */
  readonly copy: string;
}

/**
 * @param profile folder of a partition: `<userData>/Partitions/<name>`, or userData itself
 * @param keepIn folder for what is cut off; made when it is needed
 * @param label goes into the names there, to tell partitions and days apart
 */
export async function trimIndexedDb(profile: string, keepIn: string, label: string): Promise<readonly Cut[]> {
  const below = join(profile, 'IndexedDB');
  const cuts: Cut[] = [];
  for (const folder of await namesIn(below)) {
    if (!folder.endsWith('.leveldb')) continue;
    for (const name of await namesIn(join(below, folder))) {
      if (!LOG_NAME.test(name)) continue;
      const cut = await trimLog(join(below, folder, name), join(keepIn, `${label}-${name}`));
      if (cut !== null) cuts.push(cut);
    }
  }
  return cuts;
}

/** @returns null when the log ends with a whole record, or is empty */
async function trimLog(file: string, copy: string): Promise<Cut | null> {
  const bytes = await readFile(file);
  // Checked off the start-up's critical turn: a log has up to some megabytes.
  await nextTurn();
  const keptBytes = endOfWholeRecords(bytes);
  const cutBytes = bytes.length - keptBytes;
  if (cutBytes === 0) return null;
  await mkdir(join(copy, '..'), { recursive: true, mode: 0o700 });
  await writeFile(copy, bytes.subarray(keptBytes), { mode: 0o600, flush: true });
  const handle = await open(file, 'r+');
  try {
    await handle.truncate(keptBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { file: basename(file), keptBytes, cutBytes, copy };
}

/** How many bytes from the start are whole records, each proven by its CRC. Zeros behind them are not counted. */
export function endOfWholeRecords(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let end = 0;
  let inParts = false;
  while (at + HEADER_BYTES <= bytes.length) {
    const leftInBlock = BLOCK_BYTES - (at % BLOCK_BYTES);
    if (leftInBlock < HEADER_BYTES) {
      // Too little for a header: a block ends in zeros that belong to nobody.
      at += leftInBlock;
      continue;
    }
    const dataBytes = view.getUint16(at + 4, true);
    const type = bytes[at + 6] ?? 0;
    const next = at + HEADER_BYTES + dataBytes;
    if (HEADER_BYTES + dataBytes > leftInBlock || next > bytes.length) break;
    const continues = type === MIDDLE || type === LAST;
    if (type < WHOLE || type > LAST || continues !== inParts) break;
    if (view.getUint32(at, true) !== masked(crc32c(bytes.subarray(at + 6, next)))) break;
    at = next;
    inParts = type === FIRST || type === MIDDLE;
    if (!inParts) end = at;
  }
  return end;
}

/** As LevelDB stores it: a CRC of data that contains CRCs is weak. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + MASK_DELTA) >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc >>> 0;
});

/** CRC-32C (Castagnoli). */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    // There is none yet.
    return [];
  }
}
