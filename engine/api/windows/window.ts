/** A group of records of one key that are looked at together (Flink: Window). Times are ms, `end` is not part of it. */
export interface Window {
  readonly start: number;
  readonly end: number;
  /** The greatest timestamp that belongs to it: it is complete when the watermark is there. */
  maxTimestamp(): number;
}

/** The window [start, end). */
export class TimeWindow implements Window {
  readonly start: number;
  readonly end: number;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  maxTimestamp(): number {
    return this.end - 1;
  }

  /** Whether they overlap or touch. */
  intersects(other: TimeWindow): boolean {
    return this.start <= other.end && this.end >= other.start;
  }

  /** The smallest window that holds both. */
  cover(other: TimeWindow): TimeWindow {
    return new TimeWindow(Math.min(this.start, other.start), Math.max(this.end, other.end));
  }
}

/** The one window of everything. It never ends: only a trigger makes it fire. */
export class GlobalWindow implements Window {
  static readonly INSTANCE = new GlobalWindow();
  readonly start = -Infinity;
  readonly end = Infinity;

  maxTimestamp(): number {
    return Infinity;
  }
}

/** Start of the window of `sizeMs` that holds `timestampMs`, where one starts at `offsetMs`; also before 1970. */
export function windowStartOf(timestampMs: number, offsetMs: number, sizeMs: number): number {
  const remainder = (timestampMs - offsetMs) % sizeMs;
  return timestampMs - (remainder < 0 ? remainder + sizeMs : remainder);
}

/** @param merged at least two windows, which become `result` */
export type MergeCallback<W extends Window> = (merged: readonly W[], result: W) => void;

/** Calls back once for each run of different windows that overlap or touch. */
export function mergeTimeWindows(windows: readonly TimeWindow[], onMerge: MergeCallback<TimeWindow>): void {
  const sorted = [...windows].sort((left, right) => left.start - right.start);
  let run: TimeWindow[] = [];
  let result: TimeWindow | null = null;
  const close = (): void => {
    if (result !== null && run.length > 1) onMerge(run, result);
  };
  for (const window of sorted) {
    if (result !== null && result.intersects(window)) {
      result = result.cover(window);
      if (!run.some(({ start, end }) => start === window.start && end === window.end)) run.push(window);
      continue;
    }
    close();
    result = window;
    run = [window];
  }
  close();
}
