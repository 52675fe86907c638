import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { zipOf } from '../support/archives.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { CLI, flinktrade, GOOD, HEADER, POSITIONS, put, replay, row, type Report } from './cli-kit.ts';

const TWICE = { trades: 2, shares: '20', profit: '6.00' };

function balanced({ session }: Report): void {
  expect(session.applied + session.late + session.quarantined + session.ignored).toBe(session.rows);
}

describe('a session that can be read', () => {
  it.each([
    ['with a byte order mark', `\u{feff}${GOOD}`],
    ['with CR alone at line ends', GOOD.replaceAll('\n', '\r')],
    ['with CR LF', GOOD.replaceAll('\n', '\r\n')],
    ['without a last line end', GOOD.slice(0, -1)],
    [
      'in several gzip members, zeros behind them',
      Buffer.concat([gzipSync(GOOD.slice(0, 60)), gzipSync(GOOD.slice(60)), Buffer.alloc(50)]),
    ],
    [
      'in a zip beside a read-me',
      zipOf({ 'README.txt': { content: Buffer.from('hi') }, 'd/a.csv': { content: Buffer.from(GOOD) } }),
    ],
  ])('%s gives the same trades', async (_, content) => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': content, 'p.csv': POSITIONS });

    const report = await replay(['s.csv', '--positions', 'p.csv'], folder);

    expect(report.totals).toEqual(TWICE);
    balanced(report);
  });

  it.runIf(process.platform !== 'win32')('may come through a pipe', () => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': GOOD, 'p.csv': POSITIONS });

    const command = `cat s.csv | "${process.execPath}" "${CLI}" replay /dev/stdin --positions p.csv --report -`;
    const run = spawnSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8' });

    expect(run).toMatchObject({ status: 0 });
    expect((JSON.parse(run.stdout) as Report).totals).toEqual(TWICE);
  });

  it('may have no quote at all: every position is pending', async () => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': HEADER, 'p.csv': POSITIONS });

    const report = await replay(['s.csv', '--positions', 'p.csv'], folder);

    expect(report.session).toMatchObject({ rows: 0, quotes: 0, firstEventTimeMs: null, lastEventTimeMs: null });
    expect(report.positions).toMatchObject([{ symbol: 'AAPL', status: 'pending', askPrice: null, openedAt: null }]);
  });
});

describe('a malformed row is counted, kept with its line and reason, and the replay goes on', () => {
  const BAD: readonly (readonly [string, string])[] = [
    ...['NaN', 'Infinity', '1e308', '0x10', '1e-3', '--1', '\u{661}'].map(
      (bid) => [`AAPL,1700000002000,${bid},1,150.30,1`, 'bad-number'] as const,
    ),
    ['AAPL,1700000002000,150.123456789,1,150.30,1', 'too-many-decimals'],
    ['AAPL,1700000002000,999999999999,1,150.30,1', 'out-of-range'],
    ['AAPL,1700000002000,150.20,-1,150.30,1', 'negative-size'],
    ['AAPL,1700000002000,150.20,NaN,150.30,1', 'bad-number'],
    ['AAPL,soon,150.20,1,150.30,1', 'bad-time'],
    ['AAPL,1700000002,150.20,1,150.30,1', 'time-unit'],
    ['AAPL,1700000002000,150.20,1,150.30', 'wrong-column-count'],
    ['AAPL,1700000002000,150.20,1,150.30,1,1', 'wrong-column-count'],
    [',1700000002000,150.20,1,150.30,1', 'missing-symbol'],
    ['A\u001b[31m,1700000002000,150.20,1,150.30,1', 'bad-symbol'],
    [`${'A'.repeat(65)},1700000002000,150.20,1,150.30,1`, 'bad-symbol'],
    ['AA\u0000PL,1700000002000,150.20,1,150.30,1', 'nul-byte'],
    ['"AAPL,1700000002000,150.20,1,150.30,1', 'unclosed-quote'],
  ];

  it('of every kind, in one file', async () => {
    const folder = temporaryFolder('cli');
    put(folder, {
      's.csv': GOOD + BAD.map(([line]) => `${line}\n`).join('') + row('AAPL', 3000, '150.60', '1', '150.70'),
      'p.csv': POSITIONS,
    });

    const run = await flinktrade(['replay', 's.csv', '--positions', 'p.csv', '--report', '-'], { folder });

    const report = JSON.parse(run.stdout) as Report;
    expect(report.session.quarantinedRows).toEqual(
      BAD.map(([text, reason], index) => ({
        input: 's.csv',
        line: index + 4,
        reason,
        // What could steer a terminal is kept as a mark of itself.
        text: text.replaceAll(/[\u0000-\u001f]/g, '\u{fffd}'),
      })),
    );
    expect(report.session).toMatchObject({ rows: BAD.length + 3, applied: 3, quarantined: BAD.length });
    expect(report.totals).toEqual({ trades: 3, shares: '21', profit: '6.60' });
    balanced(report);
    expect(run.stderr).toContain('s.csv:4: quarantined, bad-number: "AAPL,1700000002000,NaN,1,150.30,1"\n');
    expect(run.stderr).toContain(`and ${BAD.length - 5} more quarantined rows`);
    expect(run.stderr).not.toContain('\u001b');
  });

  it('and a line of 10 MB is one of them, of which 200 characters are kept', async () => {
    const folder = temporaryFolder('cli');
    put(folder, {
      's.csv.gz': gzipSync(`${GOOD}AAPL,${'9'.repeat(10_000_000)}\n${row('AAPL', 3000, '150.60', '1', '150.70')}`),
      'p.csv': POSITIONS,
    });

    const report = await replay(['s.csv.gz', '--positions', 'p.csv'], folder);

    expect(report.session.quarantinedByReason).toEqual({ 'line-too-long': 1 });
    expect(report.session.quarantinedRows[0]).toMatchObject({ line: 4, text: `AAPL,${'9'.repeat(195)}` });
    expect(report.totals.trades).toBe(3);
  });

  it('and sides at or below zero are missing, not malformed', async () => {
    const folder = temporaryFolder('cli');
    put(folder, {
      's.csv':
        HEADER + row('AAPL', 0, '0', '1', '150') + row('AAPL', 1, '-37.63', '1', '-37.60') + row('AAPL', 2, '', '', ''),
      'p.csv': POSITIONS,
    });

    const report = await replay(['s.csv', '--positions', 'p.csv'], folder);

    expect(report.session).toMatchObject({ applied: 3, quarantined: 0 });
    expect(report.reasons).toEqual({ 'no-bid': 3 });
  });
});

