import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, lstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { CLI, flinktrade, GOOD, HEADER, POSITIONS, put, row } from './cli-kit.ts';

const REPLAY = ['replay', 's.csv', '--positions', 'p.csv'];
const TRADES = `id,symbol,shares,price,profit,eventTimeMs,quoteSequence,askBefore,askAfter
0-AAPL,AAPL,10,150.20,2.00,1700000000000,0,150.10,150.30
1-AAPL,AAPL,10,150.40,4.00,1700000001000,1,150.30,150.50
`;

function folderWithSession(): string {
  const folder = temporaryFolder('cli');
  put(folder, { 's.csv': GOOD, 'p.csv': POSITIONS });
  return folder;
}

describe('the report', () => {
  it('has the fields that scripts rely on, and all of them', async () => {
    const folder = folderWithSession();

    const run = await flinktrade([...REPLAY, '--report', '-', '--trades', 't.csv', '--workers', '2'], { folder });

    expect(JSON.parse(run.stdout)).toEqual({
      session: {
        inputs: ['s.csv'],
        rows: 2,
        quotes: 2,
        symbols: 1,
        firstEventTimeMs: 1_700_000_000_000,
        lastEventTimeMs: 1_700_000_001_000,
        applied: 2,
        late: 0,
        quarantined: 0,
        ignored: 0,
        quarantinedByReason: {},
        quarantinedRows: [],
      },
      rules: expect.objectContaining({ version: 1 }) as unknown,
      positions: [
        {
          symbol: 'AAPL',
          shares: '80',
          buyPrice: '150.00',
          askPrice: '150.50',
          lastTradePrice: '150.40',
          profit: '6.00',
          status: 'open',
          openedAt: 1_700_000_000_000,
          expiresAt: 1_700_000_060_000,
          nextDecayAt: 1_700_000_063_000,
          trades: 2,
        },
      ],
      reasons: {},
      totals: { trades: 2, shares: '20', profit: '6.00' },
      engine: {
        workers: 2,
        maxParallelism: 128,
        elapsedMs: expect.any(Number) as number,
        quotesPerSecond: expect.any(Number) as number,
      },
    });
    expect(readFileSync(join(folder, 't.csv'), 'utf8')).toBe(TRADES);
  });

  it('is the position table for people where no file was asked for', async () => {
    const run = await flinktrade(REPLAY, { folder: folderWithSession() });

    expect(run).toMatchObject({
      code: 0,
      stdout: [
        'SYMBOL  SHARES  BUY PRICE  ASK PRICE  LAST TRADE PRICE  PROFIT  STATUS',
        '------  ------  ---------  ---------  ----------------  ------  ------',
        'AAPL        80     150.00     150.50            150.40    6.00  open',
        '',
      ].join('\n'),
    });
    expect(run.stderr).toMatch(
      /^s\.csv: read as csv \(the columns of its header\)\n2 rows: 2 applied, 0 late, 0 quarantined, 0 ignored\.\n2 trades, 20 shares, profit 6\.00; 1 symbols, 1 positions\.\n/,
    );
  });
});

