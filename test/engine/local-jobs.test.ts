import { describe, expect, test } from 'vitest';
import type {
  AlignedSums,
  Collector,
  KeyedContext,
  OnTimerContext,
  RuntimeContext,
} from '../../engine/api/functions.ts';
import {
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  ProcessFunction,
  type ProcessContext,
} from '../../engine/api/functions.ts';
import { defineJob, type JobDefinition } from '../../engine/api/job.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import { externalSink } from '../../engine/api/sink.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../engine/api/source.ts';
import { valueState, type ValueState } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';
import { StreamExecutionEnvironment } from '../../engine/api/environment.ts';
import { createJobGraph } from '../../engine/graph/job-graph.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';

const clock = { monotonicMs: () => 0, wallMs: () => 0 };

async function run<P>(
  job: JobDefinition<P>,
  parameters: P,
  { parallelism = 1, seed = 1, ringSlots = 16 } = {},
): Promise<CollectingSink<never>> {
  const sink = new CollectingSink<never>();
  await new LocalExecutor(job, {
    parameters,
    parallelism,
    random: seededRandom(seed),
    clock,
    ringSlots,
    sinks: { out: sink },
  }).run();
  return sink;
}

async function sameForAll<P>(job: JobDefinition<P>, parameters: P): Promise<string[]> {
  const expected = (await run(job, parameters)).sorted();
  for (const parallelism of [1, 2, 3, 5, 8]) {
    for (const seed of [1, 2, 3]) {
      expect(
        (await run(job, parameters, { parallelism, seed, ringSlots: seed === 1 ? 4 : 32 })).sorted(),
        `${parallelism} subtasks, seed ${seed}`,
      ).toEqual(expected);
    }
  }
  return expected;
}

/** What a scripted source does, step by step. */
type Step<T> =
  | readonly [what: 'record', record: T, timeMs: number]
  | readonly [what: 'watermark' | 'clock' | 'align', timeMs: number]
  | readonly [what: 'idle'];

class ScriptedReader<T> implements SourceReader<T> {
  private readonly script: readonly Step<T>[];
  private next = 0;
  constructor(script: readonly Step<T>[]) {
    this.script = script;
  }
  pollNext(output: ReaderOutput<T>): InputStatus {
    const step = this.script[this.next];
    if (step === undefined) return 'end-of-input';
    this.next += 1;
    if (step[0] === 'record') output.collect(step[1], step[2]);
    else if (step[0] === 'watermark') output.emitWatermark(step[1]);
    else if (step[0] === 'clock') output.emitProcessingTime(step[1]);
    else if (step[0] === 'align') output.emitAlignment(step[1]);
    else output.markIdle();
    return 'more-available';
  }
  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

interface Item {
  readonly key: string;
  readonly value: number;
}
const item = (key: string, value: number, timeMs: number): Step<Item> => ['record', { key, value }, timeMs];

describe('processing time', () => {
  /** Each record asks for a call 10 ms later by the clock. */
  class CallBack extends KeyedProcessFunction<string, Item, string> {
    processElement(record: Item, context: KeyedContext<string>, out: Collector<string>): void {
      const now = context.timerService().currentProcessingTime();
      out.collect(`${record.key} at ${now}`);
      context.timerService().registerProcessingTimeTimer(now + 10);
    }
    override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>): void {
      out.collect(`${context.getCurrentKey()} called back for ${timestampMs} in ${context.timeDomain()}`);
    }
  }
  const job = defineJob<readonly Step<Item>[]>((env, script) => {
    env
      .setProcessingTime('source')
      .fromSource(() => new ScriptedReader(script), WatermarkStrategy.noWatermarks(), 'script')
      .keyBy('key')
      .process(new CallBack())
      .uid('call-back')
      .sinkTo(externalSink<string>('out'));
  });

  test('that the source drives means the same in every task, and its timers have no timestamp', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
    const script = keys.flatMap((key, index): Step<Item>[] => [['clock', 100 + index * 4], item(key, 1, index)]);
    expect(await sameForAll(job, [...script, ['clock', 124]])).toEqual(
      [
        '"a at 100" @0',
        '"a called back for 110 in processing-time" @null',
        '"b at 104" @1',
        '"b called back for 114 in processing-time" @null',
        '"c at 108" @2',
        '"c called back for 118 in processing-time" @null',
        '"d at 112" @3',
        '"d called back for 122 in processing-time" @null',
        '"e at 116" @4',
        '"f at 120" @5',
      ].sort(),
    );
  });

