import { expect, test } from 'vitest';
import { KeyedProcessFunction, type Collector, type KeyedContext } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../engine/api/source.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';

const TICK = struct('tick', { symbol: 'symbol', price: 'f64' });
type Tick = ViewOf<typeof TICK>;

/** What is known of so many does not stay in a core's own cache: hints are followed. */
const SYMBOLS = 2 ** 15 + 1;
const CHUNK = 512;

/** Which symbols are said to come, where in truth they come one after the other. */
type Hint = 'none' | 'true' | 'wrong';

class TickReader implements SourceReader<Tick> {
  private readonly hint: Hint;
  private readonly ids: Int32Array;
  private next = 0;

  constructor(hint: Hint, context: SourceReaderContext) {
    this.hint = hint;
    this.ids = Int32Array.from({ length: SYMBOLS }, (_, symbol) => context.symbols.idOf(`S${symbol}`));
  }

  pollNext(output: ReaderOutput<Tick>): InputStatus {
    const end = Math.min(SYMBOLS, this.next + CHUNK);
    if (this.hint === 'true') output.announceSymbols(this.ids, this.next, end);
    if (this.hint === 'wrong') output.announceSymbols(Int32Array.of(-1, SYMBOLS * 4, 2 ** 31 - 1, 0), 0, 9);
    for (; this.next < end; this.next += 1)
      output.collect({ kind: 'tick', symbol: `S${this.next}`, price: this.next }, this.next);
    return this.next === SYMBOLS ? 'end-of-input' : 'more-available';
  }

  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

class EveryThousandth extends KeyedProcessFunction<string, Tick, string> {
  processElement(tick: Tick, context: KeyedContext<string>, out: Collector<string>): void {
    if (tick.price % 1000 === 0) out.collect(`${context.getCurrentKey()} ${tick.price}`);
  }
}

const job = defineJob<Hint>((env, hint) => {
  env
    .fromSource((context) => new TickReader(hint, context), WatermarkStrategy.noWatermarks(), 'ticks')
    .returns(TICK)
    .keyBy('symbol')
    .process(new EveryThousandth())
    .uid('every-thousandth')
    .sinkTo(externalSink<string>('out'));
});

async function outcome(hint: Hint): Promise<string[]> {
  const sink = new CollectingSink<never>();
  const clock = { monotonicMs: () => 0, wallMs: () => 0 };
  const options = { parameters: hint, parallelism: 2, random: seededRandom(1), clock, sinks: { out: sink } };
  await new LocalExecutor(job, options).run();
  return sink.sorted();
}

test('which symbols a source says will come, rightly or wrongly, changes nothing', async () => {
  const plain = await outcome('none');
  expect(plain).toHaveLength(Math.ceil(SYMBOLS / 1000));
  expect(await outcome('true')).toEqual(plain);
  expect(await outcome('wrong')).toEqual(plain);
});
