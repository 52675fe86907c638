import fc from 'fast-check';
import { expect, test } from 'vitest';
import { units } from '../support/oracle/decimals.ts';
import { randomSession } from '../support/random-session.ts';
import { playStamped } from '../support/stamped-session.ts';
import type { TradingRun } from '../support/trading-run.ts';

const RUNS = Number(process.env['FLINKTRADE_PROPERTY_RUNS'] ?? 60);
const PATIENCE_MS = 300_000;

/** All that can be explained at the end of a session: every symbol, and every trade with what decided it. */
function explained(run: TradingRun): unknown {
  return {
    symbols: run.symbols.map((symbol) => run.query('explain', symbol)),
    trades: run.decided,
  };
}

test(
  'explanations of symbols and of trades are the same with 1 to 8 workers',
  () => {
    fc.assert(
      fc.property(randomSession, fc.integer({ min: 2, max: 8 }), (session, workers) => {
        expect(explained(playStamped(session, workers).run)).toEqual(explained(playStamped(session, 1).run));
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);

test(
  'what decided a trade is what the trade before it left, unless the position was replaced',
  () => {
    fc.assert(
      fc.property(randomSession, (session) => {
        const held = new Map<string, string>();
        // Quotes that came out of order were decided in the order in which they came.
        const decided = playStamped(session, 1).run.decided.toSorted(
          (left, right) => left.trade.quoteSequence - right.trade.quoteSequence,
        );
        for (const { trade, decision } of decided) {
          const { symbol, shares } = trade;
          if (decision === null) return expect.fail('a new trade has a decision');
          const left = units(decision.sharesBefore, 6) - units(shares, 6);
          expect(units(decision.sharesAfter, 6)).toBe(left);
          expect(units(trade.price, 8)).toBeGreaterThanOrEqual(units(trade.askBefore, 8));
          const before = held.get(symbol);
          if (before !== undefined && before !== decision.sharesBefore)
            expect(session.positions.filter((position) => position.symbol === symbol).length).toBeGreaterThan(1);
          held.set(symbol, decision.sharesAfter);
        }
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);
