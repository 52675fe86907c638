import type { Clock } from '../../core/time.ts';

/** Speed of a replay: as fast as it goes, or event seconds per wall second. */
export type ReplaySpeed = { readonly kind: 'max' } | { readonly kind: 'times'; readonly factor: number };

/** Calls `wake` once after `delayMs`; the returned function cancels it. Provided by the host (core/*.node.ts). */
export type StartTimer = (delayMs: number, wake: () => void) => () => void;

/**
 * When the next quote is due. Event time runs from an anchor, a pair of event time and clock reading that is set anew
 * whenever the speed changes or a pause ends, so that nothing jumps and no time is made up for. Decides *when* a quote
 * is emitted, never which or in what order. Source thread only.
 */
export class Pacer {
  readonly #clock: Clock;
  #speed: ReplaySpeed;
  #paused: boolean;
  #anchorEventMs: number | null = null;
  #anchorClockMs = 0;
  #pausedAtMs = -Infinity;
  /** Event time of the quote that is not due yet; null while quotes are emitted as fast as they can be. */
  #waitedForMs: number | null = null;

  constructor(clock: Clock, speed: ReplaySpeed, paused: boolean) {
    this.#clock = clock;
    this.#speed = speed;
    this.#paused = paused;
  }

  get paused(): boolean {
    return this.#paused;
  }

  get speed(): ReplaySpeed {
    return this.#speed;
  }

  /** True when no quote ever has to wait: the hot path asks this once per batch. */
  get unbounded(): boolean {
    return !this.#paused && this.#speed.kind === 'max';
  }

  /** @param reachedMs greatest event time emitted: from there on the new speed counts, unless a quote is waited for */
  setSpeed(speed: ReplaySpeed, reachedMs: number): void {
    const standMs = this.#paused ? this.#pausedAtMs : this.#stand(reachedMs);
    this.#speed = speed;
    if (!this.#paused) this.anchor(standMs);
  }

  pause(reachedMs: number): void {
    if (this.#paused) return;
    this.#pausedAtMs = this.#stand(reachedMs);
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.anchor(this.#pausedAtMs);
  }

  /** The quote that is not due yet; null: none is waited for. */
  get waiting(): { readonly nextEventTimeMs: number; readonly inMs: number } | null {
    const nextEventTimeMs = this.#waitedForMs;
    return nextEventTimeMs === null || this.#paused ? null : { nextEventTimeMs, inMs: this.waitMs(nextEventTimeMs) };
  }

  /** From now on event time is counted from `eventMs` (not finite: from the next quote). */
  anchor(eventMs: number): void {
    this.#anchorEventMs = Number.isFinite(eventMs) ? eventMs : null;
    this.#waitedForMs = null;
    this.#anchorClockMs = this.#clock.monotonicMs();
  }

  /** @returns how long until event time reaches `eventMs`: 0 when due, Infinity while paused */
  waitMs(eventMs: number): number {
    if (this.#paused) return Infinity;
    if (this.#speed.kind === 'max') return 0;
    if (this.#anchorEventMs === null) {
      this.anchor(eventMs);
      return 0;
    }
    const dueMs = this.#anchorClockMs + (eventMs - this.#anchorEventMs) / this.#speed.factor;
    const waitMs = Math.max(0, dueMs - this.#clock.monotonicMs());
    this.#waitedForMs = waitMs > 0 ? eventMs : null;
    return waitMs;
  }

  /**
   * The event time that is shown as "now": on the way to the quote that is waited for, or that of the last one emitted.
   * A replay that trails its pace does not make up for it after a pause.
   */
  #stand(reachedMs: number): number {
    const targetMs = this.targetMs();
    return this.#waitedForMs === null || targetMs === null ? reachedMs : Math.min(targetMs, this.#waitedForMs);
  }

  /** How far the clock has carried event time by now; null before the first quote or at max speed. */
  targetMs(): number | null {
    if (this.#speed.kind === 'max' || this.#anchorEventMs === null || this.#paused) return null;
    return this.#anchorEventMs + (this.#clock.monotonicMs() - this.#anchorClockMs) * this.#speed.factor;
  }
}
