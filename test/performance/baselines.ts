import { HandWrittenLoop } from './hand-written.ts';
import { marketInMemory } from './market-in-memory.ts';
import { spreadOf, type BenchLine } from './measure.ts';
import { postMessageRun, rxjsRun } from './plain-way.ts';

const QUOTES_PER_MS = 1000;
const MICROSECONDS = 1e6;

interface BaselineOptions {
  readonly runs: number;
  readonly handWrittenQuotes: number;
  readonly plainQuotes: number;
}

/** Lines that say what the machine can do at all, and what is had without an engine. */
export async function baselines({ runs, handWrittenQuotes, plainQuotes }: BaselineOptions): Promise<BenchLine[]> {
  const lines = [100, 10_000, 1_000_000].map((symbols) => handWritten(symbols, runs, handWrittenQuotes, 'play'));
  lines.push(handWritten(1_000_000, runs, handWrittenQuotes, 'playFetched'));
  const market = marketInMemory(10_000);
  const plain = async (name: string, run: () => Promise<number>): Promise<BenchLine> => {
    await run();
    const speeds: number[] = [];
    for (let index = 0; index < runs; index += 1) speeds.push(await run());
    return {
      line: 'base',
      name,
      unit: 'quotes/s',
      value: spreadOf(speeds),
      aim: null,
      note: `${plainQuotes.toLocaleString('en')} quotes`,
    };
  };
  lines.push(
    await plain('objects, Map, postMessage of each record, 10,000 symbols', () => postMessageRun(market, plainQuotes)),
  );
  lines.push(await plain('RxJS groupBy and scan, one thread, 10,000 symbols', () => rxjsRun(market, plainQuotes)));
  return lines;
}

function handWritten(symbols: number, runs: number, quotes: number, play: 'play' | 'playFetched'): BenchLine {
  const loop = new HandWrittenLoop(marketInMemory(symbols));
  loop[play](quotes, QUOTES_PER_MS);
  const speeds: number[] = [];
  const busy: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const cpu = process.cpuUsage();
    const startedMs = performance.now();
    loop[play](quotes, QUOTES_PER_MS);
    speeds.push((quotes / (performance.now() - startedMs)) * 1000);
    const { user, system } = process.cpuUsage(cpu);
    busy.push((quotes / (user + system)) * MICROSECONDS);
  }
  return {
    line: 'base',
    name: `hand-written loop over typed arrays, one thread, ${symbols.toLocaleString('en')} symbols${play === 'play' ? '' : ', fetched ahead'}`,
    unit: 'quotes/s',
    value: spreadOf(speeds),
    perBusiestThreadSecond: spreadOf(busy),
    aim: null,
    note: `${loop.trades.toLocaleString('en')} trades`,
  };
}
