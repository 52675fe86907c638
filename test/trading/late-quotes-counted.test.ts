import { expect, test } from 'vitest';
import { defineJob } from '../../engine/api/job.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../engine/api/source.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { JobMeter } from '../../engine/runtime/metrics/job-metrics.ts';
import { describeTrading } from '../../engine/trading/job.ts';
import type { Quote, StartingPosition } from '../../engine/trading/records.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';

const SYMBOLS = 40;
const QUOTES = 3_000;
/** Its rules trade on late quotes: none of them is dropped. */
const PROCESSED = 'S0';
const clock = { monotonicMs: () => 0, wallMs: () => 0 };

interface Sent {
  readonly symbol: string;
  readonly timeMs: number;
  readonly watermarkMs: number;
}

/** Quotes that mostly come in order, each with the watermark it meets. */
function quotesOf(seed: number): Sent[] {
  const random = seededRandom(seed);
  let greatestMs = 0;
  return Array.from({ length: QUOTES }, (_, index) => {
    const timeMs = 1_000 + index - (random() < 0.2 ? Math.floor(random() * 50) : 0);
    const watermarkMs = greatestMs - 20 - 1;
    greatestMs = Math.max(greatestMs, timeMs);
    return { symbol: `S${Math.floor(random() * SYMBOLS)}`, timeMs, watermarkMs };
  });
}

class Played implements SourceReader<Quote | StartingPosition> {
  private readonly sent: readonly Sent[];
  private next = 0;
  constructor(sent: readonly Sent[]) {
    this.sent = sent;
  }
  pollNext(output: ReaderOutput<Quote | StartingPosition>): InputStatus {
    if (this.next === this.sent.length) return 'end-of-input';
    const { symbol, timeMs, watermarkMs } = this.sent[this.next];
    this.next += 1;
    output.emitWatermark(watermarkMs);
    output.collect({ kind: 'quote', symbol, bid: 1, bidSize: 1, ask: 2, askSize: 1, sequence: this.next }, timeMs);
    return 'more-available';
  }
  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

const trading = defineJob<readonly Sent[]>((environment, sent) => {
  describeTrading(environment, () => new Played(sent), {
    rules: { version: 1, defaults: { lateQuotes: 'drop' }, symbols: { [PROCESSED]: { lateQuotes: 'process' } } },
    historySampleMs: null,
  });
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])(
  'late quotes of the trading job are counted right with %i workers',
  async (workers) => {
    const parameters = quotesOf(3);
    const late = new CollectingSink<Quote>();
    const executor = new LocalExecutor(trading, {
      parameters,
      parallelism: workers,
      random: seededRandom(workers),
      clock,
      sinks: { trades: new CollectingSink(), 'late-quotes': late },
    });
    await executor.run();
    const { memory, graph } = executor;
    const nothing = {
      metrics: () => [],
      sinkTimes: () => ({ busyMs: 0, idleMs: 0, backPressuredMs: 0 }),
      checkpointHistory: [],
      checkpointCounts: { completed: 0, failed: 0 },
      rescaleHistory: [],
    };
    const { vertices } = new JobMeter({ clock, memory, graph, queryState: 'ended', uptimeMs: 0, ...nothing }).page(
      'job',
    );
    const expected = parameters.filter(
      ({ symbol, timeMs, watermarkMs }) => symbol !== PROCESSED && timeMs <= watermarkMs,
    ).length;
    const { operators, subtasks } = vertices.find(({ id }) => id === 'trade') ?? expect.unreachable();
    expect(expected).toBeGreaterThan(100);
    expect(operators[0].total.numLateRecordsDropped).toBe(expected);
    expect(late.records).toHaveLength(expected);
    expect(subtasks).toHaveLength(workers);
  },
);
