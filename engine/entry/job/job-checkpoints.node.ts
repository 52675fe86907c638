import type { CheckpointRecord } from '../../contract/checkpoint-record.ts';
import { IllegalStateError } from '../../core/errors.ts';
import { machineClock, nextTurn, startMachineTimer } from '../../core/machine.node.ts';
import { uidOf, type JobGraph } from '../../graph/job-graph.ts';
import { CheckpointCoordinator, type CheckpointOptions } from '../../runtime/checkpoint/checkpoint-coordinator.ts';
import type {
  CheckpointStorage,
  RestoredCheckpoint,
  StoredCheckpoint,
} from '../../runtime/checkpoint/checkpoint-storage.ts';
import type { WorkerRestore } from '../worker-messages.ts';

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

/** The job a checkpoint is taken of: job-runner.node.ts. */
export interface CheckpointedJob {
  /** As it is now. */
  readonly graph: JobGraph;
  /** Sends the barrier through sources, tasks and sinks. */
  sendBarrier(checkpointId: number): void;
  /** Sinks and sources may take it as final. */
  completed(checkpointId: number): void;
}

/** @returns what triggers the job's checkpoints and puts their parts into the storage */
export function checkpointsOf(job: CheckpointedJob, options: JobCheckpoints): CheckpointCoordinator {
  const { storage, firstId, prepare, onRecord } = options;
  return new CheckpointCoordinator(
    {
      clock: machineClock,
      get parallelism() {
        return job.graph.parallelism;
      },
      maxParallelism: job.graph.maxParallelism,
      startTimer: startMachineTimer,
      trigger: (id) => job.sendBarrier(id),
      store: async (parts): Promise<StoredCheckpoint> => {
        const prepared = (await prepare?.(parts.id)) ?? { application: null, values: [] };
        return storage.write({ ...parts, ...prepared }, nextTurn);
      },
      completed: (id) => job.completed(id),
      ...(onRecord !== undefined && { changed: onRecord }),
    },
    options,
    firstId,
  );
}

/**
 * @param restore null: the job begins
 * @returns the checkpoint as threads get it
 * @throws IllegalStateError when it does not fit the job
 */
export function workerRestoreOf(restore: RestoredCheckpoint | null, graph: JobGraph): WorkerRestore | null {
  if (restore === null) return null;
  const { maxParallelism, parallelism, keyedNodes } = graph;
  if (restore.maxParallelism !== maxParallelism) {
    throw new IllegalStateError(
      `Checkpoint ${restore.id} was stored with max parallelism ${restore.maxParallelism}; the job has ${maxParallelism}. Run it with --max-parallelism ${restore.maxParallelism}.`,
    );
  }
  if (parallelism > maxParallelism)
    throw new IllegalStateError(`The job's parallelism ${parallelism} is more than its maximum of ${maxParallelism}.`);
  const known = new Set(keyedNodes.map((node) => uidOf(node)));
  const unknown = Object.keys(restore.operators).filter((uid) => !known.has(uid));
  if (unknown.length > 0) {
    throw new IllegalStateError(
      `Checkpoint ${restore.id} holds state of operators that the job does not have: ${unknown.join(', ')}. Give the operators the uids they had.`,
    );
  }
  return { operators: restore.operators, source: restore.source };
}
