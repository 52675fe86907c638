import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { formatScaled, parseScaled } from '../../engine/core/decimal.ts';
import { flinktrade } from '../entry/cli-kit.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/**
 * Bars that vendors built from recorded ticks, built again by `flinktrade bars` from the same ticks: every bar of every
 * file here is compared, bid and ask, open, high, low and close.
 *
 * OANDA's are the same to the last one. LEAN's leave suspicious ticks out and open where the bar before closed; of those,
 * each bar that is not the same is listed below, by ms since midnight New York. Nearly all of them are around 16:05, where
 * the vendor has left out one tick of each symbol (`extra`: our bar of that tick, the next one's open follows it).
 */
type Price = 'bid' | 'ask';
type Interval = 'second' | 'minute';
const INTERVALS = { second: '1s', minute: '1m' } as const;

interface Bars {
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
}

interface Found {
  readonly bars: number;
  readonly other: readonly number[];
  readonly missing: readonly number[];
  readonly extra: readonly number[];
}

/** The one file of a small archive without data descriptors. */
function unzip(file: string): string {
  const bytes = readFileSync(file);
  const nameBytes = bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
  return inflateRawSync(bytes.subarray(30 + nameBytes)).toString('utf8');
}

function theirBars(file: string, price: Price, places: number): Map<number, Bars> {
  const first = price === 'bid' ? 1 : 6;
  const exact = (text: string): string => {
    const units = parseScaled(text, 8 - places);
    if (!units.ok) throw new Error(`${file} has a price that is none: ${text}.`);
    return formatScaled(units.value, 8, 2);
  };
  return new Map(
    unzip(file)
      .split('\n')
      .filter((line) => line.trim().length > 0)
      .map((line) => {
        const fields = line.trim().split(',');
        const [open, high, low, close] = fields.slice(first, first + 4).map(exact);
        return [Number(fields[0]), { open, high, low, close }];
      }),
  );
}

async function ourBars(words: readonly string[], midnightMs: number): Promise<Map<number, Bars>> {
  const run = await flinktrade(['bars', ...words, '-o', '-'], { folder: temporaryFolder('bars') });
  if (run.code !== 0) throw new Error(run.stderr);
  return new Map(
    run.stdout
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => {
        const [, startMs, open, high, low, close] = line.split(',');
        return [Number(startMs) - midnightMs, { open, high, low, close }];
      }),
  );
}

function compare(ours: ReadonlyMap<number, Bars>, theirs: ReadonlyMap<number, Bars>): Found {
  const isOther = (at: number): boolean => JSON.stringify(ours.get(at)) !== JSON.stringify(theirs.get(at));
  return {
    bars: theirs.size,
    other: [...theirs.keys()].filter((at) => ours.has(at) && isOther(at)),
    missing: [...theirs.keys()].filter((at) => !ours.has(at)),
    extra: [...ours.keys()].filter((at) => !theirs.has(at)),
  };
}

describeWithSharedData('bars of foreign exchange are those that OANDA built', ['data/oanda_eurusd'], ([folder]) => {
  test.each([
    ['20140505', 'second', 12_396],
    ['20140505', 'minute', 1_350],
    ['20140506', 'second', 18_679],
    ['20140506', 'minute', 1_389],
  ] as const)('%s, every %s: all %i, bid and ask', { timeout: 60_000 }, async (day, interval, bars) => {
    const midnightMs = Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T00:00:00Z`);
    for (const price of ['bid', 'ask'] as const) {
      const ticks = join(folder, `${day}_tick.zip`);
      const ours = await ourBars([ticks, '--interval', INTERVALS[interval], '--price', price], midnightMs);
      const theirs = theirBars(join(folder, `${day}_${interval}.zip`), price, 0);
      expect(compare(ours, theirs), price).toEqual({ bars, other: [], missing: [], extra: [] });
    }
  });
});

interface Expected {
  readonly bars: number;
  readonly bid?: readonly number[];
  readonly ask?: readonly number[];
  readonly extra?: readonly number[];
}

const LEAN: readonly (readonly [string, string, Interval, Expected])[] = [
  ['20131007', 'aig', 'second', { bars: 19_775, bid: [58_046_000], extra: [57_902_000] }],
  ['20131007', 'aig', 'minute', { bars: 522, bid: [58_020_000], extra: [57_900_000] }],
  ['20131007', 'bac', 'second', { bars: 18_817, ask: [57_912_000], extra: [57_902_000] }],
  ['20131007', 'bac', 'minute', { bars: 641 }],
  [
    '20131007',
    'ibm',
    'second',
    { bars: 11_676, bid: [57_940_000], ask: [38_792_000, 38_793_000, 57_940_000], extra: [57_904_000] },
  ],
  ['20131007', 'ibm', 'minute', { bars: 554 }],
  ['20131008', 'aig', 'second', { bars: 19_445, bid: [57_918_000], ask: [57_918_000], extra: [57_905_000] }],
  ['20131008', 'aig', 'minute', { bars: 514 }],
  ['20131008', 'bac', 'second', { bars: 19_477, ask: [57_907_000], extra: [57_905_000] }],
  ['20131008', 'bac', 'minute', { bars: 636 }],
  ['20131008', 'ibm', 'second', { bars: 12_801, ask: [58_051_000], extra: [57_906_000] }],
  ['20131008', 'ibm', 'minute', { bars: 594, ask: [58_020_000], extra: [57_900_000] }],
];

describeWithSharedData('bars of US equities are those that LEAN built', ['data/lean_us_equities'], ([folder]) => {
  const midnightOf = (day: string): number =>
    Date.parse(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T04:00:00Z`);
  /** The ready profile's, but for the suspicious ticks. */
  const profile = {
    version: 1,
    name: 'lean-clean',
    format: 'csv',
    header: false,
    columnCount: 8,
    symbol: { fileName: ['{date:yyyyMMdd}/{symbol}_tick_quote'], upperCase: true },
    time: {
      field: 0,
      unit: 'ms',
      since: 'midnight',
      zone: 'America/New_York',
      date: { fileName: ['{date:yyyyMMdd}/*'] },
    },
    bid: { price: 1, size: 2 },
    ask: { price: 3, size: 4 },
    priceUnit: '0.0001',
    pairSides: true,
    where: [{ field: 7, equals: '0' }],
  };

  test.each(LEAN)(
    '%s %s, every %s, but for those listed',
    { timeout: 60_000 },
    async (day, symbol, interval, expected) => {
      const profilePath = join(temporaryFolder('bars'), 'lean-clean.json');
      writeFileSync(profilePath, JSON.stringify(profile));
      const ticks = join(folder, day, `${symbol}_tick_quote.zip`);
      for (const price of ['bid', 'ask'] as const) {
        const words = [ticks, '--interval', INTERVALS[interval], '--price', price, '--open', 'previous-close'];
        const ours = await ourBars([...words, '--profile', profilePath], midnightOf(day));
        const theirs = theirBars(join(folder, day, `${symbol}_${interval}_quote.zip`), price, 4);
        expect(compare(ours, theirs), price).toEqual({
          bars: expected.bars,
          other: expected[price] ?? [],
          missing: [],
          extra: expected.extra ?? [],
        });
      }
    },
  );

  test('are 99.98 % of all there are', () => {
    const compared = LEAN.reduce((sum, [, , , { bars }]) => sum + bars * 2, 0);
    const others = LEAN.reduce((sum, [, , , { bid = [], ask = [] }]) => sum + bid.length + ask.length, 0);

    expect(compared).toBe(210_904);
    expect(1 - others / compared).toBeGreaterThan(0.9999);
  });
});
