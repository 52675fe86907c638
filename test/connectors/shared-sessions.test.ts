import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSession } from '../../engine/connectors/files/open-session.node.ts';
import { inspectSession } from '../../engine/connectors/recording/inspect-session.node.ts';
import { recordSession } from '../../engine/connectors/recording/record-session.node.ts';
import { forEachMerged } from '../../engine/connectors/recording/record-session.node.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { playAll, readerOf, RecordedOutput } from './session-kit.ts';

interface Played {
  readonly profile: string;
  readonly rows: number;
  readonly quotes: number;
  readonly ignored: number;
}

/** Plays files and checks that every row ended somewhere. */
async function play(
  paths: readonly string[],
): Promise<Played & { readonly symbols: number; readonly profiles: readonly string[] }> {
  const session = await openSession(paths, null);
  const reader = readerOf(session.inputs, session.symbols);
  const output = new RecordedOutput();
  output.collect = () => {};
  output.emitWatermark = () => {};
  expect(await playAll(reader, output, 4096)).toBeNull();
  const totals = reader.totals();
  await session.close();
  expect(totals.rows).toBe(totals.appliedRows + totals.late + totals.quarantined + totals.ignored);
  expect(totals.quarantined).toBe(0);
  expect(totals.late).toBe(0);
  const profiles = [...new Set(session.chosen.map(({ profile }) => profile))];
  return {
    profile: profiles.join(),
    profiles,
    rows: totals.rows,
    quotes: totals.quotes,
    ignored: totals.ignored,
    symbols: totals.symbols,
  };
}

/** A digest of all quotes in merged order, and how many there are per symbol. */
async function digestOf(paths: readonly string[]): Promise<Readonly<Record<string, readonly [number, number]>>> {
  const session = await openSession(paths, null);
  const digests = new Map<string, [number, number]>();
  await forEachMerged(session.inputs, ({ batch }, index) => {
    if (index >= batch.to) return;
    const symbol = session.symbols.name(batch.symbol[index]);
    const digest = digests.get(symbol) ?? [0, 0];
    digest[0] += 1;
    for (const column of [batch.time, batch.bid, batch.bidSize, batch.ask, batch.askSize]) {
      const value = column[index];
      digest[1] = (Math.imul(digest[1], 31) + (value % 1_000_000_007) + Math.floor(value / 1_000_000_007)) | 0;
    }
    digests.set(symbol, digest);
  });
  await session.close();
  return Object.fromEntries([...digests].sort());
}

const LEAN = 'data/lean_us_equities';

