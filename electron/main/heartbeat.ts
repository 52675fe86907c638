/**
 * Notices a page that hangs. Chromium's own `unresponsive` comes only after a person pressed a key into it, so the page
 * pings once a second over its port and main looks at the gaps.
 */
export const BEAT_EVERY_MS = 1000;
/** Twelve missed beats: a page that is merely busy (a huge import, a machine that swaps) is left alone. */
export const HUNG_AFTER_MS = 12_000;
/** A gap of main's own means the machine slept or the process was stopped: the page is not to blame. */
const OWN_GAP_MAX_MS = 3000;

export class Heartbeat {
  #lastBeatMs: number | null = null;
  #lastLookMs: number | null = null;

  beat(nowMs: number): void {
    this.#lastBeatMs = nowMs;
  }

  /** Forgets the past, for a page that is only now being loaded: it is not watched before its first beat. */
  reset(): void {
    this.#lastBeatMs = null;
  }

  /** To be called every BEAT_EVERY_MS. @returns true when the page hangs */
  look(nowMs: number): boolean {
    const ownGapMs = this.#lastLookMs === null ? 0 : nowMs - this.#lastLookMs;
    this.#lastLookMs = nowMs;
    if (this.#lastBeatMs === null) return false;
    if (ownGapMs > OWN_GAP_MAX_MS) {
      this.#lastBeatMs = nowMs;
      return false;
    }
    return nowMs - this.#lastBeatMs > HUNG_AFTER_MS;
  }
}
