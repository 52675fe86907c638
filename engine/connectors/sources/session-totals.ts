import type { QuoteInput } from './quote-input.ts';
import { QUARANTINE_KEPT_MAX, ROW_REASONS, type QuarantinedRow, type RowReason } from './row-ledger.ts';
import type { SessionStamper } from './session-stamper.ts';

/** The books of the whole session; rows add up: rows = applied + late + quarantined + ignored (+ open before the end). */
export interface SessionTotals {
  /** Data rows of all inputs. Two rows that made one quote are two. */
  readonly rows: number;
  /** Well-formed quotes: late, held back and quarantined as `future` included. */
  readonly quotes: number;
  readonly symbols: number;
  /** Smallest and greatest event time of the quotes taken; null when there was none. */
  readonly firstEventTimeMs: number | null;
  readonly lastEventTimeMs: number | null;
  readonly appliedRows: number;
  readonly late: number;
  readonly lateQuotes: number;
  /** Quotes quarantined as `future`; they have a sequence number all the same. */
  readonly futureQuotes: number;
  /** Quotes quarantined as `stale`; they have a sequence number as well. */
  readonly staleQuotes: number;
  readonly quarantined: number;
  readonly ignored: number;
  /** Rows read that have not ended anywhere yet; 0 once the session is over. */
  readonly openRows: number;
  readonly quarantinedByReason: Readonly<Partial<Record<RowReason, number>>>;
}

export function sessionTotals(inputs: readonly QuoteInput[], stamper: SessionStamper): SessionTotals {
  const sum = (pick: (input: QuoteInput) => number): number => inputs.reduce((total, input) => total + pick(input), 0);
  const byReason: Partial<Record<RowReason, number>> = {};
  for (const reason of ROW_REASONS) {
    const count = sum((input) => input.ledger.quarantinedByReason()[reason] ?? 0);
    if (count > 0) byReason[reason] = count;
  }
  const some = stamper.takenQuotes > 0;
  return {
    rows: sum((input) => input.ledger.rowsRead),
    quotes: stamper.sequence,
    symbols: stamper.symbolCount,
    firstEventTimeMs: some ? stamper.smallestMs : null,
    lastEventTimeMs: some ? stamper.greatestMs : null,
    appliedRows: sum((input) => input.ledger.appliedRows),
    late: sum((input) => input.ledger.lateRows),
    lateQuotes: stamper.lateQuotes,
    futureQuotes: stamper.futureQuotes,
    staleQuotes: stamper.staleQuotes,
    quarantined: sum((input) => input.ledger.quarantinedRows),
    ignored: sum((input) => input.ledger.ignoredRows),
    openRows: sum((input) => input.ledger.openRows()),
    quarantinedByReason: byReason,
  };
}

/** The first rows in quarantine, inputs in the order named. */
export function firstQuarantined(inputs: readonly QuoteInput[]): readonly QuarantinedRow[] {
  const rows: QuarantinedRow[] = [];
  for (const { ledger } of inputs) rows.push(...ledger.kept.slice(0, QUARANTINE_KEPT_MAX - rows.length));
  return rows;
}
