import type {
  BackPressureLevel,
  CheckpointsPage,
  EdgePage,
  JobPage,
  JobWarning,
  OperatorNumbers,
  OperatorPage,
  SubtaskPage,
  TaskNumbers,
  TaskTimes,
  VertexPage,
} from '../../contract/job-page.ts';
import { uidOf } from '../../graph/job-graph.ts';
import type { JobMetrics, MeteredJob, TaskMetrics } from './job-metrics.ts';
import { vertexEdgesOf, verticesOf, type Vertex } from './vertices.ts';

/** Flink's: above these shares of the time a task counts as back-pressured. */
const LOW_MS = 100;
const HIGH_MS = 500;

const NO_NUMBERS: TaskNumbers = {
  numRecordsIn: null,
  numRecordsInPerSecond: null,
  numRecordsOut: null,
  numRecordsOutPerSecond: null,
  numBytesOut: null,
  numBytesOutPerSecond: null,
  currentInputWatermark: null,
  currentOutputWatermark: null,
};
const NO_OPERATOR_NUMBERS: OperatorNumbers = {
  numRecordsIn: null,
  numRecordsInPerSecond: null,
  numRecordsOut: null,
  numRecordsOutPerSecond: null,
  currentInputWatermark: null,
  currentOutputWatermark: null,
  numLateRecordsDropped: null,
  numPendingEventTimers: null,
  numPendingProcessingTimers: null,
  numFiredTimers: null,
  numFiredTimersPerSecond: null,
  numKeys: null,
  async: null,
};

/** What a job looks like now. @param metrics read from it just before */
export function jobPageOf(id: string, job: MeteredJob, metrics: JobMetrics): JobPage {
  const vertices = verticesOf(job.graph).map((vertex) => vertexPage(vertex, metrics));
  const checkpoints = { ...metrics.checkpoints, history: job.checkpointHistory };
  return {
    job: id,
    state: job.queryState,
    atMs: job.clock.wallMs(),
    uptimeMs: job.uptimeMs,
    parallelism: metrics.parallelism,
    maxParallelism: metrics.maxParallelism,
    vertices,
    edges: edgePages(job),
    checkpoints,
    rescales: job.rescaleHistory,
    keyGroups: [],
    warnings: warningsOf(vertices, checkpoints),
  };
}

function vertexPage(vertex: Vertex, { tasks, parallelism }: JobMetrics): VertexPage {
  const { id, kind, operators, side } = vertex;
  const own = side === null ? [] : tasks.filter(({ subtaskIndex }) => (subtaskIndex === null) === (side === 'source'));
  const count = side === 'task' ? parallelism : 1;
  const subtasks = Array.from({ length: count }, (_, index) => subtaskPage(index, own[index] ?? null));
  return {
    id,
    name: operators.map(({ name }) => name).join(' -> '),
    kind,
    threads: side === null ? 'coordinator' : side === 'source' ? 'source' : 'tasks',
    parallelism: count,
    total: NO_NUMBERS,
    times: averageOf(subtasks.flatMap(({ times }) => (times === null ? [] : [times]))),
    backPressureLevel: levelOf(Math.max(...subtasks.map(({ times }) => times?.backPressuredTimeMsPerSecond ?? 0))),
    subtasks,
    operators: operators.map((node): OperatorPage => ({
      uid: uidOf(node),
      name: node.name,
      kind: node.work.kind,
      total: NO_OPERATOR_NUMBERS,
      subtasks: Array.from({ length: count }, () => NO_OPERATOR_NUMBERS),
    })),
  };
}

function subtaskPage(index: number, task: TaskMetrics | null): SubtaskPage {
  if (task === null) return { index, numbers: NO_NUMBERS, times: null, backPressureLevel: 'ok' };
  const { busyTimeMsPerSecond, idleTimeMsPerSecond, backPressuredTimeMsPerSecond, currentInputWatermark } = task;
  return {
    index,
    numbers: { ...NO_NUMBERS, currentInputWatermark },
    times: { busyTimeMsPerSecond, idleTimeMsPerSecond, backPressuredTimeMsPerSecond },
    backPressureLevel: levelOf(backPressuredTimeMsPerSecond),
  };
}

function averageOf(times: readonly TaskTimes[]): TaskTimes | null {
  if (times.length === 0) return null;
  const average = (of: (one: TaskTimes) => number): number =>
    times.reduce((sum, one) => sum + of(one), 0) / times.length;
  return {
    busyTimeMsPerSecond: average(({ busyTimeMsPerSecond }) => busyTimeMsPerSecond),
    idleTimeMsPerSecond: average(({ idleTimeMsPerSecond }) => idleTimeMsPerSecond),
    backPressuredTimeMsPerSecond: average(({ backPressuredTimeMsPerSecond }) => backPressuredTimeMsPerSecond),
  };
}

function levelOf(backPressuredMs: number): BackPressureLevel {
  if (backPressuredMs <= LOW_MS) return 'ok';
  return backPressuredMs <= HIGH_MS ? 'low' : 'high';
}

function edgePages({ graph }: MeteredJob): EdgePage[] {
  return vertexEdgesOf(graph).map(({ from, crossing: { to, input, partitioning, edge } }) => ({
    from: uidOf(from),
    to: uidOf(to),
    input,
    partitioning: partitioning.kind,
    side: edge.side?.id ?? null,
    numRecords: null,
    numRecordsPerSecond: null,
  }));
}

function warningsOf(vertices: readonly VertexPage[], { history }: CheckpointsPage): JobWarning[] {
  const pressed = vertices.filter(({ backPressureLevel }) => backPressureLevel === 'high');
  const last = history.findLast(({ status }) => status !== 'in-progress');
  return [
    ...pressed.map(({ id, name }): JobWarning => ({
      kind: 'back-pressure',
      vertex: id,
      message: `'${name}' spends more than half of its time waiting for room: what comes behind it is too slow.`,
    })),
    ...(last?.status === 'failed'
      ? [
          {
            kind: 'checkpoint-failed',
            vertex: null,
            message: `Checkpoint ${last.id} failed: ${last.problem ?? 'nobody said why'}`,
          } as const,
        ]
      : []),
  ];
}
