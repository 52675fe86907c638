import type { StreamNode } from '../../api/stream-nodes.ts';
import type { AsyncNumbers, OperatorNumbers, TaskNumbers } from '../../contract/job-page.ts';
import { isAsync, isKeyed, type JobGraph } from '../../graph/job-graph.ts';
import { computeKeyGroupRangeForOperatorIndex } from '../../state/key-groups.ts';
import { ratesBetween, readAsyncStatistics, type AsyncStatistics } from '../async/async-statistics.ts';
import type { JobMemory } from '../job-memory.ts';
import { JobNumbers } from './job-numbers.ts';
import { OPERATOR, type OperatorWord } from './metrics-memory.ts';
import { RateMeter, Readings } from './rate-meter.ts';
import { RingUsage } from './ring-usage.ts';
import { vertexEdgesOf, type Vertex, type VertexEdge } from './vertices.ts';

const NANOSECONDS_PER_MS = 1e6;
/** Little's law needs some calls to look at. */
const ASYNC_WINDOW_MS = 5_000;

export const NO_TASK_NUMBERS: TaskNumbers = {
  numRecordsIn: null,
  numRecordsInPerSecond: null,
  numRecordsOut: null,
  numRecordsOutPerSecond: null,
  numBytesOut: null,
  numBytesOutPerSecond: null,
  currentInputWatermark: null,
  currentOutputWatermark: null,
  inputQueueLength: null,
  inPoolUsage: null,
  outputQueueLength: null,
  outPoolUsage: null,
  checkpointAlignmentTime: null,
};

export const NO_OPERATOR_NUMBERS: OperatorNumbers = {
  numRecordsIn: null,
  numRecordsInPerSecond: null,
  numRecordsOut: null,
  numRecordsOutPerSecond: null,
  currentInputWatermark: null,
  currentInput1Watermark: null,
  currentInput2Watermark: null,
  currentOutputWatermark: null,
  numLateRecordsDropped: null,
  numPendingEventTimers: null,
  numPendingProcessingTimers: null,
  numFiredTimers: null,
  numFiredTimersPerSecond: null,
  numKeys: null,
  async: null,
};

/** A subtask; null: all of them, and for counts those that are no more. */
type Subtask = number | null;

/** Numbers of vertices, operators and edges, with rates between this reading and those before. */
export class VertexNumbers {
  private memory!: JobMemory;
  private readonly rings = new RingUsage();
  private readonly rates = new Map<string, RateMeter>();
  private readonly calls = new Map<string, Readings<AsyncStatistics>>();
  private nowMs = NaN;
  private graph!: JobGraph;
  private edges!: readonly VertexEdge[];
  /** Of the reading that was begun; null: the job counts nothing. */
  counted: JobNumbers | null = null;

  /** @param graph with the parallelism of now, and the memory that goes with it; @param nowMs monotonic */
  begin(graph: JobGraph, memory: JobMemory, nowMs: number): void {
    this.graph = graph;
    this.memory = memory;
    this.rings.begin(graph, memory);
    this.edges = vertexEdgesOf(graph);
    this.nowMs = nowMs;
    this.counted = memory.metrics === null ? null : new JobNumbers(graph, memory);
  }

  task(vertex: Vertex, subtask: Subtask): TaskNumbers {
    const { counted: numbers } = this;
    if (numbers === null) return NO_TASK_NUMBERS;
    const { head, side, id } = vertex;
    const leaving = this.edges.filter((edge) => edge.from === head && edge.side === side);
    const sent =
      side === null || leaving.some(({ isShared }) => isShared)
        ? null
        : leaving.map(({ crossing }) => numbers.crossingSent(crossing, side, subtask));
    const key = `${id} ${subtask}`;
    const ins = side === 'source' ? null : this.read(vertex, head, subtask, OPERATOR.recordsIn);
    const outs = sent?.reduce((sum, { records }) => sum + records, 0) ?? null;
    const bytes = sent?.reduce((sum, one) => sum + one.bytes, 0) ?? null;
    return {
      numRecordsIn: ins,
      numRecordsInPerSecond: this.rate(`${key} in`, ins),
      numRecordsOut: outs,
      numRecordsOutPerSecond: this.rate(`${key} sent`, outs),
      numBytesOut: bytes,
      numBytesOutPerSecond: this.rate(`${key} bytes`, bytes),
      ...this.watermarks(vertex, subtask),
      ...this.queues(vertex, subtask),
      checkpointAlignmentTime:
        side === 'task' ? this.read(vertex, head, subtask, OPERATOR.barrierAlignmentMs) * NANOSECONDS_PER_MS : null,
    };
  }

  private queues(
    vertex: Vertex,
    subtask: Subtask,
  ): Pick<TaskNumbers, 'inputQueueLength' | 'inPoolUsage' | 'outputQueueLength' | 'outPoolUsage'> {
    const [into, outOf] = [this.rings.into(vertex, subtask), this.rings.outOf(vertex, subtask)];
    return {
      inputQueueLength: into?.length ?? null,
      inPoolUsage: into?.usage ?? null,
      outputQueueLength: outOf?.length ?? null,
      outPoolUsage: outOf?.usage ?? null,
    };
  }

