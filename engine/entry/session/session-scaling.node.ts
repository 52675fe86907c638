import type { AutoscaleSettings, RescaleInfo, ScalingInfo } from '../../contract/window.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import { repeatEvery } from '../../core/machine.node.ts';
import type { Clock } from '../../core/time.ts';
import { fromUtf8, toUtf8 } from '../../core/utf8.ts';
import { Autoscaler, AUTOSCALE_LOOK_EVERY_MS } from '../../runtime/scaling/autoscaler.ts';
import { WORKERS_MAX } from '../cli/argument-values.ts';
import type { RunningJob } from '../job-runner.node.ts';

const NAME = 'session/scaling';
const VERSION = 1;
const HISTORY_MAX = 100;

/** What is kept of it: the session goes on with the number of workers it had. */
interface KeptScaling {
  readonly version: number;
  readonly session: string;
  readonly workers: number;
  readonly autoscale: AutoscaleSettings;
  readonly history: readonly RescaleInfo[];
}

type ScaledJob = Pick<RunningJob, 'graph' | 'parallelismMax' | 'isRescaling' | 'metrics' | 'rescale'>;

export interface SessionScalingOptions {
  /** Which session it belongs to. */
  readonly session: string;
  /** It begins with. */
  readonly workers: number;
  readonly autoscale: AutoscaleSettings;
  readonly clock: Clock;
  /** null: it is forgotten with the program. */
  readonly store: DurableStore | null;
  /** What could not be done, as a sentence. */
  readonly onProblem: (message: string) => void;
  /** A change was tried, and how it went: for whoever keeps records of it. */
  readonly onRescaled?: (rescale: RescaleInfo) => void;
}

export type WorkersOutcome =
  | { readonly kind: 'changed'; readonly rescale: RescaleInfo }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly problem: string };

/**
 * How many workers a session has, over all its runs: asked for by a person, or by the policy when it is switched on; and
 * how each change went. Coordinator thread only.
 */
export class SessionScaling {
  readonly session: string;
  readonly #options: SessionScalingOptions;
  #workers: number;
  #autoscale: AutoscaleSettings;
  #history: readonly RescaleInfo[] = [];
  #job: ScaledJob | null = null;
  #tell: () => void = () => undefined;
  #stopLooking: () => void = () => undefined;
  #autoscaler: Autoscaler | null = null;
  #changingTo: number | null = null;
  /** Asked for while another change was under way; the newest wish counts. */
  #wanted: number | null = null;
  /** One change after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #changing: Promise<WorkersOutcome> | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: SessionScalingOptions) {
    this.#options = options;
    this.session = options.session;
    this.#workers = options.workers;
    this.#autoscale = options.autoscale;
  }

  /** With what was kept of it, if anything was. @throws StoreError */
  static async load(options: SessionScalingOptions): Promise<SessionScaling> {
    const scaling = new SessionScaling(options);
    const bytes = (await options.store?.get(NAME)) ?? null;
    const kept = bytes === null ? null : (JSON.parse(fromUtf8.decode(bytes)) as KeptScaling);
    if (kept === null || kept.version !== VERSION || kept.session !== options.session) return scaling;
    scaling.#workers = kept.workers;
    scaling.#autoscale = kept.autoscale;
    scaling.#history = kept.history;
    return scaling;
  }

  /** The session should have. */
  get workers(): number {
    return this.#workers;
  }

