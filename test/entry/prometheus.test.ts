import { expect, test } from 'vitest';
import type { JobPage, OperatorNumbers, TaskNumbers } from '../../engine/contract/job-page.ts';
import { prometheusText } from '../../engine/entry/serve/prometheus.ts';

const TASK: TaskNumbers = {
  numRecordsIn: 7,
  numRecordsInPerSecond: 1.5,
  numRecordsOut: 3,
  numRecordsOutPerSecond: 0,
  numBytesOut: 192,
  numBytesOutPerSecond: 0,
  currentInputWatermark: 1_767_623_400_000,
  currentOutputWatermark: null,
  inputQueueLength: 96,
  inPoolUsage: 0.25,
  outputQueueLength: 0,
  outPoolUsage: 0,
  checkpointAlignmentTime: 1_500_000,
};
const OPERATOR: OperatorNumbers = {
  numRecordsIn: 7,
  numRecordsInPerSecond: 1.5,
  numRecordsOut: 3,
  numRecordsOutPerSecond: 0,
  currentInputWatermark: null,
  currentInput1Watermark: 1_767_623_400_001,
  currentInput2Watermark: null,
  currentOutputWatermark: null,
  numLateRecordsDropped: 2,
  numPendingEventTimers: 4,
  numPendingProcessingTimers: 0,
  numFiredTimers: 5,
  numFiredTimersPerSecond: 0,
  numKeys: 6,
  async: {
    inFlight: 1,
    capacity: 8,
    occupancy: 0.5,
    throughputPerSecond: 10,
    latencyMs: null,
    retries: 9,
    timeouts: 0,
  },
};

const LATENCY = { source: 'in', count: 9, minMs: 1, p50Ms: 2, p95Ms: 3, p99Ms: 4, maxMs: 5 };

function page(job: string, name: string): JobPage {
  return {
    job,
    state: 'running',
    atMs: 0,
    uptimeMs: 1_234,
    numRestarts: 2,
    parallelism: 1,
    maxParallelism: 2,
    vertices: [
      {
        id: 'op',
        name,
        kind: 'async',
        threads: 'tasks',
        parallelism: 1,
        total: TASK,
        times: null,
        backPressureLevel: 'low',
        subtasks: [
          {
            index: 0,
            numbers: TASK,
            times: { busyTimeMsPerSecond: 500, idleTimeMsPerSecond: 300, backPressuredTimeMsPerSecond: 200 },
            thread: { initializationTime: 87.5, mailboxQueueSize: 3, mailboxMailsPerSecond: 12 },
            backPressureLevel: 'low',
          },
        ],
        operators: [{ uid: 'op', name, kind: 'async-wait', total: OPERATOR, subtasks: [OPERATOR], latency: [LATENCY] }],
      },
    ],
    edges: [{ from: 'in', to: 'op', input: 0, partitioning: 'key', side: null, numRecords: 7, numRecordsPerSecond: 1 }],
    checkpoints: {
      numberOfInProgressCheckpoints: 0,
      numberOfCompletedCheckpoints: 3,
      numberOfFailedCheckpoints: 1,
      totalNumberOfCheckpoints: 4,
      lastCompletedCheckpointId: null,
      lastCheckpointDuration: null,
      lastCheckpointSize: null,
      lastCheckpointFullSize: null,
      lastCheckpointPause: null,
      lastCheckpointRestoreTimestamp: 1_767_623_400_002,
      history: [],
    },
    rescales: [],
    keyGroups: [
      {
        vertex: 'op',
        records: [33, 0],
        recordsPerSecond: [1, 0],
        keys: [6, 0],
        subtasks: [{ firstKeyGroup: 0, lastKeyGroup: 1, share: 1 }],
        skew: 1,
        hottest: { keyGroup: 0, share: 1 },
      },
    ],
    warnings: [],
  };
}

const text = prometheusText([page('first', 'a "quoted"\\name\nof two lines'), page('second', 'plain')]);
const lines = text.split('\n');

