import { StreamExecutionEnvironment } from '../api/environment.ts';
import type { JobDefinition } from '../api/job.ts';
import type { CheckpointCounts, CheckpointRecord } from '../contract/checkpoint-record.ts';
import { IllegalStateError } from '../core/errors.ts';
import { machineClock, repeatEvery, startMachineTimer, waitMs } from '../core/machine.node.ts';
import { createJobGraph, isAsync, uidOf, type JobGraph } from '../graph/job-graph.ts';
import { SymbolDictionary, type SymbolDictionaryOptions } from '../memory/symbol-dictionary.ts';
import type { AsyncStatistics } from '../runtime/async/async-statistics.ts';
import type { Acknowledgement } from '../runtime/checkpoint/acknowledgement.ts';
import type { CheckpointCoordinator } from '../runtime/checkpoint/checkpoint-coordinator.ts';
import type { RestoredCheckpoint } from '../runtime/checkpoint/checkpoint-storage.ts';
import { ASKED, type RescaleCause, type RescaleRecord } from '../runtime/checkpoint/rescale.ts';
import { createPhysicalPlan, type PlanOptions } from '../runtime/exchange/physical-plan.ts';
import { asyncStatisticsOf, createJobMemory, type JobMemory } from '../runtime/job-memory.ts';
import { errorText, OperatorFailure, type FailurePlace } from '../runtime/operator-failure.ts';
import type { QueryableJob } from '../runtime/query/queryable-job.ts';
import { QueryableStateClient } from '../runtime/query/queryable-state-client.ts';
import type { StateAnswer, StateQuestion } from '../runtime/query/state-question.ts';
import type { ExternalWriters } from '../runtime/task/sink-task.ts';
import type { MeteredThread, ThreadTimes } from '../runtime/metrics/thread-times.ts';
import type { StructsOfTask } from '../runtime/task/task-rehearsal.ts';
import type { Mail } from '../runtime/task/task.ts';
import { createControlMemory, ThreadControl } from '../runtime/thread-control.ts';
import type { Key } from '../state/java-hash.ts';
import { HangWatch } from './job/hang-watch.ts';
import { checkpointsOf, workerRestoreOf, type JobCheckpoints } from './job/job-checkpoints.node.ts';
import { JobFailedError } from './job-failed-error.ts';
import { JobLife, type JobResult } from './job/job-life.ts';
import { JobRescales, type RescalingHost } from './job/job-rescaling.ts';
import { JobThreads, type JobThread, type ThreadOptions } from './job/job-threads.node.ts';
import { SinkRunner } from './job/sink-runner.node.ts';
import { TaskQuestions, type SubtaskRows } from './job/task-questions.ts';
import type { FailureMessage, FromWorker, ToWorker, WorkerStart } from './worker-messages.ts';

export interface RunJobOptions<P> extends ThreadOptions {
  readonly job: JobDefinition<P>;
  /** Plain data: every thread builds the job from a copy. */
  readonly parameters: P;
  readonly parallelism?: number;
  readonly maxParallelism?: number;
  /** Writers of the job's external sinks; they run on the caller's thread. */
  readonly sinks?: ExternalWriters;
  readonly onSourceEvent?: (event: unknown, sourceUid: string) => void;
  /** Keeps task threads after the last record, to answer queries, until `close`. */
  readonly lingers?: boolean;
  readonly symbols?: SymbolDictionaryOptions;
  readonly ringSlots?: number;
  /** `off`: operators count nothing. Absent: they do. */
  readonly metrics?: 'on' | 'off';
  /** Between two latency markers of a source (Flink: metrics.latency.interval). Absent: none are sent. */
  readonly latencyIntervalMs?: number;
  /** A thread that shows no sign of life for this long has hung; generous, because a machine may stand still. */
  readonly hangMs?: number;
  /** Absent: the job has no checkpoints. */
  readonly checkpoints?: JobCheckpoints;
  /** What the job goes on from; null: it begins. Its parallelism may be another than that of the job. */
  readonly restore?: RestoredCheckpoint | null;
}

const HANG_MS_DEFAULT = 30_000;
const LOOK_EVERY_MS = 20;

