import type { ExternalSink, Sink, SinkContext, SinkWriter } from '../../api/sink.ts';
import type { StreamNode } from '../../api/stream-nodes.ts';
import { IllegalArgumentError } from '../../core/errors.ts';
import { sourceIdsAbove, uidOf, type JobGraph, type Side } from '../../graph/job-graph.ts';
import type { RecordView } from '../../memory/record-codec.ts';
import { compileCodec } from '../../memory/record-codec.ts';
import { HEADER_WORDS } from '../../memory/record-header.ts';
import { ChannelReader, type RecordHandler } from '../exchange/channel-reader.ts';
import type { PhysicalPlan, RingPlan } from '../exchange/physical-plan.ts';
import { InputOrigin, type WatermarkGate } from '../exchange/vertex-gate.ts';
import { laneOf, type MetricsMemory, type NumbersPublisher } from '../metrics/metrics-memory.ts';
import { latencyTrackerOf, type LatencyTracker } from '../metrics/latency.ts';
import { ThreadNumbers } from '../metrics/thread-numbers.ts';
import { OperatorFailure, recordText } from '../operator-failure.ts';
import { StatusWatermarkValve } from '../watermarks/status-watermark-valve.ts';
import type { Task, TaskHost, TaskStatus } from './task.ts';

/** Slots of one ring before the others get their turn. */
const BATCH_SLOTS = 1024;

/** What the sinks are given by whoever runs them. */
export type SinkHost = Pick<TaskHost, 'ring' | 'symbols' | 'metrics' | 'clock' | 'wake' | 'acknowledge'>;

/** Writers for the sinks a job left to whoever runs it, by name. */
export type ExternalWriters = Readonly<Record<string, SinkWriter<never>>>;

/** One sink: its writer and the watermark all its subtasks have passed. */
class RunningSink implements WatermarkGate, SinkContext {
  readonly node: StreamNode;
  readonly writer: SinkWriter<unknown>;
  currentTimestamp = NaN;
  private watermarkMs = -Infinity;
  private channelCount = 0;
  private endedCount = 0;
  private valve: StatusWatermarkValve | null = null;

  constructor(node: StreamNode, writer: SinkWriter<unknown>) {
    this.node = node;
    this.writer = writer;
  }

  get isEnded(): boolean {
    return this.endedCount === this.channelCount;
  }

  write(record: unknown, timestamp: number): void {
    this.currentTimestamp = timestamp;
    try {
      this.writer.write(record, this);
    } catch (error) {
      throw this.failure(error, recordText(record));
    }
  }

  timestamp(): number | null {
    return Number.isNaN(this.currentTimestamp) ? null : this.currentTimestamp;
  }
  currentWatermark(): number {
    return this.watermarkMs;
  }
  addChannel(): number {
    this.channelCount += 1;
    return this.channelCount - 1;
  }
  feed(): void {}
  watermark(channel: number, watermarkMs: number): void {
    this.combined().inputWatermark(watermarkMs, channel);
  }
  status(channel: number, idle: boolean): void {
    this.combined().inputWatermarkStatus(idle, channel);
  }
  end(channel: number): void {
    this.endedCount += 1;
    if (!this.isEnded) this.status(channel, true);
  }

  private combined(): StatusWatermarkValve {
    this.valve ??= new StatusWatermarkValve(this.channelCount, {
      processWatermark: (watermarkMs) => {
        this.watermarkMs = watermarkMs;
        try {
          this.writer.writeWatermark?.(watermarkMs);
        } catch (error) {
          throw this.failure(error, null);
        }
      },
      processWatermarkStatus: () => undefined,
    });
    return this.valve;
  }

  failure(error: unknown, record: string | null): OperatorFailure {
    return new OperatorFailure(
      { operatorName: this.node.name, uid: uidOf(this.node), subtaskIndex: null, key: null, record, timerMs: null },
      error,
    );
  }
}

class SinkRecordHandler implements RecordHandler {
  private readonly reader: ChannelReader;
  private readonly type: number;
  private readonly view: RecordView | null;
  private readonly origin: InputOrigin;
  private readonly sink: RunningSink;

  constructor(reader: ChannelReader, type: number, view: RecordView | null, origin: InputOrigin, sink: RunningSink) {
    this.reader = reader;
    this.type = type;
    this.view = view;
    this.origin = origin;
    this.sink = sink;
  }

