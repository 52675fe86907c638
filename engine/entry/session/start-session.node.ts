import type { SinkWriter } from '../../api/sink.ts';
import type { Quote, Trade } from '../../trading/records.ts';
import type { RestoredCheckpoint } from '../../runtime/checkpoint/checkpoint-storage.ts';
import type { JobCheckpoints } from '../job/job-checkpoints.node.ts';
import { runJob, type RunningJob } from '../job-runner.node.ts';
import { flinkTradeJob } from './flinktrade-job.node.ts';
import type { SessionEvent, SessionParameters } from './session-parameters.ts';

export interface SessionSinks {
  readonly trades: SinkWriter<Trade>;
  readonly lateQuotes: SinkWriter<Quote>;
}

export interface StartSessionOptions {
  readonly parameters: SessionParameters;
  readonly workers: number;
  /** null: Flink's default for the number of workers. */
  readonly maxParallelism: number | null;
  readonly sinks: SessionSinks;
  readonly onEvent: (event: SessionEvent) => void;
  /** Absent: the session is gone with its process. */
  readonly checkpoints?: JobCheckpoints;
  readonly restore?: RestoredCheckpoint | null;
  /** A thread that shows no sign of life for so long has hung; absent: the runner's default. */
  readonly hangMs?: number;
}

/** The job page is read once a second; a marker is one slot of a ring. */
const LATENCY_INTERVAL_MS = 100;

/**
 * Starts FlinkTrade on a session, on threads of its own. The job lingers after its last quote, so that the final rows
 * can be asked for: whoever starts it closes it.
 */
export function startSession({
  parameters,
  workers,
  maxParallelism,
  sinks,
  onEvent,
  checkpoints,
  restore,
  hangMs,
}: StartSessionOptions): RunningJob<SessionParameters> {
  return runJob<SessionParameters>({
    job: flinkTradeJob,
    jobName: 'flinktrade',
    parameters,
    // Beside this file in the bundle's folder, wherever that is installed.
    workerScript: new URL('./flinktrade-worker.js', import.meta.url),
    taskScript: new URL('./flinktrade-task.js', import.meta.url),
    parallelism: workers,
    ...(maxParallelism !== null && { maxParallelism }),
    sinks: { trades: sinks.trades, 'late-quotes': sinks.lateQuotes },
    onSourceEvent: (event) => onEvent(event as SessionEvent),
    lingers: true,
    latencyIntervalMs: LATENCY_INTERVAL_MS,
    ...(checkpoints !== undefined && { checkpoints }),
    restore: restore ?? null,
    ...(hangMs !== undefined && { hangMs }),
  });
}
