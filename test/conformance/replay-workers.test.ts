import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { positionsForAll, readNbbo, readTickHistory, tradesCsv } from '../support/oracle/recorded.ts';
import { stamp, type OracleQuote } from '../support/oracle/session.ts';
import { tradeByTheBook, type OracleRow } from '../support/oracle/trading.ts';
import { describeWithSharedData } from '../support/shared-data.ts';

const commandLine = resolve(import.meta.dirname, '..', '..', 'dist', 'engine', 'cli.js');
const WORKERS = [1, 2, 3, 5, 8] as const;
const RULES = { version: 1 } as const;
/** Ten replays of two whole days; the machine may have other work. */
const PATIENCE_MS = 600_000;
const run = promisify(execFile);

interface Report {
  readonly positions: readonly OracleRow[];
  readonly reasons: Readonly<Record<string, number>>;
}

/** The command line itself, its threads, rings and files, against the oracle: byte for byte, with any number of workers. */
function itReplaysLikeTheOracle(read: () => { quotes: OracleQuote[]; files: readonly string[] }, shares: string): void {
  let folder = '';
  let files: readonly string[] = [];
  let trades = '';
  let rows: OracleRow[] = [];
  const reasons: Record<string, number> = {};

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'flinktrade-replay-'));
    const session = read();
    files = session.files;
    const positions = positionsForAll(session.quotes).map((position) => ({ ...position, shares }));
    const lines = positions.map(({ symbol, buyPrice }) => `${symbol},${shares},${buyPrice}\n`);
    writeFileSync(join(folder, 'positions.csv'), `symbol,shares,buyPrice\n${lines.join('')}`);
    const expected = tradeByTheBook(RULES, stamp({ rules: RULES, positions, input: session.quotes }).steps);
    trades = tradesCsv(expected.trades);
    rows = expected.rows;
    for (const counts of Object.values(expected.reasons)) {
      for (const [reason, count] of Object.entries(counts)) reasons[reason] = (reasons[reason] ?? 0) + count;
    }
  }, PATIENCE_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function replay(inputs: readonly string[], workers: number): Promise<void> {
    const out = join(folder, `trades-${workers}.csv`);
    const report = join(folder, `report-${workers}.json`);
    const given = [
      '--positions',
      join(folder, 'positions.csv'),
      '--workers',
      String(workers),
      '--trades',
      out,
      '--report',
      report,
    ];
    await run(process.execPath, [commandLine, 'replay', ...inputs, ...given]);

    // Not toEqual: a difference of megabytes is no message.
    expect(readFileSync(out, 'utf8') === trades).toBe(true);
    const { positions, reasons: counted } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    expect(positions).toEqual(rows);
    expect(Object.fromEntries(Object.entries(counted).filter(([, count]) => count > 0))).toEqual(reasons);
  }

  test(
    `from the files as they are, with ${WORKERS.join(', ')} workers`,
    async () => {
      expect(existsSync(commandLine)).toBe(true);
      for (const workers of WORKERS) await replay(files, workers);
    },
    PATIENCE_MS,
  );

  test(
    `from a recording of them, with ${WORKERS.join(', ')} workers`,
    async () => {
      const recording = join(folder, 'session.ftr');
      await run(process.execPath, [commandLine, 'record', ...files, '-o', recording]);

      for (const workers of WORKERS) await replay([recording], workers);
    },
    PATIENCE_MS,
  );
}

describeWithSharedData(
  '1,924 symbols at one open trade by the book',
  ['data/us_equities_20051227_trades_quotes.csv.gz'],
  ([file]) => {
    itReplaysLikeTheOracle(() => ({ quotes: readTickHistory(file), files: [file] }), '10000');
  },
);

describeWithSharedData(
  'two whole days of AIG, BAC and IBM trade by the book',
  ['data/lean_us_equities/20131007/nbbo_20131007.csv.gz', 'data/lean_us_equities/20131008/nbbo_20131008.csv.gz'],
  ([monday, tuesday]) => {
    itReplaysLikeTheOracle(
      () => ({ quotes: [...readNbbo(monday), ...readNbbo(tuesday)], files: [monday, tuesday] }),
      '50000000',
    );
  },
);
