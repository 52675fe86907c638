import type { DrawnStreams, StreamRecord } from './drawn-streams.ts';
import type { DrawnEvictor, DrawnTriggered } from './drawn-triggers.ts';

/** A window as somebody with pencil and paper would keep it. */
interface KeptWindow {
  readonly key: string;
  readonly start: number;
  /** One millisecond behind it; Infinity: it is of all time. */
  readonly end: number;
  held: readonly StreamRecord[];
  firings: number;
  /** Records since the last firing by count. */
  counted: number;
  /** When it fires next by its interval; null: nobody asked yet. */
  nextMs: number | null;
  /** It has fired at its end, or is not to. */
  isDone: boolean;
}

const lastOf = ({ end }: { readonly end: number }): number => end - 1;

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
    const { time, latenessMs, trigger } = this.#drawn;
    const atMs = time === 'event' ? record.ts : this.#clockMs;
    // A time that had passed when it was asked for comes with the next record of the key, which brings the watermark again.
    if (time === 'event')
      for (const one of this.#windows) if (one.key === record.key) this.#fireUntil(one, this.#watermark);
    const { merged, window } = this.#placeOf(record.key, atMs);
    if (time === 'event' && lastOf(window) + latenessMs <= this.#watermark) {
      if (record.ts + latenessMs <= this.#watermark) this.late.push([record.sequence]);
      return;
    }
    this.#windows = [...this.#windows.filter((one) => !merged.includes(one)), window];
    window.held = [...window.held, record];
    if (trigger.kind === 'count') {
      window.counted += 1;
      if (window.counted < trigger.count) return;
      window.counted = 0;
      return this.#fire(window);
    }
    if (time === 'event' && lastOf(window) <= this.#watermark) return this.#fire(window);
    if (trigger.kind === 'continuous') window.nextMs ??= this.#after(atMs - (atMs % trigger.everyMs), window);
    if (time === 'event' || trigger.kind === 'at-the-end' || window.nextMs === lastOf(window)) window.isDone = false;
  }

  /** The window that a record at this time belongs to, and those that it takes the place of. */
  #placeOf(key: string, atMs: number): { readonly merged: readonly KeptWindow[]; readonly window: KeptWindow } {
    const { start, end } = this.#spanOf(atMs);
    const own = this.#windows.filter((window) => window.key === key);
    const known = own.find((window) => window.start <= start && window.end >= end);
    if (known !== undefined) return { merged: [known], window: known };
    const merged =
      this.#drawn.spans.kind === 'sessions' ? own.filter((one) => one.start <= end && one.end >= start) : [];
    const asked = merged.flatMap(({ nextMs }) => nextMs ?? []);
    const window: KeptWindow = {
      key,
      start: Math.min(start, ...merged.map((one) => one.start)),
      end: Math.max(end, ...merged.map((one) => one.end)),
      held: merged.flatMap(({ held }) => held),
      firings: 0,
      counted: merged.reduce((sum, { counted }) => sum + counted, 0),
      nextMs: asked.length === 0 ? null : Math.min(...asked),
      isDone: true,
    };
    return { merged, window };
  }

  #spanOf(atMs: number): { readonly start: number; readonly end: number } {
    const { spans } = this.#drawn;
    switch (spans.kind) {
      case 'global':
        return { start: 0, end: Infinity };
      case 'sessions':
        return { start: atMs, end: atMs + spans.gapMs };
      case 'tumbling': {
        const start = Math.floor(atMs / spans.sizeMs) * spans.sizeMs;
        return { start, end: start + spans.sizeMs };
      }
    }
  }

  #advance(toMs: number): void {
    for (const window of this.#windows) this.#fireUntil(window, toMs);
    const keptMs = this.#drawn.latenessMs;
    this.#windows = this.#windows.filter((window) => lastOf(window) + keptMs > toMs);
  }

  #fireUntil(window: KeptWindow, toMs: number): void {
    const lastMs = lastOf(window);
    while (window.nextMs !== null && window.nextMs < lastMs && window.nextMs <= toMs) {
      this.#fire(window);
      window.nextMs = this.#after(window.nextMs, window);
      // The last one by interval is the one at the end.
      if (window.nextMs === lastMs) window.isDone = false;
    }
    if (window.isDone || lastMs > toMs) return;
    window.isDone = true;
    this.#fire(window);
  }

  #after(ms: number, window: KeptWindow): number {
    const { trigger } = this.#drawn;
    return trigger.kind === 'continuous' ? Math.min(ms + trigger.everyMs, lastOf(window)) : lastOf(window);
  }

  #fire(window: KeptWindow): void {
    if (window.held.length === 0) return;
    const { evictor, purges, spans } = this.#drawn;
    const seen = evictor?.when === 'before' ? kept(window.held, evictor) : window.held;
    window.firings += 1;
    const nth = spans.kind === 'sessions' ? null : window.firings;
    const span = spans.kind === 'global' ? [null, null] : [window.start, window.end];
    const sequences = seen.map(({ sequence }) => sequence).sort((left, right) => left - right);
    this.fired.push([window.key, ...span, nth, sequences]);
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
