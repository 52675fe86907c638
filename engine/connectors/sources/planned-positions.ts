import { WATERMARK_MIN } from '../../core/time.ts';
import type { PlannedPosition } from './session-records.ts';

/**
 * Positions on their way into the stream: by `openedAt`, then file order. Those without a time get that of the first quote,
 * so their order is known only then. Source thread only.
 */
export class PlannedPositions {
  /** Event time at which the next one is due; WATERMARK_MIN: the first quote decides; Infinity: there is none. */
  nextAt: number;
  /** Event time of the first quote; 0: not yet. */
  firstQuoteMs = 0;
  readonly #planned: PlannedPosition[];
  #isSorted = false;
  #opened = 0;

  constructor(positions: readonly PlannedPosition[]) {
    this.#planned = [...positions];
    this.nextAt = this.#planned.length > 0 ? WATERMARK_MIN : Infinity;
  }

  /** How many have entered the stream; null: none, and those without a time have none yet. */
  get opened(): number | null {
    return this.#isSorted ? this.#opened : null;
  }

  /** Those that have not. */
  pending(): readonly PlannedPosition[] {
    return this.#planned.slice(this.#opened);
  }

  /** @returns the next one that is due when event time goes on to `timeMs`; the same again until `open` */
  due(timeMs: number): PlannedPosition | null {
    if (!this.#isSorted) this.#sort(timeMs);
    if (this.#opened === this.#planned.length) {
      this.nextAt = Infinity;
      return null;
    }
    const next = this.#planned[this.#opened];
    this.nextAt = next.openedAt as number;
    return this.nextAt > timeMs ? null : next;
  }

  /** The one that is due enters. */
  open(): void {
    this.#opened += 1;
  }

  /** The positions are the ones it was first made with. */
  restore(opened: number | null, firstQuoteMs: number): void {
    if (opened === null) return;
    this.#sort(firstQuoteMs);
    this.#opened = opened;
    this.nextAt = this.#planned[opened]?.openedAt ?? Infinity;
  }

  #sort(firstQuoteMs: number): void {
    this.firstQuoteMs = firstQuoteMs;
    this.#planned.forEach((planned, index) => {
      if (planned.openedAt === null) this.#planned[index] = { ...planned, openedAt: firstQuoteMs };
    });
    // Array sort is stable: file order stays among equal times.
    this.#planned.sort((left, right) => (left.openedAt as number) - (right.openedAt as number));
    this.#isSorted = true;
  }
}
