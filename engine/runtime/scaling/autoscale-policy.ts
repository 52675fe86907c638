import { IllegalArgumentError } from '../../core/errors.ts';
import { lifeMs, type ThreadTimes } from '../metrics/thread-times.ts';

export interface AutoscaleOptions {
  readonly minWorkers: number;
  readonly maxWorkers: number;
  /** What is watched before anything is decided: a burst is no trend. */
  readonly windowMs: number;
  /** Workers are to be busy for this part of their time: the rest is room for bursts. */
  readonly targetUtilization: number;
  /** Within this distance of the target nothing is changed: each rescale costs a pause. */
  readonly utilizationBoundary: number;
  /** After a rescale, so long nothing is added, */
  readonly scaleUpCoolDownMs: number;
  /** and so long nothing is taken away: being too small hurts at once, being too large only costs. */
  readonly scaleDownCoolDownMs: number;
}

/** The utilization and its boundary are those of Flink's autoscaler; its times are for jobs whose rescale takes minutes. */
export const AUTOSCALE_DEFAULT: Omit<AutoscaleOptions, 'minWorkers' | 'maxWorkers'> = {
  windowMs: 10_000,
  targetUtilization: 0.7,
  utilizationBoundary: 0.2,
  scaleUpCoolDownMs: 15_000,
  scaleDownCoolDownMs: 120_000,
};

export type AutoscaleDecision =
  | { readonly kind: 'keep'; readonly reason: KeepReason; readonly utilization: number | null }
  | { readonly kind: 'rescale'; readonly to: number; readonly reason: string; readonly utilization: number };

/**
 * `watching`: the window is not full. `on-target`. `cooling-down`: it was rescaled a moment ago. `at-limit`: minimum or
 * maximum. `skewed`: one worker is at its limit and the others are not, which more of them would not change.
 */
export type KeepReason = 'watching' | 'on-target' | 'cooling-down' | 'at-limit' | 'skewed';

/** A step at most doubles or halves: what is measured says little about a very different number. */
const STEP_FACTOR_MAX = 2;
/** A worker that is busy all the time holds the others back, whatever they are. */
const SATURATED = 0.95;
/** A source that waits more than this is told apart from one that only reads. */
const WAITING_MIN = 0.05;

interface Sample {
  readonly atMs: number;
  readonly source: ThreadTimes;
  readonly workers: readonly ThreadTimes[];
}

/**
 * Decides how many workers a running job should have. Give it what its threads have done, every second or so; do what it
 * says, and tell it when that is done. It keeps nothing but the last window; time is in what it is told.
 *
 * Workers that are busy for a share u of their time, while the source waits for them for a share w, would have to do
 * u / (1 - w) of one worker's work each if the source did not wait. The number is chosen so that each is busy for the
 * target's share of its time.
 */
export class AutoscalePolicy {
  private readonly options: AutoscaleOptions;
  private samples: Sample[] = [];
  private rescaledAtMs = -Infinity;

  /** @throws IllegalArgumentError for options that make no sense */
  constructor(options: Partial<AutoscaleOptions> & { readonly minWorkers: number; readonly maxWorkers: number }) {
    this.options = { ...AUTOSCALE_DEFAULT, ...options };
    checkOptions(this.options);
  }

  /** @param atMs monotonic ms; @param workers one entry for each that runs now */
  observe(atMs: number, source: ThreadTimes, workers: readonly ThreadTimes[]): AutoscaleDecision {
    if (this.samples.length > 0 && this.samples[0].workers.length !== workers.length) this.samples = [];
    this.samples.push({ atMs, source, workers });
    const { windowMs } = this.options;
    // The youngest sample that is a whole window old stays: the window begins there.
    while (this.samples.length > 1 && this.samples[1].atMs <= atMs - windowMs) this.samples.shift();
    const first = this.samples[0];
    if (first.atMs > atMs - windowMs) return keep('watching', null);
    return this.decide(first, { atMs, source, workers });
  }

