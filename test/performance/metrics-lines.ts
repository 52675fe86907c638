import { spreadOf, type BenchLine, type Spread } from './measure.ts';
import { RULES_WITHOUT_TIMERS, RULES_WITH_TIMERS, runFromMemory, type MemoryRun } from './memory-lines.ts';

/** Percent of throughput. */
const AIM = 2;

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

/**
 * What counting costs: the same job with its metrics on, and read every second, and with none. Runs take turns, and
 * which goes first does as well, so that what else the machine does meets both alike.
 */
export async function metricsLines(quick: boolean): Promise<BenchLine[]> {
  const lines: BenchLine[] = [];
  for (const setting of SETTINGS) lines.push(...(await linesOf(setting, quick)));
  return lines;
}

async function linesOf({ symbols, workers, timers }: Setting, quick: boolean): Promise<BenchLine[]> {
  const parameters = {
    symbols,
    quotes: 10_000_000,
    warmUpQuotes: 4_000_000,
    quotesPerMs: 1000,
    rules: timers ? RULES_WITH_TIMERS : RULES_WITHOUT_TIMERS,
  };
  const runs: Record<'on' | 'off', MemoryRun[]> = { on: [], off: [] };
  const pairs = quick ? 5 : 16;
  for (let pair = 0; pair < pairs; pair += 1)
    for (const metrics of pair % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const))
      runs[metrics].push(await runFromMemory(parameters, workers, { metrics }));
  const name = `${symbols.toLocaleString('en')} symbols, ${workers} worker${workers === 1 ? '' : 's'}${timers ? ', timers' : ''}`;
  const note = `${pairs} runs of each, in turns`;
  const lines = (['off', 'on'] as const).map((metrics): BenchLine => {
    const busiest = busiestOf(runs[metrics]);
    return {
      line: 'metrics',
      name: `${name}: metrics ${metrics}`,
      unit: 'quotes/s',
      value: spreadOf(runs[metrics].map(({ quotesPerSecond }) => quotesPerSecond)),
      ...(busiest !== null && { perBusiestThreadSecond: busiest }),
      aim: null,
      note,
    };
  });
  const [off, on] = lines;
  return [...lines, costLine(`${name}: cost of metrics, by the clock on the wall`, off.value, on.value, null)].concat(
    off.perBusiestThreadSecond === undefined || on.perBusiestThreadSecond === undefined
      ? []
      : [
          costLine(
            `${name}: cost of metrics, by the busiest thread's processor time`,
            off.perBusiestThreadSecond,
            on.perBusiestThreadSecond,
            AIM,
          ),
        ],
  );
}

/** Pair by pair: two runs that follow each other meet the same machine. */
function costLine(name: string, off: Spread, on: Spread, aim: number | null): BenchLine {
  const value = spreadOf(off.runs.map((without, run) => (1 - on.runs[run] / without) * 100));
  return { line: 'metrics', name, unit: '%', value, aim, note: 'of each pair of runs' };
}

function busiestOf(runs: readonly MemoryRun[]): Spread | null {
  const busiest = runs.map(({ perBusiestThreadSecond }) => perBusiestThreadSecond).filter((each) => each !== null);
  return busiest.length === runs.length ? spreadOf(busiest) : null;
}
