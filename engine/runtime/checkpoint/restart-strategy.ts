import { IllegalArgumentError, IllegalStateError } from '../../core/errors.ts';

/** Whether, and how long after a failure, a job starts again (Flink: RestartBackoffTimeStrategy). One object per job. */
export interface RestartStrategy {
  /** @returns false: it belongs to a failure whose restart is still to come, and counts as part of it */
  notifyFailure(): boolean;
  /** Asked after a failure was told; no: the job has failed for good. */
  canRestart(): boolean;
  /** ms from now to the restart, 0 or more. */
  backoffMs(): number;
}

/** ms of a clock that never goes back; only differences count. */
type MonotonicNow = () => number;

export interface ExponentialDelayOptions {
  readonly initialBackoffMs: number;
  readonly maxBackoffMs: number;
  /** Above 1. */
  readonly backoffMultiplier: number;
  /** So long without a failure, counted from the last restart, and the delay begins anew. */
  readonly resetBackoffThresholdMs: number;
  /** 0 to 1: a delay is longer or shorter by this part of it at most, so that many jobs do not come back at once. */
  readonly jitterFactor: number;
  /** Restarts without such a quiet time between them, before it gives up; Infinity: it never does. */
  readonly attemptsBeforeResetBackoff: number;
}

/** Flink's defaults since 1.19: 1 s, half as long again each time, up to 1 min, anew after 1 h, for ever. */
export const EXPONENTIAL_DELAY_DEFAULT: ExponentialDelayOptions = {
  initialBackoffMs: 1_000,
  maxBackoffMs: 60_000,
  backoffMultiplier: 1.5,
  resetBackoffThresholdMs: 3_600_000,
  jitterFactor: 0.1,
  attemptsBeforeResetBackoff: Infinity,
};

/** Delays that grow with each failure, and begin anew after a time without one. */
export class ExponentialDelayRestartStrategy implements RestartStrategy {
  private readonly options: ExponentialDelayOptions;
  private readonly now: MonotonicNow;
  /** 0 or more, below 1. */
  private readonly random: () => number;
  private attempts = 0;
  /** null: there was no failure yet. */
  private nextRestartMs: number | null = null;

  /** @throws IllegalArgumentError for options that make no sense */
  constructor(now: MonotonicNow, random: () => number, options: Partial<ExponentialDelayOptions> = {}) {
    this.options = { ...EXPONENTIAL_DELAY_DEFAULT, ...options };
    this.now = now;
    this.random = random;
    checkExponential(this.options);
  }

  notifyFailure(): boolean {
    const now = this.now();
    const { nextRestartMs } = this;
    if (nextRestartMs !== null && now <= nextRestartMs) return false;
    if (nextRestartMs !== null && now - nextRestartMs >= this.options.resetBackoffThresholdMs) this.attempts = 0;
    this.nextRestartMs = now + this.nextDelayMs();
    this.attempts += 1;
    return true;
  }

  canRestart(): boolean {
    return this.attempts <= this.options.attemptsBeforeResetBackoff;
  }

  backoffMs(): number {
    if (this.nextRestartMs === null) throw new IllegalStateError('Please call notifyFailure first.');
    return Math.max(0, this.nextRestartMs - this.now());
  }

  private nextDelayMs(): number {
    const { initialBackoffMs, maxBackoffMs, backoffMultiplier, jitterFactor } = this.options;
    const grown = Math.floor(Math.min(initialBackoffMs * backoffMultiplier ** this.attempts, Number.MAX_SAFE_INTEGER));
    const jitterMax = Math.floor(grown * jitterFactor);
    const jitter = Math.floor(this.random() * (2 * jitterMax + 1)) - jitterMax;
    return Math.max(initialBackoffMs, Math.min(grown + jitter, maxBackoffMs));
  }
}

function checkExponential(options: ExponentialDelayOptions): void {
  const { initialBackoffMs, maxBackoffMs, backoffMultiplier, resetBackoffThresholdMs, jitterFactor } = options;
  check(initialBackoffMs >= 1, 'Initial backoff must be at least 1.', initialBackoffMs);
  check(maxBackoffMs >= 1, 'Maximum backoff must be at least 1.', maxBackoffMs);
  check(initialBackoffMs <= maxBackoffMs, 'Initial backoff cannot be higher than maximum backoff.', initialBackoffMs);
  check(backoffMultiplier > 1, 'Backoff multiplier must be greater than 1.', backoffMultiplier);
  check(
    resetBackoffThresholdMs >= 1,
    'Threshold duration for exponential backoff reset must be at least 1.',
    resetBackoffThresholdMs,
  );
  check(jitterFactor >= 0 && jitterFactor <= 1, 'Jitter factor must be >= 0 and <= 1.', jitterFactor);
  check(
    options.attemptsBeforeResetBackoff >= 1,
    'The attemptsBeforeResetBackoff must be at least 1.',
    options.attemptsBeforeResetBackoff,
  );
}

/** The same delay each time, and a number of restarts in the whole life of the job. */
export class FixedDelayRestartStrategy implements RestartStrategy {
  private readonly restartsMax: number;
  private readonly delayMs: number;
  private failures = 0;

  /** @param restartsMax 0 or more; Infinity: for ever */
  constructor(restartsMax: number, delayMs: number) {
    check(restartsMax >= 0, 'Maximum number of restart attempts must be positive.', restartsMax);
    check(delayMs >= 0, 'Delay between restart attempts must be positive.', delayMs);
    this.restartsMax = restartsMax;
    this.delayMs = delayMs;
  }

  notifyFailure(): boolean {
    this.failures += 1;
    return true;
  }

  canRestart(): boolean {
    return this.failures <= this.restartsMax;
  }

  backoffMs(): number {
    return this.delayMs;
  }
}

/** Gives up when failures come too thick: the last one of `failuresMax` within `intervalMs` ends the job. */
export class FailureRateRestartStrategy implements RestartStrategy {
  private readonly now: MonotonicNow;
  private readonly failuresMax: number;
  private readonly intervalMs: number;
  private readonly delayMs: number;
  /** Times of the newest failures, `failuresMax` at most, oldest first. */
  private times: readonly number[] = [];

  constructor(now: MonotonicNow, failuresMax: number, intervalMs: number, delayMs: number) {
    check(failuresMax > 0, 'Maximum number of restart attempts per time unit must be greater than 0.', failuresMax);
    check(intervalMs > 0, 'Failures interval must be greater than 0 ms.', intervalMs);
    check(delayMs >= 0, 'The restarts delay must be at least 0 ms.', delayMs);
    this.now = now;
    this.failuresMax = failuresMax;
    this.intervalMs = intervalMs;
    this.delayMs = delayMs;
  }

  notifyFailure(): boolean {
    this.times = [...this.times, this.now()].slice(-this.failuresMax);
    return true;
  }

  canRestart(): boolean {
    return this.times.length < this.failuresMax || this.now() - this.times[0] > this.intervalMs;
  }

  backoffMs(): number {
    return this.delayMs;
  }
}

function check(isAllowed: boolean, rule: string, found: number): void {
  if (!isAllowed) throw new IllegalArgumentError(`${rule} Found ${found}.`);
}