  /** The job runs with another number of workers from here on, whoever wanted it; what was measured before is void. */
  rescaled(atMs: number): void {
    this.rescaledAtMs = atMs;
    this.samples = [];
  }

  private decide(first: Sample, last: Sample): AutoscaleDecision {
    const { minWorkers, maxWorkers, targetUtilization, utilizationBoundary } = this.options;
    const count = last.workers.length;
    const shares = last.workers.map((times, index) => busyShare(first.workers[index], times));
    const mean = shares.reduce((sum, each) => sum + each, 0) / count;
    const waiting = Math.min(waitingShare(first.source, last.source), 1 - 1 / 1_000);
    const demand = mean / (1 - (waiting > WAITING_MIN ? waiting : 0));
    if (count < minWorkers || count > maxWorkers) {
      return this.rescale(last.atMs, count, Math.max(minWorkers, Math.min(count, maxWorkers)), demand, mean, waiting);
    }
    const isSkewed = Math.max(...shares) >= SATURATED && mean < targetUtilization;
    if (isSkewed) return keep('skewed', mean);
    if (Math.abs(demand - targetUtilization) <= utilizationBoundary) return keep('on-target', mean);
    const wanted = Math.ceil((count * demand) / targetUtilization);
    const step = Math.max(Math.ceil(count / STEP_FACTOR_MAX), Math.min(wanted, count * STEP_FACTOR_MAX));
    const to = Math.max(minWorkers, Math.min(step, maxWorkers));
    if (to === count) return keep(wanted === count ? 'on-target' : 'at-limit', mean);
    return this.rescale(last.atMs, count, to, demand, mean, waiting);
  }

  private rescale(
    atMs: number,
    from: number,
    to: number,
    demand: number,
    utilization: number,
    waiting: number,
  ): AutoscaleDecision {
    const { scaleUpCoolDownMs, scaleDownCoolDownMs, targetUtilization } = this.options;
    const coolDownMs = to > from ? scaleUpCoolDownMs : scaleDownCoolDownMs;
    if (atMs - this.rescaledAtMs < coolDownMs) return keep('cooling-down', utilization);
    const waits = waiting > WAITING_MIN ? `, the source waits for them ${percent(waiting)} of its time` : '';
    const reason = `${from} workers are busy ${percent(utilization)} of their time${waits}; wanted are ${percent(targetUtilization)}, with ${to} it would be about ${percent((demand * from) / to)}.`;
    return { kind: 'rescale', to, reason, utilization };
  }
}

function keep(reason: KeepReason, utilization: number | null): AutoscaleDecision {
  return { kind: 'keep', reason, utilization };
}

function busyShare(from: ThreadTimes, to: ThreadTimes): number {
  const busy = to.busyMs - from.busyMs;
  // A worker that waits for the next one is not at its own limit; only its working time counts.
  return share(busy, lifeMs(to) - lifeMs(from));
}

function waitingShare(from: ThreadTimes, to: ThreadTimes): number {
  return share(to.backPressuredMs - from.backPressuredMs, lifeMs(to) - lifeMs(from));
}

function share(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.max(0, Math.min(1, part / whole));
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function checkOptions(options: AutoscaleOptions): void {
  const { minWorkers, maxWorkers, targetUtilization, utilizationBoundary, windowMs } = options;
  if (!(minWorkers >= 1 && minWorkers <= maxWorkers)) {
    throw new IllegalArgumentError(
      `Autoscaling needs minWorkers from 1 to maxWorkers; found ${minWorkers} and ${maxWorkers}.`,
    );
  }
  if (!(targetUtilization > 0 && targetUtilization < 1 && utilizationBoundary >= 0)) {
    throw new IllegalArgumentError(
      `The target utilization must be between 0 and 1, its boundary 0 or more; found ${targetUtilization} and ${utilizationBoundary}.`,
    );
  }
  if (!(windowMs > 0)) throw new IllegalArgumentError(`The window must be longer than 0 ms; found ${windowMs}.`);
}
