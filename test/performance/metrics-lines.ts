import { runJob } from '../../engine/entry/job-runner.node.ts';
import { TradeCollector } from '../../engine/entry/session/trade-collector.node.ts';
import { JobMeter } from '../../engine/runtime/metrics/job-metrics.ts';
import type { MetricsMemory } from '../../engine/runtime/metrics/metrics-memory.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { BUFFERED_MIN } from './market-in-memory.ts';
import { spreadOf, type BenchLine } from './measure.ts';
import { medianInterval } from './median-interval.ts';
import { memoryTrading, type MemoryTradingEvent } from './memory-job.ts';
import { RULES_WITHOUT_TIMERS, RULES_WITH_TIMERS } from './memory-lines.ts';
import type { Counting, SliceOrder, SliceTimes } from './metrics-slices.ts';

/** Percent of throughput. */
const AIM = 2;
/** The arrays of the market eight times: every slice has the same quotes. On the wall some thirty ms. */
const SLICE_QUOTES = 8 * BUFFERED_MIN;
/** As in a session. */
const LATENCY_INTERVAL_MS = 100;
const WARM_UP_QUOTES = 8_000_000;
/** So that what follows finds the code compiled with counting switched on and off. */
const SLICES_DROPPED = 32;
/** One more than the slices take: the job ends behind the last of them. */
const QUOTES_BEHIND = 1;

interface Setting {
  readonly symbols: number;
  readonly workers: number;
  readonly timers: boolean;
}
const SETTINGS: readonly Setting[] = [
  { symbols: 100, workers: 1, timers: false },
  { symbols: 10_000, workers: 1, timers: true },
  { symbols: 10_000, workers: 2, timers: false },
];

/** Slices of one pair follow each other. */
interface Pair {
  readonly wall: Readonly<Record<Counting, number>>;
  readonly cpu: Readonly<Record<Counting, number>>;
}

/**
 * What counting costs. One job runs on, and its counting is paused and resumed every thirty ms: the same threads, the same
 * compiled code, the same memory, the same quotes. Which slice of a pair counts is drawn, so that nothing that comes and goes in the
 * machine keeps step with it.
 */
export async function metricsLines(quick: boolean): Promise<BenchLine[]> {
  const pairs = quick ? 100 : 300;
  const lines: BenchLine[] = [];
  for (const setting of SETTINGS) lines.push(...linesOf(setting, await measure(setting, pairs, 'on')));
  const [, timers] = SETTINGS;
  const nothing = await measure(timers, pairs, 'off');
  return [...lines, costLine(`${nameOf(timers)}: paused against paused, on throughput`, nothing, 'wall', null)];
}

function linesOf(setting: Setting, { pairs, readingMs }: Measured): BenchLine[] {
  const name = nameOf(setting);
  const speeds = (['off', 'on'] as const).map((counting): BenchLine => ({
    line: 'metrics',
    name: `${name}: metrics ${counting}`,
    unit: 'quotes/s',
    value: spreadOf(pairs.map(({ wall }) => (SLICE_QUOTES / wall[counting]) * 1000)),
    aim: null,
    note: `${pairs.length} slices of ${SLICE_QUOTES.toLocaleString('en')} quotes`,
  }));
  return [
    ...speeds,
    costLine(`${name}: cost of metrics on throughput`, { pairs, readingMs }, 'wall', AIM),
    costLine(`${name}: cost of metrics in processor time, all threads`, { pairs, readingMs }, 'cpu', null),
    {
      line: 'metrics',
      name: `${name}: reading the job page, of the coordinator's thread`,
      unit: 'ms',
      value: spreadOf(readingMs),
      aim: null,
      note: 'once a second, while somebody looks',
    },
  ];
}

