import fc from 'fast-check';
import { expect, test } from 'vitest';
import { units } from '../support/oracle/decimals.ts';
import { stamp, type OracleRules, type OracleSession } from '../support/oracle/session.ts';
import { tradeByTheBook } from '../support/oracle/trading.ts';
import { randomSession } from '../support/random-session.ts';
import { runStamped } from '../support/stamped-session.ts';
import { runSteps } from '../support/trading-session.ts';

const RUNS = Number(process.env['FLINKTRADE_PROPERTY_RUNS'] ?? 200);
/** Random sessions take as long as the machine's other work lets them. */
const PATIENCE_MS = 300_000;

test(
  'the trade function does what the oracle does: trades, rows, reason counts and late quotes',
  () => {
    fc.assert(
      fc.property(randomSession, (given) => {
        const { steps } = stamp(given);

        const expected = tradeByTheBook(given.rules, steps);
        const actual = runSteps(given.rules, steps);

        expect(actual).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);

test(
  'results are the same with any number of subtasks, limits over all symbols included',
  () => {
    fc.assert(
      fc.property(randomSession, fc.integer({ min: 2, max: 5 }), (given, subtasks) => {
        const { steps } = stamp(given);

        expect(runSteps(given.rules, steps, { subtasks })).toEqual(tradeByTheBook(given.rules, steps));
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);

test(
  'the session source and the trade function together do what the oracle does',
  () => {
    fc.assert(
      fc.property(randomSession, fc.integer({ min: 1, max: 3 }), fc.boolean(), (given, subtasks, alwaysAligned) => {
        const { steps } = stamp(given);

        // Alignments that no limit needs change nothing.
        expect(runStamped(given, subtasks, alwaysAligned)).toEqual(tradeByTheBook(given.rules, steps));
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);

test(
  'results are the same after a snapshot and a rescale anywhere in the session',
  () => {
    fc.assert(
      fc.property(
        randomSession,
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        (given, before, after, place) => {
          // What the circuit breakers have added up is kept by the coordinator, not by the operator's own snapshot.
          const rules = withoutBreakers(given);
          const { steps } = stamp(rules);

          expect(
            runSteps(rules.rules, steps, {
              subtasks: before,
              rescale: { atStep: place % (steps.length + 1), subtasks: after },
            }),
          ).toEqual(tradeByTheBook(rules.rules, steps));
        },
      ),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);

test(
  'shares sold and shares held are the shares that were started with, and the profit is that of the trades',
  () => {
    fc.assert(
      fc.property(randomSession, (given) => {
        const { steps } = stamp(given);
        const { trades, rows } = runSteps(given.rules, steps);
        const entered = steps.flatMap((step) => (step.kind === 'position' ? [step.position] : []));

        for (const row of rows) {
          const positions = entered.filter(({ symbol }) => symbol === row.symbol);
          // Trades before the last position of a symbol belong to the one it replaced.
          const own = positions.length === 1 ? trades.filter(({ symbol }) => symbol === row.symbol) : null;
          if (own === null) continue;
          const sold = own.reduce((sum, trade) => sum + units(trade.shares, 6), 0n);
          const money = own.reduce(
            (sum, trade) => sum + (units(trade.price, 8) - units(row.buyPrice, 8)) * units(trade.shares, 6),
            0n,
          );
          expect(sold + units(row.shares, 6)).toBe(units(positions[0].shares, 6));
          expect(units(row.profit, 14)).toBe(money);
          expect(row.trades).toBe(own.length);
        }
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);

function withoutBreakers(given: OracleSession): OracleSession {
  const strip = (rules: OracleRules): OracleRules => {
    const { maxNotionalPerDay: _notional, maxLossPerDay: _loss, ...rest } = rules.limits ?? {};
    return { ...rules, limits: rest };
  };
  return {
    ...given,
    rules: strip(given.rules),
    input: given.input.map((next) => (next.kind === 'rules' ? { ...next, rules: strip(next.rules) } : next)),
  };
}