  run(from: number, end: number): number {
    const { f, i, mask, slotWords } = this.reader.ring;
    let position = from;
    do {
      const base = (position & mask) * slotWords;
      if (i[base * 2] !== this.type) break;
      this.origin.advance(f[base + 1]);
      if (this.view === null) {
        this.sink.write(this.reader.takePlain(), f[base + 2]);
      } else {
        this.view.$b = base + HEADER_WORDS;
        this.sink.write(this.view, f[base + 2]);
      }
      position = (position + 1) | 0;
    } while (position !== end && this.view !== null);
    return position;
  }
}

/** A barrier that came on some rings: they wait until it has come on all. */
interface SinkBarrier {
  readonly id: number;
  readonly parallelism: number;
  readonly missing: Set<SinkReader>;
}

class SinkReader extends ChannelReader {
  endedGroups = 0;

  get isEnded(): boolean {
    return this.endedGroups === this.plan.groups.length;
  }
}

/** All sinks of a job. Runs on the coordinator's thread; never waits, so that tasks that wait for room get it. */
export class SinkTask implements Task {
  private readonly sinks: readonly RunningSink[];
  private readonly readers: readonly SinkReader[];
  private readonly plan: PhysicalPlan;
  private readonly host: SinkHost;
  private isClosed = false;
  /** Time it has spent on what came in, ms. */
  busyMs = 0;
  private barrier: SinkBarrier | null = null;
  private lastBarrier = -Infinity;
  /** null: nobody wants to know. */
  private readonly latency: LatencyTracker | null;
  /** null: nobody counts. */
  private readonly numbers: NumbersPublisher | null;

  /** @param before whose writers go on here after a change of parallelism */
  constructor(
    graph: JobGraph,
    plan: PhysicalPlan,
    host: SinkHost,
    external: ExternalWriters,
    before: SinkTask | null = null,
  ) {
    this.plan = plan;
    this.host = host;
    const known = (node: StreamNode): SinkWriter<unknown> | undefined =>
      before?.sinks.find((sink) => sink.node.id === node.id)?.writer;
    this.sinks = graph.sinkNodes.map((node) => new RunningSink(node, known(node) ?? writerOf(node, external)));
    this.lastBarrier = before?.lastBarrier ?? -Infinity;
    this.busyMs = before?.busyMs ?? 0;
    this.readers = plan.rings.filter(({ to }) => to === 'coordinator').map((ring) => this.createReader(ring));
    // Whoever takes the lane over counts on from what stands there.
    before?.numbers?.publish();
    this.latency = latencyTrackerOf(host);
    this.numbers = host.metrics === null ? null : this.createNumbers(graph, host.metrics);
  }

  private createNumbers(graph: JobGraph, memory: MetricsMemory): NumbersPublisher {
    const numbers = new ThreadNumbers(graph, memory, laneOf('coordinator'), this.host.clock);
    numbers.reads(this.readers);
    for (const sink of this.sinks)
      numbers.watermarks(
        sink.node,
        () => sink.currentWatermark(),
        () => -Infinity,
      );
    return numbers.publisher;
  }

  get recordsIn(): number {
    return this.readers.reduce((sum, reader) => sum + reader.recordsIn, 0);
  }

  get isThrough(): boolean {
    return this.sinks.every(({ isEnded }) => isEnded);
  }

  runBatch(): TaskStatus {
    const fromMs = this.host.clock.monotonicMs();
    let progress = false;
    for (const reader of this.readers) if (reader.run(BATCH_SLOTS)) progress = true;
    if (progress) this.busyMs += this.host.clock.monotonicMs() - fromMs;
    // Whoever runs it comes back soon, also when there is nothing; unless this was all.
    if (this.isThrough) this.numbers?.publish();
    else this.numbers?.publishWhenDue();
    if (progress) return 'progress';
    return this.isThrough ? 'finished' : 'idle';
  }

  /** The checkpoint is complete: what was prepared for it, and for any before it, counts. */
  notifyCheckpointComplete(checkpointId: number): void {
    for (const sink of this.sinks) {
      try {
        sink.writer.commit?.(checkpointId);
      } catch (error) {
        throw sink.failure(error, null);
      }
    }
  }

  /** A barrier is on its way. Where no ring leads to a sink (a job that ends in queryable state) it has arrived. */
  expectBarrier(checkpointId: number): void {
    if (this.readers.length === 0) this.host.acknowledge({ kind: 'sinks', checkpointId, states: {} });
  }

