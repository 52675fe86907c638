import type { StreamNode } from '../../api/stream-nodes.ts';
import type { Crossing, JobGraph, Side } from '../../graph/job-graph.ts';
import { isCountedByReaders } from '../metrics/metrics-memory.ts';
import type { SendingSide } from '../metrics/thread-numbers.ts';
import { RingWriter } from '../../memory/shared-ring.ts';
import { ChannelWriter } from '../exchange/channel-writer.ts';
import { createEdgeWriter, type EdgeWriter, type ProcessingClock } from '../exchange/edge-writer.ts';
import { OutputGroup } from '../exchange/output-group.ts';
import type { PhysicalPlan, ThreadId } from '../exchange/physical-plan.ts';
import { ChainBuilder, CountedOutput, NodeOutput } from '../operators/chain.ts';
import type { TaskHost } from './task.ts';

/**
 * Under way in a ring before the parallelism changes: some hundred microseconds of records, or a few milliseconds where
 * the thread that reads them has just been started.
 */
const NARROW_SLOTS = 1024;

/** Everything one thread writes: its rings, their groups, and the chains that lead there. */
export class TaskOutputs implements SendingSide {
  readonly channels: readonly ChannelWriter[];
  readonly groups: readonly OutputGroup[];
  readonly chains: ChainBuilder;
  private readonly emitters = new Map<StreamNode, readonly (readonly [OutputGroup, number])[]>();
  readonly clock: ProcessingClock = { timeMs: NaN };
  readonly writers = new Map<Crossing, EdgeWriter>();

  constructor(graph: JobGraph, plan: PhysicalPlan, side: Side, thread: ThreadId, host: TaskHost) {
    this.groups = plan.groups[side].map((group) => new OutputGroup(group));
    this.channels = plan.rings
      .filter(({ from }) => from === thread)
      .map((ring) => {
        const writer = new RingWriter(host.ring(ring.id));
        writer.waitForRoom = (full) => host.waitForRoom(full, ring.waitLevel);
        writer.wakeReader = () => host.wake(ring.to);
        return new ChannelWriter(writer, ring, this.groups);
      });
    const createOutput = (node: StreamNode): NodeOutput =>
      host.metrics === null || isCountedByReaders(graph, node) ? new NodeOutput() : new CountedOutput();
    this.chains = new ChainBuilder(graph, createOutput, (crossing) => {
      const group = this.groups[plan.groupOf(crossing, side).index];
      const channels = this.channels.filter((channel) => channel.plan.crossings.includes(crossing));
      const writer = createEdgeWriter(crossing, {
        channels,
        group,
        symbols: host.symbols,
        clock: this.clock,
        maxParallelism: graph.maxParallelism,
      });
      this.writers.set(crossing, writer);
      return writer;
    });
    for (const { index, emitters } of plan.groups[side]) {
      emitters.forEach((emitter, position) => {
        this.emitters.set(emitter, [...(this.emitters.get(emitter) ?? []), [this.groups[index], position]]);
      });
    }
  }

  /** After a change of parallelism: the watermarks and the clock go on where the outputs before stood. */
  takeOver(before: TaskOutputs): void {
    this.clock.timeMs = before.clock.timeMs;
    for (const group of this.groups) {
      group.watermark = before.groups[group.index].watermark;
      group.idle = before.groups[group.index].idle;
    }
  }

  get nodeOutputs(): ReadonlyMap<StreamNode, NodeOutput> {
    return this.chains.outputs;
  }

  /** The lowest its records carry; null: nobody reads them on another thread. */
  watermarkOf(emitter: StreamNode): number | null {
    const groups = this.groupsOf(emitter);
    return groups.length === 0 ? null : Math.min(...groups.map(([group]) => group.watermark));
  }

  outputOf(node: StreamNode): NodeOutput {
    return this.chains.outputOf(node);
  }

  /** The groups a node's records belong to, and the node's place in each. */
  groupsOf(emitter: StreamNode): readonly (readonly [OutputGroup, number])[] {
    return this.emitters.get(emitter) ?? [];
  }

