import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32c, endOfWholeRecords, masked, trimIndexedDb } from '../../electron/main/leveldb-trim.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const BLOCK_BYTES = 32 * 1024;

/** A LevelDB log as LevelDB writes it, and where each record ends. */
function logOf(records: readonly Uint8Array[]): { readonly bytes: Uint8Array; readonly ends: readonly number[] } {
  const out: number[] = [];
  const ends: number[] = [];
  for (const record of records) {
    let at = 0;
    let isFirst = true;
    do {
      const left = BLOCK_BYTES - (out.length % BLOCK_BYTES);
      if (left < 7) {
        for (let index = 0; index < left; index += 1) out.push(0);
        continue;
      }
      const part = record.subarray(at, at + left - 7);
      at += part.length;
      const isLast = at === record.length;
      const type = isFirst ? (isLast ? 1 : 2) : isLast ? 4 : 3;
      const crc = masked(crc32c(Uint8Array.from([type, ...part])));
      out.push(
        crc & 255,
        (crc >>> 8) & 255,
        (crc >>> 16) & 255,
        crc >>> 24,
        part.length & 255,
        part.length >>> 8,
        type,
      );
      for (const byte of part) out.push(byte);
      isFirst = false;
    } while (isFirst || at < record.length);
    ends.push(out.length);
  }
  return { bytes: Uint8Array.from(out), ends };
}

const filled = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 31 + seed) & 255);

test('CRC-32C is Castagnoli, as in its standard example', () => {
  expect(crc32c(new Uint8Array(Buffer.from('123456789')))).toBe(0xe3069283);
});

describe('a log', () => {
  const log = logOf([filled(10), filled(0), filled(50_000), filled(32 * 1024 - 7 - 3), filled(100, 9)]);

  test('that is whole is kept to its last byte', () => {
    expect(endOfWholeRecords(log.bytes)).toBe(log.bytes.length);
    expect(endOfWholeRecords(new Uint8Array(0))).toBe(0);
  });

  test.each([1, 7, 37, 99])('that lost its last %i bytes ends with the record before', (bytes) => {
    expect(endOfWholeRecords(log.bytes.subarray(0, log.bytes.length - bytes))).toBe(log.ends[3]);
  });

  test('whose end is zeros, garbage or flipped ends before that', () => {
    const zeroed = log.bytes.slice().fill(0, log.bytes.length - 50);
    expect(endOfWholeRecords(zeroed)).toBe(log.ends[3]);
    const longer = new Uint8Array(log.bytes.length + 4096);
    longer.set(log.bytes);
    expect(endOfWholeRecords(longer)).toBe(log.bytes.length);
    const flipped = log.bytes.slice();
    flipped[20_000] = (flipped[20_000] ?? 0) ^ 1;
    expect(endOfWholeRecords(flipped)).toBe(log.ends[1]);
  });

  test('cut in the middle of a record of several parts ends before its first part', () => {
    expect(endOfWholeRecords(log.bytes.subarray(0, BLOCK_BYTES + 100))).toBe(log.ends[1]);
    expect(endOfWholeRecords(log.bytes.subarray(0, BLOCK_BYTES))).toBe(log.ends[1]);
  });

  test('damaged anywhere, in any way, keeps exactly the whole records before the damage', () => {
    const record = fc.oneof(
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: BLOCK_BYTES - 40, max: BLOCK_BYTES + 40 }),
      fc.integer({ min: 60_000, max: 70_000 }),
    );
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 6 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.boolean(),
        (sizes, share, cuts) => {
          const { bytes, ends } = logOf(sizes.map((size, index) => filled(size, index)));
          const at = Math.floor(share * bytes.length);
          const damaged = cuts ? bytes.slice(0, at) : bytes.slice();
          if (!cuts) damaged[at] = (damaged[at] ?? 0) ^ 0x40;
          const before = Math.max(0, ...ends.filter((end) => end <= at));
          const found = endOfWholeRecords(damaged);
          // A flip in the zeros that fill a block hurts nobody.
          const isFiller = !cuts && endOfWholeRecords(damaged) === bytes.length && bytes[at] === 0;
          expect(isFiller ? before : found).toBe(before);
        },
      ),
      { numRuns: 150 },
    );
  });
});

test('every log and manifest of a profile is cut, what was cut is kept, and nothing else is touched', async () => {
  const profile = temporaryFolder('trim');
  const folder = join(profile, 'IndexedDB', 'app_vault_0.indexeddb.leveldb');
  mkdirSync(folder, { recursive: true });
  const { bytes, ends } = logOf([filled(100), filled(200)]);
  const torn = bytes.slice(0, bytes.length - 5);
  for (const name of ['000003.log', 'MANIFEST-000001']) writeFileSync(join(folder, name), torn);
  for (const name of ['CURRENT', '000005.ldb', 'LOG']) writeFileSync(join(folder, name), torn);
  writeFileSync(join(folder, '000009.log'), bytes);
  const keepIn = join(profile, 'cuts');

  const cuts = await trimIndexedDb(profile, keepIn, 'day');

  const kept = { keptBytes: ends[0], cutBytes: torn.length - (ends[0] ?? 0) };
  expect(cuts.map(({ file, keptBytes, cutBytes }) => ({ file, keptBytes, cutBytes }))).toEqual([
    { file: '000003.log', ...kept },
    { file: 'MANIFEST-000001', ...kept },
  ]);
  expect(new Uint8Array(readFileSync(join(folder, '000003.log')))).toEqual(bytes.slice(0, ends[0]));
  expect(new Uint8Array(readFileSync(join(keepIn, 'day-000003.log')))).toEqual(torn.slice(ends[0]));
  expect(new Uint8Array(readFileSync(join(folder, '000005.ldb')))).toEqual(torn);
  expect(readdirSync(keepIn)).toHaveLength(2);
  expect(await trimIndexedDb(profile, keepIn, 'day')).toEqual([]);
  expect(await trimIndexedDb(join(profile, 'nowhere'), keepIn, 'day')).toEqual([]);
});
