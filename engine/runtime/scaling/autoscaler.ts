import type { Clock } from '../../core/time.ts';
import type { RescaleCause } from '../checkpoint/rescale.ts';
import type { ThreadTimes } from '../metrics/thread-times.ts';
import { AutoscalePolicy, type AutoscaleOptions, type KeepReason } from './autoscale-policy.ts';

/** What autoscaling needs to know of a job, and asks of it. */
export interface ScalableJob {
  readonly isRescaling: boolean;
  /** The source thread has no task index. */
  metrics(): readonly (ThreadTimes & { readonly taskIndex: number | null })[];
  /** Resolves when it is done, or could not be, which was said. */
  rescale(parallelism: number, why: RescaleCause): Promise<void>;
}

/** How often to look. */
export const AUTOSCALE_LOOK_EVERY_MS = 1_000;

export interface AutoscalerOptions extends Partial<AutoscaleOptions> {
  readonly minWorkers: number;
  readonly maxWorkers: number;
}

/**
 * Lets the policy change a running job's number of workers. Whoever owns the job calls `look` every second; it does
 * nothing while a change is under way. Coordinator thread only.
 */
export class Autoscaler {
  /** What the last look found, as a sentence; null: nothing yet. */
  lastDecision: string | null = null;
  private readonly job: ScalableJob;
  private readonly policy: AutoscalePolicy;
  private readonly clock: Clock;
  private workers = 0;

  /** @throws IllegalArgumentError for options that make no sense */
  constructor(job: ScalableJob, options: AutoscalerOptions, clock: Clock) {
    this.job = job;
    this.clock = clock;
    this.policy = new AutoscalePolicy(options);
  }

  /** Resolves when nothing is left to be done. */
  async look(): Promise<void> {
    if (this.job.isRescaling) return;
    const metrics = this.job.metrics();
    const source = metrics.find(({ taskIndex }) => taskIndex === null);
    const workers = metrics.filter(({ taskIndex }) => taskIndex !== null);
    if (source === undefined || workers.length === 0) return;
    // Somebody else has changed the number: what was measured before is void, and the cool-down begins.
    if (this.workers !== 0 && this.workers !== workers.length) this.policy.rescaled(this.clock.monotonicMs());
    this.workers = workers.length;
    const decision = this.policy.observe(this.clock.monotonicMs(), source, workers);
    if (decision.kind === 'keep') {
      this.lastDecision = keepText(decision.reason, decision.utilization, workers.length);
      return;
    }
    this.lastDecision = decision.reason;
    try {
      await this.job.rescale(decision.to, { cause: 'autoscale', reason: decision.reason });
    } finally {
      this.policy.rescaled(this.clock.monotonicMs());
      this.workers = 0;
    }
  }
}

function keepText(reason: KeepReason, utilization: number | null, workers: number): string {
  const busy = utilization === null ? '' : ` (busy ${Math.round(utilization * 100)} % of the time)`;
  const who = `${workers} ${workers === 1 ? 'worker' : 'workers'}${busy}`;
  switch (reason) {
    case 'watching':
      return `Measuring ${who}.`;
    case 'on-target':
      return `${who}: as many as are needed.`;
    case 'cooling-down':
      return `${who}; the last change is too recent for another.`;
    case 'at-limit':
      return `${who}; the bounds allow no other number.`;
    case 'skewed':
      return `${who}; one of them is at its limit, which more of them would not change.`;
  }
}
