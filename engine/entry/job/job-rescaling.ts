import { IllegalArgumentError, IllegalStateError } from '../../core/errors.ts';
import type { Clock } from '../../core/time.ts';
import type { JobGraph } from '../../graph/job-graph.ts';
import type { Acknowledgement } from '../../runtime/checkpoint/acknowledgement.ts';
import {
  dealHandovers,
  RescaleBarrier,
  type RescaleCause,
  type RescaleRecord,
} from '../../runtime/checkpoint/rescale.ts';
import { createPhysicalPlan, type PhysicalPlan, type PlanOptions } from '../../runtime/exchange/physical-plan.ts';
import { createJobMemory, type JobMemory } from '../../runtime/job-memory.ts';
import { TASKS_MAX } from '../../runtime/thread-control.ts';
import type { NewParallelism, ToWorker } from '../worker-messages.ts';

/** The job with another parallelism. */
export interface NewWiring {
  readonly graph: JobGraph;
  readonly plan: PhysicalPlan;
  readonly memory: JobMemory;
}

/** A thread of the job, as far as a change of parallelism knows it. */
export interface RescaledThread {
  readonly id: number | 'source' | 'async';
  readonly ready: Promise<void>;
  /** The code of a change of parallelism is warm there. */
  readonly rehearsed: Promise<void>;
  /** It was asked for that, or did it as it began. */
  hasRehearsed: boolean;
}

/** What the change is made with: job-runner.node.ts. */
export interface RescalingHost<T extends RescaledThread> {
  readonly clock: Clock;
  readonly graph: JobGraph;
  readonly memory: JobMemory;
  readonly planOptions: PlanOptions;
  readonly threads: readonly T[];
  /** Records can flow. */
  readonly started: Promise<void>;
  /** Whether the job has, and when. */
  readonly hasEnded: boolean;
  readonly over: Promise<void>;
  startSpare(index: number, wiring: NewWiring): T;
  send(thread: T, message: ToWorker): void;
  /** Sends the barrier through sources, tasks and sinks. */
  sendBarrier(id: number, parallelism: number): void;
  /** Does something that no checkpoint may cross, under a barrier number of its own. */
  exclusively(act: (id: number) => Promise<RescaleRecord>): Promise<RescaleRecord>;
  /** The barrier is through: the coordinator's own part goes on in the new wiring. */
  goOn(wiring: NewWiring): void;
  wait(ms: number): Promise<void>;
  /** Threads that the job does not need any more. */
  retire(threads: readonly T[]): Promise<void>;
}

/** What was rehearsed is compiled beside the threads: for so long, as a rule, on cores that would be missing behind the barrier. */
const COMPILING_MS = 150;

const JOB_ENDED = 'The job ended before it was done.';
const SOURCES_ENDED = 'The sources have ended.';

/** The changes of one job's parallelism, one after the other, and what came of them. Coordinator thread only. */
export class JobRescales<T extends RescaledThread> {
  private readonly host: RescalingHost<T>;
  private readonly records: RescaleRecord[] = [];
  private current: JobRescaling<T> | null = null;

  constructor(host: RescalingHost<T>) {
    this.host = host;
  }

  /** Newest last. */
  get history(): readonly RescaleRecord[] {
    return this.records;
  }

  get isUnderWay(): boolean {
    return this.current !== null;
  }

  /** No job can have more task threads than this. */
  get parallelismMax(): number {
    return Math.min(this.host.graph.maxParallelism, TASKS_MAX);
  }

  /** @throws IllegalArgumentError for an impossible number, IllegalStateError while the job does not run or changes already */
  async run(parallelism: number, why: RescaleCause): Promise<RescaleRecord> {
    const { host, parallelismMax } = this;
    if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > parallelismMax)
      throw new IllegalArgumentError(
        `The parallelism must be a whole number from 1 to ${parallelismMax}; found ${parallelism}.`,
      );
    await Promise.race([host.started, host.over]);
    if (host.hasEnded) throw new IllegalStateError('The parallelism can only change while the job runs.');
    if (this.current !== null) throw new IllegalStateError('The parallelism is being changed already.');
    this.current = new JobRescaling(host, parallelism, why);
    try {
      const record = await this.current.run();
      this.records.push(record);
      return record;
    } finally {
      this.current = null;
    }
  }

  /** @returns false: the part is of a checkpoint */
  acknowledge(part: Acknowledgement): boolean {
    const barrier = this.current?.barrier;
    if (barrier?.id !== part.checkpointId) return false;
    barrier.acknowledge(part);
    return true;
  }

  /** The source has no barrier to send any more. */
  sourcesEnded(): void {
    this.current?.barrier.refuse(SOURCES_ENDED);
  }

  narrowed(thread: T['id']): void {
    this.current?.narrowed(thread);
  }

  moved(): void {
    this.current?.barrier.moved();
  }
}

