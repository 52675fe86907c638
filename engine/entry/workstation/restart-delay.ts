/** Flink's exponential-delay restart strategy, with its defaults but for the last: a trader would rather know. */
const FIRST_MS = 1_000;
const BACKOFF = 1.5;
const LONGEST_MS = 60_000;
/** A fault that comes back every time is no accident. */
const FAILURES_MAX = 3;

/** Failures in a row, with no complete checkpoint in between. */
export class RestartDelay {
  #failures = 0;

  get failures(): number {
    return this.#failures;
  }

  /** @returns how long to wait before going on, ms; null: not any more */
  failed(): number | null {
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) return null;
    return Math.min(LONGEST_MS, FIRST_MS * BACKOFF ** (this.#failures - 1));
  }

  /** Something was achieved. */
  reset(): void {
    this.#failures = 0;
  }
}
