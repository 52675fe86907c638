import { describe, expect, it } from 'vitest';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { waitMs } from '../../engine/core/machine.node.ts';
import { runJob, type RunningJob } from '../../engine/entry/job-runner.node.ts';
import { flinkTradeJob } from '../../engine/entry/session/flinktrade-job.node.ts';
import { samplePositions } from '../../engine/entry/session/sample.node.ts';
import type { SessionParameters } from '../../engine/entry/session/session-parameters.ts';
import type { RescaleRecord } from '../../engine/runtime/checkpoint/rescale.ts';
import type { Trade } from '../../engine/trading/records.ts';
import { CollectingSink } from '../support/collecting-sink.ts';

const SEED = 7;
/** At the speed of the test this takes longer than all changes together; what is left then is played at once. */
const SECONDS = 1200;

const RULES: Record<string, RulesDocument> = {
  'plain rules': {
    version: 1,
    defaults: { ttlMs: 20_000, askOffset: '0.02', maxSharesPerTrade: '100' },
  },
  'limits over all symbols': {
    version: 1,
    defaults: { ttlMs: 20_000, askOffset: '0.02', maxSharesPerTrade: '100' },
    limits: { maxTradesPerSecond: 2, maxTradesPerDay: 30, maxNotionalPerDay: '40000000', maxLossPerDay: '900' },
  },
  'processing time': {
    version: 1,
    defaults: { time: 'processing', ttlMs: 15_000, tradeResetsTtl: true, askOffset: '0.02', maxSharesPerTrade: '50' },
  },
};

const TOO_LATE = { status: 'failed', problem: 'It had ended.' } as RescaleRecord;

/** The product's own, built before the tests. */
const workerScript = new URL('../../dist/engine/flinktrade-worker.js', import.meta.url);

function start(rules: RulesDocument, workers: number, factor: number | null) {
  const sink = new CollectingSink<Trade>();
  const parameters: SessionParameters = {
    inputs: { kind: 'sample', seed: SEED, seconds: SECONDS },
    positions: samplePositions(SEED),
    rules,
    speed: factor === null ? { kind: 'max' } : { kind: 'times', factor },
    startPaused: false,
    outOfOrdernessMs: null,
    maxFutureMs: null,
    historySampleMs: 1000,
  };
  const job = runJob<SessionParameters>({
    job: flinkTradeJob,
    jobName: 'flinktrade',
    parameters,
    workerScript,
    parallelism: workers,
    lingers: true,
    sinks: { trades: sink, 'late-quotes': new CollectingSink() },
  });
  return { job, sink };
}

/** Rows of all tasks, as text and in an order of their own. */
async function rowsOf(job: RunningJob<SessionParameters>, name: string): Promise<string[]> {
  const parts = await job.requestRows(name, true);
  return parts
    .flatMap(({ rowCount, buffer }) => {
      const words = buffer.byteLength / 8 / Math.max(1, rowCount);
      const numbers = new Float64Array(buffer);
      return Array.from({ length: rowCount }, (_, row) => {
        const own = [...numbers.subarray(row * words, (row + 1) * words)];
        return [job.symbolText(own[0]), ...own.slice(1)].join(' ');
      });
    })
    .sort();
}

async function outcomeOf({ job, sink }: ReturnType<typeof start>): Promise<unknown> {
  try {
    await job.finished;
    return { trades: sink.sorted(), rows: await rowsOf(job, 'rows'), reasons: await rowsOf(job, 'reasons') };
  } finally {
    await job.close();
  }
}

describe.each(Object.entries(RULES))('a change of parallelism while quotes flow, %s', (_, rules) => {
  it('leaves trades, rows and reasons as they would have been', { timeout: 60_000 }, async () => {
    const expected = await outcomeOf(start(rules, 1, null));
    const session = start(rules, 2, 80);

    for (const workers of [5, 3, 8, 1, 4]) {
      await waitMs(250);
      const record = await session.job.rescale(workers);
      expect(record).toMatchObject({ status: 'completed', to: workers, problem: null });
      expect(record.movedKeys).toBeGreaterThan(0);
    }

    session.job.sendSourceEvent({ kind: 'set-speed', speed: { kind: 'max' } });
    expect(session.job.rescaleHistory).toHaveLength(5);
    expect(session.job.graph.parallelism).toBe(4);
    expect(await outcomeOf(session)).toEqual(expected);
  });
});

describe('a change of parallelism', () => {
  it('that comes too late for the end of the sources fails, and keeps nothing from ending', async () => {
    const expected = await outcomeOf(start(RULES['plain rules'], 1, null));
    const session = start(RULES['plain rules'], 1, null);
    let hasEnded = false;
    void session.job.finished.then(() => {
      hasEnded = true;
    });
    const records: RescaleRecord[] = [];
    // New threads need longer to start than the session to end: sooner or later one comes too late.
    while (!hasEnded) records.push(await session.job.rescale((records.length % 2) + 2).catch(() => TOO_LATE));

    expect(records.length).toBeGreaterThan(0);
    expect(await outcomeOf(session)).toEqual(expected);
    for (const { status, problem } of records) if (status === 'failed') expect(problem).toContain('ended');
  });

  it('is refused for a number that cannot be, and for a job that does not run', async () => {
    const { job } = start(RULES['plain rules'], 1, null);

    await expect(job.rescale(0)).rejects.toThrow('a whole number from 1 to 32; found 0');
    await job.finished;
    await expect(job.rescale(2)).rejects.toThrow('can only change while the job runs');
    await job.close();
  });
});
