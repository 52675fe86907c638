import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { waitMs } from '../../engine/core/machine.node.ts';
import { JobFailedError } from '../../engine/entry/job-failed-error.ts';
import { runJob, type RunJobOptions, type RunningJob } from '../../engine/entry/job-runner.node.ts';
import { ratesBetween } from '../../engine/runtime/async/async-statistics.ts';
import { CheckpointStorage } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { parcelInput } from '../examples/example-inputs.ts';
import { parcelRegions } from '../examples/parcel-regions.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { bundleTestWorker } from '../support/test-worker.ts';
import { slowAnswers, type SlowAnswersParameters } from './slow-answers-job.ts';

let workerScript: URL;
beforeAll(async () => {
  workerScript = await bundleTestWorker('engine/worker-jobs.ts');
});

const SINKS = ['regions', 'late', 'vans'] as const;

async function runParcels(parallelism: number, ringSlots?: number): Promise<Record<string, string[]>> {
  const sinks = Object.fromEntries(SINKS.map((name) => [name, new CollectingSink<unknown>()]));
  const running = runJob({
    job: parcelRegions,
    jobName: 'parcel-regions',
    parameters: parcelInput(5),
    workerScript,
    parallelism,
    sinks,
    ...(ringSlots !== undefined && { ringSlots }),
  });
  await expect(running.finished).resolves.toMatchObject({ kind: 'finished' });
  return Object.fromEntries(SINKS.map((name) => [name, sinks[name].sorted()]));
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const CALM: SlowAnswersParameters = { count: 200, latencyMs: 2, capacity: 10, mode: 'ordered', timeoutMs: 0 };

function start(
  parameters: SlowAnswersParameters,
  options: Partial<RunJobOptions<SlowAnswersParameters>> = {},
): { running: RunningJob<SlowAnswersParameters>; sink: CollectingSink<number> } {
  const sink = new CollectingSink<number>();
  const sinks = { doubled: sink };
  const running = runJob({ job: slowAnswers, jobName: 'slow-answers', parameters, workerScript, sinks, ...options });
  return { running, sink };
}

async function failureOf(parameters: SlowAnswersParameters): Promise<JobFailedError> {
  const { running } = start(parameters);
  const error: unknown = await running.finished.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(JobFailedError);
  return error as JobFailedError;
}

const doubles = (count: number): number[] => Array.from({ length: count }, (_, index) => index * 2);
const byNumber = (left: number, right: number): number => left - right;

describe('asynchronous functions on threads', () => {
  test('give the same results with 1, 3 and 8 workers, and when every ring is full all the time', async () => {
    const expected = await runParcels(1);
    expect(expected['regions'].length).toBeGreaterThan(5);
    expect(expected['vans'].length).toBeGreaterThan(300);
    expect(expected['late']).toEqual([]);
    expect(await runParcels(3)).toEqual(expected);
    expect(await runParcels(8)).toEqual(expected);
    expect(await runParcels(3, 4)).toEqual(expected);
  });

  test('ordered results come in the order of the records', async () => {
    const { running, sink } = start(CALM);
    await running.finished;
    expect(sink.records).toEqual(doubles(CALM.count));
  });

  test('what is in flight and how long it takes obey Little’s law', async () => {
    const { running, sink } = start({ ...CALM, count: 2000, mode: 'unordered', capacity: 20, latencyMs: 5 });
    const before = running.asyncStatistics()['double'];
    await running.finished;
    const after = running.asyncStatistics()['double'];
    expect(sink.records).toHaveLength(2000);
    expect(after).toMatchObject({ completed: 2000, inFlight: 0, retries: 0, timeouts: 0 });
    const { occupancy, throughputPerSecond, latencyMs } = ratesBetween(before, after);
    expect(occupancy).toBeLessThanOrEqual(20);
    // Everything that entered has left, so the law is exact.
    expect((throughputPerSecond / 1000) * latencyMs).toBeCloseTo(occupancy, 6);
  });

  test.each([
    ['throw', 'Could not complete the stream element: 17. Error: no answer today'],
    ['reject', 'Could not complete the stream element: 17. Error: no answer today'],
    ['null', 'Could not complete the stream element: 17. IllegalArgumentError: Results must not be null'],
    ['open', 'the service is closed'],
  ] as const)('a function whose call fails (%s) fails the job, which says where', async (trouble, text) => {
    const error = await failureOf({ ...CALM, trouble, at: 17 });
    expect(error.message).toContain(text);
    expect(error.message).toContain("'double' (uid double");
  });

  test('a call that never ends is ended by its timeout', async () => {
    const error = await failureOf({ ...CALM, trouble: 'hang', at: 3, timeoutMs: 50 });
    expect(error.message).toContain(
      'Could not complete the stream element: 3. TimeoutError: Async function call has timed out.',
    );
  });

  test('a failure that passes is retried and not seen', async () => {
    const { running, sink } = start({ ...CALM, trouble: 'throw', at: 17, attempts: 4, timeoutMs: 10_000 });
    await running.finished;
    expect(sink.records).toEqual(doubles(CALM.count));
    expect(running.asyncStatistics()['double'].retries).toBe(3);
  });

  test('a checkpoint is taken while the queue is full of calls that hang, and each is made again after a restore', async () => {
    const storage = new CheckpointStorage(new MemoryStore(), sha256, 2);
    const checkpoints = { storage, firstId: 1, intervalMs: null };
    const hanging: SlowAnswersParameters = { ...CALM, count: 50, capacity: 4, trouble: 'hang', at: 0, staysOpen: true };
    const { running, sink } = start(hanging, { checkpoints, maxParallelism: 16 });
    while (running.asyncStatistics()['double'].inFlight < 2) await waitMs(5);
    const record = await running.checkpoint();
    expect(record.status).toBe('completed');
    await running.cancel();
    expect(sink.records).toEqual([]);

    const { checkpoint: restore } = await storage.latest();
    for (const parallelism of [1, 3]) {
      const next = start(CALM, { parallelism, maxParallelism: 16, restore });
      await next.running.finished;
      // The source had sent its 50 numbers; all of them were in flight or waited for room.
      expect([...next.sink.records].sort(byNumber)).toEqual(doubles(CALM.count));
    }
  });

  test('the parallelism changes while calls are under way', async () => {
    const { running, sink } = start(
      { ...CALM, count: 3000, latencyMs: 3, mode: 'unordered', staysOpen: true },
      { maxParallelism: 16 },
    );
    for (const parallelism of [3, 1, 2]) {
      await waitMs(60);
      expect((await running.rescale(parallelism)).status).toBe('completed');
    }
    running.sendSourceEvent('end');
    await running.finished;
    expect([...sink.records].sort(byNumber)).toEqual(doubles(3000));
  });

  test.each([1, 2, 3])(
    'checkpoints go on when the sources have ended and %i tasks still wait for answers; a kill then loses nothing',
    async (parallelism) => {
      const storage = new CheckpointStorage(new MemoryStore(), sha256, 2);
      const checkpoints = { storage, firstId: 1, intervalMs: null };
      // One call hangs; of two or three tasks the others come to their end.
      const hanging: SlowAnswersParameters = { ...CALM, count: 60, mode: 'unordered', trouble: 'hang', at: 59 };
      const { running, sink } = start(hanging, { checkpoints, parallelism, maxParallelism: 16 });
      while (sink.records.length < 59) await waitMs(5);
      await waitMs(50);

      const records = [await running.checkpoint(), await running.checkpoint()];
      running.killThread(0);
      await expect(running.finished).rejects.toBeInstanceOf(JobFailedError);

      expect(records.map(({ status }) => status)).toEqual(['completed', 'completed']);
      const { checkpoint: restore } = await storage.latest();
      expect(restore?.id).toBe(2);
      for (const parallelismThen of [1, 3]) {
        const next = start({ ...CALM, count: 60 }, { parallelism: parallelismThen, maxParallelism: 16, restore });
        await next.running.finished;
        expect([...sink.records, ...next.sink.records].sort(byNumber)).toEqual(doubles(60));
        expect(next.sink.records).toEqual([118]);
      }
    },
  );

  test('a task that is through with its records is missed when it dies before the job has ended', async () => {
    const { running, sink } = start({ ...CALM, count: 60, trouble: 'hang', at: 0 }, { parallelism: 2 });
    while (sink.records.length < 30) await waitMs(5);
    await waitMs(50);
    running.killThread(1);
    await expect(running.finished).rejects.toThrow('task 1');
  });
});
