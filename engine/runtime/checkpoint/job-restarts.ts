import { ExponentialDelayRestartStrategy, type ExponentialDelayOptions } from './restart-strategy.ts';

/** A fault that comes back every time is no accident: a trader would rather know. */
export const FAILURES_IN_A_ROW_MAX = 3;

/** Flink's exponential delay with its defaults, but for two. */
const OPTIONS: Partial<ExponentialDelayOptions> = {
  attemptsBeforeResetBackoff: FAILURES_IN_A_ROW_MAX - 1,
  /** A fault that comes back after so long is another one. */
  resetBackoffThresholdMs: 120_000,
};

/**
 * When whatever failed begins again, for every program: after 1 s, then 1.5 s, each a tenth longer at most, so that what
 * failed together does not come back together; and never after the third failure in a row, unless something was achieved
 * in between.
 */
export class JobRestarts {
  readonly #now: () => number;
  readonly #random: () => number;
  #strategy: ExponentialDelayRestartStrategy;

  /** @param now monotonic ms; @param random 0 or more, below 1 */
  constructor(now: () => number, random: () => number) {
    this.#now = now;
    this.#random = random;
    this.#strategy = this.#newStrategy();
  }

  /** @returns how long to wait before going on, whole ms; null: not any more */
  failed(): number | null {
    this.#strategy.notifyFailure();
    return this.#strategy.canRestart() ? Math.ceil(this.#strategy.backoffMs()) : null;
  }

  /** A checkpoint is complete, or a person began anew: what failed before does not count any more. */
  achieved(): void {
    this.#strategy = this.#newStrategy();
  }

  #newStrategy(): ExponentialDelayRestartStrategy {
    return new ExponentialDelayRestartStrategy(this.#now, this.#random, OPTIONS);
  }
}
