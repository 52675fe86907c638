import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { OutputTag } from '../../engine/api/output-tag.ts';
import type { ReaderOutput } from '../../engine/api/source.ts';
import { openSession } from '../../engine/connectors/files/open-session.node.ts';
import { recordSession } from '../../engine/connectors/recording/record-session.node.ts';
import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { inputToCsv } from '../../engine/connectors/simulator/quotes-to-csv.ts';
import { MemoryQuotes, type QuoteColumns } from '../../engine/connectors/sources/memory-quotes.ts';
import type { QuoteInput } from '../../engine/connectors/sources/quote-input.ts';
import type { SessionRecord } from '../../engine/connectors/sources/session-records.ts';
import { SessionSourceReader } from '../../engine/connectors/sources/session-source-reader.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';

/**
 * How fast sessions come in, from the file to the reader's output: medians of several runs of the same process. The
 * output adds prices up, so that nothing is optimized away, and does no more: what is measured is the connectors.
 */
export interface ThroughputLine {
  readonly name: string;
  readonly quotes: number;
  readonly quotesPerSecond: number;
  readonly runs: readonly number[];
}

export interface ThroughputOptions {
  /** Session files to read; empty: simulated ones are written to a temporary folder. */
  readonly files: readonly string[];
  readonly runs: number;
  /** Keep another core busy all the while. */
  readonly busy: boolean;
}

const MEMORY_QUOTES = 20_000_000;
const RECORDS_PER_POLL = 4096;

class AddingOutput implements ReaderOutput<SessionRecord> {
  quotes = 0;
  sum = 0;

  collect(record: SessionRecord): void {
    if (record.kind !== 'quote') return;
    this.quotes += 1;
    this.sum += record.bid + record.ask;
  }

  output(): void {}
  announceSymbols(): void {}
  emitWatermark(watermarkMs: number): void {
    this.sum += watermarkMs;
  }
  emitProcessingTime(): void {}
  emitAlignment(): void {}
  markIdle(): void {}
}

export async function connectorsThroughput(options: ThroughputOptions): Promise<readonly ThroughputLine[]> {
  const folder = mkdtempSync(join(tmpdir(), 'flinktrade-throughput-'));
  const busy = options.busy ? new Worker('for (;;) {}', { eval: true }) : null;
  try {
    const files = options.files.length > 0 ? options.files : [writeSimulated(folder)];
    const recording = join(folder, 'session.ftrec');
    await recordSession(files, null, recording);
    const columns = await columnsOf(recording);
    return [
      await measure('gzip CSV', options.runs, () => playFiles(files)),
      await measure('native recording', options.runs, () => playFiles([recording])),
      await measure('arrays in memory', options.runs, () => playMemory(columns)),
      await measure('simulated market', options.runs, playSimulator),
    ];
  } finally {
    await busy?.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(name: string, runs: number, playOnce: () => Promise<number>): Promise<ThroughputLine> {
  let quotes = 0;
  const speeds: number[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const startedMs = performance.now();
    quotes = await playOnce();
    const perSecond = (quotes / (performance.now() - startedMs)) * 1000;
    // The first one warms up.
    if (run > 0) speeds.push(Math.round(perSecond));
  }
  const sorted = [...speeds].sort((left, right) => left - right);
  return { name, quotes, quotesPerSecond: sorted[Math.floor(sorted.length / 2)] ?? 0, runs: speeds };
}

async function playFiles(paths: readonly string[]): Promise<number> {
  const session = await openSession(paths, null);
  const quotes = await play(session.inputs, session.symbols);
  await session.close();
  return quotes;
}

async function play(inputs: readonly QuoteInput[], symbols: SymbolTable): Promise<number> {
  const reader = new SessionSourceReader({
    inputs,
    symbols,
    controlTag: new OutputTag<unknown>('control'),
    clock: { monotonicMs: () => performance.now(), wallMs: () => 0 },
    startTimer: () => () => {},
    speed: { kind: 'max' },
    startPaused: false,
    outOfOrdernessMs: 0,
    maxFutureMs: 3_600_000,
    positions: [],
    alignFullSeconds: true,
    drivesProcessingTime: true,
  });
  const output = new AddingOutput();
  for (;;) {
    const status = reader.pollNext(output, RECORDS_PER_POLL);
    if (status === 'end-of-input') return output.quotes;
    if (status === 'nothing-available') await reader.isAvailable();
  }
}

function playMemory(columns: { readonly columns: QuoteColumns; readonly symbols: SymbolTable }): Promise<number> {
  return play([new MemoryQuotes('memory', columns.columns, MEMORY_QUOTES)], columns.symbols);
}

function playSimulator(): Promise<number> {
  const symbols = new SymbolTable();
  return play([new MarketSimulator(createRandom(1), symbols)], symbols);
}

function writeSimulated(folder: string): string {
  const symbols = new SymbolTable();
  const market = new MarketSimulator(createRandom(1), symbols, { durationMs: 500_000 });
  const path = join(folder, 'simulated.csv.gz');
  writeFileSync(path, gzipSync([...inputToCsv(market, symbols)].join('')));
  return path;
}

async function columnsOf(
  recording: string,
): Promise<{ readonly columns: QuoteColumns; readonly symbols: SymbolTable }> {
  const session = await openSession([recording], null);
  const input = session.inputs[0];
  const parts: QuoteColumns[] = [];
  for (let status = input.fill(); status !== 'ended'; status = input.fill()) {
    if (status === 'waiting') await input.whenReady();
    else {
      const { time, bid, bidSize, ask, askSize, symbol } = input.batch;
      parts.push({
        time: time.slice(),
        bid: bid.slice(),
        bidSize: bidSize.slice(),
        ask: ask.slice(),
        askSize: askSize.slice(),
        symbol: symbol.slice(),
      });
    }
  }
  await session.close();
  const joined = (pick: (part: QuoteColumns) => Float64Array): Float64Array =>
    Float64Array.from(parts.flatMap((part) => [...pick(part)]));
  return {
    symbols: session.symbols,
    columns: {
      time: joined((part) => part.time),
      bid: joined((part) => part.bid),
      bidSize: joined((part) => part.bidSize),
      ask: joined((part) => part.ask),
      askSize: joined((part) => part.askSize),
      symbol: Int32Array.from(parts.flatMap((part) => [...part.symbol])),
    },
  };
}
