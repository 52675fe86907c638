import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade } from './cli-kit.ts';

interface MadeQuote {
  readonly symbol: string;
  readonly timeMs: number;
  readonly bid: number;
  readonly ask: number;
}

/** Prices in cents; several quotes of a symbol in one millisecond, and some before any position trades. */
function randomQuotes(seed: number, count: number): MadeQuote[] {
  const random = seededRandom(seed);
  let timeMs = 1_700_000_000_000;
  return Array.from({ length: count }, () => {
    timeMs += Math.floor(random() * 3) * 40;
    const bid = 9_950 + Math.floor(random() * 300);
    return { symbol: `S${Math.floor(random() * 6)}`, timeMs, bid, ask: bid + 1 + Math.floor(random() * 4) };
  });
}

function desk(quotes: readonly MadeQuote[]): { readonly folder: string; readonly words: readonly string[] } {
  const folder = temporaryFolder('executions');
  const price = (cents: number): string => (cents / 100).toFixed(2);
  const rows = quotes.map(({ symbol, timeMs, bid, ask }) => `${symbol},${timeMs},${price(bid)},7,${price(ask)},7`);
  writeFileSync(join(folder, 's.csv'), `symbol,eventTimeMs,bid,bidSize,ask,askSize\n${rows.join('\n')}\n`);
  const positions = Array.from({ length: 5 }, (_, index) => `S${index},1000,100.00`);
  writeFileSync(join(folder, 'p.csv'), `symbol,shares,buyPrice\n${positions.join('\n')}\n`);
  return { folder, words: [join(folder, 's.csv'), '--positions', join(folder, 'p.csv')] };
}

/** What `executions` must say, from the trades of a replay and the quotes, by looking through all of them. */
function expectedLines(trades: readonly string[], quotes: readonly MadeQuote[], intervalMs: number): string[] {
  const made = trades.map((line) => {
    const [id, symbol, shares, price, , timeMs] = line.split(',');
    return {
      id,
      symbol,
      shares: BigInt(shares),
      price,
      cents: BigInt(Math.round(Number(price) * 100)),
      timeMs: Number(timeMs),
    };
  });
  return made.map(({ id, symbol, shares, price, timeMs }) => {
    const quote = quotes.findLast((one) => one.symbol === symbol && one.timeMs < timeMs);
    const interval = Math.floor(timeMs / intervalMs);
    const around = made.filter((one) => one.symbol === symbol && Math.floor(one.timeMs / intervalMs) === interval);
    const worth = around.reduce((sum, one) => sum + one.cents * one.shares * 1_000_000n, 0n);
    const total = around.reduce((sum, one) => sum + one.shares, 0n);
    const vwap = (2n * worth + total) / (2n * total);
    const text = (units: bigint, places: number): string => {
      const digits = String(units).padStart(places + 1, '0');
      const fraction = digits.slice(-places).replace(/0+$/, '');
      return `${digits.slice(0, -places)}.${fraction.padEnd(2, '0')}`;
    };
    const market =
      quote === undefined
        ? ',,,'
        : [
            text(BigInt(quote.bid), 2),
            text(BigInt(quote.ask), 2),
            text(BigInt(quote.bid + quote.ask) * 5n, 3),
            timeMs - quote.timeMs,
          ].join(',');
    return `${id},${symbol},${shares},${price},${timeMs},${market},${text(vwap, 8)}`;
  });
}

describe('flinktrade executions', () => {
  test(
    'sets each trade beside its quote and its volume-weighted price, with any number of workers',
    { timeout: 120_000 },
    async () => {
      const quotes = randomQuotes(11, 3000);
      const { folder, words } = desk(quotes);
      const replay = await flinktrade(['replay', ...words, '--trades', '-'], { folder });
      const trades = replay.stdout.trim().split('\n').slice(1);
      const expected = expectedLines(trades, quotes, 5_000);
      expect(expected.length).toBeGreaterThan(50);

      for (const workers of ['1', '2', '5']) {
        const output = join(folder, `${workers}.csv`);
        const run = await flinktrade(['executions', ...words, '--interval', '5s', '--workers', workers, '-o', output], {
          folder,
        });
        expect(run.code, run.stderr).toBe(0);
        const [header, ...lines] = readFileSync(output, 'utf8').trim().split('\n');
        expect(header).toBe('id,symbol,shares,price,eventTimeMs,bid,ask,mid,quoteAgeMs,vwap');
        expect(lines).toEqual(expected);
      }
    },
  );

  test('says what it needs', { timeout: 60_000 }, async () => {
    const run = await flinktrade(['executions', 's.csv'], { folder: temporaryFolder('executions') });

    expect(run.code).toBe(2);
    expect(run.stderr).toContain('executions needs a session file and the starting positions');
  });
});
