/**
 * What time it is on the clock that frames are stamped with. The page and the main process count from different starts,
 * so the page asks now and then; the answer of the quickest round trip is the truest.
 */
export class EngineClock {
  #offsetMs: number | null = null;
  #bestRoundTripMs = Infinity;
  #answers = 0;

  /** A better answer counts at once; a worse one only after this many, in case the clocks drift apart. */
  static readonly FORGET_AFTER_ANSWERS = 60;

  answered(askedAtMs: number, engineMs: number, nowMs: number): void {
    const roundTripMs = nowMs - askedAtMs;
    this.#answers += 1;
    if (this.#answers > EngineClock.FORGET_AFTER_ANSWERS) {
      this.#answers = 0;
      this.#bestRoundTripMs = Infinity;
    }
    if (roundTripMs > this.#bestRoundTripMs) return;
    this.#bestRoundTripMs = roundTripMs;
    this.#offsetMs = engineMs - (askedAtMs + roundTripMs / 2);
  }

  toEngineMs = (pageMs: number): number | null => (this.#offsetMs === null ? null : pageMs + this.#offsetMs);
}
