import type { RulesDocument } from '../../contract/rules.ts';
import { resolveRules } from '../../contract/rules-resolve.ts';
import type { QuarantinedRow } from '../../contract/window.ts';
import { ROW, ROW_WORDS, STATUS_CLOSED, STATUS_NO_POSITION } from '../../contract/frames.ts';
import { formatMoney, formatPrice, formatShares } from '../../core/decimal.ts';
import type { PlannedPosition } from '../../connectors/sources/session-records.ts';
import { REASONS } from '../../trading/records.ts';
import { REASON_ROW_WORDS } from '../../trading/rows.ts';
import type { SessionProgress } from '../session/session-parameters.ts';
import type { PositionRow, ReplayReport } from './report.ts';

/** Rows as one task published them. */
export interface PublishedRows {
  readonly buffer: ArrayBuffer;
  readonly rows: number;
}

export interface ReplayOutcome {
  readonly inputs: readonly string[];
  readonly rules: RulesDocument;
  readonly outOfOrdernessMs: number;
  readonly maxFutureMs: number;
  readonly progress: SessionProgress;
  readonly quarantinedRows: readonly QuarantinedRow[];
  readonly pending: readonly PlannedPosition[];
  readonly positionRows: readonly PublishedRows[];
  readonly reasonRows: readonly PublishedRows[];
  readonly trades: { readonly count: number; readonly shares: bigint; readonly profit: bigint };
  readonly workers: number;
  readonly maxParallelism: number;
  readonly elapsedMs: number;
  nameOf(symbol: number): string;
}

const SHARE_PLACES = 2;
const WORD_BITS = 64n;

/** The report of trading-rules "Command line". */
export function replayReport(outcome: ReplayOutcome): ReplayReport {
  const { totals } = outcome.progress;
  const positions = [
    ...outcome.positionRows.flatMap((published) => openedRows(published, outcome.nameOf)),
    ...outcome.pending.map(pendingRow),
  ];
  const resolved = resolveRules(outcome.rules);
  return {
    session: {
      inputs: outcome.inputs,
      rows: totals.rows,
      quotes: totals.quotes - totals.futureQuotes - totals.lateQuotes - totals.staleQuotes,
      symbols: totals.symbols,
      firstEventTimeMs: totals.firstEventTimeMs,
      lastEventTimeMs: totals.lastEventTimeMs,
      applied: totals.appliedRows,
      late: totals.late,
      quarantined: totals.quarantined,
      ignored: totals.ignored,
      quarantinedByReason: totals.quarantinedByReason,
      quarantinedRows: outcome.quarantinedRows,
    },
    rules: {
      ...resolved,
      defaults: { ...resolved.defaults, outOfOrdernessMs: outcome.outOfOrdernessMs, maxFutureMs: outcome.maxFutureMs },
    },
    positions: positions.sort(bySymbol),
    reasons: reasonTotals(outcome.reasonRows),
    totals: {
      trades: outcome.trades.count,
      shares: formatShares(outcome.trades.shares),
      profit: formatMoney(outcome.trades.profit, SHARE_PLACES),
    },
    engine: {
      workers: outcome.workers,
      maxParallelism: outcome.maxParallelism,
      elapsedMs: Math.round(outcome.elapsedMs),
      quotesPerSecond: outcome.elapsedMs > 0 ? Math.round((totals.quotes * 1000) / outcome.elapsedMs) : 0,
    },
  };
}

function openedRows(published: PublishedRows, nameOf: (symbol: number) => string): PositionRow[] {
  const numbers = new Float64Array(published.buffer);
  const integers = new BigInt64Array(published.buffer);
  const rows: PositionRow[] = [];
  for (let index = 0; index < published.rows; index += 1) {
    const at = index * ROW_WORDS;
    if (numbers[at + ROW.status] !== STATUS_NO_POSITION) rows.push(openedRow(numbers, integers, at, nameOf));
  }
  return rows;
}

function openedRow(
  numbers: Float64Array,
  integers: BigInt64Array,
  at: number,
  nameOf: (symbol: number) => string,
): PositionRow {
  const profit =
    (integers[at + ROW.profitHigh] << WORD_BITS) | BigInt.asUintN(Number(WORD_BITS), integers[at + ROW.profitLow]);
  const timeOrNone = (value: number): number | null => (Number.isNaN(value) ? null : value);
  return {
    symbol: nameOf(numbers[at + ROW.symbol]),
    shares: formatShares(numbers[at + ROW.shares]),
    buyPrice: formatPrice(numbers[at + ROW.buyPrice]),
    askPrice: formatPrice(numbers[at + ROW.askPrice]),
    lastTradePrice: formatPrice(numbers[at + ROW.lastTradePrice]),
    profit: formatMoney(profit),
    status: numbers[at + ROW.status] === STATUS_CLOSED ? 'closed' : 'open',
    openedAt: timeOrNone(numbers[at + ROW.openedAtMs]),
    expiresAt: timeOrNone(numbers[at + ROW.expiresAtMs]),
    nextDecayAt: timeOrNone(numbers[at + ROW.nextDecayAtMs]),
    trades: numbers[at + ROW.trades],
  };
}

/** Its time never came: it has no ask and did not trade. */
function pendingRow(position: PlannedPosition): PositionRow {
  return {
    symbol: position.symbol,
    shares: formatShares(position.shares),
    buyPrice: formatPrice(position.buyPrice),
    askPrice: null,
    lastTradePrice: null,
    profit: formatMoney(0n),
    status: 'pending',
    openedAt: position.openedAt,
    expiresAt: null,
    nextDecayAt: null,
    trades: 0,
  };
}

/** By code units, so that the order is the same on every machine. */
function bySymbol(left: PositionRow, right: PositionRow): number {
  if (left.symbol !== right.symbol) return left.symbol < right.symbol ? -1 : 1;
  return (left.openedAt ?? -Infinity) - (right.openedAt ?? -Infinity);
}

function reasonTotals(published: readonly PublishedRows[]): Record<string, number> {
  const totals = new Map<string, number>();
  for (const { buffer, rows } of published) {
    const numbers = new Float64Array(buffer);
    for (let index = 0; index < rows; index += 1) {
      REASONS.forEach((reason, place) => {
        const count = numbers[index * REASON_ROW_WORDS + 1 + place];
        if (count > 0) totals.set(reason, (totals.get(reason) ?? 0) + count);
      });
    }
  }
  return Object.fromEntries(
    REASONS.filter((reason) => totals.has(reason)).map((reason) => [reason, totals.get(reason) ?? 0]),
  );
}
