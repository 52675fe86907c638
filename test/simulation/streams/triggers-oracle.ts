import type { DrawnStreams, StreamRecord } from './drawn-streams.ts';
import type { DrawnEvictor, DrawnTriggered } from './drawn-triggers.ts';

/** A window as somebody with pencil and paper would keep it. */
interface KeptWindow {
  readonly key: string;
  /** null: of all time. */
  readonly start: number | null;
  /** The last millisecond in it. */
  readonly lastMs: number;
  held: readonly StreamRecord[];
  firings: number;
  /** Records since the last firing by count. */
  counted: number;
  /** When it fires next by its interval; null: nobody asked yet. */
  nextMs: number | null;
  /** It is still to fire at its end. */
  endsOpen: boolean;
}

/** Everything that windows with a trigger of their own tell, step by step through the script. */
export function triggeredByTheBook({ steps }: DrawnStreams, drawn: DrawnTriggered): Record<string, unknown[]> {
  const book = new TriggerBook(drawn);
  for (const step of steps) {
    if (step.kind === 'record') book.take(step);
    else if (step.kind === 'watermark') book.watermark(step.ts);
    else book.clock(step.ms);
  }
  return { triggered: book.fired, 'triggered-late': book.late };
}

class TriggerBook {
  readonly fired: unknown[] = [];
  readonly late: unknown[] = [];
  readonly #drawn: DrawnTriggered;
  #windows: KeptWindow[] = [];
  #watermark = -Infinity;
  #clockMs = -Infinity;

  constructor(drawn: DrawnTriggered) {
    this.#drawn = drawn;
  }

  watermark(ts: number): void {
    if (ts <= this.#watermark) return;
    this.#watermark = ts;
    if (this.#drawn.time === 'event') this.#advance(ts);
  }

  clock(ms: number): void {
    this.#clockMs = ms;
    if (this.#drawn.time === 'clock') this.#advance(ms);
  }

  take(record: StreamRecord): void {
    const { time, sizeMs, latenessMs, trigger } = this.#drawn;
    const atMs = time === 'event' ? record.ts : this.#clockMs;
    const start = sizeMs === null ? null : Math.floor(atMs / sizeMs) * sizeMs;
    const lastMs = start === null || sizeMs === null ? Infinity : start + sizeMs - 1;
    if (time === 'event' && lastMs + latenessMs <= this.#watermark) {
      if (record.ts + latenessMs <= this.#watermark) this.late.push([record.sequence]);
      return;
    }
    const window = this.#windowOf(record.key, start, lastMs);
    // A time that had passed when it was asked for comes with the next record of the key, which brings the watermark again.
    if (time === 'event') this.#advanceOne(window, this.#watermark);
    window.held = [...window.held, record];
    if (trigger.kind === 'count') {
      window.counted += 1;
      if (window.counted < trigger.count) return;
      window.counted = 0;
      return this.#fire(window);
    }
    if (time === 'event' && lastMs <= this.#watermark) return this.#fire(window);
    if (time === 'event' || trigger.kind === 'at-the-end') window.endsOpen = true;
    if (trigger.kind === 'continuous') window.nextMs ??= this.#after(atMs - (atMs % trigger.everyMs), window);
  }

  #windowOf(key: string, start: number | null, lastMs: number): KeptWindow {
    const known = this.#windows.find((window) => window.key === key && window.start === start);
    if (known !== undefined) return known;
    const window: KeptWindow = { key, start, lastMs, held: [], firings: 0, counted: 0, nextMs: null, endsOpen: false };
    this.#windows.push(window);
    return window;
  }

  #advance(toMs: number): void {
    for (const window of this.#windows) this.#advanceOne(window, toMs);
    const keptMs = this.#drawn.latenessMs;
    this.#windows = this.#windows.filter(({ lastMs }) => lastMs + keptMs > toMs);
  }

  #advanceOne(window: KeptWindow, toMs: number): void {
    for (;;) {
      const { nextMs, lastMs, endsOpen } = window;
      const isByInterval = nextMs !== null && nextMs < lastMs && nextMs <= toMs;
      if (isByInterval) {
        this.#fire(window);
        window.nextMs = this.#after(nextMs, window);
        continue;
      }
      // The last firing by interval is the one at the end.
      const isAtEnd = (endsOpen || nextMs === lastMs) && lastMs <= toMs;
      if (!isAtEnd) return;
      this.#fire(window);
      window.endsOpen = false;
      window.nextMs = Infinity;
    }
  }

  #after(ms: number, { lastMs }: KeptWindow): number {
    const { trigger } = this.#drawn;
    return trigger.kind === 'continuous' ? Math.min(ms + trigger.everyMs, lastMs) : lastMs;
  }

  #fire(window: KeptWindow): void {
    if (window.held.length === 0) return;
    const { evictor, purges } = this.#drawn;
    const seen = evictor?.when === 'before' ? kept(window.held, evictor) : window.held;
    window.firings += 1;
    this.fired.push([window.key, window.start, window.firings, seen.map(({ sequence }) => sequence)]);
    window.held = purges ? [] : evictor?.when === 'after' ? kept(seen, evictor) : seen;
  }
}

function kept(held: readonly StreamRecord[], { kind, keeps }: DrawnEvictor): readonly StreamRecord[] {
  const newest = held[held.length - 1];
  const newestMs = Math.max(...held.map(({ ts }) => ts));
  switch (kind) {
    case 'count':
      return held.slice(-keeps);
    case 'time':
      return held.filter(({ ts }) => ts > newestMs - keeps);
    case 'delta':
      return held.filter(({ sequence }) => newest.sequence - sequence < keeps);
  }
}
