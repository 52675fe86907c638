import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { setQueryable, type QueriedValue } from '../../engine/api/queryable-state.ts';
import { valueState } from '../../engine/api/state.ts';
import { machineClock, startMachineTimer, waitMs } from '../../engine/core/machine.node.ts';

import { runJob, type RunJobOptions, type RunningJob } from '../../engine/entry/job-runner.node.ts';
import { CheckpointReader } from '../../engine/runtime/checkpoint/checkpoint-reader.ts';
import { CheckpointStorage } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import type { QueryableJobs } from '../../engine/runtime/query/queryable-job.ts';
import { sha256Of } from '../../engine/entry/session/session-identity.node.ts';
import { QueryableStateClient } from '../../engine/runtime/query/queryable-state-client.ts';
import { StateQueryError, type StateQueryReason } from '../../engine/runtime/query/state-query-error.ts';
import type { StateChange } from '../../engine/runtime/query/state-subscription.ts';
import {
  accountLedger,
  accountName,
  AVERAGE,
  BOOKS,
  BY_DIGIT,
  LATEST_MOVES,
  type LedgerParameters,
} from '../examples/account-ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { bundleTestWorker } from '../support/test-worker.ts';

let workerScript: URL;
beforeAll(async () => {
  workerScript = await bundleTestWorker('engine/worker-jobs.ts');
});

const running: RunningJob<LedgerParameters>[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((job) => job.close()));
});

const ACCOUNTS = 200;
const AT = 20_000;

function run(
  parameters: Partial<LedgerParameters> = {},
  options: Partial<RunJobOptions<LedgerParameters>> = {},
): RunningJob<LedgerParameters> {
  const job = runJob({
    job: accountLedger,
    jobName: 'account-ledger',
    parameters: { accounts: ACCOUNTS, transfers: AT * 2, waitAt: AT, ...parameters },
    workerScript,
    parallelism: 3,
    lingers: true,
    ...options,
  });
  job.finished.catch(() => undefined);
  running.push(job);
  return job;
}

function clientOf(jobs: QueryableJobs): QueryableStateClient {
  return new QueryableStateClient(jobs, { clock: machineClock, startTimer: startMachineTimer });
}

function serve(job: RunningJob<LedgerParameters>, storage: CheckpointStorage | null = null): QueryableStateClient {
  const checkpoints = storage === null ? null : new CheckpointReader(storage);
  const served = { job, checkpoints, checkpointedQueries: {} };
  return clientOf({ ids: () => ['ledger'], find: (id) => (id === 'ledger' ? served : null) });
}

/** Until the job has taken so many transfers. */
async function taken(job: RunningJob<LedgerParameters>, transfers: number): Promise<void> {
  const count = (): number =>
    job
      .metrics()
      .filter(({ thread }) => thread.startsWith('task'))
      .reduce((sum, { recordsIn }) => sum + recordsIn, 0);
  // Three operators take each transfer. A busy machine may be slow.
  for (let tries = 0; tries < 2_000 && count() < transfers * 3; tries += 1) await waitMs(10);
  expect(count()).toBeGreaterThanOrEqual(transfers * 3);
}

async function reasonOf(answer: Promise<unknown>): Promise<readonly [StateQueryReason, string]> {
  const error: unknown = await answer.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StateQueryError);
  return [(error as StateQueryError).reason, (error as StateQueryError).message];
}

const FIRST = accountName(0);

