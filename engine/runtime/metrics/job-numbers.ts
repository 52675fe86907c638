import type { StreamNode } from '../../api/stream-nodes.ts';
import type { Crossing, JobGraph, Side } from '../../graph/job-graph.ts';
import { TASKS_MAX } from '../thread-control.ts';
import type { JobMemory } from '../job-memory.ts';
import {
  CROSSING,
  crossingWordAt,
  isCountedByReaders,
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

/** Words of which the lowest is the job's. */
const LOWEST: ReadonlySet<OperatorWord> = new Set([
  OPERATOR.inputWatermark,
  OPERATOR.outputWatermark,
  OPERATOR.input1Watermark,
  OPERATOR.input2Watermark,
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
    if (word === OPERATOR.recordsOut && isCountedByReaders(this.graph, node)) return this.sourceOut(node);
    return this.words[operatorWordAt(node, lanesOf(side, subtask)[0], word)];
  }

  /** Over all subtasks; counts also over those that are no more. */
  operatorTotal(node: StreamNode, side: Side | null, word: OperatorWord): number {
    if (side === 'source') return this.operator(node, side, 0, word);
    const lanes = COUNTERS.has(word) ? lanesOf(side, null) : this.livingLanes(side);
    const numbers = lanes.map((lane) => this.words[operatorWordAt(node, lane, word)]);
    if (LOWEST.has(word)) return Math.min(...numbers);
    if (word === OPERATOR.barrierAlignmentMs) return Math.max(...numbers);
    return numbers.reduce((sum, number) => sum + number, 0);
  }

  /** Records of a crossing that came from one side, as its readers counted them. */
  crossingRead(crossing: Crossing, from: Side): number {
    const word = from === 'source' ? CROSSING.fromSource : CROSSING.fromTasks;
    return this.crossingSum(crossing, [...TASK_LANES, laneOf('coordinator')], word);
  }

  /** What subtasks sent on a crossing. @param subtask null: all, also those that are no more */
  crossingSent(crossing: Crossing, side: Side, subtask: number | null): { records: number; bytes: number } {
    const { from, side: tag } = crossing.edge;
    const lanes = lanesOf(side, subtask);
    const records =
      tag === null && isCountedByReaders(this.graph, from)
        ? this.crossingRead(crossing, side)
        : this.crossingSum(crossing, lanes, CROSSING.written);
    const slotBytes = Math.max(...lanes.map((lane) => this.crossingWord(crossing, lane, CROSSING.slotBytes)));
    return { records, bytes: records * slotBytes + this.crossingSum(crossing, lanes, CROSSING.textBytes) };
  }

  /** By key group, estimated; null: the operator's records have no keys. */
  recordsByKeyGroup(node: StreamNode): Float64Array | null {
    const memory = this.memory.keyGroups.get(node.id);
    if (memory === undefined) return null;
    return new Float64Array(memory, 0, memory.byteLength / 16).slice();
  }

  keysByKeyGroup(node: StreamNode): Float64Array | null {
    const memory = this.memory.keyGroups.get(node.id);
    return memory === undefined
      ? null
      : new Float64Array(memory, memory.byteLength / 2, memory.byteLength / 16).slice();
  }

  /** What the source itself counts are its side outputs. */
  private sourceOut(node: StreamNode): number {
    const main = this.graph.crossings.find(
      ({ edge, partitioning }) => edge.from === node && edge.side === null && partitioning.kind !== 'broadcast',
    ) as Crossing;
    const sides = this.words[operatorWordAt(node, laneOf('source'), OPERATOR.recordsOut)];
    return this.crossingRead(main, 'source') + sides;
  }

  private crossingSum(crossing: Crossing, lanes: readonly number[], word: CrossingWord): number {
    return lanes.reduce((sum, lane) => sum + this.crossingWord(crossing, lane, word), 0);
  }

  private crossingWord(crossing: Crossing, lane: number, word: CrossingWord): number {
    return this.words[crossingWordAt(this.graph, crossing, lane, word)];
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
