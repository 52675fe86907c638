import type { Brand } from './brand.ts';

/** Venue time, whole milliseconds since the Unix epoch. Negative values are times before 1970. */
export type EventTimeMs = Brand<number, 'EventTimeMs'>;
/** A monotonic reading, for durations only. */
export type MonotonicMs = Brand<number, 'MonotonicMs'>;

/** Flink's Long.MIN_VALUE and Long.MAX_VALUE as they are written here: no watermark yet, and the end of time. */
export const WATERMARK_MIN = -Infinity;
export const WATERMARK_MAX = Infinity;

/** Time is a guest: whoever needs it receives one of these. */
export interface Clock {
  /** Monotonic milliseconds, fractions included; only differences mean anything. */
  monotonicMs(): number;
  /** Wall clock, ms since the Unix epoch. For labels and logs at the edges only. */
  wallMs(): number;
}
