import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { damageCheckpoints } from '../support/damaged-checkpoints.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { serveFeed, serveSession } from '../support/served-feed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { CLI, flinktrade, HEADER, POSITIONS, put, replay, row } from './cli-kit.ts';

const live = (url: string, words: readonly string[]): readonly string[] => [
  'live',
  url,
  '--positions',
  'p.csv',
  '--state',
  'state',
  ...words,
];

/** Rules that use every clock and every sum there is. */
const RULES = {
  version: 1,
  defaults: { ttlMs: 500, decayEveryMs: 300, askOffset: '0.02' },
  symbols: { SOMA: { time: 'processing' }, KILU: { time: 'processing', tradeResetsTtl: true } },
  limits: { maxTradesPerSecond: 3, maxNotionalPerDay: '2000000' },
};

describe('a live session on the command line', () => {
  test('trades through gaps, repeats, garbage, silence and broken connections, and replays to the same, byte for byte', async () => {
    const folder = temporaryFolder('live');
    writeFileSync(join(folder, 'rules.json'), JSON.stringify(RULES));
    const faults = ['--drop-after', '2600', '--gap', '700', '--repeat', '150', '--garbage', '400', '--silence', '2'];
    const feed = await serveFeed(folder, ['--quotes-per-second', '2000', ...faults]);
    const words = [
      '--rules',
      'rules.json',
      '--for',
      '6',
      '--trades',
      'live.csv',
      '--report',
      'live.json',
      '--workers',
      '2',
    ];
    const run = await flinktrade(live(feed.url, words), { folder });

    expect(run.code, run.stderr).toBe(0);
    const report = JSON.parse(readFileSync(join(folder, 'live.json'), 'utf8')) as Awaited<ReturnType<typeof replay>> & {
      feed: Record<string, number>;
    };
    expect(report.totals.trades).toBeGreaterThan(20);
    expect(report.feed.connects).toBeGreaterThan(1);
    expect(report.feed.gaps).toBeGreaterThan(2);
    expect(report.feed.duplicates).toBeGreaterThan(5);
    expect(report.session.quarantined).toBeGreaterThan(2);
    const { rows, applied, late, quarantined, ignored } = report.session;
    expect(rows).toBe(applied + late + quarantined + ignored);

    const trades = readFileSync(join(folder, 'live.csv'), 'utf8');
    for (const workers of ['1', '2', '3']) {
      const again = await replay(
        [
          '--journal',
          'state',
          '--positions',
          'p.csv',
          '--rules',
          'rules.json',
          '--workers',
          workers,
          '--trades',
          'again.csv',
        ],
        folder,
      );
      expect(readFileSync(join(folder, 'again.csv'), 'utf8')).toBe(trades);
      expect(again.positions).toEqual(report.positions);
      expect(again.reasons).toEqual(report.reasons);
    }
    const made = await flinktrade(['record', '--journal', 'state', '-o', 'session.ftrec'], { folder });
    expect(made.code, made.stderr).toBe(0);
    const exported = await replay(
      ['session.ftrec', '--positions', 'p.csv', '--rules', 'rules.json', '--trades', 'exported.csv'],
      folder,
    );
    expect(readFileSync(join(folder, 'exported.csv'), 'utf8')).toBe(trades);
    expect(exported.positions).toEqual(report.positions);
  });

  test('killed again and again loses no trade that was final and makes none twice', async () => {
    const folder = temporaryFolder('live');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
    const random = seededRandom(11);
    const printed = new Map<string, string>();
    for (let kill = 0; kill < 14; kill += 1) {
      // Some in the start or while the journal is being played, most while it is live, however slow this machine is.
      const moment: KillMoment =
        kill % 4 === 3
          ? { behind: 'its start', ms: 150 + random() * 500 }
          : { behind: 'going live', ms: 200 + random() * 900 };
      const words = ['--trades', '-', '--workers', String(1 + (kill % 3)), '--checkpoint-interval-ms', '150'];
      const lines = await killedAt(live(feed.url, words), folder, moment);
      const ids = lines.map((line) => line.split(',')[0]);
      expect(new Set(ids).size).toBe(ids.length);
      for (const [index, id] of ids.entries()) expect(printed.get(id) ?? lines[index]).toBe(lines[index]);
      // What was final once is told again by every later run.
      for (const id of printed.keys()) if (lines.length > printed.size) expect(ids).toContain(id);
      ids.forEach((id, index) => printed.set(id, lines[index]));
    }
    expect(printed.size).toBeGreaterThan(20);

    const last = await flinktrade(live(feed.url, ['--for', '1', '--trades', 'last.csv', '--report', 'last.json']), {
      folder,
    });
    expect(last.code, last.stderr).toBe(0);
    const [, all, held, read] =
      /Recovered (\d+) quotes: (\d+) from checkpoint \d+, .* journal behind it \((\d+) records? read\)/.exec(
        last.stderr,
      ) ?? [];
    expect(Number(all), last.stderr).toBeGreaterThan(5_000);
    // Of a session of many seconds, no more than the last part of one is played again.
    expect(Number(read)).toBeLessThan(Number(all) / 2);
    expect(Number(all) - Number(held)).toBeLessThanOrEqual(Number(read));
    const final = readFileSync(join(folder, 'last.csv'), 'utf8').trim().split('\n').slice(1);
    const byId = new Map(final.map((line) => [line.split(',')[0], line]));
    expect(byId.size).toBe(final.length);
    for (const [id, line] of printed) expect(byId.get(id)).toBe(line);
    await replay(['--journal', 'state', '--positions', 'p.csv', '--workers', '3', '--trades', 'again.csv'], folder);
    expect(readFileSync(join(folder, 'again.csv'), 'utf8')).toBe(readFileSync(join(folder, 'last.csv'), 'utf8'));
  }, 120_000);

  test('ends in order on Ctrl-C, with its report', async () => {
    const folder = temporaryFolder('live');
    const feed = await serveFeed(folder);
    const run = await flinktrade(live(feed.url, ['--report', '-']), {
      folder,
      onStderr: (text, interrupt) => {
        if (text.includes('The feed is live')) interrupt();
      },
    });

    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ session: { inputs: [feed.url] }, feed: { connects: 1 } });
  });

  test('served from a file gives the trades of a replay of that file', async () => {
    const folder = temporaryFolder('live');
    const lines: string[] = [];
    for (let index = 0; index < 4000; index += 1) {
      const cents = 10_000 + ((index * 7919) % 400);
      lines.push(row(`S${index % 5}`, index * 25, (cents / 100).toFixed(2), '10', ((cents + 3) / 100).toFixed(2)));
    }
    const held = Array.from({ length: 5 }, (_, index) => `S${index},10000,100.00\n`);
    put(folder, { 's.csv': HEADER + lines.join(''), 'p.csv': `symbol,shares,buyPrice\n${held.join('')}` });
    const feed = await serveSession(folder, ['s.csv', '--speed', 'max', '--stamp', 'recorded']);
    const asRecorded = ['--stale-ms', '0', '--idle-ms', '3600000', '--max-future-ms', '3600000'];
    const run = await flinktrade(live(feed.url, [...asRecorded, '--for', '4', '--trades', 'live.csv']), { folder });
    expect(run.code, run.stderr).toBe(0);
    const report = await replay(['s.csv', '--positions', 'p.csv', '--trades', 'file.csv'], folder);

    expect(report.totals.trades).toBeGreaterThan(20);
    expect(readFileSync(join(folder, 'live.csv'), 'utf8')).toBe(readFileSync(join(folder, 'file.csv'), 'utf8'));
    const inspected = await flinktrade(['inspect', '--journal', 'state'], { folder });
    expect(inspected.stdout).toMatch(/quotes +4000\n[^]*feed: session-started +1\nfeed: connected +1/);
  });

  test('of a feed whose clock is another says what is wrong', async () => {
    const folder = temporaryFolder('live');
    const rows = Array.from({ length: 600 }, (_, index) => row('AAPL', index * 10, '150.20', '10', '150.30'));
    put(folder, { 's.csv': HEADER + rows.join(''), 'p.csv': POSITIONS });
    const feed = await serveSession(folder, ['s.csv', '--stamp', 'recorded']);
    const run = await flinktrade(live(feed.url, ['--for', '4', '--report', 'r.json']), { folder });

    expect(run.stderr).toMatch(/no fresh quotes: nothing trades\. The last quote was \d+\.\d s old/);
    const { session, totals } = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as Awaited<
      ReturnType<typeof replay>
    >;
    expect(session.quarantinedByReason).toEqual({ stale: session.rows });
    expect(session.rows).toBeGreaterThan(100);
    expect(totals.trades).toBe(0);
  });

  test('is halted by a signal, stays so over a restart, and is cleared by two deliberate acts; all of it replays', async () => {
    const folder = temporaryFolder('live');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
    const halted = await runUntilHalted(
      live(feed.url, ['--for', '3', '--trades', 'one.csv', '--report', 'one.json']),
      folder,
    );
    expect(halted).toContain('Halted (SIGUSR2)');
    const one = readFileSync(join(folder, 'one.csv'), 'utf8').trim().split('\n');
    const { reasons } = JSON.parse(readFileSync(join(folder, 'one.json'), 'utf8')) as {
      reasons: Record<string, number>;
    };
    expect(reasons['halted']).toBeGreaterThan(0);

    const still = await flinktrade(live(feed.url, ['--for', '2', '--trades', 'two.csv']), { folder });
    expect(still.stderr).toContain('The kill switch is on');
    expect(readFileSync(join(folder, 'two.csv'), 'utf8').trim().split('\n')).toEqual(one);

    const cleared = await flinktrade(
      live(feed.url, ['--for', '3', '--rearm', 'looked into', '--trades', 'three.csv']),
      { folder },
    );
    expect(cleared.stderr).toContain('is cleared: looked into');
    const three = readFileSync(join(folder, 'three.csv'), 'utf8').trim().split('\n');
    expect(three.length).toBeGreaterThan(one.length);
    for (const workers of ['1', '2', '3']) {
      await replay(
        ['--journal', 'state', '--positions', 'p.csv', '--workers', workers, '--trades', 'again.csv'],
        folder,
      );
      expect(readFileSync(join(folder, 'again.csv'), 'utf8').trim().split('\n')).toEqual(three);
    }
  });

  test('starts without its feed, and finds it when it comes', async () => {
    const folder = temporaryFolder('live');
    const first = await serveFeed(folder);
    await first.kill();
    const running = flinktrade(live(first.url, ['--for', '5', '--trades', 't.csv']), { folder });
    await new Promise((resolve) => {
      setTimeout(resolve, 1000);
    });
    await serveFeed(folder, ['--port', first.port]);
    const run = await running;

    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/The feed is not there; trying again in [\d.]+ s\.[^]*The feed is live again\./);
  });

  test('with new rules goes on under the old ones up to their place, and with other positions not at all', async () => {
    const folder = temporaryFolder('live');
    const feed = await serveFeed(folder);
    writeFileSync(
      join(folder, 'rules.json'),
      JSON.stringify({ version: 1, defaults: { tradeWhen: 'at-or-above', askOffset: '0.01' } }),
    );
    await flinktrade(live(feed.url, ['--for', '2', '--trades', 'one.csv']), { folder });
    const second = await flinktrade(live(feed.url, ['--for', '2', '--rules', 'rules.json', '--trades', 'two.csv']), {
      folder,
    });
    expect(second.code, second.stderr).toBe(0);
    const one = readFileSync(join(folder, 'one.csv'), 'utf8').trim().split('\n');
    const two = readFileSync(join(folder, 'two.csv'), 'utf8').trim().split('\n');
    expect(two.slice(0, one.length)).toEqual(one);
    await replay(['--journal', 'state', '--positions', 'p.csv', '--trades', 'again.csv'], folder);
    expect(readFileSync(join(folder, 'again.csv'), 'utf8').trim().split('\n')).toEqual(two);

    writeFileSync(join(folder, 'p.csv'), 'symbol,shares,buyPrice\nAAPL,1,1\n');
    const other = await flinktrade(live(feed.url, ['--for', '1']), { folder });
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('began');
    expect(other.stderr).toContain('other starting positions');
  });

  test('tells a damaged state by name, and leaves out a last part that was being written', async () => {
    const folder = temporaryFolder('live');
    const feed = await serveFeed(folder);
    await flinktrade(live(feed.url, ['--for', '2']), { folder });
    // Of everything there are two copies: one that is damaged is made good by the other.
    const copies = ['a', 'b'].map((copy) => join(folder, 'state', copy, 'values', 'values', 'journal'));
    const partOf = (copy: string, at: number): string => join(copy, readdirSync(copy).sort().at(at) ?? '');
    writeFileSync(partOf(copies[0], 1), 'not what it was');
    const repaired = await flinktrade(live(feed.url, ['--for', '1']), { folder });
    expect(repaired.code, repaired.stderr).toBe(0);

    for (const last of copies.map((copy) => partOf(copy, -1))) writeFileSync(last, readFileSync(last).subarray(0, -5));
    const second = await flinktrade(live(feed.url, ['--for', '1']), { folder });
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).toContain('is not whole');

    for (const middle of copies.map((copy) => partOf(copy, 1)))
      writeFileSync(
        middle,
        readFileSync(middle).map((byte, index) => (index === 50 ? byte ^ 1 : byte)),
      );
    // What a checkpoint holds need not be read again; a replay of everything finds it.
    const third = await flinktrade(live(feed.url, ['--for', '1']), { folder });
    expect(third.code, third.stderr).toBe(0);
    expect(third.stderr).toContain('from checkpoint');
    const whole = await flinktrade(['replay', '--journal', 'state', '--positions', 'p.csv'], { folder });
    expect(whole.code).toBe(3);
    expect(whole.stderr).toMatch(/journal\/0+\d*-0000000001-/);

    damageCheckpoints(join(folder, 'state'));
    const fourth = await flinktrade(live(feed.url, ['--for', '1']), { folder });
    expect(fourth.code).toBe(3);
    expect(fourth.stderr).toMatch(/Checkpoint \d+ cannot be used[^]*journal\/0+\d*-0000000001-/);
  });

  test('falls back one checkpoint, and from none to the whole journal, and says so', async () => {
    const folder = temporaryFolder('live');
    const feed = await serveFeed(folder, ['--quotes-per-second', '2000']);
    const words = ['--for', '2', '--checkpoint-interval-ms', '200', '--trades', 't.csv'];
    await flinktrade(live(feed.url, words), { folder });
    const newest = damageCheckpoints(join(folder, 'state'), 1);
    const second = await flinktrade(live(feed.url, words), { folder });
    expect(second.code, second.stderr).toBe(0);
    expect(second.stderr).toContain(`Checkpoint ${newest} cannot be used`);
    expect(second.stderr).toMatch(/quotes: \d+ from checkpoint \d+/);

    damageCheckpoints(join(folder, 'state'));
    const third = await flinktrade(live(feed.url, words), { folder });
    expect(third.code, third.stderr).toBe(0);
    expect(third.stderr).toMatch(/Recovered \d+ quotes from the journal, from its beginning \(\d+ records read\)/);
    await replay(['--journal', 'state', '--positions', 'p.csv', '--workers', '3', '--trades', 'again.csv'], folder);
    expect(readFileSync(join(folder, 'again.csv'), 'utf8')).toBe(readFileSync(join(folder, 't.csv'), 'utf8'));
  });

  test.each([
    [['live'], 'takes one address'],
    [['live', 'http://x/', '--positions', 'p', '--state', 's'], 'read from ws:// or wss://'],
    [['live', 'ws://x/', '--state', 's'], '--positions FILE'],
    [['live', 'ws://x/', '--positions', 'p.csv'], '--state DIR'],
    [
      ['live', 'ws://127.0.0.1:1/', '--positions', 'p.csv', '--state', 's', '--profile', 'nbbo'],
      'cannot read a live feed',
    ],
    [['feed', '--port', '70000'], '--port must be'],
    [['feed', '--format', 'xml'], '"raw" or "combined"'],
    [['feed', 'a.csv', '--seed', '1'], 'simulated market'],
    [['replay', '--journal', 'nowhere', '--positions', 'p.csv'], 'no folder nowhere'],
    [['replay', 'x.csv', '--journal', 'state', '--positions', 'p.csv'], 'leave x.csv out'],
  ])('%j is told what is wrong with it', async (words, text) => {
    const folder = temporaryFolder('live');
    writeFileSync(join(folder, 'p.csv'), 'symbol,shares,buyPrice\nAAPL,1,1\n');
    const run = await flinktrade(words, { folder });

    expect([2, 3]).toContain(run.code);
    expect(run.stderr).toContain(text);
    expect(run.stderr).not.toContain('    at ');
  });
});

