import { expect, test } from 'vitest';
import { AsyncDataStream, AsyncFunction, type ResultFuture } from '../../engine/api/async.ts';
import { fixedDelayRetry, HAS_EXCEPTION_PREDICATE } from '../../engine/api/async-retry.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** From here on they are answered at once: behind the end of the input no call is made again. */
const FIRST_CERTAIN = 30;
const NUMBERS = Array.from({ length: 40 }, (_, number) => number);
const RETRY_AFTER_MS = 20;

/** Questions fail once, so that there are times at which no call is under way and all is waited for. */
class AskTwice extends AsyncFunction<number, number> {
  private readonly asked = new Set<number>();
  private readonly open: (() => void)[];

  constructor(open: (() => void)[]) {
    super();
    this.open = open;
  }

  asyncInvoke(number: number, future: ResultFuture<number>): void {
    const fails = number < FIRST_CERTAIN && !this.asked.has(number);
    this.asked.add(number);
    this.open.push(() => {
      if (fails) future.completeExceptionally(new Error('not yet'));
      else future.complete([number]);
    });
  }
}

const job = defineJob<(() => void)[]>((env, open) => {
  const retry = fixedDelayRetry<number>(
    { maxAttempts: 5, delayMs: RETRY_AFTER_MS },
    { ifException: HAS_EXCEPTION_PREDICATE },
  );
  AsyncDataStream.orderedWait(
    env.fromCollection(NUMBERS).keyBy((number) => String(number % 3)),
    new AskTwice(open),
    { timeoutMs: 1_000, capacity: 1, retry },
  )
    .uid('ask')
    .sinkTo(externalSink<number>('out'));
});

test('while a ring is full and a call waits to be made again, no time passes between two steps', async () => {
  const open: (() => void)[] = [];
  const sink = new CollectingSink<number>();
  let nowMs = 0;
  let passedInStep = 0;
  let passedMost = 0;

  await new LocalExecutor(job, {
    parameters: open,
    parallelism: 2,
    sinks: { out: sink },
    random: seededRandom(1),
    clock: { monotonicMs: () => nowMs, wallMs: () => nowMs },
    ringSlots: 4,
    onStep: () => {
      passedInStep = 0;
      return null;
    },
    onAllWaiting: () => {
      const end = open.shift();
      end?.();
      return end !== undefined;
    },
    onTimeAwaited: () => {
      nowMs += 1;
      passedInStep += 1;
      passedMost = Math.max(passedMost, passedInStep);
    },
  }).run();

  expect(sink.records.length).toBe(NUMBERS.length);
  expect(nowMs).toBeGreaterThan(RETRY_AFTER_MS);
  // Whatever else is due outside by then (a checkpoint being stored) gets its turn in the next step.
  expect(passedMost).toBe(1);
});
