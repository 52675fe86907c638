import type { WebSocket } from 'ws';
import { waitMs } from '../../core/machine.node.ts';
import type { PositionRow } from '../../trading/rows.ts';
import { POSITION, SESSION_JOB } from '../serve/trading-queries.ts';
import { findProgram, type RunningProgram } from './asked-program.node.ts';
import { onInterrupt } from './interrupt.node.ts';
import { CliError, EXIT_NOT_FOUND, printable } from './messages.ts';
import { writeText } from './output-files.node.ts';
import type { PositionsCommand } from './query-arguments.ts';
import { tell } from './tell.node.ts';

/** Ten times a second, as the client of the original demo. */
const REFRESH_MS = 100;
const TRY_AGAIN_MS = 1_000;
/** As many as one subscription takes. */
const ROWS_MAX = 1_000;
const HOME_AND_CLEAR = '\u001b[H\u001b[J';
const COLUMNS = [
  ['SYMBOL', 'symbol'],
  ['SHARES', 'shares'],
  ['BUY PRICE', 'buyPrice'],
  ['ASK PRICE', 'askPrice'],
  ['LAST TRADE PRICE', 'lastTradePrice'],
  ['PROFIT', 'profit'],
] as const satisfies readonly (readonly [string, keyof PositionRow])[];

/** The positions of a running session: a table, once or ten times a second. */
export async function runPositions(command: PositionsCommand): Promise<void> {
  const program = findProgram(command);
  const { rows, unknown, cursor } = await fetchPositions(program, command.symbols);
  if (command.json) return writeText('-', [`${JSON.stringify(rows, null, 2)}\n`]);
  if (cursor !== null) tell(`Only the first ${rows.length} positions are shown; name others with --symbols.`);
  if (unknown.length > 0) tell(printable(`No position: ${unknown.join(', ')}.`));
  if (command.watches) return watch(program, command.symbols ?? rows.map(({ symbol }) => symbol), rows);
  if (rows.length === 0 && unknown.length > 0)
    throw new CliError(EXIT_NOT_FOUND, 'None of these symbols has a position.');
  await writeText('-', [tableOf(rows)]);
}

async function fetchPositions(
  program: RunningProgram,
  symbols: readonly string[] | null,
): Promise<{ rows: readonly PositionRow[]; unknown: readonly string[]; cursor: string | null }> {
  const query = new URLSearchParams(symbols === null ? { limit: String(ROWS_MAX) } : { symbols: symbols.join(',') });
  return (await program.get('/v1/positions', query, 'application/json')) as Awaited<ReturnType<typeof fetchPositions>>;
}

/** Prints until Ctrl-C; a program that goes and comes again is waited for. */
async function watch(
  program: RunningProgram,
  symbols: readonly string[],
  first: readonly PositionRow[],
): Promise<void> {
  if (symbols.length === 0) throw new CliError(EXIT_NOT_FOUND, 'There is no position to watch.');
  const rows = new Map(first.map((row) => [row.symbol, row]));
  let isOver = false;
  let socket: WebSocket | null = null;
  onInterrupt(() => {
    isOver = true;
    socket?.terminate();
  });
  show(symbols, rows);
  let said = '';
  const sayOnce = (text: string): void => {
    if (text !== said) tell(text);
    said = text;
  };
  while (!ended()) {
    socket = program.push();
    await new Promise<void>((resolve) => {
      socket?.on('open', () => {
        said = '';
        socket?.send(
          JSON.stringify({
            kind: 'subscribe',
            id: 1,
            job: SESSION_JOB,
            state: POSITION,
            keys: symbols,
            everyMs: REFRESH_MS,
          }),
        );
      });
      socket?.on('message', (data) => {
        const problem = take(rows, String(data));
        if (problem === null) show(symbols, rows);
        else sayOnce(problem);
      });
      socket?.on('error', ({ message }) => sayOnce(`Nobody answers at ${program.url}: ${message}. Trying again.`));
      socket?.on('close', () => resolve());
    });
    if (!ended()) await waitMs(TRY_AGAIN_MS);
  }

  function ended(): boolean {
    return isOver;
  }
}

interface Pushed {
  readonly kind: 'changes' | 'problem';
  readonly changes?: readonly { readonly key: string; readonly value: PositionRow | null }[];
  readonly error?: { readonly message: string };
}

/** @returns what is wrong; null: rows came */
function take(rows: Map<string, PositionRow>, text: string): string | null {
  const message = JSON.parse(text) as Pushed;
  if (message.kind === 'problem') return message.error?.message ?? 'The server has a problem it does not name.';
  for (const { key, value } of message.changes ?? []) {
    if (value === null) rows.delete(key);
    else rows.set(key, value);
  }
  return null;
}

function show(symbols: readonly string[], rows: ReadonlyMap<string, PositionRow>): void {
  const table = tableOf(symbols.flatMap((symbol) => rows.get(symbol) ?? []));
  process.stdout.write(process.stdout.isTTY ? `${HOME_AND_CLEAR}${table}` : `${table}\n`);
}

export function tableOf(rows: readonly PositionRow[]): string {
  const cells = [
    COLUMNS.map(([heading]) => heading as string),
    ...rows.map((row) => COLUMNS.map(([, field]) => String(row[field]))),
  ];
  const widths = COLUMNS.map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  const lineOf = (line: readonly string[]): string =>
    line.map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column]))).join('  ');
  return printable(cells.map((line) => `${lineOf(line).trimEnd()}\n`).join(''));
}
