/**
 * Everything the job page shows of one running job, and what a script can read of it: the graph, its numbers per vertex,
 * operator and subtask, checkpoints, changes of the number of workers, key-group load. Plain data: it crosses IPC and JSON
 * as it is. Names of numbers are Flink's (docs/ops/metrics). Times of the stream and of the wall clock are ms since the
 * Unix epoch, durations ms, sizes bytes. Counts begin with the job; rates are per second, over the last second or, where
 * it is read less often, since it was read last.
 *
 * How to get one: the window sends `watch-job` and is told `job-page` events (window.ts); a program asks the local server
 * for `/v1/jobs/session`.
 */
import type { CheckpointRecord } from './checkpoint-record.ts';
import type { RescaleInfo } from './window.ts';

export interface JobPage {
  /** Id under which the job is asked for. */
  readonly job: string;
  readonly state: 'starting' | 'running' | 'ended';
  /** Wall clock at which all of this was read. */
  readonly atMs: number;
  /** Since its first record could flow; 0: it is being started. */
  readonly uptimeMs: number;
  /** How often it went on after a failure, or after its program had ended, the latest hundred times; null: nobody keeps that. */
  readonly numRestarts: number | null;
  readonly parallelism: number;
  /** The number of key groups, and the largest parallelism the job's state allows. */
  readonly maxParallelism: number;
  /** In an order in which every vertex comes after those that feed it. */
  readonly vertices: readonly VertexPage[];
  readonly edges: readonly EdgePage[];
  readonly checkpoints: CheckpointsPage;
  /** The latest, newest last. */
  readonly rescales: readonly RescaleInfo[];
  /** One for each vertex whose records have keys. */
  readonly keyGroups: readonly KeyGroupLoad[];
  /** What a person should look at now; empty: nothing. */
  readonly warnings: readonly JobWarning[];
}

/** Operators that run as one (Flink: a job vertex, whose subtasks are tasks). */
export interface VertexPage {
  /** The uid of its first operator: stable as long as the job is. */
  readonly id: string;
  /** Names of its operators, `a -> b`. */
  readonly name: string;
  readonly kind: VertexKind;
  /** Where its subtasks run. All vertices on `tasks` share threads: subtask i of each is on task thread i. */
  readonly threads: 'source' | 'tasks' | 'coordinator';
  readonly parallelism: number;
  /** All subtasks together: counts and rates added up, watermarks the lowest. */
  readonly total: TaskNumbers;
  /**
   * On average over the subtasks. Of sinks, which the coordinator's thread has besides other work: the time all of them took,
   * and the rest as idle. null: not measured.
   */
  readonly times: TaskTimes | null;
  /** Of the most back-pressured subtask. */
  readonly backPressureLevel: BackPressureLevel;
  /** By index. */
  readonly subtasks: readonly SubtaskPage[];
  /** The first takes the vertex's records; the others follow it. */
  readonly operators: readonly OperatorPage[];
}

/** `keyed`: state by key. `async`: calls to the outside, with or without keys. */
export type VertexKind = 'source' | 'keyed' | 'async' | 'sink';

export interface SubtaskPage {
  readonly index: number;
  readonly numbers: TaskNumbers;
  /** Of its thread, which it shares with the subtasks of other vertices. null: not measured. */
  readonly times: TaskTimes | null;
  /** null: it shares the coordinator's thread. */
  readonly thread: TaskThread | null;
  readonly backPressureLevel: BackPressureLevel;
}

/** Of the thread of a subtask, which it shares with the subtasks of other vertices. */
export interface TaskThread {
  /** From its start until it could take records, state restored, ms; null: it is being started. */
  readonly initializationTime: number | null;
  /** Questions about state that wait for its answer. */
  readonly mailboxQueueSize: number;
  /** Questions, checkpoints, orders. */
  readonly mailboxMailsPerSecond: number;
}

/** What a thread did with each second; the three add up to 1000. */
export interface TaskTimes {
  readonly busyTimeMsPerSecond: number;
  readonly idleTimeMsPerSecond: number;
  /** Waiting for room in a ring: somebody behind it is too slow. */
  readonly backPressuredTimeMsPerSecond: number;
}

/** Flink's: `ok` up to a tenth of the time, `low` up to half of it, `high` above. */
export type BackPressureLevel = 'ok' | 'low' | 'high';

/** null in any of them: there is no such thing here (a source takes no records, a sink sends none), or not yet. */
export interface TaskNumbers {
  readonly numRecordsIn: number | null;
  readonly numRecordsInPerSecond: number | null;
  /** Over all edges that leave the vertex; a record that is broadcast counts once for each receiver. */
  readonly numRecordsOut: number | null;
  readonly numRecordsOutPerSecond: number | null;
  readonly numBytesOut: number | null;
  readonly numBytesOutPerSecond: number | null;
  /** Event time it has been told of; null: before the first watermark, or behind the last. */
  readonly currentInputWatermark: number | null;
  /** Event time it has told others of. */
  readonly currentOutputWatermark: number | null;
  /** Slots of the rings that lead to it which are written and not read yet. A record is a slot; text takes more. */
  readonly inputQueueLength: number | null;
  /** The same as a share of what these rings may hold, 0 to 1. */
  readonly inPoolUsage: number | null;
  /** Of the rings it writes into. Vertices of one thread whose records go the same way share a ring. */
  readonly outputQueueLength: number | null;
  readonly outPoolUsage: number | null;
  /** How long records waited for the last barrier to come on all rings, ns. */
  readonly checkpointAlignmentTime: number | null;
}

