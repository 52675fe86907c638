import { expect, test } from 'vitest';
import { positionsForAll, readNbbo, readTickHistory } from '../support/oracle/recorded.ts';
import { stamp, type OracleRules, type OracleSession } from '../support/oracle/session.ts';
import { tradeByTheBook } from '../support/oracle/trading.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { runStamped } from '../support/stamped-session.ts';

/** Whole days of recorded quotes; the machine may have other work. */
const PATIENCE_MS = 300_000;

function expectTheSame(session: OracleSession): number {
  const expected = tradeByTheBook(session.rules, stamp(session).steps);
  expect(runStamped(session, 2)).toEqual(expected);
  return expected.trades.length;
}

describeWithSharedData(
  '1,924 symbols at one open',
  ['us_equities_20051227_trades_quotes.csv.gz'].map((name) => `data/${name}`) as [string],
  ([file]) => {
    test.each<[string, OracleRules]>([
      ['the default rules', { version: 1 }],
      [
        'limits in New York',
        {
          version: 1,
          limits: {
            timeZone: 'America/New_York',
            maxTradesPerSecond: 1,
            maxNotionalPerTrade: '20000',
            maxNotionalPerDay: '50000000',
            maxLossPerDay: '1000000',
          },
        },
      ],
      [
        'percents, resets and no floor',
        {
          version: 1,
          defaults: {
            askIncrease: { from: 'ask', amount: { percent: '0.1' } },
            decayAmount: { percent: '0.25' },
            askFloor: 'none',
            tradeResetsTtl: true,
            ttlMs: 5_000,
          },
        },
      ],
    ])(
      'come out as the oracle has them, with %s',
      (_name, rules) => {
        const input = readTickHistory(file);

        expect(expectTheSame({ rules, positions: positionsForAll(input), input })).toBeGreaterThan(100);
      },
      PATIENCE_MS,
    );
  },
);

describeWithSharedData(
  'a whole day of AIG, BAC and IBM',
  ['data/lean_us_equities/20131007/nbbo_20131007.csv.gz'],
  ([file]) => {
    test(
      'comes out as the oracle has it',
      () => {
        const input = readNbbo(file);

        expect(expectTheSame({ rules: { version: 1 }, positions: positionsForAll(input), input })).toBeGreaterThan(10);
      },
      PATIENCE_MS,
    );
  },
);
