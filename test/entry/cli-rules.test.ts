import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade, HEADER, POSITIONS, put, replay, row, START_MS } from './cli-kit.ts';

const bid = (atMs: number, price: string, size = '1', symbol = 'AAPL'): string => row(symbol, atMs, price, size, '999');

describe('time in a replay', () => {
  it('takes ties between inputs in the order they were named', async () => {
    const folder = temporaryFolder('cli');
    put(folder, {
      'a.csv': HEADER + bid(0, '151') + bid(1, '151'),
      'b.csv': HEADER + bid(0, '152') + bid(1, '152'),
      'p.csv': POSITIONS,
    });
    const ids = async (...inputs: string[]): Promise<string[]> => {
      const run = await flinktrade(['replay', ...inputs, '--positions', 'p.csv', '--trades', '-'], { folder });
      return run.stdout
        .split('\n')
        .slice(1, -1)
        .map((line) => line.split(',').slice(3, 7).join(' '));
    };

    // One quote is taken from an input at a time: both of the first millisecond stand ahead of those of the second.
    expect(await ids('a.csv', 'b.csv')).toEqual([`151.00 1.00 ${START_MS} 0`, `152.00 2.00 ${START_MS} 1`]);
    expect(await ids('b.csv', 'a.csv')).toEqual([`152.00 2.00 ${START_MS} 0`]);
  });

  it('quarantines a lone time stamp in the far future, with its line, and believes four in a row', async () => {
    const folder = temporaryFolder('cli');
    const far = 9_000_000;
    put(folder, {
      'lone.csv': HEADER + bid(0, '1') + bid(far, '151') + bid(10, '1') + bid(far, '151'),
      'night.csv': HEADER + bid(0, '1') + [0, 1, 2, 3].map((more) => bid(far + more, '151')).join(''),
      'p.csv': POSITIONS,
    });

    const lone = await replay(['lone.csv', '--positions', 'p.csv'], folder);
    const night = await replay(['night.csv', '--positions', 'p.csv'], folder);

    expect(lone.session).toMatchObject({
      rows: 4,
      quotes: 2,
      quarantined: 2,
      quarantinedByReason: { future: 2 },
      lastEventTimeMs: START_MS + 10,
    });
    expect(lone.session.quarantinedRows.map(({ line, reason }) => [line, reason])).toEqual([
      [3, 'future'],
      [5, 'future'],
    ]);
    expect(night.session).toMatchObject({ rows: 5, quotes: 5, quarantined: 0, lastEventTimeMs: START_MS + far + 3 });
    expect(night.totals.trades).toBeGreaterThan(0);
  });

  it('drops, processes or waits for late quotes, as told', async () => {
    const folder = temporaryFolder('cli');
    put(folder, {
      's.csv': HEADER + bid(1000, '150.20') + bid(0, '160') + bid(1000, '160'),
      'p.csv': POSITIONS,
      'process.json': '{"version":1,"defaults":{"lateQuotes":"process"}}',
    });

    const dropped = await replay(['s.csv', '--positions', 'p.csv'], folder);
    const processed = await replay(['s.csv', '--positions', 'p.csv', '--rules', 'process.json'], folder);
    const waited = await replay(['s.csv', '--positions', 'p.csv', '--out-of-orderness-ms', '1000'], folder);

    expect(dropped.session).toMatchObject({ rows: 3, applied: 2, late: 1 });
    expect(dropped.reasons).toEqual({});
    expect(processed.session).toMatchObject({ rows: 3, applied: 3, late: 0 });
    expect(waited.session).toMatchObject({ rows: 3, applied: 3, late: 0 });
    expect(waited.reasons).toEqual({ 'bid-not-above-ask': 1 });
    expect(waited.rules).toMatchObject({ defaults: { outOfOrdernessMs: 1000 } });
  });

  it('a decay every millisecond over a night is one step of arithmetic', async () => {
    const folder = temporaryFolder('cli');
    const night = 57_600_000;
    put(folder, {
      's.csv': HEADER + bid(0, '1') + [0, 1, 2, 3].map((more) => bid(night + more, '1')).join(''),
      'p.csv': POSITIONS,
      'r.json': '{"version":1,"defaults":{"decayEveryMs":1,"decayAmount":"0.00000001","askFloor":"none","ttlMs":1}}',
    });

    const report = await replay(['s.csv', '--positions', 'p.csv', '--rules', 'r.json'], folder);

    // The first decay falls 2 ms after the opening, the last at the greatest time seen.
    expect(report.positions).toMatchObject([{ askPrice: '149.52399998', nextDecayAt: START_MS + night + 4 }]);
  });

  it('opens positions at their times, in ISO 8601 or ms, and calls those that never open pending', async () => {
    const folder = temporaryFolder('cli');
    put(folder, {
      's.csv':
        HEADER +
        bid(0, '151', '1', 'A') +
        bid(0, '151', '1', 'B') +
        bid(500, '151', '1', 'A') +
        bid(500, '151', '1', 'B'),
      'p.csv':
        'symbol,shares,buyPrice,openedAt\nA,5,150,2023-11-14T23:13:20.500+01:00\nB,5,150,1700000000500\nC,5,150,1700000000501\nD,5,150,\n',
    });

    const report = await replay(['s.csv', '--positions', 'p.csv', '--workers', '3'], folder);

    expect(report.positions.map(({ symbol, status, openedAt, trades }) => [symbol, status, openedAt, trades])).toEqual([
      ['A', 'open', START_MS + 500, 1],
      ['B', 'open', START_MS + 500, 1],
      ['C', 'pending', START_MS + 501, 0],
      ['D', 'open', START_MS, 0],
    ]);
  });

  it('follows the preset of the original demo by its name', async () => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': HEADER + bid(0, '150.10', '101') + bid(1, '150.10', '10'), 'p.csv': POSITIONS });

    const report = await replay(['s.csv', '--positions', 'p.csv', '--rules', 'original-demo'], folder);

    expect(report.reasons).toEqual({ size: 1 });
    expect(report.totals).toEqual({ trades: 1, shares: '10', profit: '1.00' });
  });

  it('counts time to live on the clock of the replay, and decays ahead of the quote of that instant', async () => {
    const folder = temporaryFolder('cli');
    const quotes = [bid(0, '1', '1'), bid(62_999, '150.00', '10'), bid(63_000, '150.00', '10'), bid(65_999, '1', '1')];
    put(folder, { 's.csv': HEADER + quotes.join(''), 'p.csv': POSITIONS });

    const report = await replay(['s.csv', '--positions', 'p.csv', '--rules', 'original-demo'], folder);

    expect(report.positions).toMatchObject([
      { trades: 1, askPrice: '150.10', expiresAt: START_MS + 60_000, nextDecayAt: START_MS + 66_000 },
    ]);
  });
});