export interface OperatorPage {
  readonly uid: string;
  readonly name: string;
  readonly kind: OperatorKind;
  /** All subtasks together. */
  readonly total: OperatorNumbers;
  /** By subtask index. */
  readonly subtasks: readonly OperatorNumbers[];
  /** From each source whose markers came. Empty: none yet, or the job sends none. */
  readonly latency: readonly LatencyPage[];
}

/**
 * How long records are under way from a source until the operator takes them, ms. Markers among the records tell it; the
 * latest 128 of all subtasks together.
 */
export interface LatencyPage {
  /** uid of the source. */
  readonly source: string;
  /** Markers so far. */
  readonly count: number;
  readonly minMs: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export type OperatorKind =
  | 'source'
  | 'map'
  | 'filter'
  | 'flat-map'
  | 'process'
  | 'keyed-process'
  | 'keyed-co-process'
  | 'keyed-broadcast'
  | 'window'
  | 'interval-join'
  | 'as-of-join'
  | 'async-wait'
  | 'sink';

/** null in any of them: the operator has no such thing, or not yet. */
export interface OperatorNumbers {
  readonly numRecordsIn: number | null;
  readonly numRecordsInPerSecond: number | null;
  /** Main and side outputs, whether anybody reads them or not. */
  readonly numRecordsOut: number | null;
  readonly numRecordsOutPerSecond: number | null;
  readonly currentInputWatermark: number | null;
  /** Of operators with two inputs: what each has reached by itself. */
  readonly currentInput1Watermark: number | null;
  readonly currentInput2Watermark: number | null;
  readonly currentOutputWatermark: number | null;
  /** Records that came behind the watermark and were left out. */
  readonly numLateRecordsDropped: number | null;
  /** Set and not fired yet, by event time and by processing time. */
  readonly numPendingEventTimers: number | null;
  readonly numPendingProcessingTimers: number | null;
  /** Fired so far, of both. */
  readonly numFiredTimers: number | null;
  readonly numFiredTimersPerSecond: number | null;
  /** Different keys it knows. */
  readonly numKeys: number | null;
  /** Of asynchronous operators. */
  readonly async: AsyncNumbers | null;
}

/** Little's law: occupancy = throughput x latency. */
export interface AsyncNumbers {
  readonly inFlight: number;
  readonly capacity: number;
  /** In flight on average over the last seconds. */
  readonly occupancy: number;
  readonly throughputPerSecond: number;
  /** Of what left in the last seconds, on average; null: nothing did. */
  readonly latencyMs: number | null;
  /** Calls made again. */
  readonly retries: number;
  readonly timeouts: number;
}

/** Records of one vertex on their way to another. */
export interface EdgePage {
  /** Ids of vertices. */
  readonly from: string;
  readonly to: string;
  /** Of the receiver, from 0. */
  readonly input: number;
  readonly partitioning: 'forward' | 'key' | 'broadcast' | 'rebalance';
  /** Id of the side output; null: the main output. */
  readonly side: string | null;
  /** Taken by the receiver; null: not counted yet. */
  readonly numRecords: number | null;
  readonly numRecordsPerSecond: number | null;
}

export interface CheckpointsPage {
  readonly numberOfInProgressCheckpoints: number;
  readonly numberOfCompletedCheckpoints: number;
  readonly numberOfFailedCheckpoints: number;
  /** The three together. */
  readonly totalNumberOfCheckpoints: number;
  readonly lastCompletedCheckpointId: number | null;
  readonly lastCheckpointDuration: number | null;
  /** What was written for it, and all it stands for. */
  readonly lastCheckpointSize: number | null;
  readonly lastCheckpointFullSize: number | null;
  /** Longest that a task stood still for it. */
  readonly lastCheckpointPause: number | null;
  /** Wall clock at which the job last went on from one, over all its runs; null: it did not. */
  readonly lastCheckpointRestoreTimestamp: number | null;
  /** The latest hundred, newest last. */
  readonly history: readonly CheckpointRecord[];
}

/**
 * How the records of a vertex spread over its key groups. Records are sampled, a few thousand a second at most:
 * the numbers are estimates, good to a few in a hundred where there are thousands.
 */
export interface KeyGroupLoad {
  /** Id of the vertex. */
  readonly vertex: string;
  /** By key group, `maxParallelism` of them: records since the job began, and over the last seconds. */
  readonly records: readonly number[];
  readonly recordsPerSecond: readonly number[];
  /** By key group: different keys. */
  readonly keys: readonly number[];
  /** By subtask: which key groups it has, and its share of the records of the last seconds, 0 to 1. */
  readonly subtasks: readonly {
    readonly firstKeyGroup: number;
    readonly lastKeyGroup: number;
    readonly share: number;
  }[];
  /** The busiest subtask's records over the average subtask's: 1 is even, `parallelism` is all on one. null: no records. */
  readonly skew: number | null;
  /** The busiest key group and its share of all records; null: no records. No number of workers divides it. */
  readonly hottest: { readonly keyGroup: number; readonly share: number } | null;
}

export interface JobWarning {
  readonly kind: 'key-skew' | 'back-pressure' | 'checkpoint-failed';
  /** Id of the vertex; null: the whole job. */
  readonly vertex: string | null;
  /** What was measured and what can be done, in sentences. */
  readonly message: string;
}
