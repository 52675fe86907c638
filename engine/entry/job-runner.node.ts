import { MessageChannel, Worker, type MessagePort, type ResourceLimits } from 'node:worker_threads';
import { StreamExecutionEnvironment } from '../api/environment.ts';
import type { JobDefinition } from '../api/job.ts';

import { IllegalArgumentError, IllegalStateError } from '../core/errors.ts';
import { machineClock, nextTurn, repeatEvery, startMachineTimer, waitMs } from '../core/machine.node.ts';
import { createJobGraph, isAsync, uidOf, type JobGraph } from '../graph/job-graph.ts';
import type { RingMemory } from '../memory/shared-ring.ts';
import { SymbolDictionary, type SymbolDictionaryOptions } from '../memory/symbol-dictionary.ts';
import { createPhysicalPlan, type PlanOptions, type ThreadId } from '../runtime/exchange/physical-plan.ts';
import type { AsyncStatistics } from '../runtime/async/async-statistics.ts';
import { asyncStatisticsOf, createJobMemory, type JobMemory } from '../runtime/job-memory.ts';
import { errorText, OperatorFailure } from '../runtime/operator-failure.ts';
import type { CheckpointRecord } from '../contract/checkpoint-record.ts';
import { CheckpointCoordinator, type CheckpointOptions } from '../runtime/checkpoint/checkpoint-coordinator.ts';
import type {
  CheckpointStorage,
  RestoredCheckpoint,
  StoredCheckpoint,
} from '../runtime/checkpoint/checkpoint-storage.ts';
import { ASKED, type RescaleCause, type RescaleRecord } from '../runtime/checkpoint/rescale.ts';
import type { Acknowledgement } from '../runtime/checkpoint/acknowledgement.ts';
import { QueryableStateClient } from '../runtime/query/queryable-state-client.ts';
import { stateAnswerOf, type QueryableJob } from '../runtime/query/queryable-job.ts';
import type { StateAnswer, StateQuestion } from '../runtime/query/state-question.ts';
import type { StateQueryReason } from '../runtime/query/state-query-error.ts';
import type { ThreadTimes } from '../runtime/metrics/thread-times.ts';
import { SinkTask, type ExternalWriters, type SinkHost } from '../runtime/task/sink-task.ts';
import type { StructsOfTask } from '../runtime/task/task-rehearsal.ts';
import type { Mail, MailAnswer } from '../runtime/task/task.ts';
import { ACTIVITY, createControlMemory, TASKS_MAX, ThreadControl } from '../runtime/thread-control.ts';
import type { Key } from '../state/java-hash.ts';
import { JobFailedError } from './job-failed-error.ts';
import { JobRescaling, type RescaledThread, type RescalingHost } from './job-rescaling.ts';
import { TaskQuestions } from './task-questions.ts';
import type { FromWorker, ToWorker, WorkerRestore, WorkerStart } from './worker-messages.ts';

export interface RunJobOptions<P> {
  readonly job: JobDefinition<P>;
  /** Name under which the worker bundle knows the same job. */
  readonly jobName: string;
  /** Plain data: every thread builds the job from a copy. */
  readonly parameters: P;
  /** The bundle that calls `startWorker`. */
  readonly workerScript: URL | string;
  /** For task threads; absent: the same. It builds the same graph, its readers are never asked for. */
  readonly taskScript?: URL | string;
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
  /** A thread that shows no sign of life for this long has hung; generous, because a machine may stand still. */
  readonly hangMs?: number;
  readonly resourceLimits?: ResourceLimits;
  readonly execArgv?: string[];
  /** Absent: the job has no checkpoints. */
  readonly checkpoints?: JobCheckpoints;
  /** What the job goes on from; null: it begins. Its parallelism may be another than that of the job. */
  readonly restore?: RestoredCheckpoint | null;
}

