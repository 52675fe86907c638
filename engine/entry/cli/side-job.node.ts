import { availableParallelism } from 'node:os';
import type { JobDefinition } from '../../api/job.ts';
import type { ExternalWriters } from '../../runtime/task/sink-task.ts';
import { runJob } from '../job-runner.node.ts';
import type { SessionEvent } from '../session/session-parameters.ts';
import { CliError, EXIT_INPUT, EXIT_USAGE } from './messages.ts';
import { SessionWatch } from './replay-player.node.ts';

/** One thread decodes; more than a few tasks beside it only help on large machines. */
const WORKERS_DEFAULT_MAX = 4;

export interface SideJob<P> {
  readonly job: JobDefinition<P>;
  /** As the worker bundles know it. */
  readonly jobName: string;
  readonly parameters: P;
  /** null: as many as help. */
  readonly workers: number | null;
  readonly sinks: ExternalWriters;
}

export interface PlayedSideJob {
  readonly elapsedMs: number;
  readonly quotes: number;
  readonly late: number;
  readonly quarantined: number;
}

/**
 * Plays a session to its end with another job than the trading alone, without checkpoints.
 * @throws CliError for an input that cannot be read
 */
export async function playSideJob<P>({
  job: definition,
  jobName,
  parameters,
  workers,
  sinks,
}: SideJob<P>): Promise<PlayedSideJob> {
  const watch = new SessionWatch();
  const job = runJob<P>({
    job: definition,
    jobName,
    parameters,
    workerScript: new URL('./flinktrade-worker.js', import.meta.url),
    taskScript: new URL('./flinktrade-task.js', import.meta.url),
    parallelism: workers ?? Math.max(1, Math.min(availableParallelism() - 1, WORKERS_DEFAULT_MAX)),
    sinks,
    onSourceEvent: (event) => watch.take(event as SessionEvent),
  });
  try {
    const { elapsedMs } = await job.finished;
    if (watch.ended === null) throw new Error('The session ended without saying how.');
    const { quotes, late, quarantined } = watch.ended.progress.totals;
    return { elapsedMs, quotes, late, quarantined };
  } catch (error) {
    if (watch.failure === null) throw error;
    const { kind, message, where } = watch.failure;
    throw new CliError(kind === 'unreadable' ? EXIT_INPUT : EXIT_USAGE, `${message}\n  at ${where}`);
  } finally {
    await job.close();
  }
}
