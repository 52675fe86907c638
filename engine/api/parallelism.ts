import { IllegalArgumentError } from '../core/errors.ts';

/** Flink's bound of parallelism and max parallelism alike. */
export const PARALLELISM_MAX = 32_768;
const MAX_PARALLELISM_LOWER_BOUND = 128;

/** Flink's default: half as much again, rounded up to a power of two, between 128 and 32768. */
export function computeDefaultMaxParallelism(parallelism: number): number {
  checkParallelism(parallelism);
  const wanted = 2 ** Math.ceil(Math.log2(parallelism + Math.floor(parallelism / 2)));
  return Math.min(Math.max(wanted, MAX_PARALLELISM_LOWER_BOUND), PARALLELISM_MAX);
}

export function checkParallelism(parallelism: number): void {
  if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > PARALLELISM_MAX) {
    throw new IllegalArgumentError(`Operator parallelism not within bounds: ${parallelism}`);
  }
}
