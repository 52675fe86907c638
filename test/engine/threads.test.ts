import { beforeAll, describe, expect, test } from 'vitest';
import type { JobDefinition } from '../../engine/api/job.ts';
import { JobFailedError } from '../../engine/entry/job-failed-error.ts';
import { waitMs } from '../../engine/core/machine.node.ts';
import { runJob, type RunJobOptions, type RunningJob } from '../../engine/entry/job-runner.node.ts';
import { clickSessions } from '../examples/click-sessions.ts';
import { clickInput, sensorInput, wordCountInput } from '../examples/example-inputs.ts';
import { sensorAlarm } from '../examples/sensor-alarm.ts';
import { wordCount } from '../examples/word-count.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { bundleTestWorker } from '../support/test-worker.ts';
import { silentSource } from './silent-source-job.ts';
import { tally, type Tally, type TallyParameters } from './misbehaving-job.ts';

let workerScript: URL;
beforeAll(async () => {
  workerScript = await bundleTestWorker('engine/worker-jobs.ts');
});

const PARALLELISMS = [1, 2, 3, 5, 8] as const;

describe.each([
  ['word-count', wordCount as JobDefinition<never>, wordCountInput(1), ['totals']],
  ['sensor-alarm', sensorAlarm as JobDefinition<never>, sensorInput(2), ['alarms']],
  ['click-sessions', clickSessions as JobDefinition<never>, clickInput(3), ['sessions', 'late', 'pages']],
] as const)('%s on threads', (jobName, job, parameters, sinkNames) => {
  async function run(parallelism: number, ringSlots?: number): Promise<Record<string, string[]>> {
    const sinks = Object.fromEntries(sinkNames.map((name) => [name, new CollectingSink<unknown>()]));
    const running = runJob({
      job,
      jobName,
      parameters: parameters as never,
      workerScript,
      parallelism,
      sinks,
      ...(ringSlots !== undefined && { ringSlots }),
    });
    await expect(running.finished).resolves.toMatchObject({ kind: 'finished' });
    for (const name of sinkNames) expect(sinks[name].isClosed).toBe(true);
    return Object.fromEntries(sinkNames.map((name) => [name, sinks[name].sorted()]));
  }

  test(`gives the same results with ${PARALLELISMS.join(', ')} workers`, async () => {
    const expected = await run(1);
    for (const name of sinkNames) expect(expected[name].length).toBeGreaterThan(5);
    for (const parallelism of PARALLELISMS.slice(1))
      expect(await run(parallelism), `${parallelism} workers`).toEqual(expected);
  });

  test('gives the same results when every ring is full all the time', async () => {
    expect(await run(3, 4)).toEqual(await run(1));
  });
});

const fine: TallyParameters = { events: 20_000, keys: 50, misbehaviour: 'none', at: -1 };

function runTally(
  parameters: TallyParameters,
  options: Partial<RunJobOptions<TallyParameters>> = {},
): { running: RunningJob<TallyParameters>; sink: CollectingSink<Tally>; events: unknown[] } {
  const sink = new CollectingSink<Tally>();
  const events: unknown[] = [];
  const running = runJob({
    job: tally,
    jobName: 'tally',
    parameters,
    workerScript,
    parallelism: 3,
    sinks: { tallies: sink },
    onSourceEvent: (event) => events.push(event),
    ...options,
  });
  return { running, sink, events };
}

async function failureOf(
  parameters: TallyParameters,
  options: Partial<RunJobOptions<TallyParameters>> = {},
): Promise<JobFailedError> {
  const { running, sink } = runTally(parameters, options);
  const error: unknown = await running.finished.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(JobFailedError);
  expect(sink.isClosed).toBe(true);
  return error as JobFailedError;
}

