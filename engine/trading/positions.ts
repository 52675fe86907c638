import { symbolProblem } from '../contract/rules-schema.ts';
import { describe } from '../contract/rules-values.ts';
import { PRICE_MAX_TEXT, SHARES_MAX_TEXT, DURATION_MS_MAX } from '../contract/rules-fields.ts';
import { parsePrice, parseShares, type DecimalProblem } from '../core/decimal.ts';
import { fail, ok, type Result } from '../core/result.ts';
import { parseEventTime } from './event-time.ts';
import { readCsv, type CsvRow } from './strict-csv.ts';

/** A starting position as its file gives it. */
export interface StartingPositionRow {
  readonly symbol: string;
  /** 1e-6. */
  readonly shares: number;
  /** 1e-8. */
  readonly buyPrice: number;
  /** null: the rules decide. */
  readonly ttlMs: number | null;
  /** Event time, ms since the Unix epoch; null: ahead of the first quote of the session. */
  readonly openedAt: number | null;
  /** Where it stands, 1-based. */
  readonly line: number;
}

export interface PositionsProblem {
  readonly file: string;
  /** 1-based; 0: the file as a whole. */
  readonly line: number;
  /** The whole sentence: where, what was found, what is allowed. */
  readonly message: string;
}

export const POSITIONS_PROBLEMS_SHOWN_MAX = 50;
const COLUMNS = ['symbol', 'shares', 'buyPrice', 'ttlMs', 'openedAt'] as const;
type Column = (typeof COLUMNS)[number];
const REQUIRED: readonly Column[] = ['symbol', 'shares', 'buyPrice'];
/** More positions than any book holds; an endless file is refused, not read to the end. */
const POSITIONS_MAX = 5_000_000;

/**
 * Reads a positions file (trading-rules "Files"). Pure.
 * @param content the file's text, or its bytes (UTF-8)
 * @param file how messages call it
 * @returns positions in file order, or every problem found (the first POSITIONS_PROBLEMS_SHOWN_MAX and a count of the rest)
 */
export function readPositions(
  content: string | Uint8Array,
  file: string,
): Result<readonly StartingPositionRow[], readonly PositionsProblem[]> {
  const problems: PositionsProblem[] = [];
  let hidden = 0;
  const report = (line: number, text: string): void => {
    if (problems.length === POSITIONS_PROBLEMS_SHOWN_MAX) hidden += 1;
    else problems.push({ file, line, message: line === 0 ? `${file}: ${text}` : `${file}:${line}: ${text}` });
  };
  const csv = readCsv(content);
  if (!csv.ok) {
    report(csv.problem.line, csv.problem.text);
    return fail(problems);
  }
  const [header, ...rows] = csv.value;
  if (header === undefined)
    report(0, `the file is empty; it must start with the header symbol,shares,buyPrice[,ttlMs][,openedAt].`);
  const columns = header === undefined ? null : readHeader(header, report);
  const positions =
    columns === null ? [] : rows.flatMap((row) => readRow(row, columns, header.fields.length, report) ?? []);
  if (rows.length > POSITIONS_MAX) report(0, `${rows.length} positions; allowed: at most ${POSITIONS_MAX}.`);
  reportDuplicates(positions, report);
  if (hidden > 0) problems.push({ file, line: 0, message: `${file}: ... and ${hidden} more problems.` });
  return problems.length === 0 ? ok(positions) : fail(problems);
}

type Report = (line: number, text: string) => void;
type Columns = ReadonlyMap<Column, number>;

function readHeader(header: CsvRow, report: Report): Columns | null {
  const columns = new Map<Column, number>();
  let isGood = true;
  const problem = (text: string): void => {
    isGood = false;
    report(header.line, text);
  };
  header.fields.forEach((name, index) => {
    const column = COLUMNS.find((known) => known === name.trim());
    if (column === undefined) problem(`the unknown column ${describe(name.trim())}; allowed: ${COLUMNS.join(', ')}.`);
    else if (columns.has(column)) problem(`the column "${column}" a second time; allowed: each column once.`);
    else columns.set(column, index);
  });
  const missing = REQUIRED.filter((column) => !columns.has(column));
  if (missing.length > 0 && isGood)
    problem(
      `the header must name ${missing.join(', ')}; found: ${header.fields.map((name) => name.trim()).join(',')}.`,
    );
  return isGood ? columns : null;
}

function readRow(row: CsvRow, columns: Columns, width: number, report: Report): StartingPositionRow | null {
  if (row.fields.length !== width) {
    report(row.line, `${row.fields.length} fields; allowed: ${width}, as in the header.`);
    return null;
  }
  let isGood = true;
  const text = (column: Column): string => row.fields[columns.get(column) ?? -1]?.trim() ?? '';
  const refuse = (column: Column, allowed: string): void => {
    isGood = false;
    report(row.line, `${column}: found ${describe(text(column))}; allowed: ${allowed}.`);
  };
  const symbol = text('symbol');
  const symbolFault = symbolProblem(symbol);
  if (symbolFault !== null) refuse('symbol', symbolFault);
  const shares = readAbove0(
    parseShares(text('shares')),
    `a decimal above 0 and at most ${SHARES_MAX_TEXT}, up to 6 places`,
    (allowed) => refuse('shares', allowed),
  );
  const buyPrice = readAbove0(
    parsePrice(text('buyPrice')),
    `a decimal above 0 and at most ${PRICE_MAX_TEXT}, up to 8 places`,
    (allowed) => refuse('buyPrice', allowed),
  );
  const ttlMs = readTtl(text('ttlMs'), (allowed) => refuse('ttlMs', allowed));
  const openedAt = readOpenedAt(text('openedAt'), (allowed) => refuse('openedAt', allowed));
  return isGood ? { symbol, shares, buyPrice, ttlMs, openedAt, line: row.line } : null;
}

function readAbove0(
  parsed: Result<number, DecimalProblem>,
  allowed: string,
  refuse: (allowed: string) => void,
): number {
  if (parsed.ok && parsed.value > 0) return parsed.value;
  refuse(allowed);
  return 0;
}

function readTtl(text: string, refuse: (allowed: string) => void): number | null {
  if (text === '') return null;
  const ttlMs = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (ttlMs <= DURATION_MS_MAX) return ttlMs;
  refuse(`whole milliseconds from 0 to ${DURATION_MS_MAX} (0: never expires), or nothing for the rules' own`);
  return null;
}

function readOpenedAt(text: string, refuse: (allowed: string) => void): number | null {
  if (text === '') return null;
  const time = parseEventTime(text);
  if (time !== null) return time;
  refuse(
    'milliseconds since 1970-01-01 UTC such as 1381152600000, a time with its zone such as 2013-10-07T13:30:00.000Z or 2013-10-07T09:30:00-04:00, or nothing for the start of the session',
  );
  return null;
}

/** The same symbol twice with the same opening, or twice without one, is a mistake in the file. */
function reportDuplicates(positions: readonly StartingPositionRow[], report: Report): void {
  const lines = new Map<string, number>();
  for (const { symbol, openedAt, line } of positions) {
    const name = `${openedAt ?? ''} ${symbol}`;
    const earlier = lines.get(name);
    if (earlier === undefined) lines.set(name, line);
    else
      report(
        line,
        `${symbol} stands on line ${earlier} already ${openedAt === null ? 'without openedAt' : `with the same openedAt ${openedAt}`}; allowed: once, or each with an openedAt of its own.`,
      );
  }
}
