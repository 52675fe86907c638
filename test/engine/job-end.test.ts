import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { runJob } from '../../engine/entry/job-runner.node.ts';
import { CheckpointStorage } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { bundleTestWorker } from '../support/test-worker.ts';
import { tally, type Tally, type TallyParameters } from './misbehaving-job.ts';

const STEPS_MAX = 20_000;
/** A snapshot of them is read in far more than one turn. */
const KEYS = 6_000;

const tallyOf = (keys: number): TallyParameters => ({ events: keys, keys, misbehaviour: 'none', at: -1 });

/** Where one snapshot follows the other, no task is ever without one. */
function snapshotAtEveryStep(parameters: TallyParameters, sink: CollectingSink<Tally>): LocalExecutor<TallyParameters> {
  let step = 0;
  const executor: LocalExecutor<TallyParameters> = new LocalExecutor(tally, {
    parameters,
    parallelism: 2,
    sinks: { tallies: sink },
    random: seededRandom(1),
    clock: { monotonicMs: () => step, wallMs: () => step },
    onStep: () => {
      step += 1;
      if (step > STEPS_MAX) throw new Error(`It has not ended after ${STEPS_MAX} steps.`);
      executor.triggerCheckpoint(step);
      return null;
    },
  });
  return executor;
}

test('a job in one thread ends although a checkpoint begins at every step', async () => {
  const sink = new CollectingSink<Tally>();

  await snapshotAtEveryStep(tallyOf(100), sink).run();

  expect(sink.records).toHaveLength(100);
});

test('what goes wrong in a source that waits comes out although a checkpoint begins at every step', async () => {
  const parameters = { ...tallyOf(6_000), misbehaviour: 'source-rejects', at: 5_000 } as const;

  const run = snapshotAtEveryStep(parameters, new CollectingSink<Tally>()).run();

  await expect(run).rejects.toThrow('the disk went away');
});

test('a job on threads ends although each of its checkpoints is overtaken by the next', async () => {
  const sink = new CollectingSink<Tally>();
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const running = runJob({
    job: tally,
    jobName: 'tally',
    parameters: tallyOf(KEYS),
    workerScript: await bundleTestWorker('engine/worker-jobs.ts'),
    parallelism: 2,
    sinks: { tallies: sink },
    checkpoints: {
      storage: new CheckpointStorage(new MemoryStore(), sha256, 1),
      firstId: 1,
      intervalMs: 1,
      minPauseMs: 0,
      timeoutMs: 1,
    },
  });

  await expect(running.finished).resolves.toMatchObject({ kind: 'finished' });

  expect(sink.records).toHaveLength(KEYS);
});
