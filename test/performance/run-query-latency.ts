import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { machineClock, startMachineTimer, waitMs } from '../../engine/core/machine.node.ts';
import { runJob } from '../../engine/entry/job-runner.node.ts';
import { QueryableStateClient } from '../../engine/runtime/query/queryable-state-client.ts';
import { accountLedger, accountName } from '../examples/account-ledger.ts';
import { bundleTestWorker } from '../support/test-worker.ts';

/**
 * How long a question about one key takes while the tasks do nothing but work, and what the questions cost them. Beside the
 * time by the clock stands what the task's thread worked meanwhile: on a machine that has other work to do the first has
 * the others' time in it, the second has not.
 * `npx esbuild test/performance/run-query-latency.ts --bundle --platform=node --format=esm --packages=external
 * --outfile=.cache/query-latency/run.mjs && node .cache/query-latency/run.mjs`
 */
const ACCOUNTS = 100_000;
const SECONDS = 5;
const THREADS = '/proc/self/task';
const PERCENTILES = [0.5, 0.9, 0.99, 0.999] as const;

const workerScript = await bundleTestWorker('engine/worker-jobs.ts');
const job = runJob({
  job: accountLedger,
  jobName: 'account-ledger',
  parameters: { accounts: ACCOUNTS, transfers: Infinity },
  workerScript,
  parallelism: 1,
});
const served = { job, checkpoints: null, checkpointedQueries: {} };
const client = new QueryableStateClient(
  { ids: () => ['ledger'], find: () => served },
  { clock: machineClock, startTimer: startMachineTimer },
);
let listing: Promise<unknown> | null = null;
const records = (): number => job.metrics().reduce((sum, { recordsIn }) => sum + recordsIn, 0);

while (records() < ACCOUNTS * 6) await waitMs(50);
const taskThread = await busiestThread();
await measure('nobody asks', () => waitMs(10));
await measure('one key after the other', async (round) => {
  await client.get('ledger', 'books', accountName((round * 7919) % ACCOUNTS));
});
await measure('one key after the other, while pages of a sorted list are asked for', async (round) => {
  listing ??= client
    .list('ledger', 'balance', { order: { field: 'balance', direction: 'descending' }, limit: 20 })
    .finally(() => (listing = null));
  await client.get('ledger', 'books', accountName((round * 7919) % ACCOUNTS));
});
if (listing !== null) await (listing as Promise<unknown>);
await job.close();

async function measure(what: string, act: (round: number) => Promise<unknown>): Promise<void> {
  const from = performance.now();
  const before = records();
  const times: number[] = [];
  const worked: number[] = [];
  for (let round = 0; performance.now() - from < SECONDS * 1000; round += 1) {
    const at = performance.now();
    const workedBefore = taskThread === null ? 0 : workedMs(taskThread);
    await act(round);
    times.push(performance.now() - at);
    if (taskThread !== null) worked.push(workedMs(taskThread) - workedBefore);
  }
  const speed = ((records() - before) / (performance.now() - from)) * 1000;
  console.log(`${what}: ${times.length} times, ${percentiles(times)}; ${Math.round(speed)} records/s`);
  if (worked.length > 0) console.log(`    the task's thread worked meanwhile: ${percentiles(worked)}`);
}

function percentiles(times: number[]): string {
  times.sort((left, right) => left - right);
  return PERCENTILES.map((part) => `p${part * 100} ${times[Math.floor(times.length * part)].toFixed(2)} ms`).join(', ');
}

/** The thread of this process, other than this one, that works most; null: this system does not tell. */
async function busiestThread(): Promise<string | null> {
  if (!existsSync(THREADS)) return null;
  const threads = readdirSync(THREADS).filter((thread) => thread !== String(process.pid));
  const before = new Map(threads.map((thread) => [thread, workedMs(thread)]));
  await waitMs(500);
  const since = threads.map((thread) => [workedMs(thread) - (before.get(thread) ?? 0), thread] as const);
  return since.sort(([left], [right]) => right - left)[0][1];
}

/** Processor time of a thread so far. */
function workedMs(thread: string): number {
  try {
    return Number(readFileSync(`${THREADS}/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    // A thread that has ended works no more.
    return 0;
  }
}
