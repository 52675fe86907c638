import type {
  BackPressureLevel,
  CheckpointsPage,
  EdgePage,
  JobPage,
  JobWarning,
  KeyGroupLoad,
  OperatorPage,
  SubtaskPage,
  TaskThread,
  TaskTimes,
  VertexPage,
} from '../../contract/job-page.ts';
import { uidOf, type Side } from '../../graph/job-graph.ts';
import { CheckpointCoordinator } from '../checkpoint/checkpoint-coordinator.ts';
import type { JobMetrics, MeteredJob } from './job-metrics.ts';
import { readLatency } from './latency.ts';
import { KeyGroupMeter, skewWarning } from './key-group-load.ts';
import { VertexNumbers } from './vertex-numbers.ts';
import { vertexEdgesOf, verticesOf, type Vertex } from './vertices.ts';

/** Flink's: above these shares of the time a task counts as back-pressured. */
const LOW_MS = 100;
const HIGH_MS = 500;

/** Reads all of a job at once. One for all who ask, so that rates have readings to be between. */
export class JobPageReader {
  private readonly job: MeteredJob;
  private readonly numbers = new VertexNumbers();
  private readonly keyGroups = new KeyGroupMeter();

  constructor(job: MeteredJob) {
    this.job = job;
  }

  /** @param metrics read from the job just before */
  read(id: string, metrics: JobMetrics): JobPage {
    const { graph, memory, clock, queryState, uptimeMs, checkpointHistory, rescaleHistory } = this.job;
    this.numbers.begin(graph, memory, clock.monotonicMs());
    const found = verticesOf(graph);
    const vertices = found.map((vertex) => this.vertexPage(vertex, metrics));
    const checkpoints = { ...metrics.checkpoints, history: checkpointHistory };
    const keyGroups = this.loads(found);
    return {
      job: id,
      state: queryState,
      atMs: clock.wallMs(),
      uptimeMs,
      numRestarts: null,
      parallelism: metrics.parallelism,
      maxParallelism: metrics.maxParallelism,
      vertices,
      edges: this.edgePages(),
      checkpoints,
      rescales: rescaleHistory,
      keyGroups,
      warnings: [...skewWarnings(keyGroups, vertices), ...warningsOf(vertices, checkpoints)],
    };
  }

  private vertexPage(vertex: Vertex, { tasks, sinks, parallelism }: JobMetrics): VertexPage {
    const { id, kind, operators, side } = vertex;
    const latency = this.job.memory.metrics?.latency ?? null;
    const threads = side === null ? [] : tasks.filter(({ task, subtaskIndex }) => isOf(side, task, subtaskIndex));
    const own: readonly TaskTimes[] = side === null ? [sinks] : threads;
    const count = side === 'task' ? parallelism : 1;
    const subtasks = Array.from({ length: count }, (_, index): SubtaskPage => {
      const times = timesOf(own[index] ?? null);
      const backPressureLevel = levelOf(times?.backPressuredTimeMsPerSecond ?? 0);
      return {
        index,
        numbers: this.numbers.task(vertex, index),
        times,
        thread: threadOf(threads[index] ?? null),
        backPressureLevel,
      };
    });
    return {
      id,
      name: operators.map(({ name }) => name).join(' -> '),
      kind,
      threads: side === null ? 'coordinator' : side === 'source' ? 'source' : 'tasks',
      parallelism: count,
      total: this.numbers.task(vertex, null),
      times: averageOf(subtasks.flatMap(({ times }) => (times === null ? [] : [times]))),
      backPressureLevel: levelOf(Math.max(...subtasks.map(({ times }) => times?.backPressuredTimeMsPerSecond ?? 0))),
      subtasks,
      operators: operators.map((node): OperatorPage => ({
        uid: uidOf(node),
        name: node.name,
        kind: node.work.kind,
        total: this.numbers.operator(vertex, node, null),
        subtasks: subtasks.map(({ index }) => this.numbers.operator(vertex, node, index)),
        latency: latency === null ? [] : readLatency(latency, this.job.graph, node),
      })),
    };
  }

  private edgePages(): EdgePage[] {
    return vertexEdgesOf(this.job.graph).map((edge) => {
      const { to, input, partitioning, edge: way } = edge.crossing;
      return {
        from: uidOf(edge.from),
        to: uidOf(to),
        input,
        partitioning: partitioning.kind,
        side: way.side?.id ?? null,
        ...this.numbers.edge(edge),
      };
    });
  }

  private loads(vertices: readonly Vertex[]): KeyGroupLoad[] {
    const { graph, clock } = this.job;
    const { counted } = this.numbers;
    if (counted === null) return [];
    const nowMs = clock.monotonicMs();
    return vertices.flatMap((vertex) => this.keyGroups.read(vertex, graph, counted, nowMs) ?? []);
  }
}

function skewWarnings(loads: readonly KeyGroupLoad[], vertices: readonly VertexPage[]): JobWarning[] {
  return loads.flatMap((load) => {
    const name = vertices.find(({ id }) => id === load.vertex)?.operators[0].name ?? load.vertex;
    return skewWarning(load, name) ?? [];
  });
}

/** A job that calls to the outside has another thread for that. */
function isOf(side: Side, task: string, subtaskIndex: number | null): boolean {
  return side === 'source' ? task === 'source' : subtaskIndex !== null;
}

function threadOf(thread: TaskThread | null): TaskThread | null {
  if (thread === null) return null;
  const { initializationTime, mailboxQueueSize, mailboxMailsPerSecond } = thread;
  return { initializationTime, mailboxQueueSize, mailboxMailsPerSecond };
}

function timesOf(task: TaskTimes | null): TaskTimes | null {
  if (task === null) return null;
  const { busyTimeMsPerSecond, idleTimeMsPerSecond, backPressuredTimeMsPerSecond } = task;
  return { busyTimeMsPerSecond, idleTimeMsPerSecond, backPressuredTimeMsPerSecond };
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

function warningsOf(vertices: readonly VertexPage[], { history }: CheckpointsPage): JobWarning[] {
  const pressed = vertices.filter(({ backPressureLevel }) => backPressureLevel === 'high');
  // One that the job's end came before is no failure that anybody could do something about.
  const isOver = ({ status, problem }: CheckpointsPage['history'][number]): boolean =>
    status !== 'in-progress' && problem !== CheckpointCoordinator.JOB_ENDED;
  const last = history.findLast(isOver);
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