describe('state of a running job', () => {
  test('is asked for key by key, typed by its descriptor, as a copy that cannot be changed', async () => {
    const job = run();
    await taken(job, AT);
    const client = serve(job);

    const book: QueriedValue<typeof BOOKS> = await client.getKvState('ledger', FIRST, BOOKS);
    expect(book).toMatchObject({ account: FIRST, transfers: 100, f1: 100, f17: 100 });
    expect('kind' in book).toBe(false);
    expect(await client.getKvState('ledger', FIRST, LATEST_MOVES)).toEqual([19_200, 19_400, 19_600, 19_800]);
    expect([...(await client.getKvState('ledger', FIRST, BY_DIGIT))]).toEqual([[0, 100]]);
    const balance = book.credit - book.debit;
    expect(await client.getKvState('ledger', FIRST, AVERAGE)).toBeCloseTo(balance / 100, 10);
    expect(await client.get('ledger', 'balance', FIRST)).toEqual({ account: FIRST, balance: String(balance) });
    expect(await client.get('ledger', 'latest-transfer', FIRST)).toMatchObject({ account: FIRST, number: 19_800 });
    expect(await client.get('ledger', 'largest', 3)).toEqual({ digit: 3, amount: 7 });

    expect(() => Object.assign(book, { credit: 1 })).toThrow(TypeError);
    const byDigit = (await client.getKvState('ledger', FIRST, BY_DIGIT)) as Map<number, number>;
    expect(() => byDigit.set(1, 1)).toThrow('is a copy and cannot be changed');
  });

  test('is asked for many keys at once, and says of each whether it has any', async () => {
    const job = run();
    await taken(job, AT);
    const client = serve(job);
    const keys = [accountName(5), 'nobody', accountName(1), accountName(5)];

    const found = await client.getMany('ledger', 'books', keys);

    expect(found.map((value) => (value?.value as { account: string } | undefined)?.account ?? null)).toEqual([
      accountName(5),
      null,
      accountName(1),
      accountName(5),
    ]);
  });

  test('is listed page by page: filtered, sorted, by prefix and by key groups', async () => {
    const job = run();
    await taken(job, AT);
    const client = serve(job);
    const all: unknown[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await client.list('ledger', 'books', { limit: 33, ...(cursor !== undefined && { cursor }) });
      all.push(...page.rows.map(({ key }) => key));
      cursor = page.cursor ?? undefined;
      pages += 1;
    } while (cursor !== undefined);
    expect(pages).toBe(7);
    expect(all).toEqual(Array.from({ length: ACCOUNTS }, (_, index) => accountName(index)));

    const ten = await client.list('ledger', 'books', { prefix: 'account-001' });
    expect(ten.rows.length).toBe(10);
    expect(ten.cursor).toBe(null);

    const order = { field: 'balance', direction: 'descending' } as const;
    const where = [{ field: 'balance', operator: 'gt', value: 90 }] as const;
    const sorted = await client.list('ledger', 'balance', { order, where, limit: 50 });
    const balances = sorted.rows.map(({ value }) => Number((value as { balance: string }).balance));
    expect(balances).toEqual([...balances].sort((left, right) => right - left));
    expect(Math.min(...balances)).toBeGreaterThan(90);
    const rest = await client.list('ledger', 'balance', {
      order,
      where,
      limit: 3,
      ...cursorOf(await client.list('ledger', 'balance', { order, where, limit: 3 })),
    });
    expect(rest.rows).toEqual(sorted.rows.slice(3, 6));

    const { maxParallelism } = job.graph;
    const halves = await Promise.all(
      [
        { start: 0, end: 50 },
        { start: 51, end: maxParallelism - 1 },
      ].map((keyGroups) => client.list('ledger', 'books', { keyGroups, limit: 1000 })),
    );
    expect(halves.map(({ rows }) => rows.length).reduce((sum, count) => sum + count, 0)).toBe(ACCOUNTS);
    for (const { rows } of halves) expect(rows.length).toBeGreaterThan(10);
  });

  test('pushes the newest value of each key that changed, at a bounded rate', async () => {
    const job = run();
    await taken(job, AT);
    const client = serve(job);
    const told: (readonly StateChange[])[] = [];
    const problems: string[] = [];

    const subscription = client.subscribe({
      jobId: 'ledger',
      name: 'books',
      keys: [FIRST, 'nobody'],
      everyMs: 50,
      onChange: (changes) => told.push(changes),
      onProblem: ({ message }) => problems.push(message),
    });
    for (let tries = 0; tries < 500 && told.length === 0; tries += 1) await waitMs(10);
    await waitMs(200);
    expect(told.length).toBe(1);
    expect(told[0]).toMatchObject([
      { key: FIRST, value: { transfers: 100 } },
      { key: 'nobody', value: null },
    ]);

    job.sendSourceEvent('go on');
    await job.finished;
    for (let tries = 0; tries < 500 && lastTransfers(told) !== 200; tries += 1) await waitMs(10);
    expect(lastTransfers(told)).toBe(200);
    expect(problems).toEqual([]);
    // A hundred changes of the key, of which those in between were not told.
    expect(told.length).toBeLessThan(100);
    subscription.dispose();
  });
});

