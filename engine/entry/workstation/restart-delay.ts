/** Flink's exponential-delay restart strategy, with its defaults but for the last two: a trader would rather know. */
const FIRST_MS = 1_000;
const BACKOFF = 1.5;
const LONGEST_MS = 60_000;
/** A fault that comes back every time is no accident. */
const FAILURES_MAX = 3;
/** One that comes back after so long is another one. */
const FORGET_AFTER_MS = 120_000;

/** Failures in a row, with no complete checkpoint in between. */
export class RestartDelay {
  #failures = 0;
  #lastMs = -Infinity;

  get failures(): number {
    return this.#failures;
  }

  /** @returns how long to wait before going on, ms; null: not any more */
  failed(atMs: number): number | null {
    if (atMs - this.#lastMs > FORGET_AFTER_MS) this.#failures = 0;
    this.#lastMs = atMs;
    this.#failures += 1;
    if (this.#failures >= FAILURES_MAX) return null;
    return Math.min(LONGEST_MS, FIRST_MS * BACKOFF ** (this.#failures - 1));
  }

  /** Something was achieved. */
  reset(): void {
    this.#failures = 0;
  }
}
