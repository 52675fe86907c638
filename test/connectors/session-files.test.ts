import { appendFileSync, chmodSync, mkdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openSession } from '../../engine/connectors/files/open-session.node.ts';
import { InputError } from '../../engine/connectors/sources/input-error.ts';
import { zipOf } from '../support/archives.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { playAll, readerOf, RecordedOutput } from './session-kit.ts';

const HEADER = 'symbol,eventTimeMs,bid,bidSize,ask,askSize\n';

function csv(count: number, symbol = 'A', firstMs = 1000): string {
  let text = HEADER;
  for (let index = 0; index < count; index += 1)
    text += `${symbol},${firstMs + index},${10 + (index % 90)}.25,${index % 977},11.5,100\n`;
  return text;
}

function written(name: string, content: string | Uint8Array, folder = temporaryFolder('session')): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function play(paths: readonly string[], profile: string | null = null) {
  const output = new RecordedOutput();
  let session;
  try {
    session = await openSession(paths, profile);
  } catch (error) {
    return { output, error: error as Error, totals: null, chosen: [] };
  }
  const reader = readerOf(session.inputs, session.symbols);
  const error = await playAll(reader, output, 4096);
  const totals = reader.totals();
  await session.close();
  return { output, error, totals, chosen: session.chosen };
}

