import type { Clock } from '../../core/time.ts';

/** A wall clock that is set by more than this is told; slower corrections are the clock's own business. */
export const CLOCK_JUMP_MS = 1_000;
/** Looks at the clock that are further apart than this mean that the machine slept or the program was stopped. */
export const STOOD_STILL_MS = 2_000;

export type ClockEvent =
  { readonly kind: 'jumped'; readonly byMs: number } | { readonly kind: 'stood-still'; readonly forMs: number };

/**
 * The clocks of a live session. `processingMs` is what rules on processing time run on: wall time when the session began,
 * moved on by the monotonic clock, so that a wall clock that is set moves no rule. It never goes back, also over restarts.
 */
export class LiveClock {
  readonly #clock: Clock;
  #startMs: number;
  #leastMs = -Infinity;
  #offsetMs: number;
  #lookedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lookedMs = clock.monotonicMs();
    this.#offsetMs = clock.wallMs() - this.#lookedMs;
    this.#startMs = this.#offsetMs;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  /** Wall clock; only for comparing with the stamps of others, and for notes. */
  wallMs(): number {
    return this.#clock.wallMs();
  }

  /** Whole ms. */
  processingMs(): number {
    const nowMs = Math.floor(this.#startMs + this.#clock.monotonicMs());
    if (nowMs > this.#leastMs) this.#leastMs = nowMs;
    return this.#leastMs;
  }

  /** A session that goes on after a restart: its processing clock had come this far. */
  continueFrom(processingMs: number): void {
    const behindMs = processingMs - (this.#startMs + this.#clock.monotonicMs());
    if (behindMs > 0) this.#startMs += behindMs;
    this.#leastMs = Math.max(this.#leastMs, processingMs);
  }

  /** Call a few times a second. @returns what happened to the clocks since the last look; null: nothing */
  look(): ClockEvent | null {
    const monotonicMs = this.#clock.monotonicMs();
    const sinceMs = monotonicMs - this.#lookedMs;
    const offsetMs = this.#clock.wallMs() - monotonicMs;
    const byMs = offsetMs - this.#offsetMs;
    this.#lookedMs = monotonicMs;
    if (Math.abs(byMs) > CLOCK_JUMP_MS) {
      this.#offsetMs = offsetMs;
      return { kind: 'jumped', byMs: Math.round(byMs) };
    }
    return sinceMs > STOOD_STILL_MS ? { kind: 'stood-still', forMs: Math.round(sinceMs) } : null;
  }
}