describeWithSharedData('a recorded session of Binance', ['data/binance_20240808/usdm_btcusdt.gz'], ([recorded]) => {
  test('served again as a combined stream and traded live gives the trades of its replay', async () => {
    const folder = temporaryFolder('live');
    put(folder, { 'p.csv': 'symbol,shares,buyPrice\nBTCUSDT,5000,61000\n' });
    const stamps = ['--stamp', 'recorded', '--format', 'combined'];
    const feed = await serveSession(folder, [recorded, '--speed', 'max', ...stamps]);
    const asRecorded = ['--stale-ms', '0', '--idle-ms', '3600000', '--max-future-ms', '3600000'];
    const run = await flinktrade(live(feed.url, [...asRecorded, '--for', '8', '--trades', 'live.csv']), { folder });
    expect(run.code, run.stderr).toBe(0);
    const report = await replay([recorded, '--positions', 'p.csv', '--trades', 'file.csv'], folder);

    expect(report.totals.trades).toBeGreaterThan(10);
    expect(readFileSync(join(folder, 'live.csv'), 'utf8')).toBe(readFileSync(join(folder, 'file.csv'), 'utf8'));
  });
});

/** Halts the session a second after its feed is live. @returns what it said */
async function runUntilHalted(words: readonly string[], folder: string): Promise<string> {
  const child = spawn(process.execPath, [CLI, ...words], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    said += piece;
    if (piece.includes('The feed is live')) setTimeout(() => child.kill('SIGUSR2'), 1000);
  });
  await once(child, 'close');
  return said;
}

/** When a run is killed: so long behind one of its steps. */
interface KillMoment {
  readonly behind: 'its start' | 'going live';
  readonly ms: number;
}

/** Runs until that moment and then kills it as a power cut would. @returns the trades it told as final */
async function killedAt(words: readonly string[], folder: string, moment: KillMoment): Promise<string[]> {
  const child = spawn(process.execPath, [CLI, ...words], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  let timer: NodeJS.Timeout | undefined;
  const killSoon = (): void => {
    timer ??= setTimeout(() => child.kill('SIGKILL'), moment.ms);
  };
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    told += piece;
    if (told.includes('The feed is live')) killSoon();
  });
  if (moment.behind === 'its start') killSoon();
  await once(child, 'close');
  clearTimeout(timer);
  // A line that was cut off by the kill was not told.
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .trim()
    .split('\n')
    .slice(1)
    .filter((line) => line !== '');
}
