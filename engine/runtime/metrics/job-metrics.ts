import type { CheckpointCounts, CheckpointRecord } from '../../contract/checkpoint-record.ts';
import type { CheckpointsPage, JobPage, TaskThread, TaskTimes } from '../../contract/job-page.ts';
import type { RecoveryInfo, RescaleInfo } from '../../contract/window.ts';
import type { Clock } from '../../core/time.ts';
import type { JobMemory } from '../job-memory.ts';
import type { JobGraph } from '../../graph/job-graph.ts';
import { JobPageReader } from './job-page.ts';
import { RateMeter } from './rate-meter.ts';
import { timeOrNull } from './vertex-numbers.ts';
import { TimeMeter, type MeteredThread, type ThreadTimes } from './thread-times.ts';

/** One thread of a job: its sources, or a subtask. Names are Flink's. */
export interface TaskMetrics extends TaskThread {
  readonly task: string;
  /** null: the source thread. */
  readonly subtaskIndex: number | null;
  readonly numRecordsIn: number;
  /** Event time, ms; null before the first watermark. */
  readonly currentInputWatermark: number | null;
  /** The three add up to 1000. */
  readonly busyTimeMsPerSecond: number;
  readonly idleTimeMsPerSecond: number;
  readonly backPressuredTimeMsPerSecond: number;
  readonly isBackPressured: boolean;
}

export type CheckpointMetrics = Omit<CheckpointsPage, 'history'>;

export interface JobMetrics {
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly numberOfRescales: number;
  readonly tasks: readonly TaskMetrics[];
  /** Of the coordinator's thread, which has more to do than sinks: the time they all took, the rest is idle. */
  readonly sinks: TaskTimes;
  readonly checkpoints: CheckpointMetrics;
}

/** What a running job tells of itself; RunningJob is one. */
export interface MeteredJob {
  readonly clock: Clock;
  readonly memory: JobMemory;
  readonly graph: JobGraph;
  readonly queryState: JobPage['state'];
  /** Since its first record could flow, ms; 0: it is being started. */
  readonly uptimeMs: number;
  metrics(): readonly MeteredThread[];
  /** Of all sinks together. */
  sinkTimes(): ThreadTimes;
  readonly checkpointHistory: readonly CheckpointRecord[];
  readonly checkpointCounts: CheckpointCounts;
  readonly rescaleHistory: readonly RescaleInfo[];
}

/** What somebody keeps over all runs of what the job does, newest last. */
export interface RunHistory {
  /** null: those of this run are all. */
  readonly rescales: (() => readonly RescaleInfo[]) | null;
  readonly restarts: () => readonly Pick<RecoveryInfo, 'atMs' | 'checkpointId'>[];
}

/** More of a second than this spent waiting for room makes a task back-pressured (Flink: the level `low` begins). */
const BACK_PRESSURED_MS = 100;

/** Reads a job's metrics under Flink's names, only when somebody asks: the job itself counts nothing more for it. */
export class JobMeter {
  private readonly job: MeteredJob;
  private readonly pages: JobPageReader;
  private readonly history: RunHistory | null;
  private readonly meters = new Map<string, TimeMeter>();
  private readonly mailRates = new Map<string, RateMeter>();

  /** @param history null: nobody keeps any */
  constructor(job: MeteredJob, history: RunHistory | null = null) {
    this.job = job;
    this.pages = new JobPageReader(job);
    this.history = history;
  }

  read(): JobMetrics {
    const { graph, rescaleHistory } = this.job;
    return {
      parallelism: graph.parallelism,
      maxParallelism: graph.maxParallelism,
      numberOfRescales: rescaleHistory.length,
      tasks: this.job.metrics().map((thread) => this.taskOf(thread)),
      sinks: this.timesOf('sinks', this.job.sinkTimes()),
      checkpoints: this.checkpointMetrics(),
    };
  }

  /** @param id under which the job is asked for */
  page(id: string): JobPage {
    const page = this.pages.read(id, this.read());
    const { history } = this;
    if (history === null) return page;
    return { ...page, numRestarts: history.restarts().length, rescales: history.rescales?.() ?? page.rescales };
  }

  private taskOf(thread: ReturnType<MeteredJob['metrics']>[number]): TaskMetrics {
    const times = this.timesOf(thread.thread, thread);
    return {
      task: thread.thread,
      subtaskIndex: thread.taskIndex,
      numRecordsIn: thread.recordsIn,
      currentInputWatermark: timeOrNull(thread.watermarkMs),
      ...times,
      initializationTime: thread.initializationMs,
      mailboxQueueSize: thread.mailsWaiting,
      mailboxMailsPerSecond: this.mailRateOf(thread.thread, thread.mails),
      isBackPressured: times.backPressuredTimeMsPerSecond > BACK_PRESSURED_MS,
    };
  }

  private timesOf(thread: string, times: ThreadTimes): TaskTimes {
    const meter = this.meters.get(thread) ?? new TimeMeter();
    this.meters.set(thread, meter);
    const { busyMs, idleMs, backPressuredMs } = meter.read(times);
    return {
      busyTimeMsPerSecond: busyMs,
      idleTimeMsPerSecond: idleMs,
      backPressuredTimeMsPerSecond: backPressuredMs,
    };
  }

  private mailRateOf(thread: string, mails: number): number {
    const meter = this.mailRates.get(thread) ?? new RateMeter();
    this.mailRates.set(thread, meter);
    // A thread that took the place of another one is sent its first mail.
    return Math.max(0, meter.read(this.job.clock.monotonicMs(), mails));
  }

  private checkpointMetrics(): CheckpointMetrics {
    const { checkpointHistory, checkpointCounts } = this.job;
    const underWay = checkpointHistory.filter(({ status }) => status === 'in-progress').length;
    const last = checkpointHistory.findLast(({ status }) => status === 'completed') ?? null;
    const restored = this.history?.restarts().findLast(({ checkpointId }) => checkpointId !== null);
    return {
      numberOfInProgressCheckpoints: underWay,
      numberOfCompletedCheckpoints: checkpointCounts.completed,
      numberOfFailedCheckpoints: checkpointCounts.failed,
      totalNumberOfCheckpoints: underWay + checkpointCounts.completed + checkpointCounts.failed,
      lastCompletedCheckpointId: last?.id ?? null,
      lastCheckpointDuration: last?.durationMs ?? null,
      lastCheckpointSize: last?.newBytes ?? null,
      lastCheckpointFullSize: last?.bytes ?? null,
      lastCheckpointPause: last?.pauseMs ?? null,
      lastCheckpointRestoreTimestamp: restored?.atMs ?? null,
    };
  }
}
