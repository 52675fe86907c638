import type { AsyncWaitWork } from '../api/async.ts';
import { StreamExecutionEnvironment } from '../api/environment.ts';
import type { JobDefinition } from '../api/job.ts';
import { assert } from '../core/assert.ts';
import type { Clock } from '../core/time.ts';
import { createJobGraph, type JobGraph } from '../graph/job-graph.ts';
import type { RingMemory, RingWriter } from '../memory/shared-ring.ts';
import { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { InThreadAsyncLink } from './async/async-link.ts';
import type { AsyncStatistics } from './async/async-statistics.ts';
import { createPhysicalPlan, type PhysicalPlan } from './exchange/physical-plan.ts';
import { LocalMailbox } from './local-mailbox.ts';
import { asyncStatisticsOf, createJobMemory, type JobMemory } from './job-memory.ts';
import type { AlignedSumsMemory } from './operators/aligned-sums.ts';
import { ASKED, dealHandovers, RescaleBarrier } from './checkpoint/rescale.ts';
import type { Acknowledgement, SourceThreadState } from './checkpoint/acknowledgement.ts';
import type { OperatorRestore } from './operators/keyed-restore.ts';
import { stateAnswerOf, type QueryableJob } from './query/queryable-job.ts';
import type { StateAnswer, StateQuestion } from './query/state-question.ts';
import { SinkTask, type ExternalWriters } from './task/sink-task.ts';
import { SourceTask, type SourceHost } from './task/source-task.ts';
import { StreamTask } from './task/stream-task.ts';
import type { MailAnswer, TaskHost } from './task/task.ts';

export interface LocalExecutorOptions<P> {
  readonly parameters: P;
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  readonly sinks?: ExternalWriters;
  /** 0 <= random() < 1: decides who runs next. A seeded one makes a run repeatable. */
  readonly random: () => number;
  readonly clock: Clock;
  /** Tiny rings make every wait happen. */
  readonly ringSlots?: number;
  /** Few records to a poll make many steps of a small input. */
  readonly pollRecords?: number;
  readonly symbolsMax?: number;
  /** Between two latency markers of a source, on the clock. Absent: none are sent. */
  readonly latencyIntervalMs?: number;
  readonly onSourceEvent?: (source: string, event: unknown) => void;
  /** Parts of checkpoints, as tasks complete them. */
  readonly onAcknowledge?: (part: Acknowledgement) => void;
  /** What the job goes on from. */
  readonly restore?: LocalRestore | null;
  /**
   * Called before every step; what it throws ends the run, as a machine that loses its power does. A promise is awaited, so
   * that what goes on outside of the job (storing a checkpoint) gets its turn; null: the job goes on at once.
   */
  readonly onStep?: () => Promise<void> | null;
  /**
   * Called when nobody can go on before the world outside does: ends one call of an asynchronous function. Also
   * in the middle of a step, where nothing else that goes on outside gets its turn: let little time pass in it, or none.
   * @returns whether there was one; else promises are waited for, which cannot end while a ring is full
   */
  readonly onAllWaiting?: () => boolean;
  /**
   * Called when calls are waited for and none can end yet: moves the clock a little, towards where one is to be made again
   * or has taken too long. Between two steps, so that whatever else is due outside comes first; in the middle of one only
   * when a ring can take no more. Without it outcomes are waited for.
   */
  readonly onTimeAwaited?: () => void;
}

export interface LocalRestore {
  readonly operators: Readonly<Record<string, OperatorRestore>>;
  readonly source: SourceThreadState;
}

/** Steps in which time passes and nobody can go on: then it is not time that they wait for. */
const WAITED_IN_VAIN_MAX = 64;

/** What rings can be stretched to: what one batch of a task may write, and long texts, is less. */
const RING_SLOTS_MIN = 1024;

/** Stands for the source (and the sinks) where tasks are known by index. */
const SOURCE = -1;

/** Whoever takes part in a run. */
type Actor = SourceTask | StreamTask | SinkTask;

/**
 * Runs a whole job in one thread: the very tasks, rings and operators of the threaded engine, stepped in an order that
 * `random` decides. Time, threads and chance are taken away, so that a run can be repeated exactly.
 */
export class LocalExecutor<P> implements QueryableJob {
  readonly source: SourceTask;
  /** These and the next change with the parallelism. */
  tasks: readonly StreamTask[];
  sink: SinkTask;
  private readonly job: JobDefinition<P>;
  private readonly options: LocalExecutorOptions<P>;
  graph: JobGraph;
  memory: JobMemory;
  /** Each task's own, as each thread would build it. */
  private readonly graphs: JobGraph[] = [];
  private readonly sourceGraph: JobGraph;
  private rescaling: { readonly barrier: RescaleBarrier; readonly moved: (hasMoved: boolean) => void } | null = null;
  private state: 'starting' | 'running' | 'ended' = 'starting';
  private readonly mailboxes: LocalMailbox[] = [];
  private readonly answers = new Map<number, (answer: MailAnswer) => void>();
  private nextMailId = 0;
  private tellOutcome: () => void = () => undefined;
  /** Steps in a row in which nothing happened but that time passed. */
  private waitedInVain = 0;
  private awaited: { readonly source: SourceTask; readonly available: Promise<void> } | null = null;
  /** Who is in the middle of a call, waiting for room, and what they may do meanwhile: rings at this level or above. */
  private readonly waiting = new Map<number, number>();

  constructor(job: JobDefinition<P>, options: LocalExecutorOptions<P>) {
    this.options = options;
    this.job = job;
    const graph = this.build();
    this.graph = graph;
    const plan = this.planOf(graph);
    const symbols = { symbolsMax: options.symbolsMax ?? 2 ** 16 };
    this.memory = createJobMemory(graph, plan, symbols, options.latencyIntervalMs ?? null);
    const sourceGraph = this.build();
    this.sourceGraph = sourceGraph;
    assert(
      sourceGraph.fingerprint === graph.fingerprint,
      'The job described something else the second time it was built; it must depend on its parameters alone.',
    );
    this.sink = new SinkTask(graph, plan, this.host(SOURCE), options.sinks ?? {});
    this.tasks = Array.from({ length: graph.parallelism }, (_, index) => this.createTask(index));
    const sourceHost: SourceHost = {
      ...this.host(SOURCE),
      ...(options.pollRecords !== undefined && { pollRecords: options.pollRecords }),
      sendSourceEvent: (source, event) => options.onSourceEvent?.(source, event),
    };
    this.source = new SourceTask(sourceGraph, this.planOf(sourceGraph), sourceHost, options.restore?.source ?? null);
  }

  /** Between two steps. */
  triggerCheckpoint(checkpointId: number): void {
    this.source.triggerCheckpoint(checkpointId);
    this.sink.expectBarrier(checkpointId);
  }

  /**
   * Between two steps: sends the barrier behind which the job has another number of tasks. No checkpoint may be under way.
   * @returns whether the number has changed, once it has; false when a source has ended
   */
  rescale(parallelism: number, barrierId: number): Promise<boolean> {
    const barrier = new RescaleBarrier(this.parallelism, parallelism, ASKED, this.options.clock);
    barrier.sent(barrierId);
    return new Promise((moved) => {
      // First: tasks that make room for the barrier may be through it when the source is.
      this.rescaling = { barrier, moved };
      if (this.source.startRescale(barrierId, parallelism)) return this.sink.expectBarrier(barrierId);
      this.rescaling = null;
      moved(false);
    });
  }

  /** Every task has handed over: all go on in new surroundings, as threads do one by one. */
  private move(barrier: RescaleBarrier): void {
    const { given, to } = barrier;
    const before = this.tasks;
    const taken = dealHandovers(given, to);
    this.graph = { ...this.graph, parallelism: to };
    const plan = this.planOf(this.graph);
    const { symbols, metrics } = this.memory;
    this.memory = { ...createJobMemory(this.graph, plan, { symbolsMax: 2 }), symbols, metrics };
    this.sink = new SinkTask(this.graph, plan, this.host(SOURCE), this.options.sinks ?? {}, this.sink);
    this.tasks = taken.map((own, index) => {
      if (index < before.length) return this.createTask(index, { task: before[index], taken: own });
      const task = this.createTask(index);
      task.takeOver(own);
      this.open(task);
      return task;
    });
    for (const task of before.slice(to)) task.close();
    const moved = { ...this.sourceGraph, parallelism: to };
    this.source.moveTo(moved, this.planOf(moved));
  }

  /** As a thread of a job with checkpoints does. */
  private open(task: StreamTask): void {
    task.open();
    task.rehearseSnapshots();
  }

  private createTask(index: number, before: ConstructorParameters<typeof StreamTask>[4] = null): StreamTask {
    this.graphs[index] = {
      ...((before === null ? null : this.graphs[index]) ?? this.build()),
      parallelism: this.graph.parallelism,
    };
    return new StreamTask(this.graphs[index], this.planOf(this.graphs[index]), index, this.host(index), before);
  }

  /** Every thread would build the job for itself: functions have state. */
  private build(): JobGraph {
    const environment = new StreamExecutionEnvironment();
    this.job.build(environment, this.options.parameters);
    const { parallelism, maxParallelism } = this.options;
    return createJobGraph(environment, {
      ...(parallelism !== undefined && { parallelism }),
      ...(maxParallelism !== undefined && { maxParallelism }),
    });
  }

  private planOf(graph: JobGraph): PhysicalPlan {
    const { ringSlots } = this.options;
    return createPhysicalPlan(graph, ringSlots === undefined ? {} : { ringSlots, ringSlotsMin: RING_SLOTS_MIN });
  }

  private acknowledge(part: Acknowledgement): void {
    if (this.rescaling?.barrier.id === part.checkpointId) this.rescaling.barrier.acknowledge(part);
    else this.options.onAcknowledge?.(part);
  }

  notifyCheckpointComplete(checkpointId: number): void {
    this.source.notifyCheckpointComplete(checkpointId);
    this.sink.notifyCheckpointComplete(checkpointId);
  }

  /** Resolves when every sink has everything. @throws OperatorFailure */
  async run(): Promise<void> {
    try {
      const { restore } = this.options;
      if (restore) for (const task of this.tasks) task.restore(restore.operators);
      for (const task of this.tasks) this.open(task);
      this.source.open();
      this.state = 'running';
      await this.steps();
    } finally {
      this.state = 'ended';
      for (const task of this.tasks) task.close();
      await this.source.close();
      await this.sink.close();
    }
  }

  /** By uid: numbers of the asynchronous operators. */
  asyncStatistics(): Readonly<Record<string, AsyncStatistics>> {
    return asyncStatisticsOf(this.graph, this.memory);
  }

  /** Asks a subtask; it answers between two of its batches. */
  askState(subtask: number, question: StateQuestion): Promise<StateAnswer> {
    const id = this.nextMailId;
    this.nextMailId += 1;
    return new Promise((resolve) => {
      this.answers.set(id, (answer) => resolve(stateAnswerOf(answer)));
      this.mailboxes[subtask].post({ kind: 'question', id, question });
    });
  }

  get queryState(): 'starting' | 'running' | 'ended' {
    return this.state;
  }

  get parallelism(): number {
    return this.tasks.length;
  }

  get maxParallelism(): number {
    return this.graph.maxParallelism;
  }

  private async steps(): Promise<void> {
    for (;;) {
      const pause = this.options.onStep?.() ?? null;
      if (pause !== null) await pause;
      if (this.moveWhenDue()) continue;
      // Others may always have something to do, such as one snapshot after the other.
      if (this.source.isWaiting) await Promise.race([this.awaitSource(), Promise.resolve()]);
      else this.awaited = null;
      const actors: readonly Actor[] = [this.source, ...this.tasks, this.sink];
      const order = this.shuffled(actors.filter((actor) => !this.holdsBack(actor)));
      // A random prefix, so that some may run often while others starve.
      const count = 1 + Math.floor(this.options.random() * order.length);
      const statuses = order.slice(0, count).map((actor) => actor.runBatch());
      if (actors.every(({ isThrough }) => isThrough)) {
        // Whoever has nothing left to do tells its last numbers.
        for (const actor of actors) actor.runBatch();
        return;
      }
      if (!statuses.includes('progress') && (await this.waitsInVain(order))) this.waitedInVain += 1;
      else this.waitedInVain = 0;
    }
  }

  /** One wait for as long as the source has nothing, however often it is looked at; what went wrong in it stays. */
  private awaitSource(): Promise<void> {
    const { source } = this;
    if (!source.isWaiting) return source.whenAvailable();
    if (this.awaited?.source === source) return this.awaited.available;
    const available = source.whenAvailable().then(() => {
      if (this.awaited?.available === available) this.awaited = null;
    });
    this.awaited = { source, available };
    return available;
  }

  /** Everybody who may run does; when none gets anywhere, the world outside does. @returns whether all that came of it was time */
  private async waitsInVain(running: readonly Actor[]): Promise<boolean> {
    const statuses = running.map((actor) => actor.runBatch());
    if (statuses.includes('progress') || this.moveWhenDue() || this.options.onAllWaiting?.() === true) return false;
    const isHeldBack = running.length < this.tasks.length + 2;
    if (this.passTime() || isHeldBack) return true;
    const { isCalling } = this;
    const isSourceIdle = statuses[running.indexOf(this.source)] === 'idle';
    assert(isSourceIdle || isCalling, `No task can go on: ${statuses.join(', ')}.`);
    const outcome = new Promise<void>((resolve) => {
      this.tellOutcome = resolve;
    });
    await Promise.race([...(isCalling ? [outcome] : []), ...(isSourceIdle ? [this.awaitSource()] : [])]);
    return false;
  }

  /**
   * Whoever has stretched a ring would have had to wait there: it waits here, while the others wait for calls. Not for ever,
   * because a task that holds a barrier may be what they wait for.
   */
  private holdsBack(actor: Actor): boolean {
    if (actor instanceof SinkTask || this.waitedInVain >= WAITED_IN_VAIN_MAX || !this.isCalling) return false;
    return !actor.outputs.isNarrow;
  }

  private get isCalling(): boolean {
    return this.tasks.some((task) => task.isCalling);
  }

  /** @returns whether that may help */
  private passTime(): boolean {
    if (this.options.onTimeAwaited === undefined || !this.isCalling) return false;
    this.options.onTimeAwaited();
    return true;
  }

  private moveWhenDue(): boolean {
    if (this.rescaling?.barrier.hasPassed !== true) return false;
    const { barrier, moved } = this.rescaling;
    this.rescaling = null;
    this.move(barrier);
    moved(true);
    return true;
  }

  private shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let index = order.length - 1; index > 0; index -= 1) {
      const other = Math.floor(this.options.random() * (index + 1));
      [order[index], order[other]] = [order[other], order[index]];
    }
    return order;
  }

  private host(taskIndex: number): TaskHost {
    const mailbox = new LocalMailbox((answer) => {
      this.answers.get(answer.id)?.(answer);
      this.answers.delete(answer.id);
    });
    if (taskIndex >= 0) this.mailboxes[taskIndex] = mailbox;
    return {
      clock: this.options.clock,
      acknowledge: (part) => this.acknowledge(part),
      symbols: new SymbolDictionary(this.memory.symbols),
      metrics: this.memory.metrics,
      mailbox,
      ring: (id) => this.memory.rings.get(id) as RingMemory,
      sums: (nodeId) => this.memory.sums.get(nodeId) as AlignedSumsMemory,
      async: (node) => ({
        link: new InThreadAsyncLink(node.work as AsyncWaitWork, () => this.tellOutcome()),
        statistics: this.memory.asyncStatistics.get(node.id) as SharedArrayBuffer,
        clock: this.options.clock,
      }),
      processingTimeMs: () => Math.floor(this.options.clock.wallMs()),
      waitForRoom: (writer, level) => this.makeRoom(writer, taskIndex, level),
      wake: () => undefined,
      wakeTasks: () => undefined,
    };
  }

  /**
   * Nobody runs by themselves while a writer waits, so others run here and now: first the readers above it, which never
   * depend on it. Only when they are held at an alignment do tasks that are in no call go on below, to bring the marker
   * that is missing; threads would have done so by themselves.
   *
   * Who runs here can come to wait for somebody who waits further out. Threads would both go on; calls cannot: then the
   * ring takes more than its capacity.
   */
  private makeRoom(writer: RingWriter, waiter: number, level: number): void {
    if (waiter === SOURCE) this.source.outputs.publish();
    const outer = this.waiting.get(waiter);
    this.waiting.set(waiter, level);
    while (!writer.hasRoom()) {
      if (this.runAbove(writer, level) || this.runIdleTasks(writer) || this.options.onAllWaiting?.() === true) continue;
      assert(
        writer.stretch() || this.passTime(),
        `A ring towards level ${level} is full and nobody can read it; give the rings more slots, or end calls with onAllWaiting.`,
      );
    }
    if (outer === undefined) this.waiting.delete(waiter);
    else this.waiting.set(waiter, outer);
  }

  /** Stops as soon as there is room: whoever waits further out depends on it. Nobody is called into what they are in. */
  private runAbove(writer: RingWriter, level: number): boolean {
    let progress = this.sink.runBatch() === 'progress';
    for (const index of this.shuffled([...this.tasks.keys()])) {
      if (writer.hasRoom()) return true;
      if (this.tasks[index].drainFrom(Math.max(level, this.waiting.get(index) ?? level))) progress = true;
    }
    return progress;
  }

  private runIdleTasks(writer: RingWriter): boolean {
    let progress = false;
    for (const index of this.shuffled([...this.tasks.keys()])) {
      if (writer.hasRoom()) return true;
      if (!this.waiting.has(index) && this.tasks[index].runBatch() === 'progress') progress = true;
    }
    return progress;
  }
}