describe('limits', () => {
  /** A trade a quarter of a second of two symbols, over midnight in New York (05:00 UTC). */
  const MIDNIGHT = 1_700_024_400_000 - START_MS;
  const session =
    HEADER +
    Array.from({ length: 80 }, (_, index) =>
      bid(MIDNIGHT - 10_000 + index * 250, '151', '1', index % 2 === 0 ? 'A' : 'B'),
    ).join('');
  const positions = 'symbol,shares,buyPrice\nA,1000,150\nB,1000,154\n';
  const rules = (limits: object): string =>
    JSON.stringify({
      version: 1,
      defaults: {
        askOffset: '0',
        askIncrease: { from: 'ask', amount: '0' },
        ttlMs: 1,
        decayEveryMs: 1,
        decayAmount: '5',
        askFloor: { price: '1' },
      },
      limits,
    });

  it.each<[string, object, number, Record<string, number>]>([
    ['maxTradesPerSecond', { maxTradesPerSecond: 1 }, 40, { 'limit:maxTradesPerSecond': 40 }],
    ['maxTradesPerDay', { maxTradesPerDay: 5, timeZone: 'America/New_York' }, 20, { 'limit:maxTradesPerDay': 60 }],
    ['maxTradesPerDay', { maxTradesPerDay: 5 }, 10, { 'limit:maxTradesPerDay': 70 }],
    ['maxNotionalPerTrade', { maxNotionalPerTrade: '150.99' }, 0, { 'limit:maxNotionalPerTrade': 80 }],
    // Compared at full seconds, with the trades ahead of them: 4 x 151, then 8 x 151, which is over.
    [
      'maxNotionalPerDay',
      { maxNotionalPerDay: '1000', timeZone: 'America/New_York' },
      16,
      { 'limit:maxNotionalPerDay': 64 },
    ],
    // A second of it wins 2 and loses 6: 4 is not over 5, 8 is.
    ['maxLossPerDay', { maxLossPerDay: '5' }, 8, { 'limit:maxLossPerDay': 72 }],
  ])('%s, %j, hold with any number of workers', async (_, limits, trades, reasons) => {
    const folder = temporaryFolder('cli');
    put(folder, { 's.csv': session, 'p.csv': positions, 'r.json': rules(limits) });
    const seen = new Set<string>();
    for (const workers of ['1', '2', '5']) {
      const report = await replay(
        ['s.csv', '--positions', 'p.csv', '--rules', 'r.json', '--workers', workers, '--trades', 't.csv'],
        folder,
      );
      expect({ trades: report.totals.trades, reasons: report.reasons }).toEqual({
        trades,
        reasons,
      });
      seen.add(readFileSync(join(folder, 't.csv'), 'utf8') + JSON.stringify(report.positions));
    }
    expect(seen.size).toBe(1);
  });
});
