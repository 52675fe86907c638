import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { machineClock, startMachineTimer, waitMs } from '../../engine/core/machine.node.ts';
import { runJob } from '../../engine/entry/job-runner.node.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { QueryableStateClient } from '../../engine/runtime/query/queryable-state-client.ts';
import type { QueryableJob } from '../../engine/runtime/query/queryable-job.ts';
import { accountLedger, accountName, type Book } from '../examples/account-ledger.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { bundleTestWorker } from '../support/test-worker.ts';

const ACCOUNTS = 500;
const ROUNDS = 60;
const KEYS_A_ROUND = 20;

let workerScript: URL;
beforeAll(async () => {
  workerScript = await bundleTestWorker('engine/worker-jobs.ts');
});

function clientOf(job: QueryableJob, startTimer = startMachineTimer): QueryableStateClient {
  const served = { job, checkpoints: null, checkpointedQueries: {} };
  return new QueryableStateClient({ ids: () => ['ledger'], find: () => served }, { clock: machineClock, startTimer });
}

/** What every whole book holds: fields that one record writes one after the other, over two pieces of memory. */
function checkWhole(key: unknown, value: unknown): void {
  const book = value as Book & Record<string, number>;
  expect(book.account).toBe(key);
  for (let field = 1; field <= 17; field += 1) expect(book[`f${field}`]).toBe(book.transfers);
}

/** The list, the map and the books of a key are written by the same record. */
function checkMoves(value: unknown): void {
  const moves = value as readonly number[];
  for (let place = 1; place < moves.length; place += 1) expect(moves[place] - moves[place - 1]).toBe(ACCOUNTS);
}

test('no value is ever half written, and none is lost or goes back, while records pour in and tasks come and go', async () => {
  const seed = 20_261;
  const random = seededRandom(seed);
  const job = runJob({
    job: accountLedger,
    jobName: 'account-ledger',
    parameters: { accounts: ACCOUNTS, transfers: Infinity },
    workerScript,
    parallelism: 2,
  });
  job.finished.catch(() => undefined);
  try {
    const client = clientOf(job);
    while (job.queryState === 'starting') await waitMs(5);
    for (let tries = 0; tries < 500; tries += 1) {
      await waitMs(10);
      if ((await client.list('ledger', 'books', { limit: ACCOUNTS })).rows.length === ACCOUNTS) break;
    }
    const newest = new Map<string, number>();
    let rescaling: Promise<unknown> = Promise.resolve();
    for (let round = 0; round < ROUNDS; round += 1) {
      if (round % 15 === 10) rescaling = job.rescale(1 + Math.floor(random() * 4));
      const keys = Array.from({ length: KEYS_A_ROUND }, () => accountName(Math.floor(random() * ACCOUNTS)));
      const [books, moves, page] = await Promise.all([
        client.getMany('ledger', 'books', keys),
        client.getMany('ledger', 'latest-moves', keys),
        client.list('ledger', 'books', { limit: 50, prefix: 'account-01' }),
      ]);
      keys.forEach((key, place) => {
        checkWhole(key, books[place]?.value);
        checkMoves(moves[place]?.value);
        const { transfers } = books[place]?.value as Book;
        expect(transfers, `seed ${seed}, ${key}`).toBeGreaterThanOrEqual(newest.get(key) ?? 0);
        newest.set(key, transfers);
      });
      expect(page.rows.length).toBe(50);
      for (const { key, value } of page.rows) checkWhole(key, value);
      if (round % 15 === 14) await rescaling;
    }
    expect(job.rescaleHistory.length).toBeGreaterThan(2);
    expect(job.rescaleHistory.every(({ status }) => status === 'completed')).toBe(true);
  } finally {
    await job.close();
  }
});

test('in every interleaving an answer is of one place between two records', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 4 }), async (seed, parallelism) => {
      const random = seededRandom(seed);
      const accounts = 12;
      let asked = 0;
      const answers: Promise<void>[] = [];
      const executor: LocalExecutor<unknown> = new LocalExecutor(accountLedger, {
        parameters: { accounts, transfers: 300 },
        parallelism,
        random,
        clock: machineClock,
        ringSlots: 32,
        pollRecords: 5,
        onStep: () => {
          if (executor.queryState !== 'running' || asked === 20 || random() < 0.7) return null;
          asked += 1;
          const client = clientOf(executor);
          answers.push(
            client.list('ledger', 'books', { limit: 5 }).then(({ rows }) => {
              for (const { key, value } of rows) checkWhole(key, value);
            }),
          );
          return Promise.resolve();
        },
      });
      await executor.run();
      // A question that the last step came before stays open; what was answered was checked.
      await Promise.all(answers.map(async (answer) => Promise.race([answer, waitMs(0)])));
      expect(asked).toBeGreaterThan(0);
    }),
    { numRuns: 25 },
  );
});
