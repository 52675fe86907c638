import type { JobWarning, KeyGroupLoad } from '../../contract/job-page.ts';
import type { JobGraph } from '../../graph/job-graph.ts';
import { computeKeyGroupRangeForOperatorIndex } from '../../state/key-groups.ts';
import type { JobNumbers } from './job-numbers.ts';
import { Readings } from './rate-meter.ts';
import type { Vertex } from './vertices.ts';

/** A second has too few samples to tell where records go. */
const WINDOW_MS = 10_000;
/** Fewer records in the window were not looked at often enough to say that they are skewed. */
const RECORDS_MIN = 5_000;
/** The busiest subtask over the average one; with two subtasks one and a half, as more than two cannot be. */
const SKEW_MAX = 2;

/** Which key groups the records of the last seconds went to. One for each job and for all who ask. */
export class KeyGroupMeter {
  private readonly readings = new Map<string, Readings<Float64Array>>();

  /** @param nowMs monotonic; @returns null: the vertex has no keys */
  read(vertex: Vertex, graph: JobGraph, numbers: JobNumbers, nowMs: number): KeyGroupLoad | null {
    const records = numbers.recordsByKeyGroup(vertex.head);
    const keys = numbers.keysByKeyGroup(vertex.head);
    if (records === null || keys === null) return null;
    const readings = this.readings.get(vertex.id) ?? new Readings<Float64Array>(WINDOW_MS);
    this.readings.set(vertex.id, readings);
    const before = readings.add(nowMs, records);
    const perSecond = Array.from(records, (count, keyGroup) =>
      before === null ? 0 : ((count - before.value[keyGroup]) * 1000) / before.forMs,
    );
    return { vertex: vertex.id, records: [...records], keys: [...keys], ...spread(perSecond, graph) };
  }
}

/** @param recordsPerSecond by key group */
function spread(
  recordsPerSecond: readonly number[],
  { parallelism, maxParallelism }: JobGraph,
): Pick<KeyGroupLoad, 'recordsPerSecond' | 'subtasks' | 'skew' | 'hottest'> {
  const all = sumOf(recordsPerSecond);
  const subtasks = Array.from({ length: parallelism }, (_, subtask) => {
    const { start, end } = computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, subtask);
    const share = all === 0 ? 0 : sumOf(recordsPerSecond.slice(start, end + 1)) / all;
    return { firstKeyGroup: start, lastKeyGroup: end, share };
  });
  if (all === 0) return { recordsPerSecond, subtasks, skew: null, hottest: null };
  const most = Math.max(...recordsPerSecond);
  return {
    recordsPerSecond,
    subtasks,
    skew: Math.max(...subtasks.map(({ share }) => share)) * parallelism,
    hottest: { keyGroup: recordsPerSecond.indexOf(most), share: most / all },
  };
}

/** Said when one subtask has far more to do than the others. */
export function skewWarning(load: KeyGroupLoad, name: string): JobWarning | null {
  const { subtasks, skew, hottest, recordsPerSecond } = load;
  const records = (sumOf(recordsPerSecond) * WINDOW_MS) / 1000;
  const most = Math.min(SKEW_MAX, (subtasks.length + 1) / 2);
  if (skew === null || hottest === null || subtasks.length === 1 || skew < most || records < RECORDS_MIN) return null;
  const busiest = subtasks.reduce((at, { share }, index) => (share > subtasks[at].share ? index : at), 0);
  const even = 1 / subtasks.length;
  const why =
    hottest.share > even
      ? `Key group ${hottest.keyGroup} alone brings ${percent(hottest.share)}: more workers cannot divide it.`
      : 'Another number of workers divides the key groups differently.';
  return {
    kind: 'key-skew',
    vertex: load.vertex,
    message: `Worker ${busiest} takes ${percent(subtasks[busiest].share)} of the records of '${name}', where ${percent(even)} would be even. ${why}`,
  };
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
