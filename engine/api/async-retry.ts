import { IllegalArgumentError } from '../core/errors.ts';

/**
 * Whether and when a call is made again (Flink: AsyncRetryStrategy). It keeps nothing: what it says depends on its
 * arguments alone, so that the delays of one record are not moved by the failures of another.
 */
export interface RetryStrategy<OUT> {
  /** @param attempt how many calls were made for the record, 1 or more */
  canRetry(attempt: number): boolean;
  /** Time from the end of call number `attempt` to the next, ms. */
  backoffMs(attempt: number): number;
  /** Results that are as good as none. Absent: every result is taken. */
  readonly ifResult?: (results: readonly OUT[]) => boolean;
  /** Failures that may pass. Absent: every failure is final. */
  readonly ifException?: (error: unknown) => boolean;
}

/** What a strategy retries at all. */
export type RetryPredicates<OUT> = Pick<RetryStrategy<OUT>, 'ifResult' | 'ifException'>;

/** Flink's RetryPredicates, by their names there. */
export const EMPTY_RESULT_PREDICATE = (results: readonly unknown[]): boolean => results.length === 0;
export const HAS_EXCEPTION_PREDICATE = (_error: unknown): boolean => true;

/** @param maxAttempts calls after the first, 1 or more: a record is asked for maxAttempts + 1 times at most */
export function fixedDelayRetry<OUT>(
  { maxAttempts, delayMs }: { readonly maxAttempts: number; readonly delayMs: number },
  predicates: RetryPredicates<OUT>,
): RetryStrategy<OUT> {
  checkAttempts(maxAttempts);
  checkDelay('delayMs', delayMs);
  return { ...predicates, canRetry: (attempt) => attempt <= maxAttempts, backoffMs: () => delayMs };
}

/**
 * The first delay is `initialMs`, each further one `multiplier` times the last, `maxMs` at most.
 * @param maxAttempts calls after the first, 1 or more
 */
export function exponentialBackoffRetry<OUT>(
  { maxAttempts, initialMs, maxMs, multiplier }: ExponentialBackoff,
  predicates: RetryPredicates<OUT>,
): RetryStrategy<OUT> {
  checkAttempts(maxAttempts);
  checkDelay('initialMs', initialMs);
  checkDelay('maxMs', maxMs);
  if (!(multiplier >= 1)) throw new IllegalArgumentError(`The multiplier must be 1 or more; found ${multiplier}.`);
  if (maxMs < initialMs)
    throw new IllegalArgumentError(`maxMs must not be below initialMs (${initialMs}); found ${maxMs}.`);
  return {
    ...predicates,
    canRetry: (attempt) => attempt <= maxAttempts,
    backoffMs: (attempt) => Math.min(maxMs, initialMs * multiplier ** (attempt - 1)),
  };
}

export interface ExponentialBackoff {
  readonly maxAttempts: number;
  readonly initialMs: number;
  readonly maxMs: number;
  readonly multiplier: number;
}

function checkAttempts(maxAttempts: number): void {
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1)
    throw new IllegalArgumentError(`maxAttempts must be a whole number, 1 or more; found ${maxAttempts}.`);
}

function checkDelay(name: string, delayMs: number): void {
  if (!Number.isFinite(delayMs) || delayMs <= 0)
    throw new IllegalArgumentError(`${name} must be more than 0 milliseconds; found ${delayMs}.`);
}