  test('that a source tells with its end still fires its timers', async () => {
    /** Everything in one poll, so that the task reads it in batches of its own. */
    class AllAtOnce extends ScriptedReader<Item> {
      override pollNext(output: ReaderOutput<Item>): InputStatus {
        while (super.pollNext(output) !== 'end-of-input');
        output.emitProcessingTime(1_000);
        return 'end-of-input';
      }
    }
    const atOnce = defineJob<readonly Step<Item>[]>((env, script) => {
      env
        .setProcessingTime('source')
        .fromSource(() => new AllAtOnce(script), WatermarkStrategy.noWatermarks(), 'script')
        .keyBy('key')
        .process(new CallBack())
        .uid('call-back')
        .sinkTo(externalSink<string>('out'));
    });

    // A batch ends at the end of the source for one of them, whatever a record takes in a ring.
    for (const keys of [1, 2, 3, 4]) {
      for (let count = 500; count < 516; count += 1) {
        const script = Array.from({ length: count }, (_, index) => item(`${index % keys}`, 1, index));
        const { records } = await run(atOnce, [['clock', 0], ...script], { ringSlots: 4096 });
        const calledBack = records.filter((text) => String(text).includes('called back'));
        expect(calledBack.length, `${count} records of ${keys} keys`).toBe(keys);
      }
    }
  });
});

describe("the machine's processing time", () => {
  class Remind extends KeyedProcessFunction<string, Item, string> {
    processElement(record: Item, context: KeyedContext<string>): void {
      context.timerService().registerProcessingTimeTimer(context.timerService().currentProcessingTime() + record.value);
    }
    override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>): void {
      out.collect(`${context.getCurrentKey()} ${context.timerService().currentProcessingTime() >= timestampMs}`);
    }
  }
  const job = defineJob<readonly Step<Item>[]>((env, script) => {
    env
      .fromSource(() => new ScriptedReader(script), WatermarkStrategy.noWatermarks(), 'script')
      .keyBy('key')
      .process(new Remind())
      .uid('remind')
      .sinkTo(externalSink<string>('out'));
  });

  test('moves on without records, never fires early, and drops what is pending at the end', async () => {
    let now = 1_000_000;
    const ticking = { monotonicMs: () => 0, wallMs: () => (now += 1) };
    const silence = Array.from({ length: 200 }, (): Step<Item> => ['watermark', 0]);
    const sink = new CollectingSink<never>();
    const parameters = [item('soon', 5, 0), item('never', 1e6, 0), ...silence];
    await new LocalExecutor(job, {
      parameters,
      parallelism: 2,
      random: seededRandom(1),
      clock: ticking,
      sinks: { out: sink },
    }).run();
    expect(sink.sorted()).toEqual(['"soon true" @null']);
  });
});

describe('several sources', () => {
  /** Joins two inputs: reports the watermark each record met. */
  class Meet extends KeyedCoProcessFunction<string, Item, Item, string> {
    processElement1(record: Item, context: KeyedContext<string>, out: Collector<string>): void {
      context.timerService().registerEventTimeTimer(record.value);
      out.collect(`left ${record.value}`);
    }
    processElement2(record: Item, _: KeyedContext<string>, out: Collector<string>): void {
      out.collect(`right ${record.value}`);
    }
    override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>): void {
      out.collect(`timer ${timestampMs} at ${context.timerService().currentWatermark()}`);
    }
  }
  const job = defineJob<{ left: readonly Step<Item>[]; right: readonly Step<Item>[] }>((env, { left, right }) => {
    const leftStream = env
      .fromSource(() => new ScriptedReader(left), WatermarkStrategy.noWatermarks(), 'left')
      .keyBy('key');
    const rightStream = env
      .fromSource(() => new ScriptedReader(right), WatermarkStrategy.noWatermarks(), 'right')
      .keyBy((record) => record.key);
    leftStream.connect(rightStream).process(new Meet()).uid('meet').sinkTo(externalSink<string>('out'));
  });

  test('hold event time back together; one that is idle or at its end holds nobody back', async () => {
    const left: Step<Item>[] = [item('a', 10, 1), item('a', 20, 1), ['watermark', 30]];
    expect(
      (
        await run(job, {
          left,
          right: [item('a', 1, 1), ['watermark', 15], item('a', 2, 2), ['idle'], ['watermark', 16], ['watermark', 25]],
        })
      ).records,
    ).toContain('timer 10 at 15');
    expect(
      (await run(job, { left, right: [['idle'], ['idle'], ['idle'], ['idle'], ['idle'], ['idle']] })).records,
    ).toContain('timer 20 at 30');
    expect((await run(job, { left: [...left, ['watermark', 31]], right: [] })).records).toContain('timer 20 at 30');
  });

  test('may be united before they are keyed', async () => {
    const united = defineJob<{ left: readonly Step<Item>[]; right: readonly Step<Item>[] }>((env, { left, right }) => {
      env
        .fromSource(() => new ScriptedReader(left), WatermarkStrategy.noWatermarks(), 'left')
        .union(env.fromSource(() => new ScriptedReader(right), WatermarkStrategy.noWatermarks(), 'right'))
        .map((record) => record)
        .keyBy('key')
        .process(new Timers())
        .uid('timers')
        .sinkTo(externalSink<string>('out'));
    });
    class Timers extends KeyedProcessFunction<string, Item, string> {
      processElement(record: Item, context: KeyedContext<string>): void {
        context.timerService().registerEventTimeTimer(record.value);
      }
      override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>): void {
        out.collect(`${context.getCurrentKey()} ${timestampMs}`);
      }
    }
    const left: Step<Item>[] = [item('a', 10, 1), item('b', 50, 1), ['watermark', 60]];
    const right: Step<Item>[] = [item('c', 20, 1), item('d', 70, 1), ['watermark', 65]];
    expect(await sameForAll(united, { left, right })).toEqual(['"a 10" @10', '"b 50" @50', '"c 20" @20']);
  });
});

