import { isDeepStrictEqual } from 'node:util';
import { units } from '../support/oracle/decimals.ts';
import { stamp } from '../support/oracle/session.ts';
import { tradeByTheBook, type OracleResult, type OracleTrade } from '../support/oracle/trading.ts';
import { asOneInput, rowsBySequence, type ScriptedSession } from './drawn-session.ts';
import type { JobResults } from './job-results.ts';
import type { CommitLog } from './commit-log.ts';

/** What the rules say about a session, worked out without the engine. */
export interface ByTheBook {
  readonly result: OracleResult;
  readonly quotes: number;
  readonly books: Books;
  readonly pending: readonly string[];
}

interface Books {
  readonly rows: number;
  readonly appliedRows: number;
  readonly late: number;
  readonly lateQuotes: number;
  readonly futureQuotes: number;
  readonly staleQuotes: number;
  readonly quarantined: number;
  readonly ignored: number;
}

export function byTheBook(session: ScriptedSession): ByTheBook {
  const one = asOneInput(session);
  const { steps, future, stale, pending } = stamp(one);
  const result = tradeByTheBook(one.rules, steps);
  const rowsOf = rowsBySequence(session);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, next) => total + next, 0);
  const items = session.inputs.flat();
  const malformed = sum(items.map(({ malformedRows }) => malformedRows));
  const ignored = sum(items.map(({ ignoredRows }) => ignoredRows));
  const late = sum(result.late.map((sequence) => rowsOf[sequence]));
  const aside = sum([...future, ...stale].map((sequence) => rowsOf[sequence]));
  const ofQuotes = sum(rowsOf);
  return {
    result,
    quotes: rowsOf.length,
    books: {
      rows: ofQuotes + malformed + ignored,
      appliedRows: ofQuotes - late - aside,
      late,
      lateQuotes: result.late.length,
      futureQuotes: future.length,
      staleQuotes: stale.length,
      quarantined: malformed + aside,
      ignored,
    },
    pending: pending.map(({ symbol }) => symbol).sort(),
  };
}

/** What is wrong with the end of a run; nothing is what is wanted. */
export function judge(
  log: (sink: string) => CommitLog,
  results: JobResults,
  book: ByTheBook,
  undisturbed: JobResults | null,
): string[] {
  const problems: string[] = [];
  const compare = (what: string, found: unknown, expected: unknown): void => {
    if (!isDeepStrictEqual(found, expected)) problems.push(`${what}: ${difference(found, expected)}`);
  };
  const trades = log('trades')
    .texts()
    .map((text) => JSON.parse(text) as OracleTrade)
    .sort((a, b) => a.eventTimeMs - b.eventTimeMs || a.quoteSequence - b.quoteSequence);
  compare('trades', trades, book.result.trades);
  compare('rows', results.rows, book.result.rows);
  compare('reasons', results.reasons, book.result.reasons);
  const late = log('late-quotes')
    .texts()
    .map(Number)
    .sort((a, b) => a - b);
  compare('late quotes', late, book.result.late);
  const { totals } = results;
  const { rows, appliedRows, late: lateRows, quarantined, ignored } = totals;
  if (rows !== appliedRows + lateRows + quarantined + ignored)
    problems.push(`books: ${rows} rows are not ${appliedRows} + ${lateRows} + ${quarantined} + ${ignored}.`);
  const { lateQuotes, futureQuotes, staleQuotes } = totals;
  const found = { rows, appliedRows, late: lateRows, lateQuotes, futureQuotes, staleQuotes, quarantined, ignored };
  compare('books', found, book.books);
  compare('quotes', totals.quotes, book.quotes);
  const pending = results.pending.map((text) => (JSON.parse(text) as { symbol: string }).symbol).sort();
  compare('pending positions', pending, book.pending);
  problems.push(...lostShares(trades, results, book));
  if (undisturbed !== null) {
    const parts = ['rows', 'reasons', 'totals', 'quarantined', 'pending', 'history', 'bars', 'frames'] as const;
    for (const part of parts) compare(`${part} of the undisturbed run`, results[part], undisturbed[part]);
  }
  return problems;
}

/** Shares sold and shares held are the shares there were, and the profit is that of the trades. */
function lostShares(trades: readonly OracleTrade[], { rows }: JobResults, book: ByTheBook): string[] {
  const problems: string[] = [];
  for (const row of rows) {
    const own = trades.filter(({ symbol }) => symbol === row.symbol);
    // Trades of a position that was replaced belong to that one.
    if (own.length !== row.trades) continue;
    const sold = own.reduce((sum, trade) => sum + units(trade.shares, 6), 0n);
    const money = own.reduce(
      (sum, trade) => sum + (units(trade.price, 8) - units(row.buyPrice, 8)) * units(trade.shares, 6),
      0n,
    );
    const expected = book.result.rows.find(({ symbol }) => symbol === row.symbol);
    const began = expected === undefined ? null : units(expected.shares, 6) + sold;
    if (began !== sold + units(row.shares, 6)) problems.push(`shares of ${row.symbol} are not conserved.`);
    if (money !== units(row.profit, 14)) problems.push(`profit of ${row.symbol} is not that of its trades.`);
  }
  return problems;
}

const SHOWN_MAX = 400;

/** The first part that differs, short enough to read. */
function difference(found: unknown, expected: unknown, where = ''): string {
  if (typeof found === 'object' && typeof expected === 'object' && found !== null && expected !== null) {
    const names = new Set([...Object.keys(found), ...Object.keys(expected)]);
    for (const name of names) {
      const [left, right] = [found, expected].map((value) => (value as Record<string, unknown>)[name]);
      if (!isDeepStrictEqual(left, right)) return difference(left, right, `${where}/${name}`);
    }
  }
  const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, SHOWN_MAX);
  return `at ${where === '' ? 'the top' : where}: found ${shown(found)}, expected ${shown(expected)}`;
}
