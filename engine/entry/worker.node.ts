import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { StreamExecutionEnvironment } from '../api/environment.ts';
import type { JobDefinition } from '../api/job.ts';
import type { StreamNode } from '../api/stream-nodes.ts';
import { assert } from '../core/assert.ts';
import { createMonotonicWallClock, hangForEver, inlineRecordPath, machineClock } from '../core/machine.node.ts';
import { createJobGraph, type JobGraph } from '../graph/job-graph.ts';
import type { RingMemory, RingWriter } from '../memory/shared-ring.ts';
import { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { createPhysicalPlan, type PhysicalPlan, type ThreadId } from '../runtime/exchange/physical-plan.ts';
import { errorText, isCancellation, JobCancellation, OperatorFailure } from '../runtime/operator-failure.ts';
import type { AlignedSumsMemory } from '../runtime/operators/aligned-sums.ts';
import type { AsyncSurroundings } from '../runtime/operators/async-wait-operator.ts';
import type { Mail, MailAnswer, Mailbox, TaskHost } from '../runtime/task/task.ts';
import { AsyncPort } from './async-port.node.ts';
import { runAsyncThread } from './async.node.ts';
import { ACTIVITY, ThreadControl, WAIT, type WaitKind } from '../runtime/thread-control.ts';
import { runSourceThread } from './source.node.ts';
import { runTaskThread } from './task.node.ts';
import type { JobMemory } from '../runtime/job-memory.ts';
import type { FailureMessage, FromWorker, NewParallelism, ToWorker, WorkerStart } from './worker-messages.ts';

/** Jobs that a worker bundle knows, by name. */
export type JobRegistry = Readonly<Record<string, JobDefinition<never>>>;

/** No count of messages: there may be more to read. */
const UNSEEN = -1;
/** Longest sleep without looking around: a lost wake-up costs this much, no more. */
const SLEEP_MS_MAX = 20;

/**
 * The whole main program of a worker bundle:
 *
 *   startWorker({ 'word-count': wordCount });
 *
 * The runner starts the bundle once per thread and says which part of which job it is.
 */
export function startWorker(jobs: JobRegistry): void {
  assert(parentPort !== null, 'startWorker runs in a worker thread that a job runner started.');
  inlineRecordPath();
  const worker = new WorkerThread(parentPort, workerData as WorkerStart);
  worker.run(jobs).catch((error: unknown) => worker.fail(error));
}

/** Mail comes in as messages, read synchronously between two batches; a counter in shared memory says when to look. */
class PortMailbox implements Mailbox {
  private seen = 0;
  private readonly worker: WorkerThread;

  constructor(worker: WorkerThread) {
    this.worker = worker;
  }

  hasMail(): boolean {
    const count = this.worker.control.mailCount(this.worker.block);
    if (count === this.seen) return false;
    this.seen = count;
    return true;
  }

  take(): Mail | undefined {
    for (;;) {
      const received = receiveMessageOnPort(this.worker.port) as { message: ToWorker } | undefined;
      if (received === undefined) return undefined;
      const { message } = received;
      if (message.kind === 'mail') return message.mail;
      if (message.kind === 'rehearse') this.worker.isToRehearse = true;
      if (message.kind === 'narrow') this.worker.isToNarrow = true;
      if (message.kind === 'hang') hangForEver();
      if (message.kind === 'stop') this.worker.isStopped = true;
      if (message.kind === 'move' || message.kind === 'take-over') {
        this.worker.order = message;
        // What came behind it is for the task that follows the order.
        this.seen = UNSEEN;
        return undefined;
      }
    }
  }

  answer(answer: MailAnswer): void {
    try {
      // Rows are copied: a buffer that is handed over makes the loop over records slower (state/snapshot-memory.ts).
      this.worker.port.postMessage({ kind: 'mail-answer', answer } satisfies FromWorker);
    } catch (error) {
      // What cannot travel (a function in somebody's state) is that question's failure, not the job's.
      const problem = `The answer cannot leave its thread: ${errorText(error)}`;
      const refused: MailAnswer = { kind: 'refusal', id: answer.id, problem };
      this.worker.port.postMessage({ kind: 'mail-answer', answer: refused } satisfies FromWorker);
    }
  }
}

/** One engine thread: its part of the job, its host, and how it sleeps, waits and fails. */
export class WorkerThread {
  readonly port: MessagePort;
  readonly start: WorkerStart;
  readonly control: ThreadControl;
  readonly block: number;
  readonly mailbox: PortMailbox;
  /** Told to stop lingering, or, as a task that has handed over, to end. */
  isStopped = false;
  /** A change of parallelism is near, and its code is to be warm by then. */
  isToRehearse = false;
  /** It is next. */
  isToNarrow = false;
  /** What the task thread was told and has not done yet. */
  order: Extract<ToWorker, { kind: 'move' | 'take-over' }> | null = null;
  /** Change with the parallelism. */
  parallelism: number;
  memory: JobMemory;
  /** While this thread waits for room, what it may do meanwhile. */
  drainFrom: (level: number) => boolean = () => false;
  private readonly symbols: SymbolDictionary;
  private readonly asyncPort: AsyncPort | null;

  constructor(port: MessagePort, start: WorkerStart) {
    this.port = port;
    this.start = start;
    this.parallelism = start.parallelism;
    this.memory = start.memory;
    this.control = new ThreadControl(start.control);
    this.block = this.control.block(start.role.kind === 'task' ? start.role.index : start.role.kind);
    this.asyncPort = start.asyncPort === null ? null : new AsyncPort(start.asyncPort as MessagePort);
    this.mailbox = new PortMailbox(this);
    this.symbols = new SymbolDictionary(start.memory.symbols);
  }

  async run(jobs: JobRegistry): Promise<void> {
    const graph = this.build(jobs);
    const { role } = this.start;
    if (role.kind === 'async') await runAsyncThread(this, graph.fingerprint, () => this.build(jobs));
    else if (role.kind === 'source') await runSourceThread(this, graph, this.planOf(graph));
    else runTaskThread(this, graph, this.planOf(graph), role.index);
    this.asyncPort?.close();
    this.control.setActivity(this.block, ACTIVITY.finished);
    // For whoever still shows its times.
    this.control.beginWait(this.block, WAIT.idle, machineClock.monotonicMs());
    this.post({ kind: 'finished' });
    this.port.close();
  }

  post(message: FromWorker): void {
    this.port.postMessage(message);
  }

  fail(error: unknown): void {
    if (!isCancellation(error)) this.post({ kind: 'failed', failure: failureMessage(error) });
    this.port.close();
  }

  host(): TaskHost {
    const now = createMonotonicWallClock();
    const blocks = (thread: ThreadId): number => this.control.block(thread);
    return {
      clock: machineClock,
      symbols: this.symbols,
      metrics: this.memory.metrics,
      mailbox: this.mailbox,
      ring: (id) => this.memory.rings.get(id) as RingMemory,
      sums: (nodeId) => this.memory.sums.get(nodeId) as AlignedSumsMemory,
      async: (node) => this.asyncSurroundings(node),
      processingTimeMs: now,
      waitForRoom: (writer, level) => this.waitForRoom(writer, level),
      wake: (thread) => {
        const woke = this.control.wake(blocks(thread));
        // The coordinator has an event loop to look after: it sleeps there, and a message wakes it.
        if (woke && thread === 'coordinator') this.post({ kind: 'wake' });
      },
      // What is large in it lies in memory that threads share.
      acknowledge: (part) => this.post({ kind: 'acknowledge', part }),
      wakeTasks: () => {
        for (let task = 0; task < this.parallelism; task += 1) this.control.wake(blocks(task));
      },
    };
  }

  private asyncSurroundings(node: StreamNode): AsyncSurroundings {
    assert(this.asyncPort !== null, 'A job with asynchronous functions has a thread for their calls.');
    return {
      link: this.asyncPort.linkOf(node.id),
      statistics: this.memory.asyncStatistics.get(node.id) as SharedArrayBuffer,
      clock: machineClock,
    };
  }

  /** Sleeps until somebody rings, unless `lookAgain` finds work at the last moment. */
  sleepUnless(lookAgain: () => boolean, kind: WaitKind = WAIT.idle): void {
    const bell = this.control.prepareSleep(this.block);
    if (lookAgain()) {
      this.control.awake(this.block);
      return;
    }
    this.control.beginWait(this.block, kind, machineClock.monotonicMs());
    this.control.sleep(this.block, bell, SLEEP_MS_MAX);
    this.control.endWait(this.block, machineClock.monotonicMs());
    this.control.beat(this.block);
  }

  private waitForRoom(writer: RingWriter, level: number): void {
    while (!writer.hasRoom()) {
      if (this.control.isAborted || writer.isAbandoned) throw new JobCancellation();
      if (this.drainFrom(level)) {
        this.control.beat(this.block);
        continue;
      }
      this.sleepUnless(() => writer.hasRoom() || this.drainFrom(level), WAIT.backPressured);
    }
  }

  /** The same job with another parallelism; its functions are the ones that run. */
  move(graph: JobGraph, to: NewParallelism): { graph: JobGraph; plan: PhysicalPlan } {
    this.parallelism = to.parallelism;
    this.memory = to.memory;
    const moved = { ...graph, parallelism: to.parallelism };
    return { graph: moved, plan: this.planOf(moved) };
  }

  private planOf(graph: JobGraph): PhysicalPlan {
    const { ringSlots } = this.start;
    return createPhysicalPlan(graph, ringSlots === null ? {} : { ringSlots });
  }

  private build(jobs: JobRegistry): JobGraph {
    const { jobName, parameters, parallelism, maxParallelism } = this.start;
    const job = jobs[jobName] as JobDefinition | undefined;
    assert(
      job !== undefined,
      `The worker bundle has no job '${jobName}'; it has ${Object.keys(jobs).join(', ')}. Add it to startWorker's jobs.`,
    );
    const environment = new StreamExecutionEnvironment();
    job.build(environment, parameters);
    return createJobGraph(environment, { parallelism, maxParallelism });
  }
}

export function failureMessage(error: unknown): FailureMessage {
  const cause = error instanceof OperatorFailure ? error.cause : error;
  return {
    text: error instanceof OperatorFailure ? error.message : errorText(error),
    stack: cause instanceof Error ? (cause.stack ?? '') : '',
    place: error instanceof OperatorFailure ? error.place : null,
  };
}
