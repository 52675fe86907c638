/** Why a row was quarantined. A closed list: reports and screens translate each of them. */
export const ROW_REASONS = [
  'nul-byte',
  'line-too-long',
  'unclosed-quote',
  'wrong-column-count',
  'bad-json',
  'missing-symbol',
  'bad-symbol',
  'too-many-symbols',
  'bad-time',
  'time-unit',
  'bad-number',
  'too-many-decimals',
  'out-of-range',
  'negative-size',
  'future',
  'stale',
] as const;
export type RowReason = (typeof ROW_REASONS)[number];

export interface QuarantinedRow {
  /** Name of the input. */
  readonly input: string;
  /** From 1; of a row that spans several lines, its first. */
  readonly line: number;
  readonly reason: RowReason;
  /** The row, cut at 200 characters. */
  readonly text: string;
}

/** Rows kept with their text, per input; all are counted. */
export const QUARANTINE_KEPT_MAX = 1000;
/** Characters kept of a quarantined row. */
export const QUARANTINE_TEXT_MAX = 200;
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Found by whoever stamps the quotes, not by whoever decodes the rows. */
const STAMPER_REASONS: readonly RowReason[] = ['future', 'stale'];

/** An input's books as a checkpoint keeps them: the stamper's part, and of an input that is read once the decoder's too. */
export interface StoredLedger {
  /** Of an input that is read once. */
  readonly decoded?: { readonly rowsRead: number; readonly ignoredRows: number };
  readonly appliedRows: number;
  readonly lateRows: number;
  readonly quarantined: readonly (readonly [RowReason, number])[];
  readonly kept: readonly QuarantinedRow[];
}

/**
 * The books of one input. A row is a data row of the file: header, comments and blank lines are none. Every row ends in
 * exactly one place: in a quote that was applied or late, in quarantine, or ignored by the profile. `rowsRead` is counted
 * where rows are read, the others where rows end, so that their equality at the end proves something.
 * Source thread only.
 */
export class RowLedger {
  readonly input: string;
  rowsRead = 0;
  appliedRows = 0;
  lateRows = 0;
  ignoredRows = 0;
  quarantinedRows = 0;
  readonly kept: QuarantinedRow[] = [];
  readonly #byReason = new Map<RowReason, number>();

  constructor(input: string) {
    this.input = input;
  }

  /** @param rows how many rows of the input this was (a pair of rows that made one quote: 2) */
  quarantine(reason: RowReason, line: number, text: string, rows = 1): void {
    this.quarantinedRows += rows;
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + rows);
    if (this.kept.length < QUARANTINE_KEPT_MAX) {
      // What a file holds must not steer the terminal it is shown on.
      const shown = text.slice(0, QUARANTINE_TEXT_MAX).replaceAll(CONTROL_CHARACTERS, '\ufffd');
      this.kept.push({ input: this.input, line, reason, text: shown });
    }
  }

  /** What the stamper added; what the decoder counts comes back when the input is read again. */
  snapshot(): StoredLedger {
    return {
      appliedRows: this.appliedRows,
      lateRows: this.lateRows,
      quarantined: STAMPER_REASONS.map((reason) => [reason, this.#byReason.get(reason) ?? 0]),
      kept: this.kept.filter(({ reason }) => STAMPER_REASONS.includes(reason)),
    };
  }

  /**
   * Everything, of an input that is not read again.
   * @param openRows of quotes that were taken and are not decided yet; rows that were read and not taken do not count
   */
  snapshotWhole(openRows: number): StoredLedger {
    const { appliedRows, lateRows, ignoredRows, quarantinedRows } = this;
    const rowsRead = appliedRows + lateRows + ignoredRows + quarantinedRows + openRows;
    return {
      decoded: { rowsRead, ignoredRows },
      appliedRows,
      lateRows,
      quarantined: [...this.#byReason],
      kept: [...this.kept],
    };
  }

  /** Before the first row is read. */
  restore(stored: StoredLedger): void {
    this.rowsRead = stored.decoded?.rowsRead ?? 0;
    this.ignoredRows = stored.decoded?.ignoredRows ?? 0;
    this.appliedRows = stored.appliedRows;
    this.lateRows = stored.lateRows;
    for (const [reason, rows] of stored.quarantined) {
      if (rows === 0) continue;
      this.#byReason.set(reason, rows);
      this.quarantinedRows += rows;
    }
    this.kept.push(...stored.kept);
  }

  /** Rows per reason, reasons in the order of ROW_REASONS. */
  quarantinedByReason(): Partial<Record<RowReason, number>> {
    const counts: Partial<Record<RowReason, number>> = {};
    for (const reason of ROW_REASONS) {
      const count = this.#byReason.get(reason);
      if (count !== undefined) counts[reason] = count;
    }
    return counts;
  }

  /** Rows that have not ended anywhere yet: 0 once the session is over. */
  openRows(): number {
    return this.rowsRead - this.appliedRows - this.lateRows - this.quarantinedRows - this.ignoredRows;
  }
}
