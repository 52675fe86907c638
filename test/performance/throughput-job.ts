import type { KeyedContext, OnTimerContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { defineJob } from '../../engine/api/job.ts';
import { externalSink } from '../../engine/api/sink.ts';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../engine/api/source.ts';
import { structState, type StructState } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { WatermarkStrategy } from '../../engine/api/watermark-strategy.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** What the engine alone can do: quotes from memory into struct state, with or without a timer per key and second. */
export interface ThroughputParameters {
  readonly records: number;
  readonly keys: number;
  readonly timers: boolean;
  /** Quotes per ms of event time; it decides how many quotes share a second, and so a timer. */
  readonly recordsPerMs: number;
}

const QUOTE = struct('quote', {
  symbol: 'symbol',
  bid: 'f64',
  bidSize: 'f64',
  ask: 'f64',
  askSize: 'f64',
  sequence: 'f64',
});
type Quote = ViewOf<typeof QUOTE>;
const LAST = struct('last', { bid: 'f64', ask: 'f64', count: 'f64', highest: 'f64', fired: 'f64' });

const BUFFERED = 2 ** 16;

/** Walks over a prepared piece of memory, again and again. */
class MemoryReader implements SourceReader<Quote> {
  private readonly parameters: ThroughputParameters;
  private readonly ids: Int32Array;
  private readonly prices = new Float64Array(BUFFERED);
  private readonly order: Int32Array;
  private read = 0;
  private readonly quote = {
    kind: 'quote' as const,
    symbol: '',
    symbolId: 0,
    bid: 0,
    bidSize: 100,
    ask: 0,
    askSize: 100,
    sequence: 0,
  };

  constructor(parameters: ThroughputParameters, context: SourceReaderContext) {
    this.parameters = parameters;
    const random = seededRandom(1);
    this.ids = Int32Array.from({ length: parameters.keys }, (_, key) => context.symbols.idOf(`K${key}`));
    // Longer than the buffer of prices when there are many keys, so that every key comes up.
    this.order = Int32Array.from(
      { length: Math.max(BUFFERED, 2 ** Math.ceil(Math.log2(parameters.keys)) * 2) },
      () => this.ids[Math.floor(random() * parameters.keys)],
    );
    for (let index = 0; index < BUFFERED; index += 1) this.prices[index] = 100 + Math.floor(random() * 1000) / 100;
  }

  pollNext(output: ReaderOutput<Quote>, recordsMax: number): InputStatus {
    const { quote, order, prices } = this;
    const { records, recordsPerMs } = this.parameters;
    const end = Math.min(records, this.read + recordsMax);
    const mask = order.length - 1;
    let read = this.read;
    for (; read < end; read += 1) {
      const timeMs = Math.floor(read / recordsPerMs);
      quote.symbolId = order[read & mask];
      quote.bid = prices[read & (BUFFERED - 1)];
      quote.ask = quote.bid + 0.01;
      quote.sequence = read;
      output.emitWatermark(timeMs - 1);
      output.collect(quote, timeMs);
    }
    this.read = read;
    return read === records ? 'end-of-input' : 'more-available';
  }

  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

class KeepLast extends KeyedProcessFunction<string, Quote, Quote> {
  private last!: StructState<ViewOf<typeof LAST>>;
  private readonly timers: boolean;

  constructor(timers: boolean) {
    super();
    this.timers = timers;
  }

  override open(context: RuntimeContext): void {
    this.last = context.getStructState(structState('last', LAST));
  }

  processElement(quote: Quote, context: KeyedContext<string>): void {
    const last = this.last.value() ?? this.last.create();
    last.count += 1;
    last.ask = quote.ask;
    if (quote.bid > last.highest) last.highest = quote.bid;
    last.bid = quote.bid;
    if (this.timers) {
      const timeMs = context.timestamp() as number;
      context.timerService().registerEventTimeTimer(timeMs - (timeMs % 1000) + 1000);
    }
  }

  override onTimer(_: number, __: OnTimerContext<string>): void {
    this.last.create().fired += 1;
  }
}

export const throughput = defineJob<ThroughputParameters>((env, parameters) => {
  env
    .fromSource<Quote>((context) => new MemoryReader(parameters, context), WatermarkStrategy.noWatermarks(), 'memory')
    .returns(QUOTE)
    .keyBy('symbol')
    .process(new KeepLast(parameters.timers))
    .uid('keep-last')
    .returns(QUOTE)
    .sinkTo(externalSink<Quote>('nothing'));
});