describe('a running job', () => {
  test('answers queries and publishes rows between two batches, and after the end when it lingers', async () => {
    const { running, sink, events } = runTally({ ...fine, waitAt: 5_000 }, { lingers: true });
    let count = 0;
    // Ten seconds at most: threads of a busy machine start slowly.
    for (let tries = 0; tries < 1000 && count < 100; tries += 1) {
      await waitMs(10);
      const answer = await running.query('tally', 'key-7').catch(() => ({ count: 0 }));
      count = (answer as { count: number }).count;
    }
    expect(count).toBe(100);
    const rows = await running.requestRows('tallies');
    expect(rows.reduce((sum, part) => sum + part.rowCount, 0)).toBe(50);

    running.sendSourceEvent('go on');
    await running.finished;

    expect(await running.query('tally', 'key-7')).toEqual({ sum: 1200, count: 400, totalAtAlignment: 90_000n });
    const all = await running.requestRows('tallies', true);
    expect(all.flatMap(({ buffer }) => [...new Float64Array(buffer)]).reduce((sum, value) => sum + value, 0)).toBe(
      90_000 + 20_000,
    );
    expect(events).toEqual([{ read: 20_000 }]);
    expect(sink.records.length).toBe(50);
    expect(running.metrics().reduce((sum, { recordsIn }) => sum + recordsIn, 0)).toBe(20_000);
    await running.close();
    await expect(running.query('tally', 'key-7')).rejects.toThrow('until it is closed');
  });

  test('waits for its subtasks at alignments, also when every ring is full all the time', async () => {
    const totals: unknown[] = [];
    for (const parallelism of [1, 4]) {
      const { running } = runTally(fine, { parallelism, ringSlots: 4, lingers: true });
      await running.finished;
      totals.push(await running.query('tally', 'key-3'));
      await running.close();
    }
    expect(totals[1]).toEqual(totals[0]);
    expect(totals[0]).toMatchObject({ count: 400, totalAtAlignment: 90_000n });
  });

  test('is not held back by a source that is silent, once that is idle', async () => {
    const seen: string[] = [];
    let told: () => void = () => undefined;
    const fired = new Promise<void>((resolve) => {
      told = resolve;
    });
    const write = (record: string): void => {
      seen.push(record);
      if (seen.length === 2) told();
    };
    const running = runJob({
      job: silentSource,
      jobName: 'silent-source',
      parameters: null,
      workerScript,
      parallelism: 2,
      sinks: { timers: { write } },
    });
    // The silent source has not ended: only its idleness lets event time go on.
    await Promise.race([fired, running.finished]);
    expect(seen).toEqual(['timer 5', 'timer 5']);
    running.sendSourceEvent('end');
    await expect(running.finished).resolves.toMatchObject({ kind: 'finished' });
  });

  test('refuses an unknown query, an unknown key and a question after the end', async () => {
    const { running } = runTally({ ...fine, waitAt: 100 });
    await expect(running.query('nonsense', 'key-1')).rejects.toThrow(
      "No KvStateLocation found for KvState instance with name 'nonsense'",
    );
    await expect(running.query('tally', 'nobody')).rejects.toThrow('No state for the specified key/namespace.');
    await running.cancel();
    await expect(running.finished).resolves.toMatchObject({ kind: 'cancelled' });
    await expect(running.query('tally', 'key-1')).rejects.toThrow('The job has ended');
  });
});

describe('a job that goes wrong ends with a JobFailedError that says where', () => {
  test('a function that throws: operator, subtask, key and record', async () => {
    const error = await failureOf({ ...fine, misbehaviour: 'throws', at: 12_345 });
    expect(error.message).toContain("Operator 'tallies' (uid tallies, subtask ");
    expect(error.message).toContain('the function broke');
    expect(error.place?.key).toMatch(/^"key-\d+"$/);
    expect(error.place?.record).toContain('"index":12345');
    expect(error.remoteStack).toContain('misbehave');
  });

  test('a timer that throws: key and time', async () => {
    const error = await failureOf({ ...fine, misbehaviour: 'throws-in-timer' });
    expect(error.place).toMatchObject({ operatorName: 'tallies', timerMs: 20_500, record: null });
    expect(error.place?.key).toMatch(/^"key-\d+"$/);
  });

  test('a function that cannot be opened', async () => {
    expect((await failureOf({ ...fine, misbehaviour: 'throws-in-open' })).message).toContain('cannot open');
  });

  test('a thread that exits, with code 0', async () => {
    expect((await failureOf({ ...fine, misbehaviour: 'exits', at: 500 })).message).toContain(
      'ended with exit code 0 before its work was done',
    );
  });

  test('a thread that hangs', async () => {
    const error = await failureOf({ ...fine, misbehaviour: 'hangs', at: 500 }, { hangMs: 1_500 });
    expect(error.message).toContain("has hung, probably in one of: 'tallies' (uid tallies)");
  });

  test('a thread that runs out of memory', async () => {
    const error = await failureOf(
      { ...fine, misbehaviour: 'eats-memory', at: 500 },
      { resourceLimits: { maxOldGenerationSizeMb: 32 } },
    );
    expect(error.message).toMatch(/memory/i);
  });

  test('an unhandled rejection', async () => {
    expect((await failureOf({ ...fine, misbehaviour: 'rejects', at: 500 })).message).toMatch(/forgotten|thrown beside/);
  });

  test('a source that throws', async () => {
    const error = await failureOf({ ...fine, misbehaviour: 'source-throws', at: 5000 });
    expect(error.thread).toBe('source');
    expect(error.place).toMatchObject({ operatorName: 'events', uid: 'events' });
    expect(error.message).toContain('the source broke');
  });

  test('a source whose input cannot be read', async () => {
    expect((await failureOf({ ...fine, misbehaviour: 'source-rejects', at: 5000 })).message).toContain(
      'the disk went away',
    );
  });

  test('a key that is null: the record that has none', async () => {
    const error = await failureOf({ ...fine, misbehaviour: 'null-key', at: 700 });
    expect(error.message).toContain('Assigned key must not be null!');
    expect(error.place?.record).toContain('"index":700');
  });

  test('threads that built different jobs', async () => {
    expect((await failureOf({ ...fine, misbehaviour: 'builds-another-job' })).message).toContain(
      'It built another job',
    );
  });

  test('a worker bundle that does not know the job', async () => {
    expect((await failureOf(fine, { jobName: 'unknown' })).message).toContain(
      "has no job 'unknown'; it has word-count",
    );
  });

  test('a sink that throws', async () => {
    const write = (): void => {
      throw new Error('disk full');
    };
    const { running } = runTally(fine, { sinks: { tallies: { write } } });
    await expect(running.finished).rejects.toThrow(/Operator 'tallies' .*record .*disk full/);
  });
});
