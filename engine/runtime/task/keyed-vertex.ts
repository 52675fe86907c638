import type { OutputTag } from '../../api/output-tag.ts';
import type { StreamNode } from '../../api/stream-nodes.ts';
import { uidOf, type JobGraph } from '../../graph/job-graph.ts';
import { computeKeyGroupRangeForOperatorIndex } from '../../state/key-groups.ts';
import { AlignedBarrierHandler } from '../checkpoint/aligned-barrier-handler.ts';
import type { ChannelReader } from '../exchange/channel-reader.ts';
import type { OutputGroup } from '../exchange/output-group.ts';
import { VertexGate } from '../exchange/vertex-gate.ts';
import type { NodeOutput } from '../operators/chain.ts';
import { describeFailure } from '../operators/keyed-failure.ts';
import type { KeyedOperator, OperatorEnvironment } from '../operators/keyed-operator.ts';
import type { OperatorTakeover } from '../operators/keyed-handover.ts';
import type { OperatorOutput } from '../operators/output.ts';
import { createOperator } from './create-operator.ts';
import type { TaskHost } from './task.ts';
import type { TaskOutputs } from './task-outputs.ts';

/** What a keyed operator of a task sends: records down its chain, watermarks to the groups it belongs to. */
class VertexOutput implements OperatorOutput {
  private readonly records: NodeOutput;
  private readonly groups: readonly (readonly [OutputGroup, number])[];

  constructor(records: NodeOutput, groups: readonly (readonly [OutputGroup, number])[]) {
    this.records = records;
    this.groups = groups;
  }

  emit(record: unknown, timestamp: number): void {
    this.records.emit(record, timestamp);
  }
  emitSide(tag: OutputTag<unknown>, record: unknown, timestamp: number): void {
    this.records.emitSide(tag, record, timestamp);
  }
  emitWatermark(watermarkMs: number): void {
    for (let index = 0; index < this.groups.length; index += 1)
      this.groups[index][0].emitWatermark(this.groups[index][1], watermarkMs);
  }
  emitWatermarkStatus(idle: boolean): void {
    for (const [group, position] of this.groups) group.emitWatermarkStatus(position, idle);
  }
}

/** Where a vertex is in an alignment: markers come in on every ring, then the subtasks exchange their sums. */
type AlignmentPhase =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'collecting';
      readonly sourceId: number;
      readonly timestampMs: number;
      readonly missing: Set<ChannelReader>;
    }
  | { readonly kind: 'exchanging'; readonly sourceId: number; readonly timestampMs: number };

/** A barrier as it travels in the rings. */
export interface VertexBarrier {
  readonly id: number;
  /** Of the job behind it, when it changes there; 0: state is stored. */
  readonly parallelism: number;
}

/** One keyed operator in one task: the operator, its gate, its outputs, and how far it is in alignments and to its end. */
export class KeyedVertex {
  readonly node: StreamNode;
  readonly operator: KeyedOperator;
  readonly gate: VertexGate;
  /** Rings that feed it. */
  readonly readers: ChannelReader[] = [];
  isFinished = false;
  /** Vertices whose records share a ring with this one's: a barrier is through here when it has passed all of them. */
  readonly companions: ReadonlySet<StreamNode>;
  private phase: AlignmentPhase = { kind: 'none' };
  private alignedReaders: ReadonlySet<ChannelReader> = new Set();
  /** Decides when a barrier is through; made when all rings are known. */
  private barriers!: AlignedBarrierHandler<VertexBarrier>;
  /** Rings that brought the barrier that is in here, held until it is through the companions as well. */
  private readonly barrierRings = new Set<ChannelReader>();
  private barrierSinceMs = 0;
  /** How long records waited for the last barrier that went through, ms. */
  lastAlignmentMs = 0;
  private hasPassed = false;
  private readonly endedRings = new Set<ChannelReader>();
  private lastBarrier = -Infinity;
  /** That any ring brought. */
  private newestBarrier = -Infinity;
  /** Told of a barrier that is through: the snapshot is due. */
  private readonly onBarrier: (vertex: KeyedVertex, barrier: VertexBarrier) => void;
  private readonly outputs: TaskOutputs;
  private readonly host: TaskHost;