/**
 * Runs a job on threads: one for sources, one per subtask; sinks run here, on the caller's thread, a little at a time.
 * Whatever goes wrong in any of them, `finished` rejects with a JobFailedError and no thread is left.
 */
export class RunningJob<P = unknown> implements QueryableJob {
  /** Its parallelism may change. */
  graph: JobGraph;
  /** Its rings change with the parallelism. */
  memory: JobMemory;
  readonly clock = machineClock;
  private readonly life = new JobLife(machineClock);
  private readonly options: RunJobOptions<P>;
  private readonly controlMemory = createControlMemory();
  private readonly control = new ThreadControl(this.controlMemory);
  private readonly threads: JobThreads;
  private readonly sinks: SinkRunner;
  private readonly symbols: SymbolDictionary;
  private readonly questions: TaskQuestions;
  private readonly checkpoints: CheckpointCoordinator | null;
  private readonly rescales: JobRescales<JobThread>;
  private readonly hangWatch: HangWatch<JobThread>;
  private readonly stopWatching: () => void;
  /** Of its tasks, once they are open. */
  private structs: StructsOfTask = {};
  /** Of jobs without checkpoints. */
  private barriers = 0;

  constructor(options: RunJobOptions<P>) {
    this.options = options;
    const environment = new StreamExecutionEnvironment();
    options.job.build(environment, options.parameters);
    const { parallelism, maxParallelism, ringSlots } = options;
    this.graph = createJobGraph(environment, {
      ...(parallelism !== undefined && { parallelism }),
      ...(maxParallelism !== undefined && { maxParallelism }),
    });
    const plan = createPhysicalPlan(this.graph, ringOptions(ringSlots));
    const all = createJobMemory(this.graph, plan, options.symbols, options.latencyIntervalMs ?? null);
    this.memory = options.metrics === 'off' ? { ...all, metrics: null } : all;
    this.symbols = new SymbolDictionary(this.memory.symbols);
    this.threads = new JobThreads(options, this.control, {
      received: (thread, message) => this.receive(thread, message),
      broke: (thread, problem, cause) => this.fail(thread.label, problem, cause),
      gone: ({ id, label }) => {
        if (typeof id === 'number') this.questions.refuse(id, `The ${label} thread ended before it answered.`);
      },
    });
    this.sinks = new SinkRunner(this.graph, plan, this.memory, {
      control: this.control,
      symbols: this.symbols,
      writers: options.sinks ?? {},
      isRunning: () => this.life.isRunning,
      acknowledge: (part) => this.acknowledge(part),
      drained: () => this.sinksDrained(),
      failed: (error) => this.failInSink(error),
    });
    this.questions = this.createQuestions();
    this.checkpoints = options.checkpoints === undefined ? null : this.createCheckpoints(options.checkpoints);
    this.rescales = new JobRescales(this.rescalingHost());
    this.hangWatch = new HangWatch(this.control, options.hangMs ?? HANG_MS_DEFAULT, machineClock.monotonicMs());
    this.startThreads(options.restore ?? null);
    this.stopWatching = repeatEvery(LOOK_EVERY_MS, () => this.watch());
  }

  /** Resolves when every result is with its sink, or after `cancel`; rejects with a JobFailedError. */
  get finished(): Promise<JobResult> {
    return this.life.finished;
  }

  /** To the readers of one source, or of all. */
  sendSourceEvent(event: unknown, sourceUid: string | null = null): void {
    this.sendToSource({ kind: 'source-event', uid: sourceUid, event });
  }

  /**
   * One answer about one key, once the job has started; see QueryableStateClient for everything else that can be asked.
   * @throws StateQueryError for an unknown query or a key without state
   */
  async query(name: string, key: Key, argument: unknown = null): Promise<unknown> {
    await Promise.race([this.life.started, this.finished]);
    const served = { job: this, checkpoints: null, checkpointedQueries: {} };
    const jobs = { ids: () => [this.options.jobName], find: () => served };
    const client = new QueryableStateClient(jobs, { clock: machineClock, startTimer: startMachineTimer });
    return client.get(this.options.jobName, name, key, { argument });
  }

  /** @returns what a subtask answered; why not, where it did not */
  async askState(subtask: number, question: StateQuestion): Promise<StateAnswer> {
    return this.questions.askState(subtask, question);
  }

