import type { BenchLine, MachineFacts, Spread } from './measure.ts';

export interface Ratio {
  readonly name: string;
  readonly value: number;
}

const MEMORY_10K = '10,000 symbols, 1 worker, 1,000,000 quotes/s of event time';

/** How lines of the same run compare, so that the machine's mood that day cancels out. */
export function ratiosOf(lines: readonly BenchLine[]): Ratio[] {
  const find = (line: string, part: string): BenchLine | undefined =>
    lines.find((each) => each.line === line && each.name.includes(part));
  const engine = find('a', MEMORY_10K);
  const ratios: Ratio[] = [];
  const add = (name: string, over: number | undefined, under: number | undefined): void => {
    if (over !== undefined && under !== undefined) ratios.push({ name, value: over / under });
  };
  const hand = find('base', 'one thread, 10,000 symbols');
  add('engine from memory / hand-written loop, wall clock', engine?.value.median, hand?.value.median);
  add(
    'engine from memory / hand-written loop, busiest thread',
    engine?.perBusiestThreadSecond?.median,
    hand?.perBusiestThreadSecond?.median,
  );
  add(
    'engine from memory / objects, Map, postMessage',
    engine?.value.median,
    find('base', 'postMessage')?.value.median,
  );
  add('engine from memory / RxJS groupBy', engine?.value.median, find('base', 'RxJS')?.value.median);
  add('with timers / without', find('b', '10,000 symbols, 1 worker')?.value.median, engine?.value.median);
  add('2 workers / 1 worker', find('a', '10,000 symbols, 2 workers')?.value.median, engine?.value.median);
  return ratios;
}

const LESS_IS_BETTER: ReadonlySet<string> = new Set(['MB', 'ms', '%']);

/** Verdicts compare medians of the wall clock: what was measured, not what it might come to. */
function verdictOf({ unit, value, interval, aim, floor }: BenchLine): string {
  if (aim === null) return '';
  if (LESS_IS_BETTER.has(unit)) return (interval?.high ?? value.median) <= aim ? 'aim met' : 'MISSED';
  if (value.median >= aim) return 'aim met';
  return floor !== undefined && value.median >= floor ? 'above floor' : 'MISSED';
}

function figure(unit: string, value: number): string {
  if (unit === 'quotes/s') return `${(value / 1e6).toFixed(2)} M`;
  return value.toFixed(unit === '%' ? 2 : 1);
}

function spreadText(unit: string, { median, min, max }: Spread): string[] {
  return [median, min, max].map((value) => figure(unit, value));
}

export function tableOf(
  machine: MachineFacts,
  loadAtEnd: number,
  lines: readonly BenchLine[],
  ratios: readonly Ratio[],
): string {
  const head = ['line', 'what', 'unit', 'median', 'min', 'max', 'per busy thread-second', 'aim', '', 'note'];
  const rows = lines.map((line) => {
    const { unit, perBusiestThreadSecond: busiest, aim } = line;
    const perThread = busiest === undefined ? '' : figure(unit, busiest.median);
    return [
      line.line,
      line.name,
      unit,
      ...spreadText(unit, line.value),
      perThread,
      aim === null ? '' : figure(unit, aim),
      verdictOf(line),
      line.note,
    ];
  });
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const isNumber = (column: number): boolean => column >= 3 && column <= 7;
  const text = (row: readonly string[]): string =>
    row
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
      .join('  ')
      .trimEnd();
  const facts = `${machine.cores} cores, ${machine.model}, ${machine.memoryGiB} GiB, Node ${machine.node}, ${machine.platform}; load average ${machine.loadAverage.toFixed(1)} at the start, ${loadAtEnd.toFixed(1)} at the end`;
  const ratioLines = ratios.map(({ name, value }) => `${name}: ${value.toFixed(2)}`);
  return [facts, '', text(head), ...rows.map(text), '', ...ratioLines, ''].join('\n');
}
