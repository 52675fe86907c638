import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { argv, exit } from 'node:process';
import { asyncLines } from './async-lines.ts';
import { baselines } from './baselines.ts';
import { machineFacts, type BenchLine } from './measure.ts';
import { journalLines } from './journal-lines.ts';
import { metricsLines } from './metrics-lines.ts';
import { memoryLine, memoryOverTime } from './memory-lines.ts';
import { checkpointCostLines } from './checkpoint-cost-lines.ts';
import { asRecording, recordedDay, replayLines, writeCsv, writeRecording } from './replay-lines.ts';
import { ratiosOf, tableOf } from './table.ts';
import { stateLines } from './state-lines.ts';
import { windowLines } from './window-lines.ts';

const USAGE =
  'npm run bench -- [--quick] [--huge-pages] [--only memory,base,a,b,c,d,state,checkpoints,metrics,journal,async,window] [--json FILE]';
/** In the order they are measured: memory first, while the process holds nothing of the other lines. */
const LINES = [
  'memory',
  'base',
  'a',
  'b',
  'c',
  'd',
  'state',
  'checkpoints',
  'metrics',
  'journal',
  'async',
  'window',
] as const;
type LineName = (typeof LINES)[number];

interface Options {
  readonly quick: boolean;
  readonly only: ReadonlySet<LineName>;
  readonly json: string;
}

function optionsOf(words: readonly string[]): Options {
  let quick = false;
  let only: ReadonlySet<LineName> = new Set(LINES);
  let json = join('dist', 'bench.json');
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at];
    if (word === '--quick') quick = true;
    else if (word === '--json' && words[at + 1] !== undefined) json = words[(at += 1)];
    else if (word === '--only' && words[at + 1] !== undefined) only = linesOf(words[(at += 1)]);
    else throw new Error(`"${word}" is not an option. ${USAGE}`);
  }
  return { quick, only, json };
}

function linesOf(text: string): ReadonlySet<LineName> {
  const names = text.split(',');
  const unknown = names.filter((name) => !LINES.includes(name as LineName));
  if (unknown.length > 0) throw new Error(`There is no line "${unknown.join(', ')}"; there are ${LINES.join(', ')}.`);
  return new Set(names as LineName[]);
}

async function memoryLines(line: 'a' | 'b', { quick }: Options): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  const runs = 3;
  const quotes = quick ? 3_000_000 : 10_000_000;
  const timers = line === 'b';
  for (const workers of [1, 2]) {
    for (const symbols of [100, 10_000, 1_000_000]) {
      if (quick && workers === 2 && symbols !== 10_000) continue;
      // Asks that decay for long let more and more quotes trade, which would be another line.
      const each = timers && symbols > 100_000 ? Math.floor(quotes / 3) : quotes;
      lines.push(await memoryLine({ line, symbols, workers, timers, quotesPerMs: 1000, runs, quotes: each }));
    }
  }
  // Ten times as many timers for each quote: the event time of a feed of 100,000 quotes a second.
  if (timers)
    lines.push(await memoryLine({ line, symbols: 10_000, workers: 1, timers, quotesPerMs: 100, runs, quotes }));
  return lines;
}

async function replayFromDisk(line: 'c' | 'd', { quick }: Options, folder: string): Promise<BenchLine[]> {
  const day = recordedDay(folder);
  const common = { runs: 3, workers: 1 };
  if (line === 'c') {
    const options = { ...common, aim: 10e6, what: 'native recording' };
    const lines = await replayLines('c', await writeRecording(folder, quick ? 5_000_000 : 20_000_000), folder, options);
    if (day !== undefined) lines.push(...(await replayLines('c', await asRecording(day, folder), folder, options)));
    return lines;
  }
  const options = { ...common, aim: 2e6, what: 'gzip CSV' };
  const lines = await replayLines('d', await writeCsv(folder, quick ? 1_000_000 : 4_000_000), folder, options);
  if (day !== undefined) lines.push(...(await replayLines('d', day, folder, options)));
  return lines;
}

async function measureAll(options: Options, folder: string): Promise<BenchLine[]> {
  const { quick } = options;
  const measure: Readonly<Record<LineName, () => Promise<BenchLine[]>>> = {
    base: () =>
      baselines({ runs: 3, handWrittenQuotes: quick ? 3_000_000 : 10_000_000, plainQuotes: quick ? 50_000 : 200_000 }),
    a: () => memoryLines('a', options),
    b: () => memoryLines('b', options),
    c: () => replayFromDisk('c', options, folder),
    d: () => replayFromDisk('d', options, folder),
    memory: () => memoryOverTime(quick ? 100_000_000 : 400_000_000),
    state: () => stateLines(folder, quick),
    checkpoints: () => checkpointCostLines(folder, quick),
    metrics: () => metricsLines(quick),
    journal: () => journalLines(folder, quick),
    async: () => asyncLines(quick),
    window: () => windowLines(folder, quick),
  };
  const lines: BenchLine[] = [];
  for (const name of LINES) {
    if (!options.only.has(name)) continue;
    process.stderr.write(`measuring ${name} ...\n`);
    lines.push(...(await measure[name]()));
  }
  return lines;
}

async function main(): Promise<void> {
  const options = optionsOf(argv.slice(2));
  const machine = machineFacts();
  const folder = mkdtempSync(join(tmpdir(), 'flinktrade-bench-'));
  try {
    const lines = await measureAll(options, folder);
    const ratios = ratiosOf(lines);
    const loadAverageAtEnd = loadavg()[0];
    process.stdout.write(tableOf(machine, loadAverageAtEnd, lines, ratios));
    mkdirSync(dirname(resolve(options.json)), { recursive: true });
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine, loadAverageAtEnd, quick: options.quick, lines, ratios }, null, 2)}\n`,
    );
    process.stderr.write(`figures: ${options.json}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main().then(
  () => exit(0),
  (error: unknown) => {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    exit(1);
  },
);