describe('a session file', () => {
  test('plain, gzip, gzip of many members or zip is told apart by its bytes and gives the same quotes', async () => {
    const text = csv(20_000);
    const folder = temporaryFolder('session');
    const third = Math.floor(text.length / 3);
    const members = Buffer.concat(
      [text.slice(0, third), text.slice(third, third + 1), '', text.slice(third + 1)].map((part) => gzipSync(part)),
    );
    const files = {
      'plain.csv': text,
      'packed.data': gzipSync(text),
      'members.csv.gz': members,
      'padded.gz': Buffer.concat([gzipSync(text), Buffer.alloc(1024)]),
      'one.zip': zipOf({
        'readme.txt': { content: Buffer.from('hello') },
        '__MACOSX/._x.csv': { content: Buffer.from('x') },
        'x.csv': { content: Buffer.from(text) },
      }),
      'here.zip': zipOf({ './x.csv': { content: Buffer.from(text) }, './.hidden': { content: Buffer.from('x') } }),
      'gzip-in.zip': zipOf({ 'x.csv.gz': { content: gzipSync(text) } }),
    };
    for (const [name, content] of Object.entries(files)) {
      const { output, error, totals, chosen } = await play([written(name, content, folder)]);
      expect(error, name).toBeNull();
      expect(totals, name).toMatchObject({ rows: 20_000, quotes: 20_000, openRows: 0 });
      expect(output.quotes.at(-1), name).toMatchObject({ time: 20_999, sequence: 19_999 });
      expect(chosen[0]?.profile).toBe('csv');
    }
  });

  test('with gzip headers that carry names, comments and extra fields is read', async () => {
    const packed = gzipSync(csv(3));
    const head = Buffer.from([0x1f, 0x8b, 8, 2 + 4 + 8 + 16, 0, 0, 0, 0, 0, 3, 5, 0, 1, 2, 3, 4, 5]);
    const file = Buffer.concat([head, Buffer.from('name.csv\0a comment\0'), Buffer.from([0, 0]), packed.subarray(10)]);

    expect((await play([written('x.gz', file)])).totals).toMatchObject({ rows: 3 });
  });

  test('that is a zip of several entries merges them by time, ties in the order of their names', async () => {
    const path = written(
      'two.zip',
      zipOf({ 'b.csv': { content: Buffer.from(csv(3, 'B')) }, 'a.csv': { content: Buffer.from(csv(3, 'A')) } }),
    );
    const { output } = await play([path]);

    expect(output.quotes.map(({ symbol, time }) => `${symbol}${time}`)).toEqual([
      'A1000',
      'B1000',
      'A1001',
      'B1001',
      'A1002',
      'B1002',
    ]);
  });

  test.each([0.1, 0.5, 0.9, 0.999])(
    'that is gzip cut at %d of its length gives the rows before the cut, then says where',
    async (share) => {
      const whole = gzipSync(csv(30_000));
      const cut = whole.subarray(0, Math.floor(whole.length * share));
      const { output, error, totals } = await play([written('cut.csv.gz', cut)]);

      expect(error).toMatchObject({ kind: 'unreadable', code: 'input-truncated', place: { byte: cut.length } });
      expect(error?.message).toMatch(
        /cut\.csv\.gz is cut short: .* byte \d+.*Everything up to line \d+ was read whole/,
      );
      expect(output.quotes.length).toBeGreaterThan(30_000 * share * 0.8 - 3000);
      expect(totals?.quarantined, 'a row cut in two is neither used nor quarantined').toBe(0);
      expect((error as InputError).place.line).toBe(output.quotes.length + 1);
    },
  );

  test('that is gzip with a flipped byte or a wrong checksum is damaged', async () => {
    const whole = gzipSync(csv(30_000));
    const flipped = Buffer.from(whole);
    flipped[Math.floor(whole.length / 2)] = (flipped[Math.floor(whole.length / 2)] ?? 0) ^ 0xff;
    const checksum = Buffer.from(whole);
    checksum[whole.length - 6] = (checksum[whole.length - 6] ?? 0) ^ 1;
    const trailing = Buffer.concat([whole, Buffer.from('garbage')]);

    expect((await play([written('f.gz', flipped)])).error).toMatchObject({ code: 'input-damaged' });
    expect((await play([written('c.gz', checksum)])).error?.message).toContain('checksum does not match');
    expect((await play([written('t.gz', trailing)])).error?.message).toContain(
      'what follows its last member is not gzip',
    );
  });

  test('that is a zip cut short, with a wrong checksum, encrypted or packed another way is refused in words', async () => {
    const content = Buffer.from(csv(1000));
    const whole = zipOf({ 'x.csv': { content } });
    const encrypted = Buffer.from(whole);
    const central = whole.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    encrypted.writeUInt16LE(1, central + 8);
    const other = Buffer.from(whole);
    other.writeUInt16LE(93, central + 10);
    const beyond = Buffer.from(whole);
    beyond.writeUInt32LE(0x7fff_ffff, central + 20);

    expect((await play([written('z.zip', whole.subarray(0, whole.length - 30))])).error?.message).toMatch(
      /is cut short.*directory/,
    );
    expect((await play([written('z.zip', zipOf({ 'x.csv': { content, crc: 5 } }))])).error?.message).toMatch(
      /x\.csv is damaged.*checksum/,
    );
    expect((await play([written('z.zip', encrypted)])).error?.message).toContain('x.csv is encrypted');
    expect((await play([written('z.zip', other)])).error?.message).toContain('packed by method 93');
    expect((await play([written('z.zip', beyond)])).error?.message).toContain("beyond the file's end");
    expect((await play([written('z.zip', zipOf({ 'readme.md': { content } }))])).error?.message).toContain(
      'no session data',
    );
  });

  test('that is a zip of the large kind (ZIP64) is read', async () => {
    const content = Buffer.from(csv(500));
    const small = zipOf({ 'x.csv': { content } });
    const central = small.lastIndexOf(Buffer.from([0x50, 0x4b, 1, 2]));
    const end = small.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
    const entry = Buffer.from(small.subarray(central, end));
    const extra = Buffer.alloc(4 + 24);
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    extra.writeBigUInt64LE(BigInt(content.length), 4);
    extra.writeBigUInt64LE(BigInt(entry.readUInt32LE(20)), 12);
    for (const at of [20, 24, 42]) entry.writeUInt32LE(0xffff_ffff, at);
    entry.writeUInt16LE(extra.length, 30);
    const directory = Buffer.concat([entry, extra]);
    const record = Buffer.alloc(56);
    record.writeUInt32LE(0x06064b50, 0);
    record.writeBigUInt64LE(1n, 32);
    record.writeBigUInt64LE(BigInt(directory.length), 40);
    record.writeBigUInt64LE(BigInt(central), 48);
    const locator = Buffer.alloc(20);
    locator.writeUInt32LE(0x07064b50, 0);
    locator.writeBigUInt64LE(BigInt(central + directory.length), 8);
    const last = Buffer.from(small.subarray(end));
    last.writeUInt16LE(0xffff, 10);
    last.writeUInt32LE(0xffff_ffff, 12);
    last.writeUInt32LE(0xffff_ffff, 16);
    const path = written('large.zip', Buffer.concat([small.subarray(0, central), directory, record, locator, last]));

    expect(await play([path])).toMatchObject({ error: null, totals: { rows: 500 } });
  });

  test('packed and then changed in any byte never crashes or hangs, and never gives a wrong quote unnoticed', async () => {
    const text = csv(300);
    const folder = temporaryFolder('session');
    const whole = [gzipSync(text), zipOf({ 'x.csv': { content: Buffer.from(text) } })] as const;
    const expected = (await play([written('good.gz', whole[0], folder)])).output.log;
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(),
        async (which, place, flip, cut) => {
          const bytes = Buffer.from(whole[which] as Buffer);
          const at = place % bytes.length;
          bytes[at] = bytes[at] ^ flip;
          const length = cut % 3 === 0 ? cut % bytes.length : bytes.length;
          const { output, error } = await play([written('bad', bytes.subarray(0, length), folder)], 'csv');
          if (error === null) expect(output.log).toEqual(expected);
          else expect(error).toBeInstanceOf(InputError);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('that unpacks without end is stopped', async () => {
    const zeros = Buffer.alloc(4 * 1_048_576);
    const bomb = gzipSync(zeros);
    const { error } = await play([
      written('bomb.csv.gz', Buffer.concat([gzipSync(HEADER), ...Array.from({ length: 40 }, () => bomb)])),
    ]);

    expect(error).toMatchObject({ code: 'archive-too-large' });
    expect(deflateRawSync(zeros).length).toBeLessThan(zeros.length / 200);
  });

  test('that is missing, a directory, empty, not to be read, or of another format is refused by name', async () => {
    const folder = temporaryFolder('session');
    mkdirSync(join(folder, 'dir'));
    const secret = written('secret.csv', csv(1), folder);
    chmodSync(secret, 0o000);

    expect((await play([join(folder, 'none.csv')])).error).toMatchObject({ code: 'input-missing', kind: 'unreadable' });
    expect((await play([join(folder, 'dir')])).error).toMatchObject({ code: 'input-is-a-directory' });
    expect((await play([written('e.csv', '', folder)])).error).toMatchObject({ code: 'input-empty' });
    expect((await play([written('e.csv.gz', gzipSync(''), folder)])).error).toMatchObject({ code: 'input-empty' });
    expect(
      (await play([written('x.csv', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2]), folder)])).error?.message,
    ).toContain('zstd');
    expect((await play([written('x.csv', csv(1), folder)], 'no-such-profile')).error?.message).toMatch(
      /neither a ready profile nor a file.*Ready profiles: csv,/,
    );
    // The superuser may read anything.
    if (process.getuid?.() !== 0) expect((await play([secret])).error?.message).toContain('may not read it');
  });

  test('is read with a profile file of the user', async () => {
    const folder = temporaryFolder('session');
    const profile = {
      version: 1,
      name: 'desk',
      format: 'csv',
      delimiter: ';',
      symbol: { field: 's' },
      time: { field: 't', unit: 's' },
      bid: { price: 'b' },
      outOfOrdernessMs: 250,
    };
    const profilePath = written('desk.json', JSON.stringify(profile), folder);
    const data = written('d.csv', 's;t;b\nX;1381132800.5;1.5\n', folder);
    const session = await openSession([data], profilePath);

    expect(session.outOfOrdernessMs).toBe(250);
    expect(session.maxFutureMs).toBeUndefined();
    expect(session.chosen[0]).toMatchObject({ profile: 'desk', why: 'it was named' });
    await session.close();
  });

  test.each([
    ['grows', (path: string) => appendFileSync(path, 'A,1,1,1,1,1\n'), 'input-changed'],
    ['shrinks', (path: string) => truncateSync(path, 300_000), 'input-changed'],
    ['is touched', (path: string) => utimesSync(path, 1, 1), 'input-changed'],
  ])('that %s while it is read is noticed', async (_, change, code) => {
    const path = written('live.csv', csv(60_000));
    const session = await openSession([path], null);
    const reader = readerOf(session.inputs, session.symbols);
    const output = new RecordedOutput();
    reader.pollNext(output, 10);
    change(path);
    const error = await playAll(reader, output, 4096);
    await session.close();

    expect(error).toMatchObject({ kind: 'unreadable', code });
    expect(error?.message).toContain('changed while it was read');
  });

  test('can be closed at any moment', async () => {
    const path = written('x.csv.gz', gzipSync(csv(200_000)));
    for (const polls of [0, 1, 5]) {
      const session = await openSession([path], null);
      const reader = readerOf(session.inputs, session.symbols);
      for (let poll = 0; poll < polls; poll += 1) {
        if (reader.pollNext(new RecordedOutput(), 100) === 'nothing-available') await reader.isAvailable();
      }
      await reader.close();
      await session.close();
    }
  });
});
