import type { JobPage, OperatorPage, TaskNumbers, TaskTimes, VertexPage } from '../../engine/contract/job-page.ts';
import { NO_OPERATOR_NUMBERS, NO_TASK_NUMBERS } from '../../engine/runtime/metrics/vertex-numbers.ts';

const NUMBERS: TaskNumbers = {
  ...NO_TASK_NUMBERS,
  numRecordsIn: 5000,
  numRecordsInPerSecond: 24_400,
  numRecordsOut: 12,
  numRecordsOutPerSecond: 3,
};

export function times(busy: number, backPressured: number): TaskTimes {
  return {
    busyTimeMsPerSecond: busy,
    idleTimeMsPerSecond: 1000 - busy - backPressured,
    backPressuredTimeMsPerSecond: backPressured,
  };
}

function operator(late: number | null): OperatorPage {
  const total = { ...NO_OPERATOR_NUMBERS, numLateRecordsDropped: late };
  return { uid: `o${late}`, name: 'operator', kind: 'window', total, subtasks: [total], latency: [] };
}

/** @param late dropped by each of its operators */
export function vertex(
  id: string,
  ofSubtasks: readonly (TaskTimes | null)[],
  late: readonly (number | null)[],
): VertexPage {
  return {
    id,
    name: `${id} -> more`,
    kind: 'keyed',
    threads: 'tasks',
    parallelism: ofSubtasks.length,
    total: NUMBERS,
    times: null,
    backPressureLevel: 'high',
    subtasks: ofSubtasks.map((one, index) => ({
      index,
      numbers: NUMBERS,
      times: one,
      thread: null,
      backPressureLevel: 'ok',
    })),
    operators: late.map(operator),
  };
}

/** A job of these vertices and ways between them, and of nothing else. */
export function pageOf(vertices: readonly VertexPage[], edges: readonly (readonly [string, string])[]): JobPage {
  return {
    job: 'session',
    state: 'running',
    atMs: 0,
    uptimeMs: 0,
    numRestarts: null,
    parallelism: 2,
    maxParallelism: 128,
    vertices,
    edges: edges.map(([from, to]) => ({
      from,
      to,
      input: 0,
      partitioning: 'key',
      side: null,
      numRecords: null,
      numRecordsPerSecond: null,
    })),
    checkpoints: {
      numberOfInProgressCheckpoints: 0,
      numberOfCompletedCheckpoints: 0,
      numberOfFailedCheckpoints: 0,
      totalNumberOfCheckpoints: 0,
      lastCompletedCheckpointId: null,
      lastCheckpointDuration: null,
      lastCheckpointSize: null,
      lastCheckpointFullSize: null,
      lastCheckpointPause: null,
      lastCheckpointRestoreTimestamp: null,
      history: [],
    },
    rescales: [],
    keyGroups: [],
    warnings: [],
  };
}
