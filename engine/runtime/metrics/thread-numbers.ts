import type { StreamNode } from '../../api/stream-nodes.ts';
import type { Clock } from '../../core/time.ts';
import { isKeyed, type Crossing, type JobGraph, type Side } from '../../graph/job-graph.ts';
import type { ChannelReader } from '../exchange/channel-reader.ts';
import type { EdgeWriter } from '../exchange/edge-writer.ts';
import type { NodeOutput } from '../operators/chain.ts';
import type { KeyedOperator } from '../operators/keyed-operator.ts';
import { KeyCounts } from './key-group-samples.ts';
import {
  CountingSwitch,
  CROSSING,
  crossingWordAt,
  NumbersPublisher,
  OPERATOR,
  operatorWordAt,
  type CrossingWord,
  type MetricsMemory,
  type OperatorWord,
} from './metrics-memory.ts';

/** What a thread sends. */
export interface SendingSide {
  readonly nodeOutputs: ReadonlyMap<StreamNode, NodeOutput>;
  readonly writers: ReadonlyMap<Crossing, EdgeWriter>;
  /** The watermark its records carry; null: it sends nothing to other threads. */
  watermarkOf(emitter: StreamNode): number | null;
}

/** An operator with tasks of its own, in one of them. */
export interface OperatingSide {
  readonly node: StreamNode;
  readonly operator: KeyedOperator;
  readonly gate: { inputWatermark(input: number): number };
  readonly lastAlignmentMs: number;
}

/** The numbers of one thread, as they are told. Made anew with the parallelism. */
export class ThreadNumbers {
  readonly publisher: NumbersPublisher;
  private readonly graph: JobGraph;
  private readonly memory: MetricsMemory;
  private readonly lane: number;

  constructor(
    graph: JobGraph,
    memory: MetricsMemory,
    lane: number,
    clock: Clock,
    counting = new CountingSwitch(memory),
  ) {
    this.publisher = new NumbersPublisher(memory, counting, clock);
    this.graph = graph;
    this.memory = memory;
    this.lane = lane;
  }

  /** Records that operators of this thread take from others. */
  reads(readers: readonly ChannelReader[]): void {
    for (const node of this.graph.nodes) {
      const crossings = this.graph.crossings.filter(({ to }) => to === node);
      const own = readers.filter(({ plan }) => plan.crossings.some((crossing) => crossings.includes(crossing)));
      if (own.length === 0) continue;
      const all = crossings.map((crossing) => recordsOf(own, crossing));
      this.publisher.counter(operatorWordAt(node, this.lane, OPERATOR.recordsIn), () => sumOf(all));
      for (const crossing of crossings) this.readsCrossing(own, crossing);
    }
  }

  private readsCrossing(readers: readonly ChannelReader[], crossing: Crossing): void {
    const at = (word: CrossingWord): number => crossingWordAt(this.graph, crossing, this.lane, word);
    const from = (side: Side): (() => number) =>
      recordsOf(
        readers.filter(({ plan }) => (plan.from === 'source') === (side === 'source')),
        crossing,
      );
    this.publisher.counter(at(CROSSING.fromSource), from('source'));
    this.publisher.counter(at(CROSSING.fromTasks), from('task'));
  }

  /** What operators of this thread send, to each other and to other threads. */
  sends({ nodeOutputs, writers }: SendingSide): void {
    for (const [node, output] of nodeOutputs) {
      this.publisher.counter(operatorWordAt(node, this.lane, OPERATOR.recordsOut), () => output.recordsOut);
      if (isKeyed(node) || node.work.kind === 'source') continue;
      const sent = node.inputs.flatMap(({ edges }) =>
        edges.flatMap(({ from, side }) => {
          const feeding = nodeOutputs.get(from);
          return feeding === undefined ? [] : [() => feeding.recordsTo(side?.id ?? null)];
        }),
      );
      this.publisher.counter(operatorWordAt(node, this.lane, OPERATOR.recordsIn), () => sumOf(sent));
    }
    for (const [crossing, writer] of writers) {
      const { edge, partitioning } = crossing;
      const output = nodeOutputs.get(edge.from);
      if (output === undefined) continue;
      const copies = partitioning.kind === 'broadcast' ? writer.receivers : 1;
      const written = (): number => output.recordsTo(edge.side?.id ?? null) * copies;
      const at = (word: CrossingWord): number => crossingWordAt(this.graph, crossing, this.lane, word);
      this.publisher.counter(at(CROSSING.written), written);
      this.publisher.counter(at(CROSSING.textBytes), () => writer.textSlots * writer.slotBytes);
      this.publisher.gauge(at(CROSSING.slotBytes), () => writer.slotBytes);
    }
  }

  watermarks(node: StreamNode, input: () => number, output: () => number): void {
    this.publisher.gauge(operatorWordAt(node, this.lane, OPERATOR.inputWatermark), input);
    this.publisher.gauge(operatorWordAt(node, this.lane, OPERATOR.outputWatermark), output);
  }

  /** State and time of an operator that has them. */
  operates(vertex: OperatingSide, sending: SendingSide): void {
    const { publisher, lane } = this;
    const { node, operator, gate } = vertex;
    const { timers } = operator;
    const at = (word: OperatorWord): number => operatorWordAt(node, lane, word);
    publisher.counter(at(OPERATOR.lateRecordsDropped), () => operator.numLateRecordsDropped);
    publisher.counter(at(OPERATOR.firedTimers), () => timers.numFiredTimers);
    publisher.gauge(at(OPERATOR.eventTimers), () => timers.eventTimers.size);
    publisher.gauge(at(OPERATOR.processingTimers), () => timers.processingTimers.size);
    this.watermarks(
      node,
      () => timers.watermark,
      () => sending.watermarkOf(node) ?? timers.watermark,
    );
    if (node.inputs.length === 2) {
      publisher.gauge(at(OPERATOR.input1Watermark), () => gate.inputWatermark(0));
      publisher.gauge(at(OPERATOR.input2Watermark), () => gate.inputWatermark(1));
    }
    publisher.gauge(at(OPERATOR.barrierAlignmentMs), () => vertex.lastAlignmentMs);
    const keyGroups = this.memory.keyGroups.get(node.id);
    if (keyGroups === undefined) return;
    const keys = new KeyCounts(keyGroups, operator.keyTable, operator.environment.keyGroupRange);
    publisher.add(() => keys.publish());
  }
}

function recordsOf(readers: readonly ChannelReader[], { firstType, types }: Crossing): () => number {
  const last = firstType + Math.max(1, types.length) - 1;
  return () => {
    let sum = 0;
    for (const { recordsByType } of readers)
      for (let type = firstType; type <= last; type += 1) sum += recordsByType[type] ?? 0;
    return sum;
  };
}

function sumOf(all: readonly (() => number)[]): number {
  let sum = 0;
  for (const read of all) sum += read();
  return sum;
}
