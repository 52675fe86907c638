import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  KeyedProcessFunction,
  type Collector,
  type KeyedContext,
  type OnTimerContext,
  type RuntimeContext,
} from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import { mapState, type MapState } from '../../engine/api/state.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { CommittingSink, run, STILL_WORLD } from '../examples/cut-runs.ts';
import { seededRandom } from '../support/seeded-random.ts';

const RUNS = Number(process.env['FLINKTRADE_PROPERTY_RUNS'] ?? 150);
const PATIENCE_MS = 300_000;

const TEXT_MAX = 4_000;

/** A record without a struct: it crosses threads as text, in as many slots as that takes (28 characters each). */
interface Letter {
  readonly to: string;
  readonly text: string;
  readonly timeMs: number;
}

/** Passes letters on to other keys: some at once, some twice as long, some when their time has come. */
class Office extends KeyedProcessFunction<string, Letter, Letter> {
  private readonly name: string;
  private kept!: MapState<number, readonly Letter[]>;

  constructor(name: string) {
    super();
    this.name = name;
  }

  override open(context: RuntimeContext): void {
    this.kept = context.getMapState(mapState<number, readonly Letter[]>('kept'));
  }

  processElement({ to, text, timeMs }: Letter, context: KeyedContext<string>, out: Collector<Letter>): void {
    const sum = [...text].reduce((total, unit) => (total * 31 + unit.charCodeAt(0)) % 997, to.length);
    const next = { to: `${to.slice(0, 1)}${sum % 7}`, text: `${this.name}${text}`, timeMs };
    if (sum % 5 === 0) {
      const dueMs = timeMs + (sum % 20);
      this.kept.put(dueMs, [...(this.kept.get(dueMs) ?? []), next]);
      context.timerService().registerEventTimeTimer(dueMs);
      return;
    }
    out.collect(next);
    if (sum % 3 === 0) out.collect({ ...next, to: `twin ${sum % 4}`, text: `${text}|${text}`.slice(0, TEXT_MAX) });
  }

  override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<Letter>): void {
    const due = this.kept.get(timestampMs) ?? [];
    this.kept.remove(timestampMs);
    for (const letter of due) out.collect({ ...letter, to: `${context.getCurrentKey()}!` });
  }
}

interface Parameters {
  readonly letters: readonly Letter[];
}

/** Four operators above each other, every one of which sends to all tasks, and one of which gets letters of two others. */
const letterJob = defineJob<Parameters>((env, { letters }) => {
  const source = env.fromCollection(letters, ({ timeMs }) => timeMs, WatermarkStrategy.forBoundedOutOfOrderness(3));
  const first = source
    .keyBy(({ to }) => to)
    .process(new Office('a'))
    .uid('first');
  const second = first
    .keyBy(({ to }) => to)
    .process(new Office('b'))
    .uid('second');
  const third = first
    .union(second)
    .keyBy(({ text }) => text.slice(-40))
    .process(new Office('c'))
    .uid('third');
  const fourth = third
    .keyBy(({ to }) => to)
    .process(new Office('d'))
    .uid('fourth');
  fourth.sinkTo(externalSink<Letter>('out'));
  second.sinkTo(externalSink<Letter>('copies'));
});
const SINKS = ['out', 'copies'] as const;

const letters = fc.array(
  fc.record({
    to: fc.constantFrom('x', 'y', 'z', 'a long name, which is a key of several slots by itself, as text'),
    // Nothing, a slot or two, or far more than the smallest ring holds.
    text: fc.oneof(
      fc.string({ maxLength: 6 }),
      fc.string({ minLength: 20, maxLength: 60, unit: 'grapheme' }),
      fc.integer({ min: 60, max: 900 }).map((length) => 'long '.repeat(length / 5)),
    ),
    timeMs: fc.integer({ min: 0, max: 100 }),
  }),
  { minLength: 1, maxLength: 40 },
);

async function undisturbed(parameters: Parameters): Promise<Record<string, string[]>> {
  const sinks = Object.fromEntries(SINKS.map((name) => [name, new CollectingSink<never>()]));
  await new LocalExecutor(letterJob, {
    parameters,
    parallelism: 1,
    sinks,
    random: () => 0,
    clock: STILL_WORLD.clock,
    ringSlots: 4096,
  }).run();
  return Object.fromEntries(SINKS.map((name) => [name, sinks[name].sorted()]));
}

test(
  'records of any length come through rings of any size whole and once, between watermarks, barriers, crashes and restores',
  async () => {
    await fc.assert(
      fc.asyncProperty(letters, fc.integer({ min: 0, max: 1 << 20 }), async (sent, seed) => {
        const parameters = { letters: sent };
        const expected = await undisturbed(parameters);
        const random = seededRandom(seed);
        const sinks = Object.fromEntries(SINKS.map((name) => [name, new CommittingSink()]));
        const state = { restore: null, completed: 0, nextId: 1 };
        for (let life = 0; ; life += 1) {
          const cutAtStep = life < 4 ? 1 + Math.floor(random() * 60) : Infinity;
          if (await run(letterJob, parameters as never, sinks, seed * 8 + life, state, cutAtStep)) break;
        }
        for (const name of SINKS) expect([...sinks[name].final, ...sinks[name].pending].sort()).toEqual(expected[name]);
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);
