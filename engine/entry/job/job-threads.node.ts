import { MessageChannel, Worker, type MessagePort, type ResourceLimits } from 'node:worker_threads';
import { machineClock, startMachineTimer, waitMs } from '../../core/machine.node.ts';
import type { ThreadId } from '../../runtime/exchange/physical-plan.ts';
import type { ThreadMetrics } from '../../runtime/metrics/thread-times.ts';
import { errorText } from '../../runtime/operator-failure.ts';
import type { ThreadControl } from '../../runtime/thread-control.ts';
import type { RescaledThread } from './job-rescaling.ts';
import type { FromWorker, ToWorker, WorkerStart } from '../worker-messages.ts';

/** Which programs the threads run, and within which limits. */
export interface ThreadOptions {
  /** Name under which the worker bundle knows the same job. */
  readonly jobName: string;
  /** The bundle that calls `startWorker`. */
  readonly workerScript: URL | string;
  /** For task threads; absent: the same. It builds the same graph, its readers are never asked for. */
  readonly taskScript?: URL | string;
  readonly resourceLimits?: ResourceLimits;
  readonly execArgv?: string[];
}

type JobThreadId = Exclude<ThreadId, 'coordinator'> | 'async';

/** One worker thread as the runner sees it. */
export interface JobThread extends RescaledThread {
  readonly id: JobThreadId;
  readonly label: string;
  readonly block: number;
  readonly worker: Worker;
  readonly exited: Promise<void>;
  readonly tellReady: () => void;
  readonly tellRehearsed: () => void;
  /** Monotonic. */
  readonly startedMs: number;
  /** The same; null: it is still being started. */
  readyMs: number | null;
  isFinished: boolean;
  isGone: boolean;
}

/** Who is told of what becomes of the threads: job-runner.node.ts. */
export interface ThreadHost {
  received(thread: JobThread, message: FromWorker): void;
  /** A thread that the job needs is of no use any more. */
  broke(thread: JobThread, problem: string, cause?: unknown): void;
  /** Nothing comes from it any more, whatever the reason. */
  gone(thread: JobThread): void;
}

/** Threads that were told to stop get this long before they are ended. */
const STOP_MS = 1_000;

/**
 * The worker threads of one job: one for sources, one per task, one for calls where the job makes any. Starts them, brings
 * them messages, ends them. Coordinator thread only.
 */
export class JobThreads {
  /** Those that the job needs; a retired one is not among them. */
  all: readonly JobThread[] = [];
  private readonly options: ThreadOptions;
  private readonly control: ThreadControl;
  private readonly host: ThreadHost;

  constructor(options: ThreadOptions, control: ThreadControl, host: ThreadHost) {
    this.options = options;
    this.control = control;
    this.host = host;
  }

  get source(): JobThread {
    return this.of('source') as JobThread;
  }

  of(id: JobThreadId): JobThread | undefined {
    return this.all.find((thread) => thread.id === id);
  }

  start(id: JobThreadId, start: WorkerStart): JobThread {
    const asyncPort = typeof id === 'number' ? this.attachToCalls(id) : null;
    const label = typeof id === 'number' ? `task ${id}` : id;
    const block = this.control.block(id);
    this.control.forget(block);
    const worker = this.startWorker(id, label, { ...start, asyncPort }, asyncPort === null ? [] : [asyncPort]);
    const ready = signal();
    const rehearsed = signal();
    const thread: JobThread = {
      ready: ready.given,
      tellReady: ready.give,
      rehearsed: rehearsed.given,
      tellRehearsed: rehearsed.give,
      hasRehearsed: start.isSpare,
      id,
      label,
      block,
      worker,
      exited: new Promise((resolve) => {
        worker.once('exit', () => resolve());
      }),
      startedMs: machineClock.monotonicMs(),
      readyMs: null,
      isFinished: false,
      isGone: false,
    };
    this.all = [...this.all, thread];
    this.listen(thread);
    return thread;
  }

  send(thread: JobThread, message: ToWorker): void {
    thread.worker.postMessage(message);
    this.control.announceMail(thread.block);
  }

  /** Ends threads that the job does not need any more. */
  async retire(threads: readonly JobThread[]): Promise<void> {
    for (const thread of threads) thread.isFinished = true;
    this.all = this.all.filter((thread) => !threads.includes(thread));
    for (const thread of threads) this.send(thread, { kind: 'stop' });
    await Promise.race([Promise.all(threads.map(({ exited }) => exited)), waitMs(STOP_MS)]);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }

  /** Resolves when none of them is left. */
  async stop(threads = this.all): Promise<void> {
    for (const thread of threads) this.send(thread, { kind: 'stop' });
    const all = Promise.all(threads.map(({ exited }) => exited));
    await new Promise<void>((resolve) => {
      // Taken back when all have stopped: a pending timer would keep the whole process from ending.
      const takeBack = startMachineTimer(STOP_MS, resolve);
      void all.then(() => {
        takeBack();
        resolve();
      });
    });
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
    await all;
  }

  metrics(): ThreadMetrics[] {
    const nowMs = machineClock.monotonicMs();
    return this.all.map(({ id, label, block, startedMs, readyMs }) => {
      const waits = this.control.waitsOf(block, nowMs);
      const aliveMs = readyMs === null ? 0 : nowMs - readyMs;
      const busyMs = Math.max(0, aliveMs - waits.idleMs - waits.backPressuredMs);
      const taskIndex = typeof id === 'number' ? id : null;
      const initializationMs = readyMs === null ? null : readyMs - startedMs;
      const mails = this.control.mailCount(block);
      return {
        ...{ thread: label, taskIndex, initializationMs, mails },
        ...this.control.progressOf(block),
        ...waits,
        busyMs,
      };
    });
  }

  /** @returns the task's end of a way to the thread that makes calls; null when the job has none */
  private attachToCalls(taskIndex: number): MessagePort | null {
    const calls = this.of('async');
    if (calls === undefined) return null;
    const { port1, port2 } = new MessageChannel();
    calls.worker.postMessage({ kind: 'attach', taskIndex, port: port2 } satisfies ToWorker, [port2]);
    return port1;
  }

  private startWorker(id: JobThreadId, label: string, workerData: WorkerStart, transferList: MessagePort[]): Worker {
    const { jobName, workerScript, taskScript = workerScript, resourceLimits, execArgv } = this.options;
    return new Worker(id === 'source' ? workerScript : taskScript, {
      workerData,
      transferList,
      name: `${jobName} ${label}`,
      ...(resourceLimits !== undefined && { resourceLimits }),
      ...(execArgv !== undefined && { execArgv }),
    });
  }

  private listen(thread: JobThread): void {
    const { host } = this;
    const { worker } = thread;
    worker.on('message', (message: FromWorker) => host.received(thread, message));
    worker.on('messageerror', (error) => host.broke(thread, `A message could not be read: ${errorText(error)}`));
    worker.on('error', (error) => host.broke(thread, `The thread died: ${errorText(error)}`, error));
    worker.on('exit', (code) => {
      thread.isGone = true;
      host.gone(thread);
      // Also one that was through with its records: until all are, checkpoints need it.
      if (this.all.includes(thread))
        host.broke(thread, `The thread ended with exit code ${code} before its work was done.`);
    });
  }
}

/** Something that happens once, and whoever waits for it. */
function signal(): { readonly given: Promise<void>; readonly give: () => void } {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
