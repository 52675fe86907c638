/**
 * Event-time windows once more, in the plainest way: no timers, no state by window. All records that were taken are kept in
 * one list, and what fires is worked out anew at every step.
 */
export interface OracleRecord {
  readonly key: string;
  readonly value: number;
  readonly ts: number;
}
export type OracleStep =
  ({ readonly op: 'element' } & OracleRecord) | { readonly op: 'watermark'; readonly ts: number };

export type OracleWindows =
  | { readonly kind: 'sliding'; readonly size: number; readonly slide: number; readonly offset: number }
  | { readonly kind: 'session'; readonly gap: number };

export interface OracleFiring {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly values: readonly number[];
}
export interface OracleOutcome {
  readonly firings: readonly OracleFiring[];
  readonly late: readonly OracleRecord[];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

export class WindowOracle {
  private watermark = -Infinity;
  /** With the windows a record is still in. Sessions: its own stretch. */
  private taken: { readonly record: OracleRecord; readonly span: Span }[] = [];
  private readonly windows: OracleWindows;
  private readonly lateness: number;

  constructor(windows: OracleWindows, lateness: number) {
    this.windows = windows;
    this.lateness = lateness;
  }

  step(step: OracleStep): OracleOutcome {
    return step.op === 'watermark' ? this.advance(step.ts) : this.take(step);
  }

  private advance(watermark: number): OracleOutcome {
    const before = this.watermark;
    this.watermark = Math.max(before, watermark);
    const firings = this.all().filter(({ end }) => end - 1 > before && end - 1 <= this.watermark);
    const over = new Set(this.all().flatMap((one) => (this.isOver(one) ? [keyOf(one)] : [])));
    const groups = this.grouped();
    this.taken = this.taken.filter((one) => !over.has(groups.get(one) as string));
    return { firings, late: [] };
  }

  private take(record: OracleRecord): OracleOutcome {
    const spans = this.spansOf(record.ts);
    const before = this.taken;
    const fired: OracleFiring[] = [];
    let isTaken = false;
    for (const span of spans) {
      const added = { record, span };
      this.taken = [...this.taken, added];
      const window = this.grouped().get(added) as string;
      const found = this.all().find((one) => keyOf(one) === window) as OracleFiring;
      if (this.isOver(found)) {
        this.taken = this.taken.filter((one) => one !== added);
        continue;
      }
      isTaken = true;
      if (found.end - 1 <= this.watermark) fired.push(found);
    }
    if (!isTaken) this.taken = before;
    const isLate = !isTaken && record.ts + this.lateness <= this.watermark;
    return { firings: fired, late: isLate ? [record] : [] };
  }

  private isOver({ end }: Span): boolean {
    return end - 1 + this.lateness <= this.watermark;
  }

  private spansOf(ts: number): Span[] {
    const { windows } = this;
    if (windows.kind === 'session') return [{ start: ts, end: ts + windows.gap }];
    const spans: Span[] = [];
    for (let start = ts - windows.size + 1; start <= ts; start += 1) {
      const steps = (start - windows.offset) / windows.slide;
      if (Number.isInteger(steps)) spans.push({ start, end: start + windows.size });
    }
    return spans;
  }

  /** Every window there is, with what is in it. */
  private all(): OracleFiring[] {
    const found = new Map<string, { key: string; start: number; end: number; values: number[] }>();
    const groups = this.grouped();
    for (const one of this.taken) {
      const name = groups.get(one) as string;
      const [key, start, end] = JSON.parse(name) as [string, number, number];
      const window = found.get(name) ?? { key, start, end, values: [] };
      found.set(name, window);
      window.values.push(one.record.value);
    }
    return [...found.values()];
  }

  /** The window each record is in now: its span, or the run of spans that overlap or touch. */
  private grouped(): Map<object, string> {
    const groups = new Map<object, string>();
    for (const one of this.taken) {
      let { start, end } = one.span;
      if (this.windows.kind === 'session') {
        const own = this.taken.filter(({ record }) => record.key === one.record.key);
        for (let grew = true; grew;) {
          grew = false;
          for (const { span } of own) {
            if (span.start > end || span.end < start || (span.start >= start && span.end <= end)) continue;
            start = Math.min(start, span.start);
            end = Math.max(end, span.end);
            grew = true;
          }
        }
      }
      groups.set(one, JSON.stringify([one.record.key, start, end]));
    }
    return groups;
  }
}

function keyOf({ key, start, end }: OracleFiring): string {
  return JSON.stringify([key, start, end]);
}