describe('where results are written', () => {
  it.each([
    [['--report', '.'], '--report . is a directory; name a file in it.\n'],
    [
      ['--report', 'nope/r.json'],
      '--report nope/r.json cannot be written: there is no folder nope. Make it, or name another.\n',
    ],
    [['--trades', './s.csv'], '--trades ./s.csv would overwrite an input; name another file.\n'],
    [['--trades', 'link.csv'], '--trades link.csv would overwrite an input; name another file.\n'],
    [['--report', 'p.csv'], '--report p.csv would overwrite the positions file; name another file.\n'],
    [['--report', 'x', '--trades', './x'], '--trades ./x would overwrite what --report writes; name another file.\n'],
  ])('%j is refused ahead of the replay', async (words, message) => {
    const folder = folderWithSession();
    symlinkSync('s.csv', join(folder, 'link.csv'));

    expect(await flinktrade([...REPLAY, ...words], { folder })).toEqual({ code: 2, stdout: '', stderr: message });
    expect(readFileSync(join(folder, 's.csv'), 'utf8')).toBe(GOOD);
  });

  it.runIf(process.platform !== 'win32')(
    'a pipe is written to and stays a pipe, a link keeps pointing where it did',
    async () => {
      const folder = folderWithSession();
      execFileSync('mkfifo', [join(folder, 'pipe')]);
      mkdirSync(join(folder, 'elsewhere'));
      symlinkSync(join('elsewhere', 'report.json'), join(folder, 'report.json'));
      put(join(folder, 'elsewhere'), { 'report.json': 'old' });

      const reader = readPipe(folder);
      const run = await flinktrade([...REPLAY, '--trades', 'pipe', '--report', 'report.json'], { folder });

      expect(run).toMatchObject({ code: 0 });
      expect(await reader).toBe(TRADES);
      expect(lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true);
      expect(lstatSync(join(folder, 'report.json')).isSymbolicLink()).toBe(true);
      expect(JSON.parse(readFileSync(join(folder, 'elsewhere', 'report.json'), 'utf8'))).toMatchObject({
        totals: { trades: 2 },
      });
    },
  );

  it.runIf(process.platform === 'linux')('a full disk is told, with no stack', () => {
    const folder = folderWithSession();

    const run = spawnSync('sh', ['-c', `"${process.execPath}" "${CLI}" ${REPLAY.join(' ')} --report - > /dev/full`], {
      cwd: folder,
      encoding: 'utf8',
    });

    expect(run.status).toBe(2);
    expect(run.stderr).toMatch(
      /Standard output cannot be written: ENOSPC[^\n]*\. Choose another place, or make room there\.\n$/,
    );
  });

  it.runIf(process.platform === 'linux')(
    'a state folder without room ends the replay with a sentence, not a hang',
    () => {
      const folder = folderWithSession();
      const quotes = Array.from({ length: 3000 }, (_, index) =>
        row('AAPL', index * 100, `${160 + index}.00`, '1', `${160 + index}.01`),
      );
      put(folder, { 's.csv': HEADER + quotes.join(''), 'p.csv': 'symbol,shares,buyPrice\nAAPL,100000,150.00\n' });

      // Files of at most 64 kB: the audit trail of so many trades is larger.
      const words = `${REPLAY.join(' ')} --state state`;
      const run = spawnSync('sh', ['-c', `trap '' XFSZ; ulimit -f 128; exec "${process.execPath}" "${CLI}" ${words}`], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 60_000,
        killSignal: 'SIGKILL',
      });

      expect(run.stderr).toMatch(/It was tried to store \d+ bytes at state\/[^\n]*; found: EFBIG/);
      expect(run.stderr).not.toMatch(/internal failure/);
      expect(run).toMatchObject({ status: 2, signal: null });
      expect(run.stdout).toBe('');
    },
  );

  it.runIf(process.platform === 'linux')('a reader that has seen enough is no failure', () => {
    const folder = folderWithSession();

    const run = spawnSync(
      'sh',
      [
        '-c',
        `{ "${process.execPath}" "${CLI}" ${REPLAY.join(' ')} --trades - --report r.json; echo "left with $?" >&2; } | head -c 1`,
      ],
      { cwd: folder, encoding: 'utf8' },
    );

    expect(run.stderr).toMatch(/left with 0\n$/);
    expect(readdirSync(folder).sort()).toEqual(['p.csv', 'r.json', 's.csv']);
  });
});

/** Reads the pipe to its end, as another program would. */
async function readPipe(folder: string): Promise<string> {
  return readFile(join(folder, 'pipe'), 'utf8');
}

