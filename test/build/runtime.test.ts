import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { withLock } from '../../build/runtime/lock.mjs';
import { verifyManifest, writeManifest } from '../../build/runtime/manifest.mjs';
import { extractMember, verifyIntegrity } from '../../build/runtime/tarball.mjs';
import { unzip } from '../../build/runtime/unzip.mjs';
import { tarOf, zipOf } from '../support/archives.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const silent = (): void => undefined;

describe('a download', () => {
  const content = Buffer.from('an Electron, more or less');
  const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`;

  test('is taken when its hash is the pinned one', async () => {
    const file = join(temporaryFolder('download'), 'a.tgz');
    writeFileSync(file, content);

    await expect(verifyIntegrity(file, integrity)).resolves.toBeUndefined();
  });

  test('is refused when one bit differs', async () => {
    const file = join(temporaryFolder('download'), 'a.tgz');
    const damaged = Buffer.from(content);
    damaged.writeUInt8(damaged.readUInt8(3) ^ 1, 3);
    writeFileSync(file, damaged);

    await expect(verifyIntegrity(file, integrity)).rejects.toThrow(/damaged or not the pinned one: expected sha512-/);
  });

  test('gives one member of its tar, whatever the length', async () => {
    const folder = temporaryFolder('tar');
    const wanted = Buffer.alloc(200_001, 'wanted ');
    writeFileSync(
      join(folder, 'a.tgz'),
      gzipSync(
        tarOf({ 'package/other': Buffer.alloc(700), 'package/wanted': wanted, 'package/last': Buffer.alloc(1) }),
      ),
    );

    await extractMember(join(folder, 'a.tgz'), 'package/wanted', join(folder, 'out'));

    expect(readFileSync(join(folder, 'out')).equals(wanted)).toBe(true);
  });

  test('that is cut off or lacks the member is refused', async () => {
    const folder = temporaryFolder('tar');
    const whole = gzipSync(tarOf({ 'package/wanted': Buffer.alloc(100_000, 'x') }), { level: 0 });
    writeFileSync(join(folder, 'cut.tgz'), whole.subarray(0, 50_000));
    writeFileSync(join(folder, 'other.tgz'), gzipSync(tarOf({ 'package/other': Buffer.alloc(1) })));

    await expect(extractMember(join(folder, 'cut.tgz'), 'package/wanted', join(folder, 'out'))).rejects.toThrow();
    await expect(extractMember(join(folder, 'other.tgz'), 'package/wanted', join(folder, 'out'))).rejects.toThrow(
      /holds no package\/wanted/,
    );
  });
});

describe('a zip', () => {
  test('is unpacked with new names, leaving out what is not wanted, and keeps what may be run', async () => {
    const folder = temporaryFolder('zip');
    const program = Buffer.alloc(100_000, 'program ');
    writeFileSync(
      join(folder, 'a.zip'),
      zipOf({ 'Top/Program': { content: program, mode: 0o755 }, 'Top/skip': { content: Buffer.from('no') } }),
    );

    const files = await unzip(join(folder, 'a.zip'), join(folder, 'out'), (name) =>
      name === 'Top/Program' ? 'electron' : undefined,
    );

    expect(files).toBe(1);
    expect(readFileSync(join(folder, 'out', 'electron')).equals(program)).toBe(true);
    expect(existsSync(join(folder, 'out', 'skip'))).toBe(false);
  });

  test('with a changed byte is refused by its CRC', async () => {
    const folder = temporaryFolder('zip');
    writeFileSync(join(folder, 'a.zip'), zipOf({ a: { content: Buffer.from('content'), crc: 1 } }));

    await expect(unzip(join(folder, 'a.zip'), join(folder, 'out'), (name) => name)).rejects.toThrow(
      /the zip entry a is damaged/,
    );
  });

  test('that is cut off is refused', async () => {
    const folder = temporaryFolder('zip');
    const whole = zipOf({ a: { content: Buffer.from('content') } });
    writeFileSync(join(folder, 'a.zip'), whole.subarray(0, whole.length - 30));

    await expect(unzip(join(folder, 'a.zip'), join(folder, 'out'), (name) => name)).rejects.toThrow(
      /cut off or no zip/,
    );
  });

  test('whose entry leads out of the folder is refused', async () => {
    const folder = temporaryFolder('zip');
    writeFileSync(join(folder, 'a.zip'), zipOf({ '../../evil': { content: Buffer.from('x') } }));

    await expect(unzip(join(folder, 'a.zip'), join(folder, 'out'), (name) => name)).rejects.toThrow(
      /leads out of the folder/,
    );
  });
});

describe('a cached runtime', () => {
  async function cached(): Promise<string> {
    const folder = temporaryFolder('runtime');
    mkdirSync(join(folder, 'locales'));
    writeFileSync(join(folder, 'electron'), 'program');
    writeFileSync(join(folder, 'locales', 'en.pak'), 'words');
    await writeManifest(folder, { electronVersion: '1.2.3', source: 'test', integrity: 'sha512-test' });
    return folder;
  }

  test('is whole as it was written', async () => {
    const folder = await cached();

    expect(await verifyManifest(folder, false)).toBeUndefined();
    expect(await verifyManifest(folder, true)).toBeUndefined();
  });

  test('is still whole when only a time stamp changed', async () => {
    const folder = await cached();
    utimesSync(join(folder, 'electron'), 0, 0);

    expect(await verifyManifest(folder, false)).toBeUndefined();
  });

  test('is damaged when a file changed, shrank or went', async () => {
    const changed = await cached();
    writeFileSync(join(changed, 'electron'), 'pr0gram');
    const shrunk = await cached();
    writeFileSync(join(shrunk, 'locales', 'en.pak'), 'word');
    const without = temporaryFolder('runtime');

    expect(await verifyManifest(changed, true)).toBe('electron has changed');
    expect(await verifyManifest(shrunk, false)).toMatch(/en\.pak has 4 bytes, expected 5/);
    expect(await verifyManifest(without, false)).toMatch(/manifest\.json is missing/);
  });
});

describe('the set-up lock', () => {
  test('lets one run in at a time', async () => {
    const lock = join(temporaryFolder('lock'), 'lock');
    const order: string[] = [];
    let release = silent;
    const held = new Promise<void>((done) => (release = done));

    const first = withLock(
      lock,
      async () => {
        order.push('first in');
        await held;
        order.push('first out');
      },
      silent,
    );
    const told: string[] = [];
    const second = withLock(
      lock,
      async () => void order.push('second in'),
      (message) => {
        told.push(message);
        release();
      },
    );
    await Promise.all([first, second]);

    expect(order).toEqual(['first in', 'first out', 'second in']);
    expect(told).toEqual(['another run is doing the same set-up; waiting for it']);
    expect(existsSync(lock)).toBe(false);
  });

  test('is taken over from a run that died', async () => {
    const lock = join(temporaryFolder('lock'), 'lock');
    const { hostname } = await import('node:os');
    mkdirSync(lock);
    // Larger than any process number of Linux, macOS or Windows.
    writeFileSync(join(lock, 'owner'), JSON.stringify({ pid: 2 ** 30, host: hostname() }));

    await expect(withLock(lock, async () => 'done', silent)).resolves.toBe('done');
  });

  test('is given back when the work fails', async () => {
    const lock = join(temporaryFolder('lock'), 'lock');

    await expect(withLock(lock, () => Promise.reject(new Error('no network')), silent)).rejects.toThrow('no network');

    expect(existsSync(lock)).toBe(false);
  });
});