describe('alignments', () => {
  /** Sums values over all keys; every record carries on the total it saw at the last alignment. */
  class Sum extends KeyedProcessFunction<string, Item, Item> {
    private sums!: AlignedSums;
    private last!: ValueState<number>;
    private alignments = 0;
    override open(context: RuntimeContext): void {
      this.last = context.getState(valueState<number>('last'));
      this.sums = context.getAlignedSums('sum', 2, () => {
        this.alignments += 1;
        if (this.alignments % 3 === 0) this.sums.reset(1);
      });
    }
    processElement(record: Item, _: KeyedContext<string>, out: Collector<Item>): void {
      this.sums.add(0, BigInt(record.value));
      this.sums.add(1, BigInt(record.value) * -(2n ** 70n));
      this.last.update(record.value);
      out.collect({
        key: `${record.key}>${Number(this.sums.total(1) / 2n ** 70n)}`,
        value: Number(this.sums.total(0)),
      });
    }
  }
  const script = Array.from({ length: 300 }, (_, index): Step<Item>[] => {
    const record = item(`k${(index * 7) % 23}`, index % 11, index);
    return index % 13 === 12 ? [record, ['align', index]] : [record];
  }).flat();

  test('give every subtask the same totals, whatever the parallelism', async () => {
    const job = defineJob<readonly Step<Item>[]>((env, steps) => {
      env
        .fromSource(() => new ScriptedReader(steps), WatermarkStrategy.noWatermarks(), 'script')
        .keyBy('key')
        .process(new Sum())
        .uid('sum')
        .sinkTo(externalSink<Item>('out'));
    });
    await sameForAll(job, script);
  });

  test('hold with as many subtasks and key groups as there can be', async () => {
    const job = defineJob<readonly Step<Item>[]>((env, steps) => {
      env
        .setMaxParallelism(32_768)
        .fromSource(() => new ScriptedReader(steps), WatermarkStrategy.noWatermarks(), 'script')
        .keyBy('key')
        .process(new Sum())
        .uid('sum')
        .sinkTo(externalSink<Item>('out'));
    });
    const expected = (await run(job, script)).sorted();
    expect((await run(job, script, { parallelism: 32, ringSlots: 4 })).sorted()).toEqual(expected);
  });

  test('go through a second keyed stage, where every ring waits for its marker', async () => {
    const job = defineJob<readonly Step<Item>[]>((env, steps) => {
      env
        .fromSource(() => new ScriptedReader(steps), WatermarkStrategy.noWatermarks(), 'script')
        .keyBy('key')
        .process(new Sum())
        .uid('first')
        .keyBy((record) => record.value % 5)
        .process(new Sum() as never)
        .uid('second')
        .sinkTo(externalSink<Item>('out'));
    });
    await sameForAll(job, script);
  });
});