function cursorOf({ cursor }: { readonly cursor: string | null }): { cursor?: string } {
  return cursor === null ? {} : { cursor };
}

function lastTransfers(told: readonly (readonly StateChange[])[]): unknown {
  return (told.at(-1)?.at(0)?.value as { transfers: number } | undefined)?.transfers;
}

describe('a question without an answer', () => {
  test('that comes before the job runs is told so, and spoils nothing after it', async () => {
    const job = run();
    const client = serve(job);
    const [reason, text] = await reasonOf(client.get('ledger', 'books', FIRST));
    expect(reason).toBe('not-started');
    expect(text).toBe(
      'Could not retrieve location of state=books of job=ledger. Potential reasons are: i) the state is not ready, or ii) the job does not exist.',
    );
    await taken(job, AT);
    expect(await client.get('ledger', 'books', FIRST)).toMatchObject({ transfers: 100 });
  });

  test('names the job, the state or the key that is not there', async () => {
    const job = run();
    await taken(job, AT);
    const client = serve(job);
    expect(await reasonOf(client.get('other', 'books', FIRST))).toEqual([
      'unknown-job',
      'Could not find Flink job (other). There are: ledger.',
    ]);
    const [reason, text] = await reasonOf(client.get('ledger', 'nonsense', FIRST));
    expect(reason).toBe('unknown-state');
    expect(text).toContain(
      "No KvStateLocation found for KvState instance with name 'nonsense'. There are: books (books)",
    );
    expect(await reasonOf(client.get('ledger', 'books', 'nobody'))).toEqual([
      'no-state',
      'No state for the specified key/namespace.',
    ]);
    expect(await reasonOf(client.get('ledger', 'books', FIRST, { asOf: 3 }))).toEqual([
      'unknown-checkpoint',
      'There is no checkpoint 3: the job keeps none.',
    ]);
    expect((await reasonOf(client.list('ledger', 'books', { cursor: 'zz' })))[0]).toBe('bad-question');
    expect((await reasonOf(client.list('ledger', 'books', { limit: 0 })))[0]).toBe('bad-question');
    const { cursor } = await client.list('ledger', 'books', { limit: 1 });
    expect(await reasonOf(client.list('ledger', 'balance', { limit: 1, cursor: cursor as string }))).toEqual([
      'bad-question',
      'The cursor belongs to another list: it goes on with the same state, filter, order and checkpoint only.',
    ]);
  });

  test('does not fill the dictionary of symbols with names that nobody uses', async () => {
    const job = run();
    await taken(job, AT);
    const client = serve(job);
    const before = job.symbolId('a new one');
    await client.getMany(
      'ledger',
      'books',
      Array.from({ length: 500 }, (_, index) => `unheard-of-${index}`),
    );
    expect(job.symbolId('another new one')).toBe(before + 1);
  });

  test('finds the job ended', async () => {
    const job = run({ transfers: 10 }, { lingers: false });
    await job.finished;
    expect((await reasonOf(serve(job).get('ledger', 'books', FIRST)))[0]).toBe('ended');
  });
});

test('a second operator that takes the name of a queryable state fails the job, with the words of Flink', async () => {
  const job = run({ takesName: true });
  await expect(job.finished).rejects.toThrow(
    "KvState with name 'books' has already been registered by another operator",
  );
});

test('a name is given once', () => {
  const once = setQueryable(valueState<number>('n'), 'numbers');
  expect(() => setQueryable(once, 'again')).toThrow('Queryable state name already set');
});