  get info(): ScalingInfo {
    return {
      workers: this.#job?.graph.parallelism ?? this.#workers,
      workersMax: Math.min(WORKERS_MAX, this.#job?.parallelismMax ?? WORKERS_MAX),
      changingTo: this.#changingTo,
      autoscale: this.#autoscale,
      lastDecision: this.#autoscaler?.lastDecision ?? null,
      history: this.#history,
    };
  }

  /** A run of the session begins. @param tell called whenever `info` has changed */
  attach(job: ScaledJob, tell: () => void): void {
    this.detach();
    this.#job = job;
    this.#tell = tell;
    this.#look();
  }

  /** The run is over. */
  detach(): void {
    this.#stopLooking();
    this.#stopLooking = () => undefined;
    this.#autoscaler = null;
    this.#job = null;
    this.#wanted = null;
  }

  /** Resolves when the session has that number, or another that was asked for meanwhile; never rejects. */
  async setWorkers(workers: number): Promise<WorkersOutcome> {
    const job = this.#job;
    if (job === null) {
      this.#options.onProblem(NOT_RUNNING);
      return { kind: 'refused', problem: NOT_RUNNING };
    }
    this.#wanted = workers;
    this.#changing ??= this.#changeAsWanted(job).finally(() => {
      this.#changing = null;
    });
    return this.#changing;
  }

  async #changeAsWanted(job: ScaledJob): Promise<WorkersOutcome> {
    let outcome: WorkersOutcome = { kind: 'unchanged' };
    while (this.#wanted !== null && this.#job === job) {
      const to = this.#wanted;
      this.#wanted = null;
      if (to !== job.graph.parallelism) outcome = await this.#change(to, () => job.rescale(to));
    }
    return outcome;
  }

  /** Resolves when it is kept; never rejects. */
  async setAutoscale(autoscale: AutoscaleSettings): Promise<void> {
    if (autoscale.minWorkers > autoscale.maxWorkers) {
      // Whoever asked shows what it asked for already.
      this.#tell();
      return this.#options.onProblem(
        `Autoscaling needs a smallest number of workers that is not above the largest; found ${autoscale.minWorkers} and ${autoscale.maxWorkers}.`,
      );
    }
    this.#autoscale = autoscale;
    this.#look();
    await this.#keep();
    this.#tell();
  }

  /** The policy looks every second, while it is on. */
  #look(): void {
    this.#stopLooking();
    this.#stopLooking = () => undefined;
    this.#autoscaler = null;
    const job = this.#job;
    if (job === null || !this.#autoscale.on) return;
    const { minWorkers, maxWorkers } = this.#autoscale;
    const most = Math.min(maxWorkers, job.parallelismMax);
    const scaled = {
      get isRescaling() {
        return job.isRescaling;
      },
      metrics: () => job.metrics(),
      rescale: async (to: number, why: Parameters<ScaledJob['rescale']>[1]) => {
        await this.#change(to, () => job.rescale(to, why));
      },
    };
    const autoscaler = new Autoscaler(
      scaled,
      { minWorkers: Math.min(minWorkers, most), maxWorkers: most },
      this.#options.clock,
    );
    this.#autoscaler = autoscaler;
    this.#stopLooking = repeatEvery(AUTOSCALE_LOOK_EVERY_MS, () => {
      void autoscaler.look().then(() => this.#tell());
    });
  }

  #change(to: number, rescale: () => ReturnType<ScaledJob['rescale']>): Promise<WorkersOutcome> {
    const change = this.#turn.then(() => this.#changeNow(to, rescale));
    this.#turn = change;
    return change;
  }

  async #changeNow(to: number, rescale: () => ReturnType<ScaledJob['rescale']>): Promise<WorkersOutcome> {
    const { onProblem, onRescaled } = this.#options;
    this.#changingTo = to;
    this.#tell();
    try {
      const record = await rescale();
      this.#history = [...this.#history, record].slice(-HISTORY_MAX);
      if (record.status === 'completed') this.#workers = to;
      onRescaled?.(record);
      // Told when it is kept: what a person saw is there after a crash.
      await this.#keep();
      return { kind: 'changed', rescale: record };
    } catch (error) {
      const problem = (error as Error).message;
      onProblem(problem);
      return { kind: 'refused', problem };
    } finally {
      this.#changingTo = null;
      this.#tell();
    }
  }

  /** Resolves when it would be there after a crash, or when that could not be had and was said. */
  #keep(): Promise<void> {
    const { store, session, onProblem } = this.#options;
    if (store === null) return Promise.resolve();
    const kept: KeptScaling = {
      version: VERSION,
      session,
      workers: this.#workers,
      autoscale: this.#autoscale,
      history: this.#history,
    };
    const bytes = toUtf8.encode(JSON.stringify(kept));
    this.#writing = this.#writing
      .then(() => store.put(NAME, bytes))
      .catch((error: unknown) =>
        onProblem(`After a crash the session would not have this number of workers: ${(error as Error).message}`),
      );
    return this.#writing;
  }
}

const NOT_RUNNING = 'The number of workers can only change while a session runs.';