describe('streams of several structs', () => {
  const BUY = struct('buy', { symbol: 'symbol', price: 'f64' });
  const NOTE = struct('note', { symbol: 'symbol', from: 'symbol', stars: 'i32' });
  type Message = ViewOf<typeof BUY> | ViewOf<typeof NOTE>;
  const STARS = new OutputTag<ViewOf<typeof NOTE>>('stars', NOTE);

  test('carry each in its own layout, told apart by kind, to keys, side outputs and sinks', async () => {
    class Split extends KeyedProcessFunction<string, Message, string> {
      processElement(message: Message, context: KeyedContext<string>, out: Collector<string>): void {
        if (message.kind === 'note') context.output(STARS, message);
        else out.collect(`${message.symbol} ${context.getCurrentKey()} ${message.price}`);
      }
    }
    const job = defineJob((env) => {
      const messages: Message[] = [
        { kind: 'buy', symbol: 'AAPL', price: 1.5 },
        { kind: 'note', symbol: 'AAPL', from: 'Ann', stars: -3 },
        { kind: 'buy', symbol: 'MSFT', price: 2 },
      ];
      const split = env
        .fromCollection(messages)
        .returns(BUY, NOTE)
        .filter(() => true)
        .keyBy('symbol')
        .process(new Split())
        .uid('split');
      split.sinkTo(externalSink<string>('out'));
      split
        .getSideOutput(STARS)
        .map((note) => `${note.from} gives ${note.symbol} ${note.stars}`)
        .sinkTo(externalSink<string>('out'));
    });
    expect((await sameForAll(job, null)).length).toBe(3);
    expect((await run(job, null)).sorted()).toEqual([
      '"AAPL AAPL 1.5" @0',
      '"Ann gives AAPL -3" @0',
      '"MSFT MSFT 2" @0',
    ]);
  });

  test('refuse a record of a kind that was not declared', async () => {
    const job = defineJob((env) => {
      env
        .fromCollection([{ kind: 'sell', symbol: 'AAPL', price: 1 }])
        .returns(BUY, NOTE)
        .sinkTo(externalSink<unknown>('out') as never);
    });
    await expect(run(job, null)).rejects.toThrow(/carries buy, note; found a record of kind "sell"/);
  });
});

describe('a function without keys', () => {
  class Stamp extends ProcessFunction<Item, string> {
    processElement(record: Item, context: ProcessContext, out: Collector<string>): void {
      if (record.value < 0) context.timerService();
      out.collect(`${record.key}@${context.timestamp()}`);
    }
  }
  const job = defineJob<readonly Step<Item>[]>((env, steps) => {
    env
      .fromSource(() => new ScriptedReader(steps), WatermarkStrategy.noWatermarks(), 'script')
      .process(new Stamp())
      .name('stamp')
      .sinkTo(externalSink<string>('out'));
  });

  test('sees timestamps', async () => {
    expect((await run(job, [item('a', 1, 5)])).records).toEqual(['a@5']);
  });

  test('has no timers, and its error names operator and record', async () => {
    await expect(run(job, [item('a', -1, 5)])).rejects.toThrow(
      /Operator 'stamp'.*record \{"key":"a","value":-1\}.*Setting timers is only supported on a keyed streams\./,
    );
  });
});

describe('a job graph', () => {
  class Nothing extends KeyedProcessFunction<string, Item, Item> {
    processElement(): void {}
  }
  const describeJob = (build: (env: StreamExecutionEnvironment) => void): StreamExecutionEnvironment => {
    const env = new StreamExecutionEnvironment();
    build(env);
    return env;
  };
  const keyed = (env: StreamExecutionEnvironment, uid: string | null): void => {
    const stream = env.fromCollection<Item>([]).keyBy('key').process(new Nothing()).name('nothing');
    if (uid !== null) stream.uid(uid);
  };

  test('refuses one uid for two operators, and an empty one', () => {
    expect(() => createJobGraph(describeJob((env) => (keyed(env, 'x'), keyed(env, 'x'))))).toThrow(
      "Operators 'nothing' and 'nothing' have the same uid 'x'",
    );
    expect(() => describeJob((env) => keyed(env, ''))).toThrow('was given an empty uid');
  });

  test('warns about state that nobody will find again', () => {
    expect(createJobGraph(describeJob((env) => keyed(env, null))).warnings).toEqual([
      expect.stringContaining("Operator 'nothing' keeps state but has no uid"),
    ]);
    expect(createJobGraph(describeJob((env) => keyed(env, 'x'))).warnings).toEqual([]);
  });

  test('has the bounds of Flink for parallelism', () => {
    const env = describeJob((environment) => keyed(environment, 'x'));
    expect(() => createJobGraph(env, { parallelism: 4, maxParallelism: 3 })).toThrow(
      'Maximum parallelism must not be smaller than parallelism.',
    );
    expect(() => createJobGraph(env, { maxParallelism: 32_769 })).toThrow(
      'Operator parallelism not within bounds: 32769',
    );
    expect(() => env.setParallelism(33)).toThrow('from 1 to 32; found 33');
    expect(createJobGraph(env, { parallelism: 3 }).maxParallelism).toBe(128);
  });

  test('is told apart by its fingerprint, not by its parallelism', () => {
    const one = createJobGraph(describeJob((env) => keyed(env, 'x')));
    expect(
      createJobGraph(
        describeJob((env) => keyed(env, 'x')),
        { parallelism: 7 },
      ).fingerprint,
    ).toBe(one.fingerprint);
    expect(createJobGraph(describeJob((env) => keyed(env, 'y'))).fingerprint).not.toBe(one.fingerprint);
  });

  test('needs a source', () => {
    expect(() => createJobGraph(new StreamExecutionEnvironment())).toThrow('The job has no source');
  });
});