  get queryState(): 'starting' | 'running' | 'ended' {
    return this.life.queryState;
  }

  /** Since its first record could flow, ms; 0: it is being started. */
  get uptimeMs(): number {
    return this.life.elapsedMs;
  }

  get parallelism(): number {
    return this.graph.parallelism;
  }

  get maxParallelism(): number {
    return this.graph.maxParallelism;
  }

  /** Rows that changed since the last request (or all that ever did), from every subtask. */
  async requestRows(name: string, all = false): Promise<SubtaskRows[]> {
    const subtasks = Array.from({ length: this.graph.parallelism }, (_, index) => index);
    return Promise.all(subtasks.map((subtask) => this.questions.askRows(subtask, name, all)));
  }

  /** The string behind a symbol number, as rows carry it. */
  symbolText(symbolId: number): string {
    return this.symbols.textOf(symbolId);
  }

  /** The number of a string in rows, given now if it has none yet. */
  symbolId(text: string): number {
    return this.symbols.idOf(text);
  }

  /** Resolves with how the checkpoint went; never rejects. @throws IllegalStateError when the job has none */
  async checkpoint(kind: 'checkpoint' | 'savepoint' = 'checkpoint'): Promise<CheckpointRecord> {
    if (this.checkpoints === null) throw new IllegalStateError('The job runs without checkpoints; give it a storage.');
    return this.checkpoints.trigger(kind);
  }

  /** The latest hundred, newest last. */
  get checkpointHistory(): readonly CheckpointRecord[] {
    return this.checkpoints?.history ?? [];
  }

  get checkpointCounts(): CheckpointCounts {
    return this.checkpoints?.counts ?? { completed: 0, failed: 0 };
  }

  /** Changes of parallelism so far, newest last. */
  get rescaleHistory(): readonly RescaleRecord[] {
    return this.rescales.history;
  }

  /**
   * Changes the number of task threads while records flow (Flink: rescaling, without a restart): only the key groups that
   * get another owner are handed over. Results stay what they would have been.
   * @param parallelism 1 to the job's maximum, 32 at most
   * @returns how it went; `failed` when the sources had ended before the barrier could be sent, or the job failed
   * @throws IllegalArgumentError for another number, IllegalStateError while the job does not run or changes already
   */
  async rescale(parallelism: number, why: RescaleCause = ASKED): Promise<RescaleRecord> {
    return this.rescales.run(parallelism, why);
  }

  get isRescaling(): boolean {
    return this.rescales.isUnderWay;
  }

  /** No job can have more task threads than this. */
  get parallelismMax(): number {
    return this.rescales.parallelismMax;
  }

  metrics(): MeteredThread[] {
    return this.threads
      .metrics()
      .map((thread) => ({ ...thread, mailsWaiting: this.questions.waitingFor(thread.taskIndex) }));
  }

  /** Of all sinks: they are busy while the coordinator's thread is with them. */
  sinkTimes(): ThreadTimes {
    const { busyMs } = this.sinks;
    return { busyMs, idleMs: Math.max(0, this.uptimeMs - busyMs), backPressuredMs: 0 };
  }

  /** Asynchronous operators, by uid, since their start; see `ratesBetween` for what they do now. */
  asyncStatistics(): Readonly<Record<string, AsyncStatistics>> {
    return asyncStatisticsOf(this.graph, this.memory);
  }

  /** For tests of what follows: the thread of one task (-1: of the sources) ends as if it had crashed. */
  killThread(index: number): void {
    void this.threads.of(index < 0 ? 'source' : index)?.worker.terminate();
  }

  /** The same: it does nothing any more, and does not end either. */
  hangThread(index: number): void {
    const thread = this.threads.of(index < 0 ? 'source' : index);
    if (thread !== undefined) this.threads.send(thread, { kind: 'hang' });
  }

  /** Stops the job where it is. Resolves when no thread is left. */
  async cancel(): Promise<void> {
    await this.end(() => this.life.end('cancelled', this.graph.warnings));
  }

  /** Ends threads that linger; cancels a job that still runs. */
  async close(): Promise<void> {
    if (this.life.isRunning) return this.cancel();
    await this.threads.stop();
  }

