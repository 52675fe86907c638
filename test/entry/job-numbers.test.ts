import { expect, test } from 'vitest';
import type { JobPage } from '../../engine/contract/job-page.ts';
import { runJob } from '../../engine/entry/job-runner.node.ts';
import { flinkTradeJob } from '../../engine/entry/session/flinktrade-job.node.ts';
import { samplePositions } from '../../engine/entry/session/sample.node.ts';
import type { SessionParameters } from '../../engine/entry/session/session-parameters.ts';
import { JobMeter } from '../../engine/runtime/metrics/job-metrics.ts';
import { pauseCounting, resumeCounting } from '../../engine/runtime/metrics/metrics-memory.ts';
import type { Trade } from '../../engine/trading/records.ts';
import { CollectingSink } from '../support/collecting-sink.ts';

const SEED = 7;
/** The product's own, built before the tests. */
const workerScript = new URL('../../dist/engine/flinktrade-worker.js', import.meta.url);

function start(metrics: 'on' | 'off', factor: number) {
  const trades = new CollectingSink<Trade>();
  const parameters: SessionParameters = {
    inputs: { kind: 'sample', seed: SEED, seconds: 600 },
    positions: samplePositions(SEED),
    rules: { version: 1, defaults: { ttlMs: 20_000, askOffset: '0.02', maxSharesPerTrade: '100' } },
    speed: { kind: 'times', factor },
    startPaused: false,
    outOfOrdernessMs: null,
    maxFutureMs: null,
    historySampleMs: null,
  };
  const job = runJob<SessionParameters>({
    job: flinkTradeJob,
    jobName: 'flinktrade',
    parameters,
    workerScript,
    parallelism: 2,
    metrics,
    latencyIntervalMs: 10,
    sinks: { trades, 'late-quotes': new CollectingSink() },
  });
  return { job, trades, meter: new JobMeter(job) };
}

const read = (page: JobPage, vertex: string): number =>
  page.vertices.find(({ id }) => id === vertex)?.total.numRecordsIn ?? NaN;

test('counts go on while the number of workers changes, and are exact when the job has ended', async () => {
  const { job, trades, meter } = start('on', 100);
  const counts: number[] = [];
  for (const workers of [4, 1, 3]) {
    expect((await job.rescale(workers)).status).toBe('completed');
    const page = meter.page('session');
    expect(page.vertices.find(({ id }) => id === 'trade')?.subtasks).toHaveLength(workers);
    expect(page.keyGroups[0].subtasks).toHaveLength(workers);
    counts.push(read(page, 'trade'));
  }
  expect(counts).toEqual([...counts].sort((left, right) => left - right));
  await job.finished;
  const page = meter.page('session');
  expect(page.rescales.map(({ to }) => to)).toEqual([4, 1, 3]);
  const quotes = page.edges.find(({ to, partitioning }) => to === 'trade' && partitioning === 'key');
  const controls = page.edges.find(({ partitioning }) => partitioning === 'broadcast');
  expect(read(page, 'trade')).toBe((quotes?.numRecords ?? NaN) + (controls?.numRecords ?? NaN));
  expect(read(page, 'trade')).toBeGreaterThanOrEqual(counts[2]);
  expect(trades.records.length).toBeGreaterThan(10);
  expect(read(page, 'trades')).toBe(trades.records.length);
  // Sinks were there all the time, through every change, and took some of it.
  expect(job.sinkTimes().busyMs).toBeGreaterThan(0);
  expect(job.sinkTimes().busyMs).toBeLessThan(job.uptimeMs);
  const { total } = page.vertices.find(({ id }) => id === 'trade')?.operators[0] ?? expect.unreachable();
  expect(total.numRecordsOut).toBe(trades.records.length);
  const source = page.vertices[0];
  for (const uid of ['trade', 'trades']) {
    const [latency] = page.vertices.find(({ id }) => id === uid)?.operators[0].latency ?? [];
    expect(latency.source).toBe('session');
    expect(latency.count).toBeGreaterThan(100);
    expect(latency.minMs).toBeGreaterThan(0);
  }
  expect(source.operators[0].total.numRecordsOut).toBe(quotes?.numRecords);
  // A record is one cache line.
  expect(source.total.numBytesOut).toBeGreaterThanOrEqual((quotes?.numRecords ?? NaN) * 64);
  // Samples stand for the records between them: all but those behind the last one of each task that ever was, which are the
  // more the faster records came just then.
  const sampled = page.keyGroups[0].records.reduce((sum, records) => sum + records, 0);
  expect(Math.abs(sampled - (quotes?.numRecords ?? NaN))).toBeLessThan((quotes?.numRecords ?? NaN) / 100);
});

test('counting can be paused while the job runs, and is whole again when it goes on', async () => {
  const { job, trades, meter } = start('on', 100);
  const { metrics } = job.memory;
  if (metrics === null) return expect.unreachable();
  const taken = (): number => job.metrics().reduce((sum, { recordsIn }) => sum + recordsIn, 0);
  const takesMore = async (): Promise<void> => {
    const before = taken();
    await expect.poll(taken, { timeout: 20_000 }).toBeGreaterThan(before + 2_000);
  };
  await takesMore();
  pauseCounting(metrics);
  await takesMore();
  const paused = read(meter.page('session'), 'trade');
  await takesMore();
  expect(read(meter.page('session'), 'trade')).toBe(paused);
  resumeCounting(metrics);
  await job.finished;
  const page = meter.page('session');
  expect(read(page, 'trade')).toBeGreaterThan(paused + 2_000);
  expect(read(page, 'trade')).toBe(
    page.edges.reduce((sum, edge) => sum + (edge.to === 'trade' ? (edge.numRecords ?? NaN) : 0), 0),
  );
  expect(read(page, 'trades')).toBe(trades.records.length);
});

test('a job whose metrics are off counts nothing, and still shows its graph', async () => {
  const { job, trades, meter } = start('off', 10_000);
  await job.finished;
  const { vertices, keyGroups } = meter.page('session');
  expect(trades.records.length).toBeGreaterThan(10);
  expect(vertices.map(({ id }) => id)).toEqual(['session', 'trade', 'trades', 'late-quotes']);
  expect(vertices.every(({ total }) => Object.values(total).every((number) => number === null))).toBe(true);
  expect(keyGroups).toEqual([]);
});
