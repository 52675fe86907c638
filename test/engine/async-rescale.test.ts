import { expect, test } from 'vitest';
import { AsyncDataStream, AsyncFunction, type ResultFuture } from '../../engine/api/async.ts';
import { KeyedProcessFunction, type Collector, type KeyedContext } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';

const ORDER = struct('order', { customer: 'symbol', number: 'i32' });
type Order = ViewOf<typeof ORDER>;
interface Asked {
  readonly customer: string;
  readonly number: number;
}

/** Calls that end when the test says so. */
class Desk extends AsyncFunction<Order, Asked> {
  private readonly open: (() => void)[];
  constructor(open: (() => void)[]) {
    super();
    this.open = open;
  }
  asyncInvoke({ customer, number }: Order, future: ResultFuture<Asked>): void {
    this.open.push(() => future.complete([{ customer, number }]));
  }
}

class PassOn extends KeyedProcessFunction<string, Asked, string> {
  processElement({ customer, number }: Asked, _: KeyedContext<string>, out: Collector<string>): void {
    out.collect(`${customer} ${number}`);
  }
}

interface Parameters {
  readonly orders: readonly Order[];
  readonly open: (() => void)[];
}
const job = defineJob<Parameters>((env, { orders, open }) => {
  const read = env.fromCollection(orders).returns(ORDER).keyBy('customer');
  AsyncDataStream.unorderedWait(read, new Desk(open), { timeoutMs: 0, capacity: 3 })
    .uid('ask')
    .keyBy(({ customer }) => customer)
    .process(new PassOn())
    .uid('pass-on')
    .sinkTo(externalSink<string>('out'));
});

const ORDERS = Array.from({ length: 60 }, (_, number) => ({ customer: `c${number % 7}`, number }) as unknown as Order);
const EXPECTED = ORDERS.map(({ customer, number }) => `"${customer} ${number}" @0`).sort();

/** @param rescaleEvery steps between two changes of the number of tasks; null: there are none */
async function run(seed: number, rescaleEvery: number | null): Promise<{ out: string[]; moved: number }> {
  const random = seededRandom(seed);
  const open: (() => void)[] = [];
  const sink = new CollectingSink<string>();
  let step = 0;
  let moved = 0;
  let isMoving = false;
  const answer = (): boolean => {
    const [end] = open.splice(Math.floor(random() * open.length), 1);
    end?.();
    return end !== undefined;
  };
  const executor: LocalExecutor<Parameters> = new LocalExecutor(job, {
    parameters: { orders: ORDERS, open },
    parallelism: 2,
    sinks: { out: sink },
    random,
    clock: { monotonicMs: () => step, wallMs: () => step },
    pollRecords: 1,
    ringSlots: 8,
    onAllWaiting: answer,
    onStep: () => {
      step += 1;
      if (random() < 0.5) answer();
      if (rescaleEvery === null || isMoving || step % rescaleEvery !== 0) return null;
      isMoving = true;
      void executor.rescale(1 + Math.floor(random() * 4), step).then((hasMoved) => {
        isMoving = false;
        if (hasMoved) moved += 1;
      });
      return null;
    },
  });
  await executor.run();
  return { out: sink.sorted(), moved };
}

test('asynchronous functions see the key of a struct that is keyed by it', async () => {
  expect((await run(1, null)).out).toEqual(EXPECTED);
});

test('an answer that comes while a barrier of a rescale is between two operators is not lost', async () => {
  let moved = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const { out, moved: times } = await run(seed, 9);
    expect(out, `seed ${seed}`).toEqual(EXPECTED);
    moved += times;
  }
  expect(moved).toBeGreaterThan(20);
});