  private startThreads(restore: RestoredCheckpoint | null): void {
    const { parallelism } = this.graph;
    const start = { ...this.workerStart(parallelism, this.memory), restore: workerRestoreOf(restore, this.graph) };
    if (this.graph.nodes.some(isAsync))
      this.threads.start('async', { ...start, restore: null, role: { kind: 'async' } });
    for (let index = 0; index < parallelism; index += 1)
      this.threads.start(index, { ...start, role: { kind: 'task', index } });
    this.threads.start('source', { ...start, role: { kind: 'source' } });
  }

  private workerStart(parallelism: number, memory: JobMemory): Omit<WorkerStart, 'role'> {
    const { jobName, parameters, ringSlots } = this.options;
    return {
      jobName,
      parameters,
      parallelism,
      maxParallelism: this.graph.maxParallelism,
      ringSlots: ringSlots ?? null,
      memory,
      control: this.controlMemory,
      restore: null,
      isSpare: false,
      structs: this.structs,
      hasCheckpoints: this.checkpoints !== null,
      asyncPort: null,
    };
  }

  private createQuestions(): TaskQuestions {
    const { life } = this;
    return new TaskQuestions({
      get isRunning() {
        return life.isRunning;
      },
      has: (subtask) => this.threads.of(subtask) !== undefined,
      send: (subtask, mail) => this.sendMail(subtask, mail),
    });
  }

  private createCheckpoints(options: JobCheckpoints): CheckpointCoordinator {
    const current = (): this => this;
    const job = {
      get graph() {
        return current().graph;
      },
      sendBarrier: (id: number) => {
        this.sendToSource({ kind: 'checkpoint', id });
        this.sinks.expectBarrier(id);
      },
      completed: (id: number) => this.checkpointCompleted(id),
    };
    return checkpointsOf(job, options);
  }

  private checkpointCompleted(id: number): void {
    if (this.life.hasEnded) return;
    try {
      this.sinks.notifyCheckpointComplete(id);
    } catch (error) {
      return this.failInSink(error);
    }
    this.sendToSource({ kind: 'checkpoint-complete', id });
  }

  private rescalingHost(): RescalingHost<JobThread> {
    const current = (): this => this;
    return {
      clock: machineClock,
      planOptions: ringOptions(this.options.ringSlots),
      started: this.life.started,
      over: this.life.over,
      get graph() {
        return current().graph;
      },
      get memory() {
        return current().memory;
      },
      get threads() {
        return current().threads.all;
      },
      get hasEnded() {
        return !current().life.isRunning;
      },
      startSpare: (index, { graph, memory }) => {
        const start = this.workerStart(graph.parallelism, memory);
        return this.threads.start(index, { ...start, isSpare: true, role: { kind: 'task', index } });
      },
      send: (thread, message) => this.threads.send(thread, message),
      sendBarrier: (id, parallelism) => {
        this.sendToSource({ kind: 'rescale', id, parallelism });
        this.sinks.expectBarrier(id);
      },
      exclusively: async (act) => {
        if (this.checkpoints !== null) return this.checkpoints.exclusively(act);
        this.barriers += 1;
        return act(this.barriers);
      },
      goOn: ({ graph, plan, memory }) => {
        this.graph = graph;
        this.memory = memory;
        this.sinks.rewire(graph, plan, memory);
      },
      wait: waitMs,
      retire: (threads) => this.threads.retire(threads),
    };
  }

  private acknowledge(part: Acknowledgement): void {
    if (!this.rescales.acknowledge(part)) this.checkpoints?.acknowledge(part);
  }

  private sendToSource(message: ToWorker): void {
    if (this.life.isRunning) this.threads.send(this.threads.source, message);
  }

  /** @returns false when the task does not answer any more */
  private sendMail(subtask: number, mail: Mail): boolean {
    const thread = this.threads.of(subtask);
    const answers = this.life.isRunning || (this.options.lingers ?? false);
    if (thread === undefined || thread.isGone || this.control.isAborted || !answers) return false;
    this.threads.send(thread, { kind: 'mail', mail });
    return true;
  }

