import { join } from 'node:path';
import { openFolderStore } from '../../engine/connectors/storage/folder-store.node.ts';
import type { CheckpointRecord } from '../../engine/contract/checkpoint-record.ts';
import { waitMs } from '../../engine/core/machine.node.ts';
import type { ThreadMetrics } from '../../engine/runtime/metrics/thread-times.ts';
import { runJob, type RunningJob } from '../../engine/entry/job-runner.node.ts';
import { sha256Of } from '../../engine/entry/session/session-identity.node.ts';
import { TradeCollector } from '../../engine/entry/session/trade-collector.node.ts';
import { CheckpointStorage } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { sharedMarket, type MarketColumns } from './market-in-memory.ts';
import { busiestThreadMs, spreadOf, threadTimes, type BenchLine } from './measure.ts';
import { medianInterval } from './median-interval.ts';
import { memoryTrading, type MemoryTradingEvent, type MemoryTradingParameters } from './memory-job.ts';
import { RULES_WITHOUT_TIMERS } from './memory-lines.ts';

const SYMBOLS = 10_000;
const WARM_UP_QUOTES = 2_000_000;
/** Longer than any run: jobs are ended when enough was seen. */
const ENDLESS = 2_000_000_000;
/** From one checkpoint to the next. */
const SECOND_MS = 1000;
/** The first checkpoints find nothing compiled; they cost some tenths of a second once, and do not count. */
const FIRST_CHECKPOINTS = 3;
const MEGABYTE = 1e6;

/** What a job did in one second. */
interface Second {
  readonly quotesPerMs: number;
  /** By the processor time of the busiest thread; null: the system does not tell. */
  readonly quotesPerBusyMs: number | null;
  /** From its trigger at the beginning of the second to durable within it; null: there was none. */
  readonly checkpoint: CheckpointRecord | null;
}

/** One job of its own, with what its compiled code and its place in memory happen to be. */
interface Round {
  /** Before its first checkpoint. */
  readonly before: readonly Second[];
  readonly pairs: readonly { readonly without: Second; readonly having: Second }[];
}

async function playSecond(job: RunningJob<MemoryTradingParameters>, what: 'checkpoint' | 'nothing'): Promise<Second> {
  const quotesRead = (): number => (job.metrics().find(({ taskIndex }) => taskIndex === 0) as ThreadMetrics).recordsIn;
  const before = threadTimes();
  const readBefore = quotesRead();
  const fromMs = performance.now();
  const checkpoint = what === 'checkpoint' ? await job.checkpoint() : null;
  await waitMs(Math.max(0, fromMs + SECOND_MS - performance.now()));
  const quotes = quotesRead() - readBefore;
  const elapsedMs = performance.now() - fromMs;
  const busiestMs = busiestThreadMs(before, threadTimes());
  if (checkpoint !== null && checkpoint.status !== 'completed')
    throw new Error(`A checkpoint failed: ${checkpoint.problem ?? ''}`);
  return {
    quotesPerMs: quotes / elapsedMs,
    quotesPerBusyMs: busiestMs === null ? null : quotes / busiestMs,
    checkpoint,
  };
}

async function roundOf(market: MarketColumns, storage: CheckpointStorage, seconds: RoundSeconds): Promise<Round> {
  let tellWarm = (): void => undefined;
  const warm = new Promise<void>((resolve) => {
    tellWarm = resolve;
  });
  const common = { symbols: SYMBOLS, quotes: ENDLESS, warmUpQuotes: WARM_UP_QUOTES, quotesPerMs: 1000, market };
  const job = runJob({
    job: memoryTrading,
    jobName: 'memory-trading',
    parameters: { ...common, rules: RULES_WITHOUT_TIMERS },
    workerScript: new URL('./bench-worker.js', import.meta.url),
    parallelism: 1,
    sinks: { trades: new TradeCollector(false), 'late-quotes': { write: () => undefined } },
    onSourceEvent: (event) => {
      if ((event as MemoryTradingEvent).kind === 'measuring') tellWarm();
    },
    // Triggered at the beginning of each second that is to have one.
    checkpoints: { storage, firstId: await storage.nextId(), intervalMs: null },
  });
  const before: Second[] = [];
  const pairs: Round['pairs'][number][] = [];
  try {
    await Promise.race([warm, job.finished]);
    await playSecond(job, 'nothing');
    for (let second = 0; second < seconds.before; second += 1) before.push(await playSecond(job, 'nothing'));
    for (let first = 0; first < FIRST_CHECKPOINTS; first += 1) await playSecond(job, 'checkpoint');
    for (let pair = 0; pair < seconds.pairs; pair += 1) {
      const first = await playSecond(job, pair % 2 === 0 ? 'nothing' : 'checkpoint');
      const second = await playSecond(job, pair % 2 === 0 ? 'checkpoint' : 'nothing');
      pairs.push(pair % 2 === 0 ? { without: first, having: second } : { without: second, having: first });
    }
  } finally {
    await job.cancel();
  }
  return { before, pairs };
}