describe('symbols come out as they came in', () => {
  it('with commas, quotes, formulas and other scripts', async () => {
    const folder = temporaryFolder('cli');
    const symbols = ['"A,B"', '"A""B"', '=cmd', '\u{1f600}', 'Б', '  AAPL  ', 'A'.repeat(64)];
    put(folder, {
      's.csv': HEADER + symbols.map((symbol) => row(symbol, 0, '2.00', '1', '2.10')).join(''),
      'p.csv': `symbol,shares,buyPrice\n${symbols.map((symbol) => `${symbol},1,1.00\n`).join('')}`,
    });

    const run = await flinktrade(['replay', 's.csv', '--positions', 'p.csv', '--trades', '-', '--workers', '2'], {
      folder,
    });

    expect(run.stdout.split('\n').slice(1, -1)).toEqual([
      '"0-A,B","A,B",1,2.00,1.00,1700000000000,0,1.10,1.10',
      '"1-A""B","A""B",1,2.00,1.00,1700000000000,1,1.10,1.10',
      '2-=cmd,=cmd,1,2.00,1.00,1700000000000,2,1.10,1.10',
      '3-\u{1f600},\u{1f600},1,2.00,1.00,1700000000000,3,1.10,1.10',
      '4-Б,Б,1,2.00,1.00,1700000000000,4,1.10,1.10',
      '5-AAPL,AAPL,1,2.00,1.00,1700000000000,5,1.10,1.10',
      `6-${'A'.repeat(64)},${'A'.repeat(64)},1,2.00,1.00,1700000000000,6,1.10,1.10`,
    ]);
  });
});