  /** From a source: once into every ring that carries its records. */
  startAlignment(source: StreamNode, timestampMs: number): void {
    const groups = this.groupsOf(source).map(([group]) => group.index);
    for (const channel of this.channels) {
      if (channel.plan.to === 'coordinator' || !channel.plan.groups.some(({ index }) => groups.includes(index)))
        continue;
      channel.sendAlignment(source.id, timestampMs);
    }
  }

  /**
   * From a source to everybody its records go to; from a keyed operator to the task of the same number and to sinks: with every
   * task behind it, markers would multiply.
   * @param markedMs when the marker left its source, monotonic
   */
  sendLatencyMarker(emitter: StreamNode, sourceId: number, markedMs: number): void {
    const groups = this.groupsOf(emitter).map(([group]) => group.index);
    for (const channel of this.channels) {
      const { from, to } = channel.plan;
      if (from !== 'source' && to !== 'coordinator' && to !== from) continue;
      if (channel.plan.groups.some(({ index }) => groups.includes(index)))
        channel.sendLatencyMarker(sourceId, markedMs);
    }
  }

  /** From a keyed operator that has gone through one. */
  sendAlignment(emitter: StreamNode, sourceId: number, timestampMs: number): void {
    for (const [group] of this.groupsOf(emitter)) {
      if (!group.align()) continue;
      for (const channel of this.channelsOf(group))
        if (channel.plan.to !== 'coordinator') channel.sendAlignment(sourceId, timestampMs);
    }
  }

  /** From the source thread, which makes the order: at one place into every ring. */
  startBarrier(checkpointId: number, parallelism: number): void {
    for (const channel of this.channels) channel.sendBarrier(checkpointId, parallelism);
  }

  /**
   * From a keyed operator that a barrier has passed: into the rings whose other emitters it has passed as well.
   * @param passed the emitters of this thread that the barrier has passed, this one included
   */
  sendBarrier(emitter: StreamNode, checkpointId: number, parallelism: number, passed: ReadonlySet<StreamNode>): void {
    for (const channel of this.channels) {
      const emitters = channel.plan.groups.flatMap((group) => group.emitters);
      if (emitters.includes(emitter) && emitters.every((other) => passed.has(other)))
        channel.sendBarrier(checkpointId, parallelism);
    }
  }

  /** Whether the rings an emitter writes into are half empty: what it emits next will, as a rule, find room. */
  roomOf(emitter: StreamNode): () => boolean {
    const rings = this.channels
      .filter(({ plan }) => plan.groups.some(({ emitters }) => emitters.includes(emitter)))
      .map(({ ring }) => ring);
    return () => rings.every((ring) => ring.isHalfEmpty());
  }

  /** A barrier is near that nothing may be held up by: few records are under way from here on. For as long as these live. */
  narrow(): void {
    for (const { ring } of this.channels) ring.limitTo(NARROW_SLOTS);
  }

  /** Whether what was under way before is read. */
  get isNarrow(): boolean {
    return this.channels.every(({ ring }) => ring.isWithinLimit);
  }

  /** The emitters that write into a ring together with this one, itself included. */
  companionsOf(emitter: StreamNode): ReadonlySet<StreamNode> {
    const companions = new Set<StreamNode>([emitter]);
    for (const { plan } of this.channels) {
      const emitters = plan.groups.flatMap((group) => group.emitters);
      if (emitters.includes(emitter)) for (const other of emitters) companions.add(other);
    }
    return companions;
  }

  /** The emitter sends no more. */
  end(emitter: StreamNode): void {
    for (const [group, position] of this.groupsOf(emitter)) {
      if (group.end(position)) for (const channel of this.channelsOf(group)) channel.sendEnd(group, this.clock.timeMs);
    }
  }

  flush(): void {
    for (const channel of this.channels) channel.flush(this.clock.timeMs);
  }

  publish(): void {
    for (const channel of this.channels) channel.ring.publish();
  }

  open(): void {
    for (const operator of this.chains.operators) operator.open();
  }

  close(): void {
    for (const operator of this.chains.operators) operator.close();
  }

  private channelsOf(group: OutputGroup): ChannelWriter[] {
    return this.channels.filter((channel) => channel.plan.groups.some(({ index }) => index === group.index));
  }
}
