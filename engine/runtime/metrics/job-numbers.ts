import type { StreamNode } from '../../api/stream-nodes.ts';
import type { Crossing, JobGraph, Side } from '../../graph/job-graph.ts';
import { TASKS_MAX } from '../thread-control.ts';
import type { JobMemory } from '../job-memory.ts';
import { RECORDS_PER_SAMPLE } from './key-group-samples.ts';
import {
  CROSSING,
  crossingWordAt,
  laneOf,
  OPERATOR,
  operatorWordAt,
  type CrossingWord,
  type MetricsMemory,
  type OperatorWord,
} from './metrics-memory.ts';

/** Words that only grow, and that belong to a job's sum whoever counted them. */
const COUNTERS: ReadonlySet<OperatorWord> = new Set([
  OPERATOR.recordsIn,
  OPERATOR.recordsOut,
  OPERATOR.lateRecordsDropped,
  OPERATOR.firedTimers,
]);

/** The lanes of all subtasks an operator ever had on a side of the job. */
const TASK_LANES = Array.from({ length: TASKS_MAX }, (_, lane) => lane);

/** Reads what the threads of a job have told. Each number is whole; together they are of about one moment. */
export class JobNumbers {
  private readonly graph: JobGraph;
  private readonly words: Float64Array;
  private readonly memory: MetricsMemory;

  constructor(graph: JobGraph, { metrics }: { readonly metrics: JobMemory['metrics'] }) {
    if (metrics === null) throw new Error('The job counts nothing.');
    this.graph = graph;
    this.memory = metrics;
    this.words = new Float64Array(metrics.numbers);
  }

  /** Of the subtask that has the lane now. @param side null: the coordinator's */
  operator(node: StreamNode, side: Side | null, subtask: number, word: OperatorWord): number {
    return this.words[operatorWordAt(node, lanesOf(side, subtask)[0], word)];
  }

  /** Over all subtasks; counts also over those that are no more. */
  operatorTotal(node: StreamNode, side: Side | null, word: OperatorWord): number {
    const lanes = COUNTERS.has(word) ? lanesOf(side, null) : this.livingLanes(side);
    const numbers = lanes.map((lane) => this.words[operatorWordAt(node, lane, word)]);
    if (word === OPERATOR.inputWatermark || word === OPERATOR.outputWatermark) return Math.min(...numbers);
    return numbers.reduce((sum, number) => sum + number, 0);
  }

  /** Records of a crossing that came from one side, as its readers counted them. */
  crossingRead(crossing: Crossing, from: Side): number {
    const word = from === 'source' ? CROSSING.fromSource : CROSSING.fromTasks;
    return this.crossingSum(crossing, [...TASK_LANES, laneOf('coordinator')], word);
  }

  /** What subtasks sent on a crossing. @param subtask null: all, also those that are no more */
  crossingSent(crossing: Crossing, side: Side, subtask: number | null, word: 'written' | 'bytes'): number {
    return this.crossingSum(crossing, lanesOf(side, subtask), CROSSING[word]);
  }

  /** By key group, estimated; null: the operator's records have no keys. */
  recordsByKeyGroup(node: StreamNode): Float64Array | null {
    const memory = this.memory.keyGroups.get(node.id);
    if (memory === undefined) return null;
    return new Float64Array(memory, 0, memory.byteLength / 16).map((samples) => samples * RECORDS_PER_SAMPLE);
  }

  keysByKeyGroup(node: StreamNode): Float64Array | null {
    const memory = this.memory.keyGroups.get(node.id);
    return memory === undefined
      ? null
      : new Float64Array(memory, memory.byteLength / 2, memory.byteLength / 16).slice();
  }

  private crossingSum(crossing: Crossing, lanes: readonly number[], word: CrossingWord): number {
    return lanes.reduce((sum, lane) => sum + this.words[crossingWordAt(this.graph, crossing, lane, word)], 0);
  }

  private livingLanes(side: Side | null): readonly number[] {
    return side === 'task' ? TASK_LANES.slice(0, this.graph.parallelism) : lanesOf(side, null);
  }
}

function lanesOf(side: Side | null, subtask: number | null): readonly number[] {
  if (side === null) return [laneOf('coordinator')];
  if (side === 'source') return [laneOf('source')];
  return subtask === null ? TASK_LANES : [subtask];
}