describe('an input that cannot be used is refused with what was found and what to do', () => {
  const packed = gzipSync(
    HEADER + Array.from({ length: 5000 }, (_, index) => row('AAPL', index, '150.20', '10', '150.30')).join(''),
  );
  const encrypted = zipOf({ 'a.csv': { content: Buffer.from(GOOD) } });
  encrypted[encrypted.indexOf(Buffer.from('PK\u0001\u0002')) + 8] |= 1;

  it.each<[string, string | Uint8Array | null, number, RegExp]>([
    ['a file that is not there', null, 3, /^There is no file s\.csv\./],
    ['an empty file', '', 3, /^s\.csv is empty/],
    ['unknown columns', 'a,b,c\n1,2,3\n', 2, /its first line is "a,b,c"\. Name a profile with --profile: one of csv, /],
    ['a column twice', HEADER.replace('symbol,', 'symbol,symbol,'), 2, /has the column "symbol" twice/],
    ['UTF-16', Buffer.from(`\u{feff}${GOOD}`, 'utf16le'), 3, /UTF-16 text, which is not read; save it as UTF-8/],
    ['bytes that are no text', Buffer.from([1, 2, 3, 255, 254, 0, 7]), 3, /neither text, nor gzip, zip or a recording/],
    ['times in seconds', `${HEADER}AAPL,1700000000,150.2,1,150.3,1\n`, 2, /Set time\.unit to "s"/],
    ['times in nanoseconds', `${HEADER}AAPL,1700000000000000000,150.2,1,150.3,1\n`, 2, /Set time\.unit to "ns"/],
    [
      'gzip that is cut short',
      packed.subarray(0, packed.length >> 1),
      3,
      /cut short: .* at byte \d+, .* line \d+ was read whole/,
    ],
    ['gzip without its last byte', packed.subarray(0, -1), 3, /cut short/],
    [
      'gzip with garbage behind it',
      Buffer.concat([gzipSync(GOOD), Buffer.from('garbage')]),
      3,
      /what follows its last member is not gzip/,
    ],
    ['an encrypted zip', encrypted, 3, /a\.csv is encrypted/],
    [
      'a zip cut short',
      zipOf({ 'a.csv': { content: Buffer.from(GOOD) } }).subarray(0, 60),
      3,
      /cut short: a zip archive's directory stands at its end/,
    ],
    ['a zip with nothing in it', zipOf({}), 3, /no session data in it/],
    [
      'a zip with a name that leaves it',
      zipOf({ '../../p.csv': { content: Buffer.from(GOOD) }, 'q.csv': { content: Buffer.from(GOOD) } }),
      3,
      /has an entry named "\.\.\/\.\.\/p\.csv", which leads out of it\. Pack it again/,
    ],
    [
      'a bomb',
      gzipSync(Buffer.concat([Buffer.from(GOOD), Buffer.alloc(80_000_000, '\n')])),
      3,
      /unpacks to more than session data can/,
    ],
  ])('%s', async (_, content, code, text) => {
    const folder = temporaryFolder('cli');
    put(folder, { 'p.csv': POSITIONS, ...(content !== null && { 's.csv': content }) });

    const run = await flinktrade(['replay', 's.csv', '--positions', 'p.csv', '--trades', 't.csv'], { folder });

    expect(run.code).toBe(code);
    expect(run.stderr.replace(/^s\.csv[^\n]*: read as [^\n]*\n/, '')).toMatch(text);
    expect(run.stderr).not.toMatch(/ {4}at |internal failure/);
    expect(run.stdout).toBe('');
    expect(execFileSync('ls', ['-A', folder], { encoding: 'utf8' })).toBe(
      content === null ? 'p.csv\n' : 'p.csv\ns.csv\n',
    );
  });

  it('a file that grows while it is read', async () => {
    const folder = temporaryFolder('cli');
    const rows = Array.from({ length: 20_000 }, (_, index) =>
      row('AAPL', Math.floor(index / 10), '1.00', '10', '1.10'),
    );
    put(folder, { 's.csv': HEADER + rows.join(''), 'p.csv': POSITIONS });

    // At event speed its last rows are read two seconds after its first.
    const words = ['replay', 's.csv', '--positions', 'p.csv', '--speed', 'x1', '--report', 'r.json'];
    const run = await flinktrade(words, {
      folder,
      onStderr: (text) => {
        if (text.includes('read as')) appendFileSync(join(folder, 's.csv'), rows[0]);
      },
    });

    expect(run).toMatchObject({ code: 3, stdout: '' });
    expect(run.stderr).toMatch(
      /s\.csv changed while it was read: it had \d+ bytes and now has \d+\. Read a copy that nobody writes to\./,
    );
    expect(readdirSync(folder).sort()).toEqual(['p.csv', 's.csv']);
  });

  it('a directory', async () => {
    const folder = temporaryFolder('cli');
    put(folder, { 'p.csv': POSITIONS });

    const run = await flinktrade(['replay', '.', '--positions', 'p.csv'], { folder });

    expect(run).toMatchObject({ code: 3, stdout: '' });
    expect(run.stderr).toMatch(/\. is a directory, not a session file/);
  });

  it('a recording damaged at any byte: never a result, never a stack', async () => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': GOOD, 'p.csv': POSITIONS });
    expect(await flinktrade(['record', 's.csv', '-o', 's.ftrec'], { folder })).toMatchObject({ code: 0 });
    const whole = readFileSync(join(folder, 's.ftrec'));
    for (const part of [0.05, 0.5, 0.7, 0.99]) {
      const damaged = Buffer.from(whole);
      damaged[Math.floor(whole.length * part)] ^= 0x40;
      put(folder, { 'd.ftrec': damaged });

      const run = await flinktrade(['inspect', 'd.ftrec'], { folder });

      expect(run).toMatchObject({ code: 3, stdout: '' });
      expect(run.stderr).not.toMatch(/ {4}at |internal failure/);
    }
  });
});