export interface JobCheckpoints extends CheckpointOptions {
  readonly storage: CheckpointStorage;
  /** Greater than every id that was ever used in the storage. */
  readonly firstId: number;
  /** Called once every part is here: makes durable what sinks prepared, and says what else the checkpoint keeps. */
  readonly prepare?: (
    checkpointId: number,
  ) => Promise<{ readonly application: unknown; readonly values: readonly string[] }>;
  readonly onRecord?: (record: CheckpointRecord) => void;
}

export interface JobResult {
  readonly kind: 'finished' | 'cancelled';
  /** From the start of the source to the last result. */
  readonly elapsedMs: number;
  readonly warnings: readonly string[];
}

export interface ThreadMetrics extends ThreadTimes {
  readonly thread: string;
  /** Of the task; null: the source thread's. */
  readonly taskIndex: number | null;
  readonly recordsIn: number;
  readonly watermarkMs: number;
}

export interface SubtaskRows {
  readonly subtaskIndex: number;
  readonly rowCount: number;
  readonly buffer: ArrayBuffer;
}

const HANG_MS_DEFAULT = 30_000;
/** A thread that starts compiles its bundle and builds the job; on a busy machine that is slow, not hung. */
const START_MS_MAX = 60_000;
/** Threads that were told to stop get this long before they are ended. */
const STOP_MS = 1_000;
const LOOK_EVERY_MS = 20;
const STALL_MS = 1_000;

type WorkerId = Exclude<ThreadId, 'coordinator'> | 'async';
/** Enough for every task to have as many as it takes, and not so many that memory is theirs. */
const QUESTIONS_OPEN_MAX = 4_096;
const SOURCES_ENDED = 'The sources have ended.';

/** One worker thread as the runner sees it. */
interface WorkerEntry extends RescaledThread {
  readonly id: WorkerId;
  readonly label: string;
  readonly block: number;
  readonly worker: Worker;
  readonly exited: Promise<void>;
  readonly tellReady: () => void;
  readonly tellRehearsed: () => void;
  /** Monotonic; null: it is still being started. */
  readyMs: number | null;
  isFinished: boolean;
  isGone: boolean;
  lastBeat: number;
  lastBeatMs: number;
}

/**
 * Runs a job on threads: one for sources, one per subtask; sinks run here, on the caller's thread, a little at a time.
 * Whatever goes wrong in any of them, `finished` rejects with a JobFailedError and no thread is left.
 */