  /** @param moved an operator that goes on here after a change of parallelism, and what it takes over */
  constructor(
    graph: JobGraph,
    node: StreamNode,
    taskIndex: number,
    outputs: TaskOutputs,
    host: TaskHost,
    onBarrier: (vertex: KeyedVertex, barrier: VertexBarrier) => void,
    moved: { readonly operator: KeyedOperator; readonly taken: OperatorTakeover } | null = null,
  ) {
    this.node = node;
    this.outputs = outputs;
    this.host = host;
    const { maxParallelism, parallelism } = graph;
    const environment: OperatorEnvironment = {
      taskName: node.name,
      uid: uidOf(node),
      subtaskIndex: taskIndex,
      parallelism,
      maxParallelism,
      keyGroupRange: computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, taskIndex),
      symbols: host.symbols,
      sums: host.sums(node.id),
    };
    const output = new VertexOutput(outputs.outputOf(node), outputs.groupsOf(node));
    moved?.operator.moveTo(environment, output, moved.taken);
    this.operator = moved?.operator ?? createOperator(node, environment, output, host);
    this.gate = new VertexGate(this.operator, node.inputs.length);
    this.companions = outputs.companionsOf(node);
    this.onBarrier = onBarrier;
  }

  get isAligning(): boolean {
    return this.phase.kind !== 'none';
  }

  /** Whether a barrier is in here: timers of the machine's clock wait until it is through. */
  get isAtBarrier(): boolean {
    return this.hasPassed;
  }

  get isWaiting(): boolean {
    return this.isAligning || this.barrierRings.size > 0;
  }

  /** After the last ring was added to `readers`. */
  seal(): void {
    this.gate.seal();
    this.barriers = new AlignedBarrierHandler(this.readers.length, {
      triggerCheckpoint: (barrier) => this.passBarrier(barrier),
      // Whoever began it gave it up with the newer one; `barrier` lets its rings go.
      abortCheckpoint: () => undefined,
    });
  }

  /** Whether records of this ring must wait. */
  holds(reader: ChannelReader): boolean {
    const isAligned =
      this.phase.kind !== 'none' &&
      this.alignedReaders.has(reader) &&
      !(this.phase.kind === 'collecting' && this.phase.missing.has(reader));
    return isAligned || this.barrierRings.has(reader);
  }

  /**
   * A barrier came in on `reader`. A ring that ended brings no records any more: what still comes on it holds nothing up,
   * and counts only where every ring has ended.
   */
  barrier(reader: ChannelReader, barrier: VertexBarrier, hasEnded: boolean): void {
    if (barrier.id <= this.lastBarrier) return;
    if (hasEnded) {
      if (this.endedRings.size === this.readers.length) this.passBarrier(barrier);
      return;
    }
    // An older one than others brought: nobody waits for it any more.
    if (barrier.id < this.newestBarrier) return;
    if (barrier.id > this.newestBarrier) {
      this.newestBarrier = barrier.id;
      this.barrierSinceMs = this.host.clock.monotonicMs();
      // A vertex above that was overtaken passed the newer one alone on: the older one never comes on its rings. Those that
      // brought it go on, to where the newer one comes on them.
      this.barrierRings.clear();
    }
    this.barrierRings.add(reader);
    this.barriers.processBarrier(this.readers.indexOf(reader), barrier);
  }

  /** How long records have waited for the barrier on other rings, ms. */
  get barrierAlignmentMs(): number {
    return this.barrierRings.size === 0 ? 0 : this.host.clock.monotonicMs() - this.barrierSinceMs;
  }

  /** The newest barrier that is through. */
  get barrierId(): number {
    return this.lastBarrier;
  }

  /** It is through all companions as well: records go on. */
  releaseBarrier(): void {
    this.barrierRings.clear();
    this.hasPassed = false;
  }

  private passBarrier(barrier: VertexBarrier): void {
    this.lastBarrier = barrier.id;
    this.hasPassed = true;
    this.lastAlignmentMs = this.barrierAlignmentMs;
    this.onBarrier(this, barrier);
  }

  /** A marker came in on `reader`; on which rings else one is expected. */
  alignment(reader: ChannelReader, sourceId: number, timestampMs: number, expected: readonly ChannelReader[]): void {
    if (this.phase.kind === 'none') {
      this.phase = { kind: 'collecting', sourceId, timestampMs, missing: new Set(expected) };
      this.alignedReaders = new Set(expected);
    }
    if (this.phase.kind !== 'collecting') return;
    this.phase.missing.delete(reader);
    this.arriveWhenCollected();
  }

  /** A ring that ended brings no marker any more, and holds no barrier up. */
  readerEnded(reader: ChannelReader): void {
    if (this.phase.kind === 'collecting') {
      this.phase.missing.delete(reader);
      this.arriveWhenCollected();
    }
    this.endedRings.add(reader);
    this.barriers.processEndOfPartition(this.readers.indexOf(reader));
  }

  private arriveWhenCollected(): void {
    if (this.phase.kind !== 'collecting' || this.phase.missing.size > 0) return;
    const { sourceId, timestampMs } = this.phase;
    this.phase = { kind: 'exchanging', sourceId, timestampMs };
    if (this.operator.alignment.isUsed && this.operator.alignment.arrive()) this.host.wakeTasks();
  }

  /** Goes on when every subtask has arrived. @returns true when the alignment is over */
  progressAlignment(): boolean {
    if (this.phase.kind !== 'exchanging') return false;
    const { sourceId, timestampMs } = this.phase;
    if (this.operator.alignment.isUsed) {
      if (!this.operator.alignment.isComplete()) return false;
      try {
        this.operator.completeAlignment(timestampMs);
      } catch (error) {
        throw describeFailure(this.operator, null, error);
      }
    }
    this.phase = { kind: 'none' };
    this.outputs.sendAlignment(this.node, sourceId, timestampMs);
    return true;
  }

  /** Closes the operator and tells downstream, once its inputs are at their end. @returns whether it did so now */
  finishWhenEnded(): boolean {
    if (this.isFinished || !this.gate.isEnded || this.isWaiting) return false;
    if (!this.operator.endInput()) return false;
    this.isFinished = true;
    try {
      this.operator.close();
    } catch (error) {
      throw describeFailure(this.operator, null, error);
    }
    this.outputs.end(this.node);
    return true;
  }
}