test('every family says what it is before its samples, which stand together', () => {
  expect(lines.at(-1)).toBe('');
  const seen = new Set<string>();
  let family = '';
  for (const line of lines.slice(0, -1)) {
    const [, help] = /^# HELP (\w+) \S.*\S$/.exec(line) ?? [];
    if (help !== undefined) {
      expect(seen, `${help} comes twice`).not.toContain(help);
      seen.add(help);
      family = help;
      continue;
    }
    const typed = /^# TYPE (\w+) (counter|gauge)$/.exec(line);
    if (typed !== null) expect(typed[1]).toBe(family);
    else expect(line).toMatch(new RegExp(`^${family}(\\{(\\w+="([^"\\\\\\n]|\\\\["\\\\n])*",?)+\\})? -?[\\d.e+-]+$`));
  }
  expect(seen.size).toBeGreaterThan(30);
});

test('what only grows is a counter, what goes up and down a gauge', () => {
  const typeOf = (name: string): string | undefined =>
    lines.find((line) => line.startsWith(`# TYPE ${name} `))?.split(' ')[3];
  expect(typeOf('flink_taskmanager_job_task_numRecordsIn')).toBe('counter');
  expect(typeOf('flink_taskmanager_job_task_operator_numLateRecordsDropped')).toBe('counter');
  expect(typeOf('flink_taskmanager_job_task_operator_numPendingEventTimers')).toBe('gauge');
  expect(typeOf('flink_taskmanager_job_task_currentInputWatermark')).toBe('gauge');
  expect(typeOf('flink_taskmanager_job_task_busyTimeMsPerSecond')).toBe('gauge');
});

test('labels name job, task, operator and subtask as those of Flink do, and are escaped', () => {
  const first = 'job_name="first",task_name="a \\"quoted\\"\\\\name\\nof two lines",task_id="op"';
  expect(lines).toContain(`flink_taskmanager_job_task_numRecordsIn{${first},subtask_index="0"} 7`);
  const operator =
    'job_name="second",task_name="plain",task_id="op",operator_name="plain",operator_id="op",subtask_index="0"';
  expect(lines).toContain(`flink_taskmanager_job_task_operator_numLateRecordsDropped{${operator}} 2`);
  expect(lines).toContain(`flink_taskmanager_job_task_operator_async_retries{${operator}} 9`);
  const ids = 'operator_name="plain",operator_id="op",source_id="in",quantile="0.99"';
  expect(lines).toContain(
    `flink_taskmanager_job_task_operator_latency{job_name="second",task_name="plain",task_id="op",${ids}} 4`,
  );
  expect(lines).toContain('flink_jobmanager_job_uptime{job_name="second"} 1234');
  expect(lines).toContain('flink_jobmanager_job_numRestarts{job_name="second"} 2');
  expect(lines).toContain('flink_jobmanager_numRunningJobs 2');
  expect(lines).toContain(
    'flink_taskmanager_job_task_keyGroupRecords{job_name="second",task_name="plain",task_id="op",key_group="0"} 33',
  );
});

test.each([
  ['inPoolUsage', 0.25],
  ['inputQueueLength', 96],
  ['checkpointAlignmentTime', 1_500_000],
  ['softBackPressuredTimeMsPerSecond', 0],
  ['hardBackPressuredTimeMsPerSecond', 200],
  ['initializationTime', 87.5],
  ['mailboxQueueSize', 3],
  ['mailboxMailsPerSecond', 12],
  ['operator_currentInput1Watermark', 1_767_623_400_001],
])('a task tells %s under the name that Flink gives it', (name, value) => {
  const family = lines.filter((line) => line.startsWith(`flink_taskmanager_job_task_${name}{`));

  expect(family.map((line) => Number(line.slice(line.lastIndexOf(' '))))).toEqual([value, value]);
});

test('truth is 1, and what there is none of is left out', () => {
  expect(text).toMatch(/task_isBackPressured\{[^}]*\} 1\n/);
  expect(text).not.toContain('currentOutputWatermark');
  expect(text).not.toContain('lastCheckpointDuration');
  expect(text).not.toMatch(/null|undefined|NaN/);
});