test('state with a time to live is told with when it expires, now and as of a checkpoint, and then no more', async () => {
  const FORGET_AFTER_MS = 3_000;
  const storage = storageOf();
  const job = run(
    { forgetAfterMs: FORGET_AFTER_MS, accounts: 8, waitAt: 80 },
    { checkpoints: { storage, firstId: 1, intervalMs: null } },
  );
  await taken(job, 80);
  const client = serve(job, storage);
  const states = await client.states('ledger');
  expect(states.find(({ name }) => name === 'last-amount')?.ttlMs).toBe(FORGET_AFTER_MS);
  const alive = await client.find('ledger', 'last-amount', FIRST);
  expect(alive).toEqual({ value: expect.any(Number) as number, expiresAtMs: expect.any(Number) as number });
  expect((await client.list('ledger', 'last-amount')).rows).toHaveLength(8);
  const { id, status } = await job.checkpoint();
  expect(status).toBe('completed');

  for (let tries = 0; tries < 200; tries += 1) {
    if ((await client.list('ledger', 'last-amount')).rows.length === 0) break;
    await waitMs(50);
  }
  expect((await reasonOf(client.get('ledger', 'last-amount', FIRST)))[0]).toBe('no-state');
  expect((await client.list('ledger', 'last-amount')).rows).toEqual([]);
  expect(await client.find('ledger', 'last-amount', FIRST, { asOf: id })).toEqual(alive);
});

/** Storage for a job, beginning with nothing. */
function storageOf(store = new MemoryStore(), retained = 3): CheckpointStorage {
  return new CheckpointStorage(store, sha256Of, retained);
}

describe('state as of a checkpoint', () => {
  test('is what was stored, whatever the job does since, and is gone with the checkpoint', async () => {
    const storage = storageOf();
    const job = run({}, { checkpoints: { storage, firstId: 1, intervalMs: null } });
    await taken(job, AT);
    const client = serve(job, storage);
    expect((await job.checkpoint()).status).toBe('completed');
    const then = await client.list('ledger', 'books', { limit: 1000 });
    job.sendSourceEvent('go on');
    await taken(job, AT * 2);

    const [id] = await client.checkpointIds('ledger');
    expect(await client.list('ledger', 'books', { limit: 1000, asOf: id })).toEqual(then);
    expect(await client.getKvState('ledger', FIRST, BOOKS)).toMatchObject({ transfers: 200 });
    expect(await client.getKvState('ledger', FIRST, BOOKS, { asOf: id })).toMatchObject({ transfers: 100 });
    expect(await client.getKvState('ledger', FIRST, LATEST_MOVES, { asOf: id })).toEqual([
      19_200, 19_400, 19_600, 19_800,
    ]);
    expect([...(await client.getKvState('ledger', FIRST, BY_DIGIT, { asOf: id }))]).toEqual([[0, 100]]);
    expect(await client.getKvState('ledger', FIRST, AVERAGE, { asOf: id })).toBeTypeOf('number');
    const [reason, text] = await reasonOf(client.get('ledger', 'balance', FIRST, { asOf: id }));
    expect([reason, text]).toEqual([
      'bad-question',
      "'balance' is computed by the job as it runs; it can only be asked as of now.",
    ]);
    expect(await reasonOf(client.get('ledger', 'books', FIRST, { asOf: id + 5 }))).toEqual([
      'unknown-checkpoint',
      `There is no checkpoint ${id + 5}: kept are ${id}.`,
    ]);
    expect(await reasonOf(client.get('ledger', 'books', 'nobody', { asOf: id }))).toEqual([
      'no-state',
      'No state for the specified key/namespace.',
    ]);
  });

  test('of a job that goes on from it is there for questions before and after', async () => {
    const store = new MemoryStore();
    const storage = storageOf(store);
    const first = run({}, { checkpoints: { storage, firstId: 1, intervalMs: null } });
    await taken(first, AT);
    expect((await first.checkpoint()).status).toBe('completed');
    await first.cancel();

    const again = storageOf(store);
    const { checkpoint } = await again.latest();
    const second = run(
      { waitAt: AT + 1 },
      { parallelism: 2, restore: checkpoint, checkpoints: { storage: again, firstId: 2, intervalMs: null } },
    );
    const client = serve(second, again);
    expect((await reasonOf(client.get('ledger', 'books', FIRST)))[0]).toBe('not-started');
    await taken(second, 1);
    expect(await client.getKvState('ledger', accountName(1), BOOKS)).toMatchObject({ transfers: 100 });
    expect(await client.get('ledger', 'books', FIRST, { asOf: 1 })).toMatchObject({ transfers: 100 });
  });
});
