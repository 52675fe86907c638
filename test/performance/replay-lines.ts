import { CHECKPOINT_SETTINGS_DEFAULT } from '../../engine/entry/session/checkpoint-settings.ts';
import { createHash } from 'node:crypto';
import { closeSync, createWriteStream, existsSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { fastCrc32 } from '../../engine/connectors/files/fast-crc32.node.ts';
import { forEachMerged, recordSession } from '../../engine/connectors/recording/record-session.node.ts';
import { RecordingWriter } from '../../engine/connectors/recording/recording-writer.ts';
import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { inputToCsv } from '../../engine/connectors/simulator/quotes-to-csv.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { formatPrice, formatShares } from '../../engine/core/decimal.ts';
import { runReplay } from '../../engine/entry/cli/replay-command.node.ts';
import { spreadOf, type BenchLine } from './measure.ts';

const SEED = 1;
interface Market {
  readonly symbols: number;
  readonly quotesPerSecond: number;
  /** No bursts: each second brings about as many. */
  readonly steady?: boolean;
}

const MARKET: Market = { symbols: 1_000, quotesPerSecond: 20_000 };

/** A session on disk, and what it takes to replay it. */
export interface SessionOnDisk {
  readonly name: string;
  readonly input: string;
  readonly positions: string;
}

function simulator(
  table: SymbolTable,
  quotes: number,
  { symbols, quotesPerSecond, steady = false }: Market,
): MarketSimulator {
  const durationMs = (quotes / quotesPerSecond) * 1000;
  const options = { symbolCount: symbols, quotesPerSecond, durationMs, steady };
  return new MarketSimulator(createRandom(SEED), table, options);
}

/** A position in every simulated symbol. */
function writePositions(folder: string, traded: Market): string {
  const rows = simulator(new SymbolTable(), 1, traded)
    .positions()
    .map(({ symbol, shares, buyPrice }) => `${symbol},${formatShares(shares)},${formatPrice(buyPrice)}`);
  const path = join(folder, 'positions.csv');
  writeFileSync(path, ['symbol,shares,buyPrice', ...rows, ''].join('\n'));
  return path;
}

/** About so many quotes of a simulated market, as a native recording. */
export async function writeRecording(folder: string, quotes: number, traded = MARKET): Promise<SessionOnDisk> {
  const symbols = new SymbolTable();
  const path = join(folder, 'simulated.ftrec');
  const descriptor = openSync(path, 'w');
  const hash = createHash('sha256');
  const sink = {
    write: (bytes: Uint8Array): void => {
      hash.update(bytes);
      for (let written = 0; written < bytes.length;) written += writeSync(descriptor, bytes, written);
    },
    digest: () => hash.copy().digest(),
  };
  const writer = new RecordingWriter(sink, fastCrc32, (symbol) => symbols.name(symbol), {
    createdBy: 'benchmark',
    inputs: ['simulated market'],
    profiles: ['simulator'],
  });
  const market = simulator(symbols, quotes, traded);
  await forEachMerged([market], (input, index) => {
    if (index < input.batch.to) writer.add(input.batch, index);
  });
  writer.finish({ rows: market.ledger.rowsRead, quarantined: 0, ignored: 0, quarantinedByReason: {} });
  closeSync(descriptor);
  return { name: 'simulated market', input: path, positions: writePositions(folder, traded) };
}

/** The same as gzip CSV in the plain profile. */
export async function writeCsv(folder: string, quotes: number): Promise<SessionOnDisk> {
  const symbols = new SymbolTable();
  const path = join(folder, 'simulated.csv.gz');
  const gzip = createGzip();
  const file = createWriteStream(path);
  gzip.pipe(file);
  for (const text of inputToCsv(simulator(symbols, quotes, MARKET), symbols))
    if (!gzip.write(text)) await once(gzip, 'drain');
  gzip.end();
  await once(file, 'close');
  return { name: 'simulated market', input: path, positions: writePositions(folder, MARKET) };
}

/** A whole recorded day of three shares; undefined where the shared data is not at hand. */
export function recordedDay(folder: string): SessionOnDisk | undefined {
  const shared = resolve(process.env['FLINKTRADE_SHARED'] ?? join('..', 'shared'));
  const input = join(shared, 'data', 'lean_us_equities', '20131007', 'nbbo_20131007.csv.gz');
  if (!existsSync(input)) return undefined;
  const positions = join(folder, 'day-positions.csv');
  writeFileSync(positions, 'symbol,shares,buyPrice\nAIG,10000,48.00\nBAC,10000,13.80\nIBM,10000,180.00\n');
  return { name: 'a day of AIG, BAC and IBM', input, positions };
}

export async function asRecording(session: SessionOnDisk, folder: string): Promise<SessionOnDisk> {
  const input = join(folder, 'day.ftrec');
  await recordSession([session.input], null, input);
  return { ...session, input };
}

interface ReplayRun {
  readonly quotes: number;
  readonly commandMs: number;
  readonly engineMs: number;
}

/** `flinktrade replay` without the start of its process: threads, decoding, rules, report and trades file. */
async function replayOnce(session: SessionOnDisk, folder: string, workers: number): Promise<ReplayRun> {
  const report = join(folder, 'report.json');
  const write = process.stderr.write.bind(process.stderr);
  const startedMs = performance.now();
  process.stderr.write = () => true;
  try {
    await runReplay({
      kind: 'replay',
      journal: null,
      inputs: [session.input],
      positions: session.positions,
      rules: null,
      profile: null,
      workers,
      autoscale: false,
      maxParallelism: null,
      speed: null,
      report,
      trades: join(folder, 'trades.csv'),
      outOfOrdernessMs: null,
      maxFutureMs: null,
      state: null,
      savepoint: null,
      gateway: null,
      servePort: null,
      checkpoints: CHECKPOINT_SETTINGS_DEFAULT,
    });
  } finally {
    process.stderr.write = write;
  }
  const commandMs = performance.now() - startedMs;
  const { session: books, engine } = JSON.parse(readFileSync(report, 'utf8')) as {
    session: { quotes: number };
    engine: { elapsedMs: number };
  };
  return { quotes: books.quotes, commandMs, engineMs: engine.elapsedMs };
}

/** Two lines: the whole command, and from the first byte read to the last result. */
export async function replayLines(
  line: string,
  session: SessionOnDisk,
  folder: string,
  {
    runs,
    workers,
    aim,
    what,
  }: { readonly runs: number; readonly workers: number; readonly aim: number; readonly what: string },
): Promise<BenchLine[]> {
  await replayOnce(session, folder, workers);
  const measured: ReplayRun[] = [];
  for (let run = 0; run < runs; run += 1) measured.push(await replayOnce(session, folder, workers));
  const speeds = (of: (run: ReplayRun) => number): number[] => measured.map((run) => (run.quotes / of(run)) * 1000);
  const millions = (measured[0].quotes / 1e6).toFixed(2);
  const base = { line, unit: 'quotes/s', note: `${millions} M quotes` };
  return [
    {
      ...base,
      name: `${what}, ${session.name}, whole command`,
      value: spreadOf(speeds(({ commandMs }) => commandMs)),
      aim,
    },
    {
      ...base,
      name: `${what}, ${session.name}, threads already there`,
      value: spreadOf(speeds(({ engineMs }) => engineMs)),
      aim,
    },
  ];
}