describeWithSharedData('two days of AIG, BAC and IBM', [`${LEAN}/20131007`, `${LEAN}/20131008`], (days) => {
  const nbbo = (day: string): string => join(day, readdirSync(day).find((name) => name.startsWith('nbbo')) as string);
  const ticks = (day: string): string[] => ['aig', 'bac', 'ibm'].map((name) => join(day, `${name}_tick_quote.zip`));

  test('have the rows that are told of them', async () => {
    expect(await play([nbbo(days[0])])).toMatchObject({ profile: 'nbbo', rows: 832_930, quotes: 832_930, symbols: 3 });
    expect(await play([nbbo(days[1])])).toMatchObject({ profile: 'nbbo', rows: 909_993, quotes: 909_993, symbols: 3 });
  });

  test('come in pairs of rows from the source, and make the same quotes to the last digit', async () => {
    for (const [day, rows, quotes] of [
      [days[0], 1_079_935 + 476_855 + 109_067, 832_930],
      [days[1], 1_118_140 + 576_096 + 125_750, 909_993],
    ] as const) {
      expect(await play(ticks(day))).toMatchObject({ profile: 'lean-tick-quote', rows, quotes });
      expect(await digestOf(ticks(day))).toEqual(await digestOf([nbbo(day)]));
    }
  });

  test('have the oddities that are told of them', async () => {
    const first = await inspectSession([nbbo(days[0])], null);
    const second = await inspectSession([nbbo(days[1])], null);

    expect(first.oddities).toMatchObject({
      locked: 18_930,
      crossed: 138,
      quotesPerMsMax: 56,
      noBid: 3,
      outOfOrder: 0,
      unchangedRepeats: 25_227,
    });
    expect(second.oddities).toMatchObject({
      locked: 34_836,
      crossed: 228,
      noBid: 0,
      outOfOrder: 0,
      unchangedRepeats: 40_060,
    });
  });

  test('played one after the other have a night between them that is believed', async () => {
    expect(await play([nbbo(days[0]), nbbo(days[1])])).toMatchObject({ rows: 1_742_923, quotes: 1_742_923 });
  });

  test('are the same from their recording', async () => {
    const file = join(temporaryFolder('shared'), 'two-days.ftrec');
    await recordSession(days.map(nbbo), null, file);

    expect(await digestOf([file])).toEqual(await digestOf(days.map(nbbo)));
  });

  test('have bars, whose close is a quote at the end of the bar, and trades, which are no quotes', async () => {
    for (const day of days) {
      for (const name of readdirSync(day).filter((each) => /(second|minute)_quote\.zip$/.test(each))) {
        const bars = await play([join(day, name)]);
        expect(bars.profile, name).toMatch(/^lean-(second|minute)-quote-bar$/);
        expect(bars.quotes).toBe(bars.rows);
        expect(bars.rows).toBeGreaterThan(500);
      }
      for (const name of readdirSync(day).filter((each) => each.includes('_trade'))) {
        const trades = await play([join(day, name)]);
        expect(trades.profile, name).toBe('lean-trade');
        expect(trades.ignored).toBe(trades.rows);
      }
    }
  });
});

describeWithSharedData('1,924 US symbols at one open', ['data/us_equities_20051227_trades_quotes.csv.gz'], ([file]) => {
  test('have 23,412 quotes, and 6,587 trades that are ignored', async () => {
    expect(await play([file])).toMatchObject({
      profile: 'reuters-tick-history',
      rows: 29_999,
      quotes: 23_412,
      ignored: 6_587,
    });
    expect((await inspectSession([file], null)).oddities).toMatchObject({ unknownSizes: 446, noBid: 2, noAsk: 1 });
  });
});

describeWithSharedData('crypto futures', ['data/binance_20240808'], ([folder]) => {
  test('have book tickers among other messages', async () => {
    expect(await play([join(folder, 'usdm_btcusdt.gz')])).toMatchObject({
      profile: 'binance-book-ticker',
      rows: 93_954,
      quotes: 66_089,
    });
    expect(await play([join(folder, 'usdm_ethusdt.gz')])).toMatchObject({
      profile: 'binance-book-ticker',
      rows: 74_655,
      quotes: 53_992,
    });
  });

  test('of two symbols are merged by the exchange time', async () => {
    const both = await play([join(folder, 'usdm_btcusdt.gz'), join(folder, 'usdm_ethusdt.gz')]);

    expect(both).toMatchObject({ rows: 93_954 + 74_655, quotes: 66_089 + 53_992, symbols: 2 });
  });
});

describeWithSharedData('EUR/USD', ['data/oanda_eurusd'], ([folder]) => {
  test.each([
    // The last row of each file has no line end, and is a row all the same.
    ['20140505_tick.zip', 'oanda-tick', 25_177],
    ['20140506_tick.zip', 'oanda-tick', 44_864],
    ['20140505_second.zip', 'oanda-second-bar', 12_396],
    ['20140506_second.zip', 'oanda-second-bar', 18_679],
    ['20140505_minute.zip', 'oanda-minute-bar', 1_350],
    ['20140506_minute.zip', 'oanda-minute-bar', 1_389],
  ])('%s is read with %s', async (name, profile, rows) => {
    expect(await play([join(folder, name)])).toMatchObject({ profile, rows, quotes: rows, symbols: 1 });
  });
});
