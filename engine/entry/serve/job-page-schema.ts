import * as z from 'zod';
import type { JobPage, TaskNumbers } from '../../contract/job-page.ts';

const count = z.number().nullable();
const time = z.number().nullable().describe('ms since the Unix epoch, of event time');
const level = z.enum(['ok', 'low', 'high']);

export const TIMES = z
  .strictObject({
    busyTimeMsPerSecond: z.number(),
    idleTimeMsPerSecond: z.number(),
    backPressuredTimeMsPerSecond: z.number(),
  })
  .describe('The three add up to 1000.');

export const THREAD_NUMBERS = {
  initializationTime: count.describe('ms'),
  mailboxQueueSize: z.int(),
  mailboxMailsPerSecond: z.number(),
};

const TASK_NUMBERS = z.strictObject({
  numRecordsIn: count,
  numRecordsInPerSecond: count,
  numRecordsOut: count,
  numRecordsOutPerSecond: count,
  numBytesOut: count,
  numBytesOutPerSecond: count,
  currentInputWatermark: time,
  currentOutputWatermark: time,
  inputQueueLength: count.describe('slots of rings'),
  inPoolUsage: count.describe('0 to 1'),
  outputQueueLength: count.describe('slots of rings'),
  outPoolUsage: count.describe('0 to 1'),
  checkpointAlignmentTime: count.describe('ns, of the last barrier'),
});

const OPERATOR_NUMBERS = z.strictObject({
  numRecordsIn: count,
  numRecordsInPerSecond: count,
  numRecordsOut: count,
  numRecordsOutPerSecond: count,
  currentInputWatermark: time,
  currentInput1Watermark: time,
  currentInput2Watermark: time,
  currentOutputWatermark: time,
  numLateRecordsDropped: count,
  numPendingEventTimers: count,
  numPendingProcessingTimers: count,
  numFiredTimers: count,
  numFiredTimersPerSecond: count,
  numKeys: count,
  async: z
    .strictObject({
      inFlight: z.number(),
      capacity: z.number(),
      occupancy: z.number(),
      throughputPerSecond: z.number(),
      latencyMs: count,
      retries: z.number(),
      timeouts: z.number(),
    })
    .nullable()
    .describe("Little's law: occupancy = throughput x latency."),
});

const LATENCY = z
  .strictObject({
    source: z.string(),
    count: z.int(),
    minMs: z.number(),
    p50Ms: z.number(),
    p95Ms: z.number(),
    p99Ms: z.number(),
    maxMs: z.number(),
  })
  .describe('Of records from a source until the operator takes them.');

const OPERATOR_KINDS = [
  ...(['source', 'map', 'filter', 'flat-map', 'process', 'sink'] as const),
  ...(['keyed-process', 'keyed-co-process', 'keyed-broadcast', 'window', 'interval-join', 'as-of-join'] as const),
  'async-wait',
] as const;

const VERTEX = z.strictObject({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['source', 'keyed', 'async', 'sink']),
  threads: z.enum(['source', 'tasks', 'coordinator']),
  parallelism: z.int(),
  total: TASK_NUMBERS,
  times: TIMES.nullable(),
  backPressureLevel: level,
  subtasks: z.array(
    z.strictObject({
      index: z.int(),
      numbers: TASK_NUMBERS,
      times: TIMES.nullable(),
      thread: z.strictObject(THREAD_NUMBERS).nullable(),
      backPressureLevel: level,
    }),
  ),
  operators: z.array(
    z.strictObject({
      uid: z.string(),
      name: z.string(),
      kind: z.enum(OPERATOR_KINDS),
      total: OPERATOR_NUMBERS,
      subtasks: z.array(OPERATOR_NUMBERS),
      latency: z.array(LATENCY),
    }),
  ),
});

const EDGE = z.strictObject({
  from: z.string(),
  to: z.string(),
  input: z.int(),
  partitioning: z.enum(['forward', 'key', 'broadcast', 'rebalance']),
  side: z.string().nullable(),
  numRecords: count,
  numRecordsPerSecond: count,
});

export const CHECKPOINT_NUMBERS = {
  numberOfInProgressCheckpoints: z.int(),
  numberOfCompletedCheckpoints: z.int(),
  numberOfFailedCheckpoints: z.int(),
  totalNumberOfCheckpoints: z.int(),
  lastCompletedCheckpointId: z.int().nullable(),
  lastCheckpointDuration: z.number().nullable().describe('ms'),
  lastCheckpointSize: z.number().nullable().describe('bytes written for it'),
  lastCheckpointFullSize: z.number().nullable().describe('bytes it stands for'),
  lastCheckpointPause: z.number().nullable().describe('ms, longest over all tasks'),
  lastCheckpointRestoreTimestamp: z.number().nullable().describe('ms since the Unix epoch'),
};

const CHECKPOINT = z.strictObject({
  id: z.int(),
  kind: z.enum(['checkpoint', 'savepoint']),
  status: z.enum(['in-progress', 'completed', 'failed']),
  triggeredAtMs: z.number(),
  durationMs: z.number(),
  bytes: z.number(),
  newBytes: z.number(),
  keys: z.number(),
  alignmentMs: z.number(),
  pauseMs: z.number(),
  problem: z.string().nullable(),
});

const RESCALE = z.strictObject({
  atMs: z.number(),
  from: z.int(),
  to: z.int(),
  cause: z.enum(['asked', 'autoscale']),
  reason: z.string().nullable(),
  status: z.enum(['completed', 'failed']),
  pauseMs: z.number(),
  durationMs: z.number(),
  movedKeyGroups: z.int(),
  movedKeys: z.int(),
  problem: z.string().nullable(),
});

const KEY_GROUPS = z.strictObject({
  vertex: z.string(),
  records: z.array(z.number()),
  recordsPerSecond: z.array(z.number()),
  keys: z.array(z.number()),
  subtasks: z.array(z.strictObject({ firstKeyGroup: z.int(), lastKeyGroup: z.int(), share: z.number() })),
  skew: count,
  hottest: z.strictObject({ keyGroup: z.int(), share: z.number() }).nullable(),
});

/** What `contract/job-page.ts` says, as the server describes it. */
export const JOB_PAGE = z.strictObject({
  job: z.string(),
  state: z.enum(['starting', 'running', 'ended']),
  atMs: z.number().describe('wall clock, ms since the Unix epoch'),
  uptimeMs: z.number(),
  numRestarts: z.int().nullable(),
  parallelism: z.int(),
  maxParallelism: z.int(),
  vertices: z.array(VERTEX),
  edges: z.array(EDGE),
  checkpoints: z.strictObject({ ...CHECKPOINT_NUMBERS, history: z.array(CHECKPOINT) }),
  rescales: z.array(RESCALE),
  keyGroups: z.array(KEY_GROUPS),
  warnings: z.array(
    z.strictObject({
      kind: z.enum(['key-skew', 'back-pressure', 'checkpoint-failed']),
      vertex: z.string().nullable(),
      message: z.string(),
    }),
  ),
}) satisfies z.ZodType<JobPage, unknown>;

/** For a spreadsheet: a row for each vertex. */
export function vertexRows({ vertices }: JobPage): Readonly<Record<string, unknown>>[] {
  return vertices.map(({ id, name, kind, parallelism, total, times, backPressureLevel }) => ({
    vertex: id,
    name,
    kind,
    parallelism,
    ...(total satisfies TaskNumbers),
    ...times,
    backPressureLevel,
  }));
}
