import { runJob } from '../../engine/entry/job-runner.node.ts';
import { TradeCollector } from '../../engine/entry/session/trade-collector.node.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { busiestThreadMs, spreadOf, threadTimes, type BenchLine } from './measure.ts';
import { memoryTrading, type MemoryTradingEvent, type MemoryTradingParameters } from './memory-job.ts';

/** One share at a time, ask ten cents above the trade, no time to live: quotes and trades alone. */
export const RULES_WITHOUT_TIMERS: RulesDocument = {
  version: 1,
  defaults: { askIncrease: { from: 'trade-price', amount: '0.10' }, ttlMs: 0, maxSharesPerTrade: '1' },
};

/** The same with a decay of a cent each second of event time: one timer per position and second. */
export const RULES_WITH_TIMERS: RulesDocument = {
  version: 1,
  defaults: {
    askIncrease: { from: 'trade-price', amount: '0.10' },
    maxSharesPerTrade: '1',
    ttlMs: 1,
    tradeResetsTtl: false,
    decayEveryMs: 1000,
    decayAmount: '0.01',
    askFloor: 'none',
  },
};

const RSS_EVERY_MS = 50;
const MEGABYTE = 1e6;
/** A collector that comes a little later than the time before moves a process by so much; a leak does not stop there. */
const FLAT_MEGABYTES = 4;

interface MemoryRun {
  /** Of the whole process, bytes: when measuring began, and the most there was since. */
  readonly rssBefore: number;
  readonly rssPeak: number;
  /** The most there was in each quarter of the time since measuring began. */
  readonly rssQuarters: readonly number[];
  readonly quotesPerSecond: number;
  readonly perBusiestThreadSecond: number | null;
  readonly trades: number;
}

/** Plays one session from memory through the whole job, on threads of its own. */
async function runFromMemory(parameters: MemoryTradingParameters, workers: number): Promise<MemoryRun> {
  const trades = new TradeCollector(true);
  let startedMs = 0;
  let rssBefore = 0;
  let rssPeak = 0;
  const rssSamples: number[] = [];
  const lastSeen = new Map<string, number>();
  let before: ReadonlyMap<string, number> | null = null;
  let after: ReadonlyMap<string, number> | null = null;
  const job = runJob({
    job: memoryTrading,
    jobName: 'memory-trading',
    parameters,
    workerScript: new URL('./bench-worker.js', import.meta.url),
    parallelism: workers,
    sinks: { trades: trades, 'late-quotes': { write: () => undefined } },
    onSourceEvent: (event) => {
      if ((event as MemoryTradingEvent).kind !== 'measuring') return;
      before = threadTimes();
      rssBefore = process.memoryUsage.rss();
      startedMs = performance.now();
    },
    // Threads stay until they were asked for their processor time.
    lingers: true,
  });
  const sampling = setInterval(() => {
    const rss = process.memoryUsage.rss();
    rssPeak = Math.max(rssPeak, rss);
    if (startedMs > 0) rssSamples.push(rss);
    // The source thread ends before the others: what it used is known from while it lived.
    for (const [thread, ms] of threadTimes() ?? []) lastSeen.set(thread, ms);
  }, RSS_EVERY_MS);
  try {
    await job.finished;
    const elapsedMs = performance.now() - startedMs;
    const living = threadTimes();
    after = living === null ? null : new Map([...lastSeen, ...living]);
    const busyMs = busiestThreadMs(before, after);
    return {
      rssBefore,
      rssPeak: Math.max(rssPeak, rssBefore),
      rssQuarters: quartersOf(rssSamples),
      quotesPerSecond: (parameters.quotes / elapsedMs) * 1000,
      perBusiestThreadSecond: busyMs === null ? null : (parameters.quotes / busyMs) * 1000,
      trades: trades.count,
    };
  } finally {
    clearInterval(sampling);
    await job.close();
    trades.dispose();
  }
}

/** The greatest of each quarter of the samples. */
function quartersOf(samples: readonly number[]): number[] {
  return [0, 1, 2, 3].map((quarter) => {
    const from = Math.floor((samples.length * quarter) / 4);
    return samples
      .slice(from, Math.floor((samples.length * (quarter + 1)) / 4))
      .reduce((most, at) => Math.max(most, at), 0);
  });
}

export interface MemoryLineOptions {
  readonly line: string;
  readonly symbols: number;
  readonly workers: number;
  readonly timers: boolean;
  readonly quotesPerMs: number;
  readonly runs: number;
  readonly quotes: number;
}

export async function memoryLine(options: MemoryLineOptions): Promise<BenchLine> {
  const { symbols, workers, timers, quotesPerMs, runs, quotes } = options;
  const parameters: MemoryTradingParameters = {
    symbols,
    quotes,
    warmUpQuotes: Math.max(2_000_000, symbols * 2),
    quotesPerMs,
    rules: timers ? RULES_WITH_TIMERS : RULES_WITHOUT_TIMERS,
  };
  const measured: MemoryRun[] = [];
  for (let run = 0; run < runs; run += 1) measured.push(await runFromMemory(parameters, workers));
  const busiest = measured.map(({ perBusiestThreadSecond }) => perBusiestThreadSecond).filter((each) => each !== null);
  const perTrade = Math.round((quotes + parameters.warmUpQuotes) / Math.max(1, measured[0].trades));
  const timersText = timers ? `, a timer per key and second: one to ${(quotesPerMs * 1000) / symbols} quotes` : '';
  return {
    line: options.line,
    name: `${symbols.toLocaleString('en')} symbols, ${workers} worker${workers === 1 ? '' : 's'}${timers ? ', timers' : ''}, ${(quotesPerMs * 1000).toLocaleString('en')} quotes/s of event time`,
    unit: 'quotes/s',
    value: spreadOf(measured.map(({ quotesPerSecond }) => quotesPerSecond)),
    ...(busiest.length === runs && { perBusiestThreadSecond: spreadOf(busiest) }),
    aim: timers ? 10e6 : 20e6,
    floor: timers ? 5e6 : 10e6,
    note: `one trade to ${perTrade} quotes${timersText}`,
  };
}

/** Whether memory grows with the length of a session: one long run at 10,000 symbols, timers and trades included. */
export async function memoryOverTime(quotes: number): Promise<BenchLine[]> {
  const symbols = 10_000;
  const parameters = { symbols, quotes, warmUpQuotes: 4_000_000, quotesPerMs: 1000, rules: RULES_WITH_TIMERS };
  const run = await runFromMemory(parameters, 1);
  const base = {
    line: 'memory',
    unit: 'MB',
    note: `${(quotes / 1e6).toFixed(0)} M quotes, ${run.trades.toLocaleString('en')} trades, 10,000 symbols`,
  };
  const one = (bytes: number): BenchLine['value'] => spreadOf([bytes / MEGABYTE]);
  const [first, second, third, last] = run.rssQuarters;
  const quarters = [run.rssBefore, first, second, third, last].map((bytes) => (bytes / MEGABYTE).toFixed(1));
  return [
    { ...base, name: 'whole process, most while running', value: one(run.rssPeak), aim: 300 },
    { ...base, name: 'growth since the warm-up', value: one(run.rssPeak - run.rssBefore), aim: null },
    {
      ...base,
      name: 'growth from the first half to the second',
      value: one(Math.max(third, last) - Math.max(first, second)),
      aim: FLAT_MEGABYTES,
      note: `after the warm-up ${quarters[0]}, most of each quarter ${quarters.slice(1).join(', ')}`,
    },
  ];
}
