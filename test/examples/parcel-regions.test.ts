import { afterEach, expect, test } from 'vitest';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { CommittingSink, run, type RunState, type World } from './cut-runs.ts';
import { parcelInput } from './example-inputs.ts';
import {
  answerTo,
  HOUR_MS,
  LAST_UNCERTAIN_ID,
  parcelRegions,
  useDirectory,
  type Directory,
  type ParcelParameters,
} from './parcel-regions.ts';

const SINKS = ['regions', 'late', 'vans'] as const;

/** Answers when a seed says so, in any order, with failures on the way. */
class SlowWorld implements World, Directory {
  asked = 0;
  private readonly random: () => number;
  private readonly pending: (() => void)[] = [];
  private nowMs = 0;
  readonly clock = { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs };

  constructor(seed: number) {
    this.random = seededRandom(seed);
    useDirectory(this);
  }

  find(question: string, answer: (found: string | null | Error) => void): void {
    this.asked += 1;
    const mayFail = Number(question.split(' of ')[1]) < LAST_UNCERTAIN_ID;
    const dice = mayFail ? this.random() : 1;
    this.pending.push(() => answer(dice < 0.1 ? null : dice < 0.2 ? new Error('cut') : answerTo(question)));
  }

  pass(): void {
    if (this.random() < 0.3) this.goOn();
    else this.passTime();
  }

  goOn(): boolean {
    // A call takes its time, or all that is to be asked again would be asked at the end.
    this.passTime();
    const [answer] = this.pending.splice(Math.floor(this.random() * this.pending.length), 1);
    answer?.();
    return answer !== undefined;
  }

  passTime(): void {
    this.nowMs += Math.floor(this.random() * 4);
  }
}

/** What the sums must be, computed another way: straight from the list of parcels. */
function expectedResults({ parcels, outOfOrdernessMs }: ParcelParameters): Record<string, string[]> {
  const sums = new Map<string, { region: string; hour: number; parcels: number; grams: number }>();
  const vans: string[] = [];
  const late: string[] = [];
  let greatestMs = -Infinity;
  for (const parcel of parcels) {
    const { id, postcode, grams, timeMs } = parcel;
    const region = postcode.slice(0, 2);
    const hour = Math.floor(timeMs / HOUR_MS);
    const one = sums.get(`${region} ${hour}`) ?? { region, hour, parcels: 0, grams: 0 };
    if ((hour + 1) * HOUR_MS - 1 <= greatestMs - outOfOrdernessMs - 1) throw new Error('the input has late parcels');
    greatestMs = Math.max(greatestMs, timeMs);
    sums.set(`${region} ${hour}`, { ...one, parcels: one.parcels + 1, grams: one.grams + grams });
    const van = answerTo(`v${id % 5} of ${id}`);
    for (const name of grams > 800 ? [`${van}a`, `${van}b`] : [van])
      vans.push(`${JSON.stringify({ id, van: name })} @${timeMs}`);
  }
  const regions = [...sums.values()].map((sum) => `${JSON.stringify(sum)} @${(sum.hour + 1) * HOUR_MS - 1}`);
  return { regions: regions.sort(), late, vans: vans.sort() };
}

afterEach(() => useDirectory({ find: () => undefined }));

test('gives the same results with 1 to 8 subtasks, whatever the order of answers, with the smallest rings', async () => {
  const parameters = parcelInput(5);
  const expected = expectedResults(parameters);
  for (let parallelism = 1; parallelism <= 8; parallelism += 1) {
    for (const seed of [1, 2, 3, 4]) {
      const world = new SlowWorld(seed * 10 + parallelism);
      const sinks = Object.fromEntries(SINKS.map((name) => [name, new CollectingSink<unknown>()]));
      await new LocalExecutor(parcelRegions, {
        parameters,
        parallelism,
        sinks,
        random: seededRandom(seed),
        clock: world.clock,
        pollRecords: 7,
        ringSlots: seed % 2 === 0 ? 4 : 64,
        onStep: () => {
          world.pass();
          return null;
        },
        onAllWaiting: () => world.goOn(),
        onTimeAwaited: () => world.passTime(),
      }).run();
      for (const name of SINKS)
        expect(sinks[name].sorted(), `parallelism ${parallelism}, seed ${seed}, ${name}`).toEqual(expected[name]);
    }
  }
});

test('gives each result once, however often it is cut off and gone on with', async () => {
  // More than rings and operators hold behind the last one that may fail: a restored job reads at least some of them.
  const parameters = parcelInput(6, 500);
  const expected = expectedResults(parameters);
  let completed = 0;
  let cuts = 0;
  let asked = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    const sinks = Object.fromEntries(SINKS.map((name) => [name, new CommittingSink()]));
    const state: RunState = { restore: null, completed: 0, nextId: 1 };
    const random = seededRandom(1000 + seed);
    for (let life = 0; ; life += 1) {
      const cutAtStep = life < 6 ? 1 + Math.floor(random() * 300) : Infinity;
      const world = new SlowWorld(seed * 100 + life);
      const isDone = await run(parcelRegions, parameters as never, sinks, seed * 100 + life, state, cutAtStep, world);
      asked += world.asked;
      if (isDone) break;
      cuts += 1;
    }
    completed += state.completed;
    for (const name of SINKS)
      expect([...sinks[name].final, ...sinks[name].pending].sort(), `seed ${seed}, ${name}`).toEqual(expected[name]);
  }
  expect(completed).toBeGreaterThan(30);
  expect(cuts).toBeGreaterThan(10);
  // Records in flight were asked for again.
  expect(asked).toBeGreaterThan(25 * 2 * parameters.parcels.length);
});
