import type { SessionSourceReader } from '../../engine/connectors/sources/session-source-reader.ts';
import type { SessionTotals } from '../../engine/connectors/sources/session-totals.ts';
import { BAR_INTERVALS_MS, BAR_SHARES_WORD, BAR_WORDS } from '../../engine/contract/bars.ts';
import { ROW_WORDS } from '../../engine/contract/frames.ts';
import { assignKeyToParallelOperator } from '../../engine/state/key-groups.ts';
import type { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { BARS_QUERY, type BarsQuestion } from '../../engine/trading/bars/bar-history.ts';
import type { ControlRecord } from '../../engine/trading/records.ts';
import type { PositionRow } from '../../engine/trading/rows.ts';
import type { OracleRow } from '../support/oracle/trading.ts';
import type { ScriptedSession } from './drawn-session.ts';

/** All that a job says at its end, besides what its sinks made final. */
export interface JobResults {
  readonly rows: readonly OracleRow[];
  readonly reasons: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly totals: SessionTotals;
  readonly quarantined: readonly string[];
  /** Positions that never entered the stream. */
  readonly pending: readonly string[];
  /** By symbol: the samples of its chart. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** By symbol and interval: its bars, but for what was traded, which a late trade may come too late for. */
  readonly bars: Readonly<Record<string, readonly number[]>>;
  /** Of the window's rows: how many there are, and all their numbers, in the order of their bytes. */
  readonly frames: readonly string[];
}

interface Report {
  readonly position: PositionRow | null;
  readonly reasons: Readonly<Record<string, number>>;
}

export function readResults<P>(
  executor: LocalExecutor<P>,
  reader: SessionSourceReader<ControlRecord>,
  session: ScriptedSession,
): JobResults {
  const ask = (name: string, key: string, question: unknown = null): unknown => {
    const { tasks, maxParallelism, parallelism } = executor;
    // Others may have a place for the key, of when it was theirs.
    const { vertices } = tasks[assignKeyToParallelOperator(key, maxParallelism, parallelism)];
    for (const { operator } of vertices) {
      const answer = operator.keyTable.slotOf(key) >= 0 ? operator.queryables.answer(name, key, question) : undefined;
      if (answer !== undefined) return answer.value;
    }
    return null;
  };
  const symbols = [
    ...new Set([
      ...session.inputs.flat().map(({ quote }) => quote.symbol),
      ...session.positions.map(({ symbol }) => symbol),
    ]),
  ].sort();
  const reports = symbols.map((symbol) => [symbol, ask('report', symbol) as Report | null] as const);
  return {
    rows: reports.flatMap(([, report]) => (report?.position ? [report.position] : [])),
    reasons: Object.fromEntries(
      reports.flatMap(([symbol, report]) =>
        report !== null && Object.keys(report.reasons).length > 0 ? [[symbol, report.reasons]] : [],
      ),
    ),
    totals: reader.totals(),
    quarantined: reader
      .quarantinedRows()
      .map((row) => JSON.stringify(row))
      .sort(),
    pending: reader.stamper.pendingPositions().map((position) => JSON.stringify(position)),
    history: Object.fromEntries(symbols.map((symbol) => [symbol, (ask('history', symbol) ?? []) as number[]])),
    bars: Object.fromEntries(symbols.flatMap((symbol) => barsOf(symbol, ask))),
    frames: framesOf(executor),
  };
}

function barsOf(
  symbol: string,
  ask: (name: string, key: string, question: BarsQuestion) => unknown,
): (readonly [string, readonly number[]])[] {
  return Object.values(BAR_INTERVALS_MS).map((intervalMs) => {
    const words = (ask(BARS_QUERY, symbol, { intervalMs, fromMs: -Infinity }) ?? []) as number[];
    return [`${symbol} ${intervalMs}`, words.filter((_, index) => index % BAR_WORDS < BAR_SHARES_WORD)];
  });
}

/** The rows the window would be sent, told apart by text: a symbol has another number in every run. */
function framesOf<P>(executor: LocalExecutor<P>): string[] {
  return executor.tasks
    .flatMap((task) => {
      const { operator } = task.vertices[0];
      const published = operator.rows.get('rows')?.take(true);
      if (published === undefined) return ['no rows are published'];
      const numbers = new Float64Array(published.buffer);
      const { symbols } = operator.environment;
      return Array.from({ length: published.rowCount }, (_, row) => {
        const [symbolId, ...rest] = numbers.subarray(row * ROW_WORDS, (row + 1) * ROW_WORDS);
        return `${symbols.textOf(symbolId)} ${rest.join(' ')}`;
      });
    })
    .sort();
}