  private startBarrier(reader: SinkReader, id: number, parallelism: number): boolean {
    if (id <= this.lastBarrier) return false;
    if (this.barrier !== null && id !== this.barrier.id) {
      // An older one than other rings brought: nobody waits for it any more.
      if (id < this.barrier.id) return false;
      // Overtaken where several operators stand above each other: the rings that brought the older one go on to this one.
      for (const other of this.readers) other.isHeld = false;
      this.barrier = null;
    }
    this.barrier ??= { id, parallelism, missing: new Set(this.readers.filter((other) => !other.isEnded)) };
    this.barrier.missing.delete(reader);
    return !this.passBarrier();
  }

  /** @returns whether it has passed now */
  private passBarrier(): boolean {
    if (this.barrier === null || this.barrier.missing.size > 0) return false;
    const { id, parallelism } = this.barrier;
    this.barrier = null;
    this.lastBarrier = id;
    const states: Record<string, unknown> = {};
    // Where only the parallelism changes, nothing is stored and nothing becomes final.
    for (const sink of parallelism === 0 ? this.sinks : []) {
      try {
        states[uidOf(sink.node)] = sink.writer.prepareCommit?.(id) ?? null;
      } catch (error) {
        throw sink.failure(error, null);
      }
    }
    for (const reader of this.readers) reader.isHeld = false;
    this.host.acknowledge({ kind: 'sinks', checkpointId: id, states });
    return true;
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { ring } of this.readers) ring.abandon();
    for (const sink of this.sinks) {
      try {
        await sink.writer.close?.();
      } catch (error) {
        throw sink.failure(error, null);
      }
    }
  }

  private createReader(ring: RingPlan): SinkReader {
    const side: Side = ring.from === 'source' ? 'source' : 'task';
    const reader = new SinkReader(this.host.ring(ring.id), ring);
    const origins = new Map(ring.groups.map((group) => [group.index, new InputOrigin()]));
    reader.ring.wakeWriter = () => this.host.wake(ring.from);
    for (const crossing of ring.crossings) {
      const sink = this.sinks.find(({ node }) => node === crossing.to) as RunningSink;
      const origin = origins.get(this.plan.groupOf(crossing, side).index) as InputOrigin;
      origin.feed({ gate: sink }, crossing.input);
      const views = crossing.types.map((shape) =>
        compileCodec(shape).createView(reader.ring.f, reader.ring.i, this.host.symbols, null),
      );
      (views.length === 0 ? [null] : views).forEach((view, index) => {
        reader.setHandler(
          crossing.firstType + index,
          new SinkRecordHandler(reader, crossing.firstType + index, view, origin, sink),
        );
      });
    }
    const reached = ring.crossings.map(({ to, edge }) => ({
      node: to,
      sources: sourceIdsAbove(edge.from),
    }));
    reader.setControlHandler({
      defineKey: () => undefined,
      defineSymbolKey: () => undefined,
      watermark: (group, watermarkMs) => origins.get(group)?.advance(watermarkMs),
      status: (group, idle) => origins.get(group)?.status(idle),
      processingTime: () => undefined,
      alignment: () => false,
      latency: (sourceId, markedMs) => {
        for (const { node, sources } of reached)
          if (sources.has(sourceId)) this.latency?.note(node, sourceId, markedMs);
      },
      end: (group) => {
        reader.endedGroups += 1;
        origins.get(group)?.end();
        if (!reader.isEnded) return;
        this.barrier?.missing.delete(reader);
        this.passBarrier();
      },
      barrier: (id, parallelism) => this.startBarrier(reader, id, parallelism),
    });
    return reader;
  }
}

function writerOf(node: StreamNode, external: ExternalWriters): SinkWriter<unknown> {
  if (node.work.kind !== 'sink') throw new IllegalArgumentError(`Operator '${node.name}' is no sink.`);
  const sink: Sink<unknown> | ExternalSink<unknown> = node.work.sink;
  if ('createWriter' in sink) return sink.createWriter();
  const writer = external[sink.externalName] as SinkWriter<unknown> | undefined;
  if (writer === undefined) {
    throw new IllegalArgumentError(
      `The job has an external sink '${sink.externalName}', but whoever runs it gave writers for: ${Object.keys(external).join(', ') || 'none'}. Pass one in sinks.`,
    );
  }
  return writer;
}