  operator(vertex: Vertex, node: StreamNode, subtask: Subtask): OperatorNumbers {
    const { counted: numbers } = this;
    if (numbers === null) return NO_OPERATOR_NUMBERS;
    const key = `${vertex.id} ${node.id} ${subtask}`;
    const isHead = node === vertex.head;
    const of = (word: OperatorWord): number => this.read(vertex, node, subtask, word);
    const ins = node.work.kind === 'source' ? null : of(OPERATOR.recordsIn);
    const outs = node.work.kind === 'sink' ? null : of(OPERATOR.recordsOut);
    const watermarks = this.watermarks(vertex, subtask);
    const { currentOutputWatermark } = watermarks;
    const common: OperatorNumbers = {
      ...NO_OPERATOR_NUMBERS,
      numRecordsIn: ins,
      numRecordsInPerSecond: this.rate(`${key} in`, ins),
      numRecordsOut: outs,
      numRecordsOutPerSecond: this.rate(`${key} out`, outs),
      ...(isHead ? watermarks : { currentInputWatermark: currentOutputWatermark, currentOutputWatermark }),
    };
    if (!isKeyed(node)) return common;
    const fired = of(OPERATOR.firedTimers);
    const isTwoInput = node.inputs.length === 2;
    return {
      ...common,
      currentInput1Watermark: isTwoInput ? timeOrNull(of(OPERATOR.input1Watermark)) : null,
      currentInput2Watermark: isTwoInput ? timeOrNull(of(OPERATOR.input2Watermark)) : null,
      numLateRecordsDropped: of(OPERATOR.lateRecordsDropped),
      numPendingEventTimers: of(OPERATOR.eventTimers),
      numPendingProcessingTimers: of(OPERATOR.processingTimers),
      numFiredTimers: fired,
      numFiredTimersPerSecond: this.rate(`${key} fired`, fired),
      numKeys: this.keys(node, subtask),
      async: isAsync(node) ? this.async(node, subtask) : null,
    };
  }

  edge({ crossing, side, isShared }: VertexEdge): { numRecords: number | null; numRecordsPerSecond: number | null } {
    const numRecords = this.counted === null || isShared ? null : this.counted.crossingRead(crossing, side);
    return { numRecords, numRecordsPerSecond: this.rate(`edge ${crossing.index} ${side}`, numRecords) };
  }

  private read({ side }: Vertex, node: StreamNode, subtask: Subtask, word: OperatorWord): number {
    const numbers = this.counted as JobNumbers;
    return subtask === null ? numbers.operatorTotal(node, side, word) : numbers.operator(node, side, subtask, word);
  }

  private watermarks(
    vertex: Vertex,
    subtask: Subtask,
  ): Pick<TaskNumbers, 'currentInputWatermark' | 'currentOutputWatermark'> {
    const of = (word: OperatorWord): number | null => timeOrNull(this.read(vertex, vertex.head, subtask, word));
    return {
      currentInputWatermark: of(OPERATOR.inputWatermark),
      currentOutputWatermark: of(OPERATOR.outputWatermark),
    };
  }

  private keys(node: StreamNode, subtask: Subtask): number | null {
    const keys = (this.counted as JobNumbers).keysByKeyGroup(node);
    if (keys === null) return null;
    const { maxParallelism, parallelism } = this.graph;
    const { start, end } =
      subtask === null
        ? { start: 0, end: maxParallelism - 1 }
        : computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, subtask);
    return keys.subarray(start, end + 1).reduce((sum, count) => sum + count, 0);
  }

  private async(node: StreamNode, subtask: Subtask): AsyncNumbers {
    const memory = this.memory.asyncStatistics.get(node.id) as SharedArrayBuffer;
    const now = readAsyncStatistics(memory, subtask);
    const key = `${node.id} ${subtask}`;
    const readings = this.calls.get(key) ?? new Readings<AsyncStatistics>(ASYNC_WINDOW_MS);
    this.calls.set(key, readings);
    const before = readings.add(this.nowMs, now);
    const { occupancy, throughputPerSecond, latencyMs } = ratesBetween(before?.value ?? now, now);
    return {
      inFlight: now.inFlight,
      capacity: now.capacity,
      occupancy,
      throughputPerSecond,
      latencyMs: Number.isNaN(latencyMs) ? null : latencyMs,
      retries: now.retries,
      timeouts: now.timeouts,
    };
  }

  private rate(key: string, count: number | null): number | null {
    if (count === null) return null;
    const meter = this.rates.get(key) ?? new RateMeter();
    this.rates.set(key, meter);
    // A subtask that is gone and came back, as another thread, goes on where it was: counts never fall.
    return meter.read(this.nowMs, count);
  }
}

/** Neither the time before all time nor the one behind the end. */
export function timeOrNull(timeMs: number): number | null {
  return Math.abs(timeMs) < Number.MAX_SAFE_INTEGER ? timeMs : null;
}
