import { expect, test } from 'vitest';
import type {
  JobPage,
  OperatorNumbers,
  OperatorPage,
  TaskNumbers,
  TaskTimes,
  VertexPage,
} from '../../engine/contract/job-page.ts';
import { lateDropped, vertexInWords, watermarkText, worstTimes } from '../../renderer/features/job/job-text.ts';

const NUMBERS: TaskNumbers = {
  numRecordsIn: 5000,
  numRecordsInPerSecond: 24_400,
  numRecordsOut: 12,
  numRecordsOutPerSecond: 3,
  numBytesOut: null,
  numBytesOutPerSecond: null,
  currentInputWatermark: null,
  currentOutputWatermark: null,
};
const OPERATOR_NUMBERS: OperatorNumbers = {
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

function times(busy: number, backPressured: number): TaskTimes {
  return {
    busyTimeMsPerSecond: busy,
    idleTimeMsPerSecond: 1000 - busy - backPressured,
    backPressuredTimeMsPerSecond: backPressured,
  };
}

function operator(late: number | null): OperatorPage {
  const total = { ...OPERATOR_NUMBERS, numLateRecordsDropped: late };
  return { uid: `o${late}`, name: 'operator', kind: 'window', total, subtasks: [total] };
}

function vertex(id: string, ofSubtasks: readonly (TaskTimes | null)[], late: readonly (number | null)[]): VertexPage {
  return {
    id,
    name: `${id} -> more`,
    kind: 'keyed',
    threads: 'tasks',
    parallelism: ofSubtasks.length,
    total: NUMBERS,
    times: null,
    backPressureLevel: 'high',
    subtasks: ofSubtasks.map((one, index) => ({ index, numbers: NUMBERS, times: one, backPressureLevel: 'ok' })),
    operators: late.map(operator),
  };
}

function pageOf(vertices: readonly VertexPage[], edges: readonly (readonly [string, string])[]): JobPage {
  return {
    job: 'session',
    state: 'running',
    atMs: 0,
    uptimeMs: 0,
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
      lastCompletedCheckpointId: null,
      lastCheckpointDuration: null,
      lastCheckpointSize: null,
      lastCheckpointFullSize: null,
      lastCheckpointPause: null,
      history: [],
    },
    rescales: [],
    keyGroups: [],
    warnings: [],
  };
}

test('a vertex is as busy as its busiest subtask, and not measured where none is', () => {
  expect(worstTimes(vertex('a', [times(100, 0), times(900, 50), times(10, 700)], []))).toEqual({
    busyMs: 900,
    backPressuredMs: 700,
  });
  expect(worstTimes(vertex('a', [null], []))).toBeNull();
});

test('late records of all operators of a vertex are added up, those without any left out', () => {
  expect(lateDropped(vertex('a', [null], [3, null, 4]))).toBe(7);
});

test('what is drawn of a vertex is said in words as well', () => {
  const rules = vertex('rules', [times(340, 0), times(100, 670)], [3]);
  const sink = vertex('sink', [null], []);
  const page = pageOf(
    [rules, sink],
    [
      ['rules', 'sink'],
      ['rules', 'sink'],
    ],
  );

  expect(vertexInWords(rules, page)).toBe(
    'rules \u2192 more, 2 subtasks; 24.4 k/s in, 3/s out; busy 34 %, back-pressured 67 % (high); 3 late records dropped; feeds sink \u2192 more',
  );
  expect(vertexInWords(sink, page)).toBe(
    'sink \u2192 more, 1 subtask; 24.4 k/s in, 3/s out; not measured; feeds nothing',
  );
});

test('a watermark that has not come yet is nothing, not the year 1970', () => {
  expect(watermarkText(null, 'UTC')).toBe('\u2013');
  expect(watermarkText(0, 'UTC')).toBe('00:00:00.000');
});
