import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defineJob } from '../../engine/api/job.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { describeTrading } from '../../engine/trading/job.ts';
import type { Quote, Trade } from '../../engine/trading/records.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { stamp, type OracleSession } from '../support/oracle/session.ts';
import { tradeByTheBook, type OracleResult } from '../support/oracle/trading.ts';
import { randomSession } from '../support/random-session.ts';
import { StampedSessionReader } from '../support/stamped-session.ts';
import { tradeAsWritten } from '../support/trading-run.ts';

const RUNS = Number(process.env['FLINKTRADE_PROPERTY_RUNS'] ?? 60);
const PATIENCE_MS = 300_000;
const CLOCK = { monotonicMs: () => 0, wallMs: () => 0 };

const tradingJob = defineJob<OracleSession>((environment, session) =>
  describeTrading(environment, () => new StampedSessionReader(session), {
    rules: session.rules,
    historySampleMs: null,
  }),
);

/** The whole job, tasks, rings and all, stepped in one thread in an order that `seed` decides. */
async function runJob(
  session: OracleSession,
  parallelism: number,
  seed: number,
): Promise<Pick<OracleResult, 'trades' | 'late'>> {
  const trades = new CollectingSink<Trade>();
  const late = new CollectingSink<Quote>();
  await new LocalExecutor(tradingJob, {
    parameters: session,
    parallelism,
    random: randomFrom(seed),
    clock: CLOCK,
    sinks: { trades, 'late-quotes': late },
  }).run();
  return {
    trades: trades.records
      .map((trade, index) => tradeAsWritten(trade, trades.timestamps[index]))
      .sort((left, right) => left.eventTimeMs - right.eventTimeMs || left.quoteSequence - right.quoteSequence),
    late: late.records.map(({ sequence }) => sequence).sort((left, right) => left - right),
  };
}

/** mulberry32: small, and the same everywhere. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test(
  'the job does what the oracle does, with any number of workers and in any order of their steps',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        randomSession,
        fc.integer({ min: 1, max: 4 }),
        fc.integer(),
        async (session, parallelism, seed) => {
          const expected = tradeByTheBook(session.rules, stamp(session).steps);

          expect(await runJob(session, parallelism, seed)).toEqual({ trades: expected.trades, late: expected.late });
        },
      ),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);
