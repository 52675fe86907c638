import type { QuarantinedRow, SessionCounts } from '../../contract/window.ts';
import { printable } from './messages.ts';

/** One position as it is reported: decimals as text, times in ms since the Unix epoch, null where there is none. */
export interface PositionRow {
  readonly symbol: string;
  readonly shares: string;
  readonly buyPrice: string;
  readonly askPrice: string | null;
  readonly lastTradePrice: string | null;
  readonly profit: string;
  readonly status: 'open' | 'closed' | 'pending';
  readonly openedAt: number | null;
  readonly expiresAt: number | null;
  readonly nextDecayAt: number | null;
  readonly trades: number;
}

/** What became of the trades at the execution gateway, and how busy the way there was (occupancy = throughput x latency). */
export interface OrdersReport {
  readonly confirmed: number;
  readonly partlyConfirmed: number;
  readonly rejected: number;
  /** No answer in time: asked for again by the next run. */
  readonly timedOut: number;
  readonly refused: number;
  readonly capacity: number;
  /** Orders under way, on average. */
  readonly occupancy: number | null;
  readonly throughputPerSecond: number | null;
  readonly latencyMs: number | null;
}

/** The report of a replay, exactly as trading-rules "Command line" fixes it. */
export interface ReplayReport {
  readonly session: {
    readonly inputs: readonly string[];
    readonly symbols: number;
    readonly firstEventTimeMs: number | null;
    readonly lastEventTimeMs: number | null;
    /** The first of each input, with their lines; all are counted. */
    readonly quarantinedRows: readonly QuarantinedRow[];
  } & SessionCounts;
  /** Of a live session: how its feed behaved while this process listened. */
  readonly feed?: {
    readonly connects: number;
    readonly gaps: number;
    readonly missed: number;
    readonly duplicates: number;
    readonly staleQuotes: number;
    readonly pauses: number;
  };
  /** With a gateway. */
  readonly orders?: OrdersReport;
  readonly rules: unknown;
  readonly positions: readonly PositionRow[];
  readonly reasons: Readonly<Record<string, number>>;
  readonly totals: { readonly trades: number; readonly shares: string; readonly profit: string };
  readonly engine: {
    readonly workers: number;
    readonly maxParallelism: number;
    readonly elapsedMs: number;
    readonly quotesPerSecond: number;
  };
}

/**
 * The report as JSON, in pieces: a million positions make more text than one string may hold.
 */
export function* reportPieces(report: ReplayReport): Generator<string> {
  const text = JSON.stringify({ ...report, positions: [] }, null, 2);
  if (report.positions.length === 0) {
    yield `${text}\n`;
    return;
  }
  // Only a key of the outermost object stands behind exactly two blanks.
  const [before, after] = text.split('\n  "positions": []');
  yield `${before}\n  "positions": [`;
  for (const [index, row] of report.positions.entries()) {
    yield `${index === 0 ? '' : ','}\n    ${JSON.stringify(row, null, 2).replaceAll('\n', '\n    ')}`;
  }
  yield `\n  ]${after}\n`;
}

const COLUMNS: readonly {
  readonly heading: string;
  readonly left?: true;
  readonly text: (row: PositionRow) => string;
}[] = [
  { heading: 'SYMBOL', left: true, text: (row) => row.symbol },
  { heading: 'SHARES', text: (row) => row.shares },
  { heading: 'BUY PRICE', text: (row) => row.buyPrice },
  { heading: 'ASK PRICE', text: (row) => row.askPrice ?? '-' },
  { heading: 'LAST TRADE PRICE', text: (row) => row.lastTradePrice ?? '-' },
  { heading: 'PROFIT', text: (row) => row.profit },
  { heading: 'STATUS', left: true, text: (row) => row.status },
];

/** The position table of the original dashboard, as text for a terminal. */
export function positionTable(rows: readonly PositionRow[]): string {
  const cells = rows.map((row) => COLUMNS.map((column) => printable(column.text(row)).replaceAll('\n', '\u{fffd}')));
  const widths = COLUMNS.map((column, index) =>
    Math.max(column.heading.length, ...cells.map((line) => line[index].length)),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => (COLUMNS[index].left ? text.padEnd(widths[index]) : text.padStart(widths[index])))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(COLUMNS.map((column) => column.heading)), rule, ...cells.map(line)].join('\n');
}
