/** A person with a key held down asks thirty times a second; a page that asks far more often is broken or hostile. */
export const BURST_MAX = 200;
export const PER_SECOND = 60;

/** A bucket of permissions that fills with time. Time is an argument. */
export class RateLimit {
  #left = BURST_MAX;
  #filledAtMs: number | null = null;

  /** @returns false when the bucket is empty: the request is refused */
  take(nowMs: number): boolean {
    const sinceMs = this.#filledAtMs === null ? 0 : nowMs - this.#filledAtMs;
    this.#filledAtMs = nowMs;
    this.#left = Math.min(BURST_MAX, this.#left + (sinceMs / 1000) * PER_SECOND);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