describe('Ctrl-C', () => {
  it.runIf(process.platform !== 'win32')('ends a replay with 130 and leaves nothing behind', async () => {
    const folder = folderWithSession();
    const spills = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('flinktrade-trades-'));
    const before = spills();

    // At event speed the second quote comes a second after the first: there is time to interrupt.
    const run = await flinktrade([...REPLAY, '--trades', 't.csv', '--report', 'r.json', '--speed', 'x0.01'], {
      folder,
      onStderr: (text, interrupt) => {
        if (text.includes('read as')) interrupt();
      },
    });

    expect(run).toMatchObject({ code: 130, stdout: '' });
    expect(run.stderr).toMatch(/Interrupted \(SIGINT\): what was not finished was not written\.\n$/);
    expect(readdirSync(folder).sort()).toEqual(['p.csv', 's.csv']);
    expect(spills().filter((name) => !before.includes(name))).toEqual([]);
  });
});

describe('record and inspect', () => {
  it('write a recording that replays to the same trades, and tell what is in it', async () => {
    const folder = folderWithSession();

    const made = await flinktrade(['record', 's.csv', '-o', 's.ftrec'], { folder });
    const played = await flinktrade(['replay', 's.ftrec', '--positions', 'p.csv', '--trades', '-'], { folder });
    const told = await flinktrade(['inspect', 's.ftrec'], { folder });
    const data = await flinktrade(['inspect', 's.csv', '--json'], { folder });

    expect(made).toEqual({
      code: 0,
      stdout: '',
      stderr:
        's.csv: read as csv (the columns of its header)\ns.ftrec: 2 quotes of 1 symbols; of 2 rows 0 were quarantined and 0 ignored\n',
    });
    expect(played.stdout).toBe(TRADES);
    expect(told.stdout).toMatch(/^input +s\.ftrec, read as recording \(its first bytes\)\nbytes +\d+\nrows +2\n/);
    expect(JSON.parse(data.stdout)).toMatchObject({
      rows: 2,
      quarantined: 0,
      oddities: { quotes: 2, symbols: [{ symbol: 'AAPL', quotes: 2 }], locked: 0, crossed: 0 },
    });
  });

  it.each([
    ['s.csv', 's.csv is an input; write the recording to another file.'],
    ['link.csv', 'link.csv is an input; write the recording to another file.'],
    ['.', '. cannot be written: it is a directory. Name a file in it.'],
    ['nope/x.ftrec', 'nope/x.ftrec cannot be written: there is no folder nope.'],
  ])('refuse to write to %s', async (output, message) => {
    const folder = folderWithSession();
    symlinkSync('s.csv', join(folder, 'link.csv'));

    const run = await flinktrade(['record', 's.csv', '-o', output], { folder });

    expect(run).toMatchObject({ code: 2, stdout: '' });
    expect(run.stderr.split('\n')[0]).toBe(message);
    expect(readdirSync(folder).sort()).toEqual(['link.csv', 'p.csv', 's.csv']);
    expect(readFileSync(join(folder, 's.csv'), 'utf8')).toBe(GOOD);
  });
});

describe('the sample', () => {
  it('prints a position table in which trades have happened', async () => {
    const run = await flinktrade(['sample', '--seconds', '5'], { folder: temporaryFolder('cli') });

    expect(run.code).toBe(0);
    expect(run.stderr).toMatch(/^A simulated market, made up from seed 1: 5 s of event time\.\n/);
    expect(Number(/(\d+) trades/.exec(run.stderr)?.[1])).toBeGreaterThan(20);
    expect(run.stdout.split('\n').length).toBeGreaterThan(200);
  });
});

describe('a stream of rows that never fit', () => {
  it('is told to be the wrong profile, perhaps', async () => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': HEADER + row('AAPL', 0, 'x', '1', '2'), 'p.csv': POSITIONS });

    const run = await flinktrade(REPLAY, { folder });

    expect(run.code).toBe(0);
    expect(run.stderr).toContain('Not one row could be used. Is it the right --profile?\n');
  });
});