  private receive(thread: JobThread, message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        if (message.structs !== undefined) this.structs = message.structs;
        return this.ready(thread, message.fingerprint);
      case 'rehearsed':
        return thread.tellRehearsed();
      case 'failed':
        return this.failInThread(thread, message.failure);
      case 'acknowledge':
        return this.acknowledge(message.part);
      case 'rescale-refused':
        return this.rescales.sourcesEnded();
      case 'narrowed':
        return this.rescales.narrowed(thread.id);
      case 'moved':
        return this.rescales.moved();
      case 'mail-answer':
        return this.questions.answered(message.answer);
      case 'source-event':
        return this.options.onSourceEvent?.(message.event, message.source);
      case 'wake':
        return this.sinks.pump();
      case 'finished':
        thread.isFinished = true;
        return this.sinks.pump();
    }
  }

  private ready(thread: JobThread, fingerprint: string): void {
    if (fingerprint !== this.graph.fingerprint) {
      this.fail(
        thread.label,
        `It built another job (${fingerprint}) than the runner (${this.graph.fingerprint}); build the worker bundle anew, and let the job depend on its parameters alone.`,
      );
      return;
    }
    thread.readyMs = machineClock.monotonicMs();
    thread.tellReady();
    if (this.life.hasStarted || !this.life.isRunning) return;
    if (!this.threads.all.every(({ readyMs }) => readyMs !== null)) return;
    this.life.start();
    this.threads.send(this.threads.source, { kind: 'start' });
    this.checkpoints?.start();
  }

  /** Looks after what sends no messages: results that wait, threads that hang. */
  private watch(): void {
    this.sinks.pump();
    const hung = this.hangWatch.look(this.threads.all, this.life.hasStarted, machineClock.monotonicMs());
    if (hung === null) return;
    const { thread, silentMs } = hung;
    const operators = thread.id === 'source' ? this.graph.sourceNodes : this.graph.keyedNodes;
    this.fail(
      thread.label,
      `It has shown no sign of life for ${Math.round(silentMs)} ms, so it has hung, probably in one of: ${operators.map((node) => `'${node.name}' (uid ${uidOf(node)})`).join(', ')}.`,
    );
  }

  private async sinksDrained(): Promise<void> {
    if (this.threads.all.every(({ id, isFinished }) => isFinished || id === 'async')) await this.complete();
  }

  private async complete(): Promise<void> {
    if (!this.life.isRunning) return;
    this.stopWork();
    await this.sinks.close();
    if (this.options.lingers ?? false) {
      // Tasks stay for questions; the source has nobody left to send barriers to.
      void this.threads.stop(this.threads.all.filter(({ id }) => id === 'source'));
    } else await this.threads.stop();
    this.life.end('finished', this.graph.warnings);
  }

  private failInThread(thread: JobThread, { text, place, stack }: FailureMessage): void {
    thread.isFinished = true;
    this.failWith(thread.label, text, place, stack);
  }

  private failInSink(error: unknown): void {
    if (!(error instanceof OperatorFailure)) return this.fail('coordinator', errorText(error), error);
    this.failWith('coordinator', error.message, error.place, (error.cause as Error).stack ?? '');
  }

  private fail(thread: string, text: string, cause: unknown = null): void {
    this.failWith(thread, text, null, cause instanceof Error ? (cause.stack ?? '') : '');
  }

  private failWith(thread: string, text: string, place: FailurePlace | null, stack: string): void {
    void this.end(() => this.life.fail(new JobFailedError(this.options.jobName, thread, text, place, stack)));
  }

  private stopWork(): void {
    this.life.beginEnd();
    this.stopWatching();
    this.checkpoints?.stop();
  }

  /** The one way out before the end: everything is stopped first, then the world is told. */
  private async end(tell: () => void): Promise<void> {
    if (!this.life.isRunning) return;
    this.stopWork();
    this.control.abort();
    await this.threads.stop();
    try {
      await this.sinks.close();
    } catch (error) {
      // The first failure is the one to tell; a sink that cannot close after it adds nothing but must not hide it.
      this.questions.refuse(null, errorText(error));
    }
    this.questions.refuse(null, 'The job has ended.');
    tell();
  }
}

function ringOptions(ringSlots: number | undefined): PlanOptions {
  return ringSlots === undefined ? {} : { ringSlots };
}

export function runJob<P>(options: RunJobOptions<P>): RunningJob<P> {
  return new RunningJob<P>(options);
}
