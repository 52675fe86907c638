import type { QuoteBatch } from './quote-batch.ts';

/**
 * What happens in a live session besides quotes and controls, at one place in its order. Marks are journaled and recorded,
 * so that a replay goes through the same: the same steps of time, and what is known about the feed.
 */
export type SessionMark =
  /**
   * Nothing was quoted, and time went on. `processingTimeMs`: the session's processing clock; `eventTimeMs`: event time
   * goes on to here with the clock, because the feed has been silent for `idleMs`; null: it stands.
   */
  | { readonly kind: 'clock'; readonly eventTimeMs: number | null; readonly processingTimeMs: number }
  | { readonly kind: 'feed'; readonly fact: FeedFact };

/** `atMs`: the machine's wall clock. */
export type FeedFact =
  | { readonly what: 'session-started'; readonly atMs: number; readonly feed: string }
  | { readonly what: 'session-ended'; readonly atMs: number }
  | { readonly what: 'connected'; readonly atMs: number }
  | { readonly what: 'disconnected'; readonly atMs: number; readonly why: string }
  /** Messages `from` to `to` of the feed never came. */
  | { readonly what: 'gap'; readonly atMs: number; readonly from: number; readonly to: number }
  /** The feed counts its messages anew: it was started again. */
  | { readonly what: 'restarted'; readonly atMs: number; readonly from: number; readonly to: number }
  /** The wall clock was set, by so much. */
  | { readonly what: 'clock-jumped'; readonly atMs: number; readonly byMs: number }
  /** The machine slept, or the program was stopped, for so long. */
  | { readonly what: 'stood-still'; readonly atMs: number; readonly forMs: number };

/** How a mark comes out of `QuoteInput.takeControl`, where controls come out as they are. */
export class RecordedMark {
  readonly mark: SessionMark;

  constructor(mark: SessionMark) {
    this.mark = mark;
  }
}

/** In LiveColumns.flags: the quote was too old when it was taken; it is put aside and does not trade. */
export const QUOTE_IS_STALE = 1;

/** What a quote of a live feed has beyond its columns. */
export interface LiveColumns {
  /** The session's processing clock when it was taken: wall time at the start, moved on by the monotonic clock. Whole ms. */
  readonly received: Float64Array;
  readonly flags: Int32Array;
}

/** Takes down everything a live session took, in its order. */
export interface SessionJournal {
  takenQuotes(batch: QuoteBatch, from: number, to: number): void;
  takenControl(control: unknown): void;
  takenMark(mark: SessionMark): void;
}