interface RoundSeconds {
  readonly before: number;
  readonly pairs: number;
}

function lineOf(name: string, costs: readonly number[], aim: number | null, note: string): BenchLine {
  const { low, high, confidence } = medianInterval(costs);
  const told = `median of ${costs.length}, at ${(confidence * 100).toFixed(0)} % confidence from ${low.toFixed(2)} to ${high.toFixed(2)}; ${note}`;
  return { line: 'checkpoints', name, unit: '%', value: spreadOf(costs), interval: { low, high }, aim, note: told };
}

/** What is missing of `than`, in percent. */
const lessThan = (than: number, figure: number): number => (1 - figure / than) * 100;

/**
 * What a checkpoint every second costs a job at full speed: seconds with one against seconds of the same job with none, in
 * turns, so that both meet the machine in the same mood and the same code; and, because a checkpoint could leave something
 * behind that slows the seconds without one as well, these against the seconds before the job's first. Jobs are not compared
 * with each other: compiled code and memory come out a tenth faster or slower each time one starts.
 */
export async function checkpointCostLines(folder: string, quick: boolean): Promise<BenchLine[]> {
  const rounds = quick ? 1 : 3;
  const seconds = quick ? { before: 3, pairs: 10 } : { before: 5, pairs: 14 };
  const store = await openFolderStore(join(folder, 'checkpoints-cost'));
  const storage = new CheckpointStorage(store, sha256Of, 2);
  const market = sharedMarket(SYMBOLS);
  const played: Round[] = [];
  for (let round = 0; round < rounds; round += 1) played.push(await roundOf(market, storage, seconds));
  await store.close();
  return linesOf(played);
}

function linesOf(rounds: readonly Round[]): BenchLine[] {
  const pairs = rounds.flatMap((round) => round.pairs);
  const records = pairs.map(({ having }) => having.checkpoint as CheckpointRecord);
  const durations = spreadOf(records.map(({ durationMs }) => durationMs));
  const megabytes = spreadOf(records.map(({ newBytes }) => newBytes / MEGABYTE)).median.toFixed(1);
  const rate = spreadOf(pairs.map(({ without }) => without.quotesPerMs / 1000)).median.toFixed(1);
  const job = `trading job from memory, 1 worker, ${rate} M quotes/s without; every key changes in between, ${megabytes} MB anew, durable after ${durations.median.toFixed(0)} ms (${durations.max.toFixed(0)} at most)`;
  const busy = ({ quotesPerBusyMs }: Second): number => quotesPerBusyMs as number;
  const leftBehind = rounds.flatMap((round) => {
    const before = spreadOf(round.before.map(busy)).median;
    return round.pairs.map(({ without }) => lessThan(before, busy(without)));
  });
  const name = `cost of a checkpoint every second at ${SYMBOLS.toLocaleString('en')} keys`;
  const throughput = pairs.map(({ without, having }) => lessThan(without.quotesPerMs, having.quotesPerMs));
  const lines = [lineOf(`${name}: throughput`, throughput, 5, job)];
  if (pairs.some(({ without }) => without.quotesPerBusyMs === null)) return lines;
  const perBusyMs = pairs.map(({ without, having }) => lessThan(busy(without), busy(having)));
  return [
    ...lines,
    lineOf(`${name}: quotes per processor time`, perBusyMs, null, 'of the busiest thread'),
    lineOf(
      `${name}: left behind`,
      leftBehind,
      null,
      `seconds without one, against the median of the ${rounds[0].before.length} before the job's first; same measure`,
    ),
  ];
}