/**
 * Another number of task threads while records flow. Whatever can be done before the barrier is: threads are started,
 * memory is made, and every thread rehearses. Behind it keys change hands, and everybody goes on. Coordinator thread only.
 */
class JobRescaling<T extends RescaledThread> {
  readonly barrier: RescaleBarrier;
  private readonly host: RescalingHost<T>;
  private readonly toNarrow = new Set<T['id']>();
  private tellNarrowed: () => void = () => undefined;

  constructor(host: RescalingHost<T>, parallelism: number, why: RescaleCause) {
    this.host = host;
    this.barrier = new RescaleBarrier(host.graph.parallelism, parallelism, why, host.clock);
  }

  async run(): Promise<RescaleRecord> {
    const { host, barrier } = this;
    const { to, from } = barrier;
    const wiring = this.newWiring();
    const spares: T[] = [];
    for (let index = from; index < to; index += 1) spares.push(host.startSpare(index, wiring));
    await Promise.race([this.prepared(spares), barrier.passed, host.over]);
    if (host.hasEnded) return barrier.failed(JOB_ENDED);
    return host.exclusively((id) => this.change(id, wiring, spares));
  }

  private newWiring(): NewWiring {
    const graph = { ...this.host.graph, parallelism: this.barrier.to };
    const plan = createPhysicalPlan(graph, this.host.planOptions);
    const { symbols, asyncStatistics, metrics } = this.host.memory;
    const memory = { ...createJobMemory(graph, plan, { symbolsMax: 2 }), symbols, asyncStatistics, metrics };
    return { graph, plan, memory };
  }

  /** Resolves when new threads are ready, and every task that has not done so before has rehearsed, between its records. */
  private async prepared(spares: readonly T[]): Promise<void> {
    const unprepared = this.host.threads.filter(({ id, hasRehearsed }) => typeof id === 'number' && !hasRehearsed);
    for (const thread of unprepared) {
      thread.hasRehearsed = true;
      this.host.send(thread, { kind: 'rehearse' });
    }
    await Promise.all([...spares.map(({ ready }) => ready), ...unprepared.map(({ rehearsed }) => rehearsed)]);
    if (spares.length + unprepared.length > 0) await this.host.wait(COMPILING_MS);
  }

  /** The last thing before the barrier: records that it would have to wait for are not sent any more. */
  private async narrow(): Promise<void> {
    const narrowed = new Promise<void>((resolve) => {
      this.tellNarrowed = resolve;
    });
    const { from } = this.barrier;
    const threads = this.host.threads.filter(({ id }) => id === 'source' || (typeof id === 'number' && id < from));
    for (const thread of threads) {
      this.toNarrow.add(thread.id);
      this.host.send(thread, { kind: 'narrow' });
    }
    await narrowed;
  }

  narrowed(thread: T['id']): void {
    this.toNarrow.delete(thread);
    if (this.toNarrow.size === 0) this.tellNarrowed();
  }

  private async change(id: number, wiring: NewWiring, spares: readonly T[]): Promise<RescaleRecord> {
    const { host, barrier } = this;
    const { to } = barrier;
    await Promise.race([this.narrow(), barrier.passed, host.over]);
    if (barrier.refusal === null) {
      barrier.sent(id);
      host.sendBarrier(id, to);
    }
    await Promise.race([barrier.passed, host.over]);
    if (barrier.refusal !== null || host.hasEnded) {
      await host.retire(spares);
      return barrier.failed(barrier.refusal ?? JOB_ENDED);
    }
    this.moveAll({ parallelism: to, memory: wiring.memory });
    host.goOn(wiring);
    await Promise.race([barrier.allMoved, host.over]);
    if (host.hasEnded) return barrier.failed(JOB_ENDED);
    const record = barrier.completed();
    await host.retire(host.threads.filter(({ id: thread }) => typeof thread === 'number' && thread >= to));
    return record;
  }

  /** Who waits longest is told first: tasks have keys to take over, the source has none. */
  private moveAll(to: NewParallelism): void {
    const { host, barrier } = this;
    const dealt = dealHandovers(barrier.given, to.parallelism);
    const tasks = host.threads.filter(({ id }) => typeof id === 'number' && id < to.parallelism);
    const sources = host.threads.filter(({ id }) => id === 'source');
    barrier.awaitMoved(tasks.length + sources.length);
    for (const task of tasks) {
      const taken = dealt[task.id as number];
      const isNew = (task.id as number) >= barrier.from;
      host.send(task, isNew ? { kind: 'take-over', taken } : { kind: 'move', to, taken });
    }
    for (const source of sources) host.send(source, { kind: 'move', to, taken: {} });
  }
}
