import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { flinktrade } from './cli-kit.ts';

const HEADER = 'symbol,eventTimeMs,bid,bidSize,ask,askSize';

function sessionFile(folder: string, rows: readonly string[]): string {
  const path = join(folder, 'session.csv');
  writeFileSync(path, `${HEADER}\n${rows.join('\n')}\n`);
  return path;
}

function randomRows(seed: number, count: number): string[] {
  const random = seededRandom(seed);
  let timeMs = 1_000_000;
  return Array.from({ length: count }, () => {
    timeMs += Math.floor(random() * 300);
    const bid = 10_000 + Math.floor(random() * 200);
    const price = (cents: number): string => (cents / 100).toFixed(2);
    return `S${Math.floor(random() * 20)},${timeMs},${price(bid)},100,${price(bid + 1)},100`;
  });
}

describe('flinktrade bars', () => {
  test('writes exact prices, halves of the smallest unit included', { timeout: 60_000 }, async () => {
    const folder = temporaryFolder('bars');
    const session = sessionFile(folder, [
      'A,1000,10.00000001,1,10.00000002,1',
      'A,1500,10,1,10.5,1',
      'A,1999,11,1,11.02,1',
      'A,2000,9,1,9.01,1',
      'B,2500,5,1,,',
      'B,61000,5.01,1,5.03,1',
    ]);

    const mid = await flinktrade(['bars', session, '--interval', '1s'], { folder });
    const bid = await flinktrade(['bars', session, '--interval', '1m', '--price', 'bid'], { folder });
    const carried = await flinktrade(
      ['bars', session, '--interval', '1s', '--price', 'ask', '--open', 'previous-close'],
      { folder },
    );

    expect(mid.stdout.trim().split('\n')).toEqual([
      'symbol,startMs,open,high,low,close,quotes',
      'A,1000,10.000000015,11.01,10.000000015,11.01,3',
      'A,2000,9.005,9.005,9.005,9.005,1',
      'B,61000,5.02,5.02,5.02,5.02,1',
    ]);
    expect(bid.stdout.trim().split('\n').slice(1)).toEqual([
      'A,0,10.00000001,11.00,9.00,9.00,4',
      'B,0,5.00,5.00,5.00,5.00,1',
      'B,60000,5.01,5.01,5.01,5.01,1',
    ]);
    expect(carried.stdout.trim().split('\n').slice(1)).toEqual([
      'A,1000,10.00000002,11.02,10.00000002,11.02,3',
      'A,2000,11.02,11.02,9.01,9.01,1',
      'B,61000,5.03,5.03,5.03,5.03,1',
    ]);
    expect(mid.stderr).toContain('3 bars of 1s from 6 quotes');
  });

  test('writes the same bytes with any number of workers', { timeout: 120_000 }, async () => {
    const folder = temporaryFolder('bars');
    const session = sessionFile(folder, randomRows(5, 4000));
    const written: string[] = [];
    for (const workers of ['1', '2', '3', '5', '8']) {
      const output = join(folder, `${workers}.csv`);
      const run = await flinktrade(['bars', session, '--interval', '5s', '--workers', workers, '-o', output], {
        folder,
      });
      expect(run.code, run.stderr).toBe(0);
      written.push(readFileSync(output, 'utf8'));
    }

    expect(written[0].split('\n').length).toBeGreaterThan(1000);
    for (const other of written) expect(other).toBe(written[0]);
  });

  test.each([
    [[], 'bars needs at least one session file'],
    [['x.csv'], 'bars needs --interval: 1s, 5s, 1m, 5m, 15m, 1h, 1d.'],
    [['x.csv', '--interval', '2m'], '--interval must be one of 1s, 5s, 1m, 5m, 15m, 1h, 1d; found "2m".'],
    [['x.csv', '--interval', '1m', '--price', 'last'], '--price must be one of bid, ask, mid; found "last".'],
  ])('says what is wrong with %j', { timeout: 60_000 }, async (words, problem) => {
    const run = await flinktrade(['bars', ...words], { folder: temporaryFolder('bars') });

    expect(run.code).toBe(2);
    expect(run.stderr).toContain(problem);
  });

  test('leaves with 3 when an input cannot be read', { timeout: 60_000 }, async () => {
    const run = await flinktrade(['bars', 'nowhere.csv', '--interval', '1m'], { folder: temporaryFolder('bars') });

    expect(run.code).toBe(3);
    expect(run.stderr).toContain('nowhere.csv');
  });
});
