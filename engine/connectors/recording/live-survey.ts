import type { QuoteBatch } from '../sources/quote-batch.ts';
import { QUOTE_IS_STALE, RecordedMark, type FeedFact } from '../sources/session-marks.ts';

/** What is in a live session besides its quotes. */
export interface LiveBooks {
  /** How often each thing is told of its feed: connected, disconnected, gap ... */
  readonly facts: Readonly<Partial<Record<FeedFact['what'], number>>>;
  /** Messages that never came. */
  readonly missed: number;
  /** Quotes that were too old when they came. */
  readonly staleQuotes: number;
  /** Steps of time while nothing was quoted; and those of them in which event time went on. */
  readonly clockSteps: number;
  readonly idleSteps: number;
  /** Rule changes, halts and re-arms. */
  readonly controls: number;
}

/** Looks at a live session from beside, item by item. */
export class LiveSurvey {
  readonly #facts: Partial<Record<FeedFact['what'], number>> = {};
  #missed = 0;
  #staleQuotes = 0;
  #clockSteps = 0;
  #idleSteps = 0;
  #controls = 0;

  add({ live }: QuoteBatch, index: number): void {
    if (live !== undefined && live !== null && (live.flags[index] & QUOTE_IS_STALE) !== 0) this.#staleQuotes += 1;
  }

  addControl(control: unknown): void {
    if (!(control instanceof RecordedMark)) {
      this.#controls += 1;
      return;
    }
    const { mark } = control;
    if (mark.kind === 'clock') {
      this.#clockSteps += 1;
      if (mark.eventTimeMs !== null) this.#idleSteps += 1;
      return;
    }
    const { fact } = mark;
    this.#facts[fact.what] = (this.#facts[fact.what] ?? 0) + 1;
    if (fact.what === 'gap') this.#missed += fact.to - fact.from + 1;
  }

  result(): LiveBooks {
    return {
      facts: this.#facts,
      missed: this.#missed,
      staleQuotes: this.#staleQuotes,
      clockSteps: this.#clockSteps,
      idleSteps: this.#idleSteps,
      controls: this.#controls,
    };
  }
}
