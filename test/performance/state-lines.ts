import { join } from 'node:path';
import { openFolderStore } from '../../engine/connectors/storage/folder-store.node.ts';
import { runJob, type RunJobOptions, type RunningJob } from '../../engine/entry/job-runner.node.ts';
import { sha256Of } from '../../engine/entry/session/session-identity.node.ts';
import { TradeCollector } from '../../engine/entry/session/trade-collector.node.ts';
import type { CheckpointRecord } from '../../engine/contract/checkpoint-record.ts';
import { createSymbolMemory, SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { CheckpointStorage, type RestoredCheckpoint } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import type { RescaleRecord, RescaleSteps } from '../../engine/runtime/checkpoint/rescale.ts';
import { KeyedBroadcastOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { decodeKeyGroup } from '../../engine/state/key-group-blob.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';
import { sharedMarket } from './market-in-memory.ts';
import { spreadOf, type BenchLine } from './measure.ts';
import { memoryTrading, type MemoryTradingEvent, type MemoryTradingParameters } from './memory-job.ts';
import { RULES_WITH_TIMERS } from './memory-lines.ts';

const MEGABYTE = 1e6;
const WORKERS = 1;

interface Session {
  readonly job: RunningJob<MemoryTradingParameters>;
  /** Quotes count from here on. */
  readonly measuring: Promise<void>;
  /** Every thread has its state back. */
  readonly goingOn: Promise<void>;
}

function parametersOf(symbols: number, quotes: number): MemoryTradingParameters {
  const warmUpQuotes = Math.max(2_000_000, symbols * 2);
  return { symbols, quotes, warmUpQuotes, quotesPerMs: 1000, rules: RULES_WITH_TIMERS, market: sharedMarket(symbols) };
}

function start(
  parameters: MemoryTradingParameters,
  workers: number,
  more: Partial<RunJobOptions<MemoryTradingParameters>>,
): Session {
  let tellMeasuring = (): void => undefined;
  let tellGoingOn = (): void => undefined;
  const measuring = new Promise<void>((resolve) => {
    tellMeasuring = resolve;
  });
  const goingOn = new Promise<void>((resolve) => {
    tellGoingOn = resolve;
  });
  const trades = new TradeCollector(false);
  const job = runJob({
    job: memoryTrading,
    jobName: 'memory-trading',
    parameters,
    workerScript: new URL('./bench-worker.js', import.meta.url),
    parallelism: workers,
    sinks: { trades, 'late-quotes': { write: () => undefined } },
    onSourceEvent: (event) => {
      if ((event as MemoryTradingEvent).kind === 'measuring') tellMeasuring();
      if ((event as MemoryTradingEvent).kind === 'going-on') tellGoingOn();
    },
    ...more,
  });
  return { job, measuring, goingOn };
}

/** Where the time of a recovery goes; what is left is threads, and the source's own way back to its place. */
interface RecoverySplit {
  readonly readMs: number;
  readonly decodeMs: number;
  readonly buildMs: number;
}

const SPLIT_NOTES = {
  read: 'from the store, every byte verified, into shared memory',
  decode: 'bytes of key groups as columns; on one thread, by itself',
  build: 'keys, state, timers and rows of the trading function; on one thread, by itself',
} as const;

function restoredInOneThread({ operators, maxParallelism }: RestoredCheckpoint): Omit<RecoverySplit, 'readMs'> {
  const [stored] = Object.values(operators);
  const fromMs = performance.now();
  for (const { bytes } of stored.keyGroups) decodeKeyGroup(bytes);
  const decodeMs = performance.now() - fromMs;
  const trade = new TradeFunction({ rules: RULES_WITH_TIMERS, historySampleMs: null });
  const symbols = new SymbolDictionary(createSymbolMemory());
  const harness = new KeyedBroadcastOperatorTestHarness(trade, 'symbol', { maxParallelism, symbols });
  const builtFromMs = performance.now();
  harness.operator.restore(stored);
  harness.open();
  return { decodeMs, buildMs: performance.now() - builtFromMs - decodeMs };
}

/** Longer than any run: the job is ended when enough was seen. */
const ENDLESS = 2_000_000_000;

/** Checkpoints of a job that runs at full speed, and going on from the last of them. */
async function checkpointLines(folder: string, symbols: number, runs: number): Promise<BenchLine[]> {
  const store = await openFolderStore(join(folder, `checkpoints-${symbols}`));
  const storage = new CheckpointStorage(store, sha256Of, 2);
  const parameters = parametersOf(symbols, ENDLESS);
  const session = start(parameters, WORKERS, { checkpoints: { storage, firstId: 1, intervalMs: null } });
  const records: CheckpointRecord[] = [];
  try {
    await session.measuring;
    for (let run = 0; run < runs; run += 1) records.push(await session.job.checkpoint());
  } finally {
    await session.job.cancel();
  }
  const failed = records.find(({ status }) => status !== 'completed');
  if (failed !== undefined) throw new Error(`A checkpoint failed: ${failed.problem ?? ''}`);
  const recoveries: number[] = [];
  const splits: RecoverySplit[] = [];
  for (let run = 0; run < Math.min(3, runs); run += 1) {
    const fromMs = performance.now();
    const { checkpoint } = await storage.latest();
    const readMs = performance.now() - fromMs;
    const again = start(parameters, WORKERS, { restore: checkpoint });
    await again.goingOn;
    recoveries.push(performance.now() - fromMs);
    await again.job.cancel();
    splits.push({ readMs, ...restoredInOneThread(checkpoint as RestoredCheckpoint) });
  }
  await store.close();
  const keys = symbols.toLocaleString('en');
  const line = 'state';
  const value = (of: (record: CheckpointRecord) => number): BenchLine['value'] => spreadOf(records.map(of));
  return [
    {
      line,
      name: `checkpoint of ${keys} keys: processing stands still`,
      unit: 'ms',
      value: value(({ pauseMs }) => pauseMs),
      aim: symbols <= 100_000 ? 10 : null,
      note: 'a timer per key; records go on while the snapshot is read',
    },
    {
      line,
      name: `checkpoint of ${keys} keys: from trigger to durable`,
      unit: 'ms',
      value: value(({ durationMs }) => durationMs),
      aim: null,
      note: `${(records[0].bytes / MEGABYTE).toFixed(1)} MB, the job at full speed meanwhile`,
    },
    {
      line,
      name: `recovery with ${keys} keys`,
      unit: 'ms',
      value: spreadOf(recoveries),
      aim: 3000,
      note: 'from looking for the checkpoint to the first quote; threads are started anew, every byte is verified',
    },
    ...(['read', 'decode', 'build'] as const).map((part) => ({
      line,
      name: `recovery with ${keys} keys: ${part}`,
      unit: 'ms',
      value: spreadOf(splits.map((split) => split[`${part}Ms`])),
      aim: null,
      note: SPLIT_NOTES[part],
    })),
  ];
}

const STEP_NOTES = {
  drain: 'of the pause: until every worker had the barrier',
  give: 'until the coordinator had the keys that move',
  deal: 'until they were sent to their new workers',
  take: 'until the last thread had taken them over',
} as const;

/** The number of workers up and down while quotes flow at full speed. */
async function rescaleLines(symbols: number, quick: boolean): Promise<BenchLine[]> {
  const session = start(parametersOf(symbols, ENDLESS), 1, {});
  const changes: RescaleRecord[] = [];
  try {
    await session.measuring;
    for (const workers of quick ? [2, 1] : [2, 3, 2, 1, 2, 1]) {
      const record = await session.job.rescale(workers);
      if (record.status !== 'completed') throw new Error(record.problem ?? '');
      changes.push(record);
    }
  } finally {
    await session.job.cancel();
  }
  const name = `change of workers at ${symbols.toLocaleString('en')} keys`;
  return [
    {
      line: 'state',
      name: `${name}: no quote is taken in`,
      unit: 'ms',
      value: spreadOf(changes.map(({ pauseMs }) => pauseMs)),
      aim: 50,
      note: '1, 2, 3 workers up and down at full speed, rings full: what is in them is worked off first',
    },
    ...(['drain', 'give', 'deal', 'take'] as const).map((step) => ({
      line: 'state',
      name: `${name}: ${step}`,
      unit: 'ms',
      value: spreadOf(changes.map(({ steps }) => (steps as RescaleSteps)[`${step}Ms`])),
      aim: null,
      note: STEP_NOTES[step],
    })),
  ];
}

export async function stateLines(folder: string, quick: boolean): Promise<BenchLine[]> {
  return [
    ...(await checkpointLines(folder, 10_000, quick ? 3 : 9)),
    ...(await checkpointLines(folder, 100_000, quick ? 3 : 9)),
    ...(quick ? [] : await checkpointLines(folder, 1_000_000, 3)),
    ...(await rescaleLines(10_000, quick)),
  ];
}
