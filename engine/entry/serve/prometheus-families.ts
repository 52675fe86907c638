import type {
  AsyncNumbers,
  CheckpointsPage,
  OperatorNumbers,
  TaskNumbers,
  TaskThread,
  TaskTimes,
} from '../../contract/job-page.ts';

/** `counter`: it only grows, as long as the job lives. */
export interface Family {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
}

const counter = (help: string): Family => ({ type: 'counter', help });
const gauge = (help: string): Family => ({ type: 'gauge', help });
const perSecond = (what: string): Family =>
  gauge(`${what} per second, over the last second or since the last reading.`);

/** `flink_jobmanager_*`, by name. */
export const CLUSTER_FAMILIES = {
  numRunningJobs: gauge('Jobs of this program that run.'),
} satisfies Readonly<Record<string, Family>>;

/** `flink_jobmanager_job_*`, by name. */
export const JOB_FAMILIES = {
  uptime: gauge('Time since the first record could flow, ms.'),
  runningTime: gauge('The same: a job that is being restarted is another one, with numbers of its own.'),
  numRestarts: gauge('How often it went on after a failure or an end of its program, the latest hundred times.'),
  fullRestarts: gauge('The same: a restart is always one of the whole job.'),
  parallelism: gauge('Task threads.'),
  maxParallelism: gauge('Key groups, and the most task threads that the state allows.'),
  numberOfRescales: counter('Changes of the number of task threads that are remembered.'),
  numberOfWarnings: gauge('What a person should look at now: skewed keys, back-pressure, failed checkpoints.'),
  numberOfInProgressCheckpoints: gauge('Checkpoints under way.'),
  numberOfCompletedCheckpoints: gauge('Complete checkpoints.'),
  numberOfFailedCheckpoints: gauge('Failed checkpoints.'),
  totalNumberOfCheckpoints: gauge('Checkpoints under way, complete and failed.'),
  lastCompletedCheckpointId: gauge('Id of the newest complete checkpoint.'),
  lastCheckpointDuration: gauge('From trigger to durable, ms.'),
  lastCheckpointSize: gauge('Bytes written for the newest complete checkpoint.'),
  lastCheckpointFullSize: gauge('Bytes that the newest complete checkpoint stands for.'),
  lastCheckpointPause: gauge('Longest that a task stood still for the newest complete checkpoint, ms.'),
  lastCheckpointRestoreTimestamp: gauge('When it last went on from a checkpoint, ms since the Unix epoch.'),
  edge_numRecords: counter('Records that one vertex took from another.'),
} satisfies Readonly<Record<Exclude<keyof CheckpointsPage, 'history'>, Family>> & Readonly<Record<string, Family>>;

/** `flink_taskmanager_job_task_*`, by name. */
export const TASK_FAMILIES = {
  numRecordsIn: counter('Records that the subtask took from other tasks.'),
  numRecordsInPerSecond: perSecond('Records that the subtask took'),
  numRecordsOut: counter('Records that the subtask sent to other tasks; a broadcast one once for each receiver.'),
  numRecordsOutPerSecond: perSecond('Records that the subtask sent'),
  numBytesOut: counter('Bytes of the records that the subtask sent to other tasks.'),
  numBytesOutPerSecond: perSecond('Bytes that the subtask sent'),
  currentInputWatermark: gauge('Event time that the subtask was told of, ms since the Unix epoch.'),
  currentOutputWatermark: gauge('Event time that the subtask has told others of, ms since the Unix epoch.'),
  inputQueueLength: gauge('Slots of the rings to the subtask that are written and not read yet.'),
  inPoolUsage: gauge('The same as a share of what these rings may hold, 0 to 1.'),
  outputQueueLength: gauge('Slots of the rings that the subtask writes into which are not read yet.'),
  outPoolUsage: gauge('The same as a share of what these rings may hold, 0 to 1.'),
  checkpointAlignmentTime: gauge('How long records waited for the last barrier to come on all rings, ns.'),
  busyTimeMsPerSecond: gauge(
    "Time the subtask's thread works, ms of each second. With idle and back-pressured time 1000.",
  ),
  idleTimeMsPerSecond: gauge("Time the subtask's thread has nothing to do, ms of each second."),
  backPressuredTimeMsPerSecond: gauge("Time the subtask's thread waits for room behind it, ms of each second."),
  softBackPressuredTimeMsPerSecond: gauge('Back-pressured while it could take mail: does not occur here, always 0.'),
  hardBackPressuredTimeMsPerSecond: gauge('Back-pressured in the middle of a record: all of its back-pressured time.'),
  initializationTime: gauge("From the start of the subtask's thread until it could take records, ms."),
  mailboxQueueSize: gauge("Questions about state that wait for an answer of the subtask's thread."),
  mailboxMailsPerSecond: perSecond("Mails to the subtask's thread: questions, checkpoints, orders"),
  isBackPressured: gauge('Whether more than a tenth of the time goes into waiting for room: 1 or 0.'),
  keyGroupRecords: counter('Records by key group, estimated from samples.'),
  keyGroupKeys: gauge('Different keys by key group.'),
  keyGroupSkew: gauge("The busiest subtask's records over the average subtask's, of the last seconds."),
} satisfies Readonly<Record<keyof TaskNumbers | keyof TaskTimes | keyof TaskThread, Family>> &
  Readonly<Record<string, Family>>;

/** `flink_taskmanager_job_task_operator_*`, by name. */
export const OPERATOR_FAMILIES = {
  numRecordsIn: counter('Records that came into the operator.'),
  numRecordsInPerSecond: perSecond('Records that came into the operator'),
  numRecordsOut: counter('Records that the operator emitted, side outputs included.'),
  numRecordsOutPerSecond: perSecond('Records that the operator emitted'),
  currentInputWatermark: gauge('Event time that the operator was told of, ms since the Unix epoch.'),
  currentInput1Watermark: gauge('Event time that the first of two inputs has reached, ms since the Unix epoch.'),
  currentInput2Watermark: gauge('Event time that the second of two inputs has reached, ms since the Unix epoch.'),
  currentOutputWatermark: gauge('Event time that the operator has told others of, ms since the Unix epoch.'),
  numLateRecordsDropped: counter('Records that came behind the watermark and were left out.'),
  numPendingEventTimers: gauge('Timers of event time that have not fired yet.'),
  numPendingProcessingTimers: gauge('Timers of processing time that have not fired yet.'),
  numFiredTimers: counter('Timers that fired.'),
  numFiredTimersPerSecond: perSecond('Timers that fired'),
  numKeys: gauge('Different keys.'),
} satisfies Readonly<Record<Exclude<keyof OperatorNumbers, 'async'>, Family>>;

/** `flink_taskmanager_job_task_operator_*`, by source and quantile. */
export const LATENCY_FAMILIES = {
  latency: gauge(
    'Time of records from a source until the operator takes them, ms: quantiles of the latest 128 markers.',
  ),
} satisfies Readonly<Record<string, Family>>;

/** `flink_taskmanager_job_task_operator_async_*`, by name. Little's law: occupancy = throughput x latency. */
export const ASYNC_FAMILIES = {
  inFlight: gauge('Records under way.'),
  capacity: gauge('Records that can be under way.'),
  occupancy: gauge('Records under way on average, over the last seconds.'),
  throughputPerSecond: gauge('Records that left per second, over the last seconds.'),
  latencyMs: gauge('Time of a record here on average, over the last seconds, ms.'),
  retries: counter('Calls made again.'),
  timeouts: counter('Records whose time was over.'),
} satisfies Readonly<Record<keyof AsyncNumbers, Family>>;
