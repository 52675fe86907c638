import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { describeWithSharedData } from '../support/shared-data.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade, put, replay, type Report } from './cli-kit.ts';

const WORKERS = ['1', '2', '3', '5', '8'];
const SUITE_MS = 300_000;

/** What must not depend on workers or on the kind of file: trades to the byte, rows, reasons, totals. */
async function fingerprint(words: readonly string[], folder: string): Promise<{ text: string; report: Report }> {
  const report = await replay([...words, '--trades', 't.csv'], folder);
  const trades = createHash('sha256')
    .update(readFileSync(join(folder, 't.csv')))
    .digest('hex');
  const { positions, reasons, totals, session } = report;
  return {
    report,
    text: JSON.stringify([trades, positions, reasons, totals, session.rows - session.ignored, session.late]),
  };
}

/** The session from its source with every number of workers, then from the recording made of it. */
async function expectParity(inputs: readonly string[], words: readonly string[], folder: string): Promise<Report> {
  expect(await flinktrade(['record', ...inputs, '-o', 's.ftrec'], { folder })).toMatchObject({ code: 0 });
  const first = await fingerprint([...inputs, ...words, '--workers', '1'], folder);
  expect(first.report.totals.trades).toBeGreaterThan(100);
  for (const workers of WORKERS.slice(1)) {
    expect((await fingerprint([...inputs, ...words, '--workers', workers], folder)).text, `${workers} workers`).toBe(
      first.text,
    );
  }
  for (const workers of WORKERS) {
    const { text } = await fingerprint(['s.ftrec', ...words, '--workers', workers], folder);
    expect(text, `${workers} workers, from the recording`).toBe(first.text);
  }
  return first.report;
}

describeWithSharedData('1,924 symbols at one open', ['data/us_equities_20051227_trades_quotes.csv.gz'], ([file]) => {
  it(
    'trade the same with 1, 2, 3, 5 and 8 workers, from CSV and from the recording',
    async () => {
      const folder = temporaryFolder('parity');
      const [, ...lines] = gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n');
      const symbols = [...new Set(lines.map((line) => line.slice(0, line.indexOf(','))))];
      // Bought at prices from 1.25 to 90.25 whatever the market says: many trade at once, many after decays, some never.
      const rows = symbols.map((symbol, index) => `${symbol},${100 + index},${1 + (index % 90)}.25\n`);
      put(folder, {
        'p.csv': `symbol,shares,buyPrice\n${rows.join('')}`,
        'r.json': '{"version":1,"defaults":{"maxSharesPerTrade":"100","ttlMs":1000},"limits":{"maxTradesPerSecond":2}}',
      });

      const report = await expectParity([file], ['--positions', 'p.csv', '--rules', 'r.json'], folder);

      expect(report.session).toMatchObject({
        rows: 29_999,
        quotes: 23_412,
        ignored: 6_587,
        quarantined: 0,
        // Six of the 1,924 have trades alone.
        symbols: 1_918,
      });
      expect(report.positions).toHaveLength(1_924);
    },
    SUITE_MS,
  );
});

const DAYS = [
  'data/lean_us_equities/20131007/nbbo_20131007.csv.gz',
  'data/lean_us_equities/20131008/nbbo_20131008.csv.gz',
] as const;

describeWithSharedData('two whole days of AIG, BAC and IBM', DAYS, (files) => {
  it(
    'trade the same with 1, 2, 3, 5 and 8 workers, from CSV and from the recording',
    async () => {
      const folder = temporaryFolder('parity');
      put(folder, {
        'p.csv':
          'symbol,shares,buyPrice,ttlMs\nAIG,100000000,48.60,\nBAC,900000000.5,13.80,120000\nIBM,5000000,181.00,0\n',
        'r.json':
          '{"version":1,"defaults":{"askIncrease":{"from":"trade-price","amount":"0.01"}},"limits":{"maxNotionalPerDay":"500000000","timeZone":"America/New_York"}}',
      });

      const report = await expectParity(files, ['--positions', 'p.csv', '--rules', 'r.json'], folder);

      expect(report.session).toMatchObject({ rows: 1_742_923, quotes: 1_742_923, quarantined: 0, late: 0, symbols: 3 });
      expect(report.reasons).toHaveProperty('limit:maxNotionalPerDay');
    },
    SUITE_MS,
  );
});

const TICKS = ['aig', 'bac', 'ibm'].map((symbol) => `data/lean_us_equities/20131007/${symbol}_tick_quote.zip`);

describeWithSharedData('the ticks of a day as the source has them', [DAYS[0], ...TICKS], ([nbbo, ...ticks]) => {
  it(
    'trade as the merged file of that day does',
    async () => {
      const folder = temporaryFolder('parity');
      writeFileSync(
        join(folder, 'p.csv'),
        'symbol,shares,buyPrice\nAIG,100000,48.60\nBAC,900000,13.80\nIBM,50000,181.00\n',
      );

      const merged = await replay([nbbo, '--positions', 'p.csv'], folder);
      const apart = await replay([...ticks, '--positions', 'p.csv'], folder);

      expect(apart.session).toMatchObject({ quotes: merged.session['quotes'], quarantined: 0, late: 0 });
      expect(apart.positions).toEqual(merged.positions);
      expect(apart.totals).toEqual(merged.totals);
    },
    SUITE_MS,
  );
});

describeWithSharedData(
  'crypto and currency files',
  ['data/binance_20240808', 'data/oanda_eurusd'],
  ([binance, oanda]) => {
    it(
      'replay cleanly, every row accounted for',
      async () => {
        const folder = temporaryFolder('parity');
        put(folder, { 'p.csv': 'symbol,shares,buyPrice\nEURUSD,1000000,1.37\nBTCUSDT,1,50000\n' });
        const counts: Record<string, unknown> = {};
        for (const [home, pattern] of [
          [binance, /\.gz$/],
          [oanda, /_tick\.zip$/],
        ] as const) {
          for (const name of readdirSync(home).filter((each) => pattern.test(each))) {
            const { session } = await replay([join(home, name), '--positions', 'p.csv'], folder);
            expect(session.applied + session.late + session.quarantined + session.ignored).toBe(session.rows);
            counts[name] = [session.rows, session.applied, session.late, session.quarantined];
          }
        }
        // Rows, applied, late, quarantined; what is no book ticker is ignored.
        expect(counts).toEqual({
          '20140505_tick.zip': [25_177, 25_177, 0, 0],
          '20140506_tick.zip': [44_864, 44_864, 0, 0],
          'usdm_btcusdt.gz': [93_954, 66_089, 0, 0],
          'usdm_ethusdt.gz': [74_655, 53_992, 0, 0],
        });
      },
      SUITE_MS,
    );
  },
);