export class RunningJob<P = unknown> implements QueryableJob {
  /** Resolves when every result is with its sink, or after `cancel`; rejects with a JobFailedError. */
  readonly finished: Promise<JobResult>;
  /** Its parallelism may change. */
  graph: JobGraph;
  private readonly options: RunJobOptions<P>;
  private readonly control: ThreadControl;
  private workers: WorkerEntry[] = [];
  private sink: SinkTask;
  readonly memory: JobMemory;
  private readonly controlMemory = createControlMemory();
  /** Of its tasks, once they are open. */
  private structs: StructsOfTask = {};
  private readonly rescales: RescaleRecord[] = [];
  private rescaling: JobRescaling<WorkerEntry> | null = null;
  /** Of jobs without checkpoints. */
  private barriers = 0;
  private readonly symbols: SymbolDictionary;
  private readonly block: number;
  private readonly questions = new TaskQuestions();
  private readonly checkpoints: CheckpointCoordinator | null;
  private readonly stopWatching: () => void;
  readonly clock = machineClock;
  private startedMs = 0;
  private endedMs: number | null = null;
  /** Resolves when the job has ended, however that was. */
  private readonly over: Promise<void>;
  private readonly started: Promise<void>;
  private tellStarted!: () => void;
  private isPumping = false;
  private lastLookMs = machineClock.monotonicMs();
  private outcome: 'running' | 'ending' | 'ended' = 'running';
  private resolve!: (result: JobResult) => void;
  private reject!: (error: JobFailedError) => void;

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
    const all = createJobMemory(this.graph, plan, options.symbols);
    const memory = options.metrics === 'off' ? { ...all, metrics: null } : all;
    this.memory = memory;
    this.control = new ThreadControl(this.controlMemory);
    this.block = this.control.block('coordinator');
    this.symbols = new SymbolDictionary(memory.symbols);
    this.sink = new SinkTask(this.graph, plan, this.sinkHost(memory), options.sinks ?? {});
    this.checkpoints = options.checkpoints === undefined ? null : this.createCheckpoints(options.checkpoints);
    this.started = new Promise((resolve) => {
      this.tellStarted = resolve;
    });
    this.finished = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever never looks at `finished` has still been told, through the exit of its own work.
    this.over = this.finished.then(
      () => undefined,
      () => undefined,
    );
    const start = {
      ...this.workerStart(this.graph.parallelism, memory),
      restore: this.restoreFor(options.restore ?? null),
    };
    if (this.graph.nodes.some(isAsync)) this.startWorker('async', { ...start, restore: null, role: { kind: 'async' } });
    for (let index = 0; index < this.graph.parallelism; index += 1)
      this.startWorker(index, { ...start, role: { kind: 'task', index } });
    this.startWorker('source', { ...start, role: { kind: 'source' } });
    this.stopWatching = repeatEvery(LOOK_EVERY_MS, () => this.watch());
  }

  /** To the readers of one source, or of all. */
  sendSourceEvent(event: unknown, sourceUid: string | null = null): void {
    const source = this.workers.find(({ id }) => id === 'source') as WorkerEntry;
    if (this.outcome === 'running') this.send(source, { kind: 'source-event', uid: sourceUid, event });
  }

  /**
   * One answer about one key, once the job has started; see QueryableStateClient for everything else that can be asked.
   * @throws StateQueryError for an unknown query or a key without state
   */
  async query(name: string, key: Key, argument: unknown = null): Promise<unknown> {
    await Promise.race([this.started, this.finished]);
    const served = { job: this, checkpoints: null, checkpointedQueries: {} };
    const jobs = { ids: () => [this.options.jobName], find: () => served };
    const client = new QueryableStateClient(jobs, { clock: machineClock, startTimer: startMachineTimer });
    return client.get(this.options.jobName, name, key, { argument });
  }

  /** @returns what a subtask answered; why not, where it did not */
  async askState(subtask: number, question: StateQuestion): Promise<StateAnswer> {
    if (this.questions.count >= QUESTIONS_OPEN_MAX)
      return refusedQuestion('busy', `${QUESTIONS_OPEN_MAX} questions wait already; ask again later, or less often.`);
    if (this.outcome === 'running' && this.workers.every(({ id }) => id !== subtask))
      return refusedQuestion('not-served', `There is no task ${subtask}: the parallelism is being changed.`);
    try {
      return stateAnswerOf(await this.ask(subtask, (id) => ({ kind: 'question', id, question })));
    } catch (error) {
      return refusedQuestion(this.outcome === 'running' ? 'not-served' : 'ended', (error as Error).message);
    }
  }

  get queryState(): 'starting' | 'running' | 'ended' {
    if (this.outcome === 'running') return this.startedMs === 0 ? 'starting' : 'running';
    return 'ended';
  }

  /** Since its first record could flow, ms; 0: it is being started. */
  get uptimeMs(): number {
    return this.elapsedMs();
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
    return Promise.all(
      subtasks.map(async (subtaskIndex) => {
        const answer = await this.ask(subtaskIndex, (id) => ({ kind: 'rows', id, name, all }));
        const { rowCount, buffer } = answer as Extract<MailAnswer, { kind: 'rows' }>;
        return { subtaskIndex, rowCount, buffer };
      }),
    );
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

  /** Changes of parallelism so far, newest last. */
  get rescaleHistory(): readonly RescaleRecord[] {
    return this.rescales;
  }

  /**
   * Changes the number of task threads while records flow (Flink: rescaling, without a restart): only the key groups that
   * get another owner are handed over. Results stay what they would have been.
   * @param parallelism 1 to the job's maximum, 32 at most
   * @returns how it went; `failed` when the sources had ended before the barrier could be sent, or the job failed
   * @throws IllegalArgumentError for another number, IllegalStateError while the job does not run or changes already
   */
  async rescale(parallelism: number, why: RescaleCause = ASKED): Promise<RescaleRecord> {
    const { parallelismMax } = this;
    if (!Number.isInteger(parallelism) || parallelism < 1 || parallelism > parallelismMax)
      throw new IllegalArgumentError(
        `The parallelism must be a whole number from 1 to ${parallelismMax}; found ${parallelism}.`,
      );
    await Promise.race([this.started, this.over]);
    if (this.outcome !== 'running') throw new IllegalStateError('The parallelism can only change while the job runs.');
    if (this.rescaling !== null) throw new IllegalStateError('The parallelism is being changed already.');
    this.rescaling = new JobRescaling(this.rescalingHost(), parallelism, why);
    try {
      const record = await this.rescaling.run();
      this.rescales.push(record);
      return record;
    } finally {
      this.rescaling = null;
    }
  }

  get isRescaling(): boolean {
    return this.rescaling !== null;
  }

  /** No job can have more task threads than this. */
  get parallelismMax(): number {
    return Math.min(this.graph.maxParallelism, TASKS_MAX);
  }

  private rescalingHost(): RescalingHost<WorkerEntry> {
    const current = (): this => this;
    return {
      clock: machineClock,
      planOptions: ringOptions(this.options.ringSlots),
      over: this.over,
      get graph() {
        return current().graph;
      },
      get memory() {
        return current().memory;
      },
      get threads() {
        return current().workers;
      },
      get hasEnded() {
        return current().outcome !== 'running';
      },
      startSpare: (index, { memory }) => {
        const start = this.workerStart(this.rescaling?.barrier.to ?? this.graph.parallelism, memory);
        return this.startWorker(index, { ...start, isSpare: true, role: { kind: 'task', index } });
      },
      send: (entry, message) => this.send(entry, message),
      sendBarrier: (id, parallelism) => {
        this.sendToSource({ kind: 'rescale', id, parallelism });
        this.sink.expectBarrier(id);
      },
      exclusively: async (act) => {
        if (this.checkpoints !== null) return this.checkpoints.exclusively(act);
        this.barriers += 1;
        return act(this.barriers);
      },
      goOn: ({ graph, plan, memory }) => {
        this.graph = graph;
        this.sink = new SinkTask(graph, plan, this.sinkHost(memory), this.options.sinks ?? {}, this.sink);
        this.pump();
      },
      wait: waitMs,
      retire: (entries) => this.retire(entries),
    };
  }

  /** Task threads that the job does not need any more. */
  private async retire(entries: readonly WorkerEntry[]): Promise<void> {
    for (const entry of entries) entry.isFinished = true;
    this.workers = this.workers.filter((entry) => !entries.includes(entry));
    for (const entry of entries) this.send(entry, { kind: 'stop' });
    await Promise.race([Promise.all(entries.map(({ exited }) => exited)), waitMs(STOP_MS)]);
    await Promise.all(entries.map(({ worker }) => worker.terminate()));
  }

  private sinkHost(memory: JobMemory): SinkHost {
    return {
      clock: machineClock,
      symbols: this.symbols,
      metrics: memory.metrics,
      ring: (id) => memory.rings.get(id) as RingMemory,
      wake: (thread) => this.control.wake(this.control.block(thread)),
      acknowledge: (part) => this.acknowledge(part),
    };
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

  private acknowledge(part: Acknowledgement): void {
    const barrier = this.rescaling?.barrier;
    if (barrier?.id === part.checkpointId) barrier.acknowledge(part);
    else this.checkpoints?.acknowledge(part);
  }

  metrics(): ThreadMetrics[] {
    const nowMs = machineClock.monotonicMs();
    return this.workers.map(({ id, label, block, readyMs }) => {
      const waits = this.control.waitsOf(block, nowMs);
      const aliveMs = readyMs === null ? 0 : nowMs - readyMs;
      const busyMs = Math.max(0, aliveMs - waits.idleMs - waits.backPressuredMs);
      const taskIndex = typeof id === 'number' ? id : null;
      return { thread: label, taskIndex, ...this.control.progressOf(block), ...waits, busyMs };
    });
  }

  /** Asynchronous operators, by uid, since their start; see `ratesBetween` for what they do now. */
  asyncStatistics(): Readonly<Record<string, AsyncStatistics>> {
    return asyncStatisticsOf(this.graph, this.memory);
  }

  /** For tests of what follows: the thread of one task (-1: of the sources) ends as if it had crashed. */
  killThread(index: number): void {
    void this.threadOf(index)?.worker.terminate();
  }

  /** The same: it does nothing any more, and does not end either. */
  hangThread(index: number): void {
    const thread = this.threadOf(index);
    if (thread !== undefined) this.send(thread, { kind: 'hang' });
  }

  private threadOf(index: number): WorkerEntry | undefined {
    return this.workers.find(({ id }) => id === (index < 0 ? 'source' : index));
  }

  /** Stops the job where it is. Resolves when no thread is left. */
  async cancel(): Promise<void> {
    await this.end(() =>
      this.resolve({ kind: 'cancelled', elapsedMs: this.elapsedMs(), warnings: this.graph.warnings }),
    );
  }

  /** Ends threads that linger; cancels a job that still runs. */
  async close(): Promise<void> {
    if (this.outcome === 'running') return this.cancel();
    await this.stopWorkers();
  }

  private createCheckpoints(options: JobCheckpoints): CheckpointCoordinator {
    const { storage, firstId, prepare } = options;
    const parallelism = (): number => this.graph.parallelism;
    return new CheckpointCoordinator(
      {
        clock: machineClock,
        get parallelism() {
          return parallelism();
        },
        maxParallelism: this.graph.maxParallelism,
        startTimer: startMachineTimer,
        trigger: (id) => {
          this.sendToSource({ kind: 'checkpoint', id });
          this.sink.expectBarrier(id);
        },
        store: async (parts): Promise<StoredCheckpoint> => {
          const prepared = (await prepare?.(parts.id)) ?? { application: null, values: [] };
          return storage.write({ ...parts, ...prepared }, nextTurn);
        },
        completed: (id) => {
          if (this.outcome === 'ended') return;
          try {
            this.sink.notifyCheckpointComplete(id);
          } catch (error) {
            return this.failInSink(error);
          }
          if (this.outcome === 'running') this.sendToSource({ kind: 'checkpoint-complete', id });
        },
        ...(options.onRecord !== undefined && { changed: options.onRecord }),
      },
      options,
      firstId,
    );
  }

  /** @throws IllegalStateError when the checkpoint does not fit the job */
  private restoreFor(restore: RestoredCheckpoint | null): WorkerRestore | null {
    if (restore === null) return null;
    const { maxParallelism, parallelism, keyedNodes } = this.graph;
    if (restore.maxParallelism !== maxParallelism) {
      throw new IllegalStateError(
        `Checkpoint ${restore.id} was stored with max parallelism ${restore.maxParallelism}; the job has ${maxParallelism}. Run it with --max-parallelism ${restore.maxParallelism}.`,
      );
    }
    if (parallelism > maxParallelism)
      throw new IllegalStateError(
        `The job's parallelism ${parallelism} is more than its maximum of ${maxParallelism}.`,
      );
    const known = new Set(keyedNodes.map((node) => uidOf(node)));
    const unknown = Object.keys(restore.operators).filter((uid) => !known.has(uid));
    if (unknown.length > 0) {
      throw new IllegalStateError(
        `Checkpoint ${restore.id} holds state of operators that the job does not have: ${unknown.join(', ')}. Give the operators the uids they had.`,
      );
    }
    return { operators: restore.operators, source: restore.source };
  }

  private sendToSource(message: ToWorker): void {
    const source = this.workers.find(({ id }) => id === 'source');
    if (source !== undefined && this.outcome === 'running') this.send(source, message);
  }

  /** @returns the task's end of a way to the thread that makes calls; null when the job has none */
  private attachToCalls(taskIndex: number): MessagePort | null {
    const calls = this.workers.find(({ id }) => id === 'async');
    if (calls === undefined) return null;
    const { port1, port2 } = new MessageChannel();
    calls.worker.postMessage({ kind: 'attach', taskIndex, port: port2 } satisfies ToWorker, [port2]);
    return port1;
  }

  private startWorker(id: WorkerId, start: WorkerStart): WorkerEntry {
    const asyncPort = typeof id === 'number' ? this.attachToCalls(id) : null;
    const workerData = { ...start, asyncPort } satisfies WorkerStart;
    const label = typeof id === 'number' ? `task ${id}` : id;
    const { workerScript, taskScript = workerScript, resourceLimits, execArgv } = this.options;
    this.control.forget(this.control.block(id));
    const worker = new Worker(id === 'source' ? workerScript : taskScript, {
      workerData,
      transferList: asyncPort === null ? [] : [asyncPort],
      name: `${this.options.jobName} ${label}`,
      ...(resourceLimits !== undefined && { resourceLimits }),
      ...(execArgv !== undefined && { execArgv }),
    });
    let tellRehearsed = (): void => undefined;
    const rehearsed = new Promise<void>((resolve) => {
      tellRehearsed = resolve;
    });
    let tellReady = (): void => undefined;
    const ready = new Promise<void>((resolve) => {
      tellReady = resolve;
    });
    const entry: WorkerEntry = {
      ready,
      tellReady,
      rehearsed,
      tellRehearsed,
      hasRehearsed: workerData.isSpare,
      id,
      label,
      block: this.control.block(id),
      worker,
      exited: new Promise((resolve) => {
        worker.once('exit', () => resolve());
      }),
      readyMs: null,
      isFinished: false,
      isGone: false,
      lastBeat: -1,
      lastBeatMs: machineClock.monotonicMs(),
    };
    this.workers.push(entry);
    worker.on('message', (message: FromWorker) => this.receive(entry, message));
    worker.on('messageerror', (error) => this.fail(entry.label, `A message could not be read: ${errorText(error)}`));
    worker.on('error', (error) => this.fail(entry.label, `The thread died: ${errorText(error)}`, error));
    worker.on('exit', (code) => {
      entry.isGone = true;
      if (typeof entry.id === 'number')
        this.questions.refuse(entry.id, `The ${entry.label} thread ended before it answered.`);
      // Also one that was through with its records: until all are, checkpoints need it.
      if (this.workers.includes(entry))
        this.fail(entry.label, `The thread ended with exit code ${code} before its work was done.`);
    });
    return entry;
  }

  private receive(entry: WorkerEntry, message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        if (message.structs !== undefined) this.structs = message.structs;
        return this.ready(entry, message.fingerprint);
      case 'rehearsed':
        return entry.tellRehearsed();
      case 'failed': {
        const { text, place, stack } = message.failure;
        entry.isFinished = true;
        void this.end(() => this.reject(new JobFailedError(this.options.jobName, entry.label, text, place, stack)));
        return;
      }
      case 'acknowledge':
        return this.acknowledge(message.part);
      case 'rescale-refused':
        return this.rescaling?.barrier.refuse(SOURCES_ENDED);
      case 'narrowed':
        return this.rescaling?.narrowed(entry.id);
      case 'moved':
        return this.rescaling?.barrier.moved();
      case 'mail-answer':
        return this.questions.answered(message.answer);
      case 'source-event':
        return this.options.onSourceEvent?.(message.event, message.source);
      case 'wake':
        return this.pump();
      case 'finished':
        entry.isFinished = true;
        return this.pump();
    }
  }

  private ready(entry: WorkerEntry, fingerprint: string): void {
    if (fingerprint !== this.graph.fingerprint) {
      this.fail(
        entry.label,
        `It built another job (${fingerprint}) than the runner (${this.graph.fingerprint}); build the worker bundle anew, and let the job depend on its parameters alone.`,
      );
      return;
    }
    entry.readyMs = machineClock.monotonicMs();
    entry.tellReady();
    if (this.startedMs !== 0) return;
    if (!this.workers.every(({ readyMs }) => readyMs !== null)) return;
    this.startedMs = machineClock.monotonicMs();
    this.tellStarted();
    this.send(this.workers.find(({ id }) => id === 'source') as WorkerEntry, { kind: 'start' });
    this.checkpoints?.start();
  }

  /** Moves results to their sinks, a slice of time at a time, so that this thread stays responsive. */
  private pump(): void {
    if (this.isPumping || this.outcome !== 'running') return;
    this.isPumping = true;
    this.pumpSlices().catch((error: unknown) => {
      this.failInSink(error);
    });
  }

  private failInSink(error: unknown): void {
    if (!(error instanceof OperatorFailure)) return this.fail('coordinator', errorText(error), error);
    const stack = (error.cause as Error).stack ?? '';
    const failed = new JobFailedError(this.options.jobName, 'coordinator', error.message, error.place, stack);
    void this.end(() => this.reject(failed));
  }

  private async pumpSlices(): Promise<void> {
    const SLICE_MS = 5;
    /** While results keep coming they are fetched this often: a sleeping coordinator costs its tasks a message each time. */
    const FETCH_EVERY_MS = 2;
    let moved = false;
    while (this.outcome === 'running') {
      const until = machineClock.monotonicMs() + SLICE_MS;
      let status = this.sink.runBatch();
      while (status === 'progress' && machineClock.monotonicMs() < until) {
        moved = true;
        status = this.sink.runBatch();
      }
      if (status === 'progress') {
        moved = true;
        await nextTurn();
        continue;
      }
      if (moved && status !== 'finished') {
        moved = false;
        await waitMs(FETCH_EVERY_MS);
        continue;
      }
      this.control.prepareSleep(this.block);
      status = this.sink.runBatch();
      if (status === 'progress') {
        this.control.awake(this.block);
        continue;
      }
      this.isPumping = false;
      if (status === 'finished' && this.workers.every(({ id, isFinished }) => isFinished || id === 'async'))
        await this.complete();
      return;
    }
  }

  private async complete(): Promise<void> {
    if (this.outcome !== 'running') return;
    const result: JobResult = { kind: 'finished', elapsedMs: this.elapsedMs(), warnings: this.graph.warnings };
    this.outcome = 'ending';
    this.endedMs = machineClock.monotonicMs();
    this.stopWatching();
    this.checkpoints?.stop();
    await this.sink.close();
    if (this.options.lingers ?? false) {
      // Tasks stay for questions; the source has nobody left to send barriers to.
      void this.stopWorkers(this.workers.filter(({ id }) => id === 'source'));
    } else await this.stopWorkers();
    this.outcome = 'ended';
    this.resolve(result);
  }

  private elapsedMs(): number {
    return this.startedMs === 0 ? 0 : (this.endedMs ?? machineClock.monotonicMs()) - this.startedMs;
  }

  /** Looks after what sends no messages: results that wait, threads that hang. */
  private watch(): void {
    this.pump();
    const now = machineClock.monotonicMs();
    // This thread itself stood still (the machine slept, a debugger held it): what it did not see proves nothing.
    if (now - this.lastLookMs > STALL_MS) for (const entry of this.workers) entry.lastBeatMs = now;
    this.lastLookMs = now;
    const hangMs = this.options.hangMs ?? HANG_MS_DEFAULT;
    for (const entry of this.workers) {
      const beat = this.control.heartbeat(entry.block);
      const activity = this.control.activity(entry.block);
      const mayBeSilent =
        entry.isFinished || activity === ACTIVITY.waiting || (entry.readyMs !== null && this.startedMs === 0);
      if (beat !== entry.lastBeat || mayBeSilent) {
        entry.lastBeat = beat;
        entry.lastBeatMs = now;
      } else if (now - entry.lastBeatMs > (entry.readyMs === null ? START_MS_MAX : hangMs)) {
        const operators = entry.id === 'source' ? this.graph.sourceNodes : this.graph.keyedNodes;
        this.fail(
          entry.label,
          `It has shown no sign of life for ${Math.round(now - entry.lastBeatMs)} ms, so it has hung, probably in one of: ${operators.map((node) => `'${node.name}' (uid ${uidOf(node)})`).join(', ')}.`,
        );
        return;
      }
    }
  }

  private fail(thread: string, text: string, cause: unknown = null): void {
    const stack = cause instanceof Error ? (cause.stack ?? '') : '';
    void this.end(() => this.reject(new JobFailedError(this.options.jobName, thread, text, null, stack)));
  }

  /** The one way out before the end: everything is stopped first, then the world is told. */
  private async end(tell: () => void): Promise<void> {
    if (this.outcome !== 'running') return;
    this.outcome = 'ending';
    this.endedMs = machineClock.monotonicMs();
    this.stopWatching();
    this.checkpoints?.stop();
    this.control.abort();
    await this.stopWorkers();
    try {
      await this.sink.close();
    } catch (error) {
      // The first failure is the one to tell; a sink that cannot close after it adds nothing but must not hide it.
      this.questions.refuse(null, errorText(error));
    }
    this.outcome = 'ended';
    this.questions.refuse(null, 'The job has ended.');
    tell();
  }

  private async stopWorkers(entries: readonly WorkerEntry[] = this.workers): Promise<void> {
    for (const entry of entries) this.send(entry, { kind: 'stop' });
    const all = Promise.all(entries.map(({ exited }) => exited));
    await new Promise<void>((resolve) => {
      // Taken back when all have stopped: a pending timer would keep the whole process from ending.
      const takeBack = startMachineTimer(STOP_MS, resolve);
      void all.then(() => {
        takeBack();
        resolve();
      });
    });
    await Promise.all(entries.map(({ worker }) => worker.terminate()));
    await all;
  }

  private send(entry: WorkerEntry, message: ToWorker): void {
    entry.worker.postMessage(message);
    this.control.announceMail(entry.block);
  }

  private ask(subtask: number, mailOf: (id: number) => Mail): Promise<MailAnswer> {
    const worker = this.workers.find(({ id }) => id === subtask);
    const lingers = this.options.lingers ?? false;
    if (worker === undefined || worker.isGone || this.control.isAborted || (this.outcome !== 'running' && !lingers)) {
      const problem = 'The job has ended; run it with lingers: true to ask it afterwards, until it is closed.';
      return Promise.reject(new IllegalStateError(problem));
    }
    return this.questions.ask(subtask, mailOf, (mail) => this.send(worker, { kind: 'mail', mail }));
  }
}

function refusedQuestion(reason: StateQueryReason, problem: string): StateAnswer {
  return { kind: 'refused', reason, problem };
}

function ringOptions(ringSlots: number | undefined): PlanOptions {
  return ringSlots === undefined ? {} : { ringSlots };
}

export function runJob<P>(options: RunJobOptions<P>): RunningJob<P> {
  return new RunningJob<P>(options);
}