/** In percent: of the throughput without counting, or of the processor time without it. */
function costLine(name: string, { pairs }: Measured, clock: keyof Pair, aim: number | null): BenchLine {
  const costs = pairs.map(({ [clock]: { on, off } }) => (clock === 'wall' ? 1 - off / on : on / off - 1) * 100);
  const { low, high, confidence } = medianInterval(costs);
  const sum = (counting: Counting): number => pairs.reduce((all, { [clock]: times }) => all + times[counting], 0);
  const altogether = (clock === 'wall' ? 1 - sum('off') / sum('on') : sum('on') / sum('off') - 1) * 100;
  return {
    line: 'metrics',
    name,
    unit: '%',
    value: spreadOf(costs),
    interval: { low, high },
    aim,
    note: `median of ${costs.length} pairs, at ${(confidence * 100).toFixed(0)} % confidence from ${low.toFixed(2)} to ${high.toFixed(2)}; all slices together ${altogether.toFixed(2)}`,
  };
}

function nameOf({ symbols, workers, timers }: Setting): string {
  return `${symbols.toLocaleString('en')} symbols, ${workers} worker${workers === 1 ? '' : 's'}${timers ? ', timers' : ''}`;
}

interface Measured {
  readonly pairs: readonly Pair[];
  /** Of single readings of the job page. */
  readonly readingMs: readonly number[];
}

/** @param compared what the second kind of slices does: count, or, to see what the measure makes of nothing, not */
async function measure(setting: Setting, count: number, compared: Counting): Promise<Measured> {
  const random = seededRandom(1);
  const isOnFirst = Array.from({ length: count }, () => random() < 0.5);
  const turns = isOnFirst.flatMap((first): Counting[] => (first ? [compared, 'off'] : ['off', compared]));
  const warm = Array.from({ length: SLICES_DROPPED }, (_, slice): Counting => (slice % 2 === 0 ? compared : 'off'));
  const { times, readingMs } = await play(setting, [...warm, ...turns]);
  const pairs = isOnFirst.map((first, pair): Pair => {
    const at = SLICES_DROPPED + 2 * pair;
    const of = (all: Float64Array): Pair['wall'] => ({ on: all[first ? at : at + 1], off: all[first ? at + 1 : at] });
    return { wall: of(times.wallMs), cpu: of(times.cpuMs) };
  });
  return { pairs, readingMs };
}

/** Runs one job over all slices. */
async function play(
  { symbols, workers, timers }: Setting,
  plan: readonly Counting[],
): Promise<{ readonly times: SliceTimes; readonly readingMs: readonly number[] }> {
  const trades = new TradeCollector(true);
  let times: SliceTimes | null = null;
  const job = runJob({
    job: memoryTrading,
    jobName: 'memory-trading',
    parameters: {
      symbols,
      quotes: plan.length * SLICE_QUOTES + QUOTES_BEHIND,
      warmUpQuotes: WARM_UP_QUOTES,
      quotesPerMs: 1000,
      rules: timers ? RULES_WITH_TIMERS : RULES_WITHOUT_TIMERS,
    },
    workerScript: new URL('./bench-worker.js', import.meta.url),
    parallelism: workers,
    sinks: { trades, 'late-quotes': { write: () => undefined } },
    onSourceEvent: (event) => {
      const told = event as MemoryTradingEvent;
      if (told.kind === 'slices-played') times = told.times;
    },
    lingers: true,
    latencyIntervalMs: LATENCY_INTERVAL_MS,
  });
  try {
    const memory = job.memory.metrics as MetricsMemory;
    job.sendSourceEvent({ kind: 'slices', quotes: SLICE_QUOTES, plan, memory } satisfies SliceOrder);
    await job.finished;
    if (times === null) throw new Error('The source has told no times: the order for slices came too late.');
    return { times, readingMs: readingsOf(new JobMeter(job)) };
  } finally {
    await job.close();
    trades.dispose();
  }
}

const READINGS = 20;

/** The first ones compile what they need, as in a window that was just opened. */
function readingsOf(meter: JobMeter): number[] {
  return Array.from({ length: READINGS }, () => {
    const fromMs = performance.now();
    meter.page('bench');
    return performance.now() - fromMs;
  });
}
