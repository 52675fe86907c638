import type { OutputTag } from '../../api/output-tag.ts';
import type { InputStatus, ReaderOutput, SourceReader } from '../../api/source.ts';
import type { StreamNode } from '../../api/stream-nodes.ts';
import type { WatermarkGenerator, WatermarkOutput } from '../../api/watermark-strategy.ts';
import { IllegalArgumentError, IllegalStateError } from '../../core/errors.ts';
import type { Clock } from '../../core/time.ts';
import { uidOf, type JobGraph } from '../../graph/job-graph.ts';
import type { OutputGroup } from '../exchange/output-group.ts';
import type { PhysicalPlan } from '../exchange/physical-plan.ts';
import { laneOf, type NumbersPublisher } from '../metrics/metrics-memory.ts';
import { latencyTrackerOf, type LatencyTracker } from '../metrics/latency.ts';
import { ThreadNumbers } from '../metrics/thread-numbers.ts';
import type { NodeOutput } from '../operators/chain.ts';
import type { SourceState, SourceThreadState } from '../checkpoint/acknowledgement.ts';
import { isCancellation, OperatorFailure, recordText } from '../operator-failure.ts';
import { SymbolKeyedEdgeWriter } from '../exchange/edge-writer.ts';
import type { Task, TaskHost, TaskStatus } from './task.ts';
import { TaskOutputs } from './task-outputs.ts';

/** Records a reader may emit before the other sources and the event loop get their turn. */
const POLL_RECORDS = 4096;
/** The same when the parallelism is about to change. */
const POLL_RECORDS_NARROW = 512;

/** What the source thread has beyond a task's host. */
export interface SourceHost extends TaskHost {
  sendSourceEvent(source: string, event: unknown): void;
  /** Records of one poll; absent: as many as are good for throughput. */
  readonly pollRecords?: number;
}

/** Where one reader puts its records; keeps the source's watermark and hands both to the chain. */
class SourceOutput implements ReaderOutput<unknown>, WatermarkOutput {
  watermark = -Infinity;
  current: unknown = null;
  private isIdle = false;
  private readonly node: StreamNode;
  private records: NodeOutput;
  private outputs: TaskOutputs;
  private readonly generator: WatermarkGenerator | null;
  private readonly asksPerRecord: boolean;
  private readonly drivesProcessingTime: boolean;
  private groups: readonly (readonly [OutputGroup, number])[];
  private keyedBySymbol: readonly SymbolKeyedEdgeWriter[];

  constructor(
    graph: JobGraph,
    node: StreamNode,
    outputs: TaskOutputs,
    generator: WatermarkGenerator | null,
    asksPerRecord: boolean,
  ) {
    this.node = node;
    this.outputs = outputs;
    this.records = outputs.outputOf(node);
    this.groups = outputs.groupsOf(node);
    this.keyedBySymbol = keyedBySymbol(outputs, node);
    this.generator = generator;
    this.asksPerRecord = asksPerRecord;
    this.drivesProcessingTime = graph.processingTime === 'source';
  }

  /** The parallelism has changed. */
  moveTo(outputs: TaskOutputs): void {
    this.outputs = outputs;
    this.records = outputs.outputOf(this.node);
    this.groups = outputs.groupsOf(this.node);
    this.keyedBySymbol = keyedBySymbol(outputs, this.node);
  }

  collect(record: unknown, timestampMs: number): void {
    this.current = record;
    if (this.isIdle) this.markActive();
    this.records.emit(record, timestampMs);
    if (this.generator !== null) this.generate(this.generator, timestampMs);
  }

  private generate(generator: WatermarkGenerator, timestampMs: number): void {
    generator.onEvent(timestampMs, this);
    if (this.asksPerRecord) generator.onPeriodicEmit(this);
  }

  output<X>(tag: OutputTag<X>, value: X, timestampMs: number): void {
    if (tag === null || tag === undefined) throw new IllegalArgumentError('OutputTag must not be null.');
    this.current = value;
    if (this.isIdle) this.markActive();
    this.records.emitSide(tag, value, timestampMs);
  }

  announceSymbols(symbolIds: Int32Array, from: number, to: number): void {
    for (const writer of this.keyedBySymbol) writer.fetchAhead(symbolIds, from, to);
  }

  emitWatermark(watermarkMs: number): void {
    if (watermarkMs <= this.watermark) return;
    this.watermark = watermarkMs;
    this.isIdle = false;
    const { groups } = this;
    for (let index = 0; index < groups.length; index += 1)
      groups[index][0].emitWatermark(groups[index][1], watermarkMs);
  }

  emitProcessingTime(timestampMs: number): void {
    if (!this.drivesProcessingTime) {
      throw new IllegalStateError(
        `Source '${this.node.name}' emits processing time, but the job takes it from the machine. Call env.setProcessingTime('source').`,
      );
    }
    const { clock } = this.outputs;
    if (Number.isNaN(clock.timeMs) || timestampMs > clock.timeMs) clock.timeMs = timestampMs;
  }

  emitAlignment(timestampMs: number): void {
    this.outputs.startAlignment(this.node, timestampMs);
  }

  markIdle(): void {
    this.setIdle(true);
  }

  markActive(): void {
    this.setIdle(false);
  }

  private setIdle(idle: boolean): void {
    if (this.isIdle === idle) return;
    this.isIdle = idle;
    for (const [group, position] of this.groups) group.emitWatermarkStatus(position, idle);
  }
}

/** Who takes a source's own records by their symbols. */
function keyedBySymbol({ writers }: TaskOutputs, node: StreamNode): readonly SymbolKeyedEdgeWriter[] {
  return [...writers].flatMap(([{ edge }, writer]) =>
    edge.from === node && edge.side === null && writer instanceof SymbolKeyedEdgeWriter ? [writer] : [],
  );
}

type ReadingState = 'reading' | 'waiting' | 'ended';

/** One source of the job: its reader, its output, and whether it has more. */
class RunningSource {
  readonly node: StreamNode;
  readonly output: SourceOutput;
  readonly reader: SourceReader<unknown>;
  state: ReadingState = 'reading';
  private readonly generator: WatermarkGenerator | null;
  /** 0: its watermarks need no clock. */
  readonly periodicEmitMs: number;
  private readonly clock: Clock;
  private readonly host: SourceHost;
  private pollRecords: number;
  private nextEmitMs = 0;

  constructor(graph: JobGraph, node: StreamNode, outputs: TaskOutputs, host: SourceHost, restored: SourceState | null) {
    if (node.work.kind !== 'source') throw new IllegalStateError(`Operator '${node.name}' is no source.`);
    const { strategy, createReader } = node.work;
    /** Flink's pipeline.auto-watermark-interval, for strategies that need a clock and did not say how often. */
    const AUTO_WATERMARK_INTERVAL_MS = 200;
    this.node = node;
    this.host = host;
    this.pollRecords = host.pollRecords ?? POLL_RECORDS;
    this.clock = host.clock;
    this.generator = strategy.createGenerator(() => host.clock.monotonicMs());
    this.periodicEmitMs = strategy.isByClock ? strategy.periodicEmitMs || AUTO_WATERMARK_INTERVAL_MS : 0;
    this.output = new SourceOutput(graph, node, outputs, this.generator, strategy.periodicEmitMs === 0);
    this.reader = createReader({
      clock: host.clock,
      symbols: host.symbols,
      restoredState: restored?.reader ?? null,
      sendSourceEventToCoordinator: (event) => host.sendSourceEvent(uidOf(node), event),
    });
    // One that can say where it stands finds its end again, and tells what it has to tell of it.
    if (restored?.isEnded === true && (restored.reader ?? null) === null) this.state = 'ended';
    if (restored?.watermarkMs !== null && restored?.watermarkMs !== undefined)
      this.output.emitWatermark(restored.watermarkMs);
  }

  /** @throws IllegalStateError for a reader that cannot say where it stands */
  snapshot(checkpointId: number): SourceState {
    const isEnded = this.state === 'ended';
    if (!isEnded && this.reader.snapshotState === undefined) {
      throw new IllegalStateError(
        `Source '${this.node.name}' (uid ${uidOf(this.node)}) cannot be part of a checkpoint: its reader has no snapshotState.`,
      );
    }
    return {
      watermarkMs: this.output.watermark === -Infinity ? null : this.output.watermark,
      isEnded,
      reader: this.reader.snapshotState?.(checkpointId) ?? null,
    };
  }

  /** Whoever asks something of the thread is to wait for fewer records. */
  pollLess(): void {
    this.pollRecords = Math.min(this.pollRecords, POLL_RECORDS_NARROW);
  }

  moveTo(outputs: TaskOutputs): void {
    this.pollRecords = this.host.pollRecords ?? POLL_RECORDS;
    this.output.moveTo(outputs);
  }

  poll(): InputStatus {
    try {
      this.output.current = null;
      const status = this.reader.pollNext(this.output, this.pollRecords);
      this.emitByClock();
      return status;
    } catch (error) {
      throw this.failure(error);
    }
  }

  emitByClock(): void {
    if (this.periodicEmitMs === 0 || this.clock.monotonicMs() < this.nextEmitMs) return;
    this.nextEmitMs = this.clock.monotonicMs() + this.periodicEmitMs;
    this.generator?.onPeriodicEmit(this.output);
  }

  failure(error: unknown): unknown {
    if (error instanceof OperatorFailure || isCancellation(error)) return error;
    const record = this.output.current === null ? null : recordText(this.output.current);
    return new OperatorFailure(
      { operatorName: this.node.name, uid: uidOf(this.node), subtaskIndex: null, key: null, record, timerMs: null },
      error,
    );
  }
}

/**
 * All sources of a job and what is chained to them. Runs on the source thread, which is where a job's order is made. Once
 * they have ended it is finished, and still sends barriers: until the whole job has ended there are checkpoints.
 */
export class SourceTask implements Task {
  outputs: TaskOutputs;
  private readonly sources: readonly RunningSource[];
  /** The parallelism changes: nothing is read until the sources are wired anew. */
  private isHeld = false;
  private readonly host: SourceHost;
  isThrough = false;
  private isClosed = false;
  /** null: nobody counts. */
  private numbers: NumbersPublisher | null;
  /** null: nobody wants to know. */
  private readonly latency: LatencyTracker | null;

  /** @param restored where the sources stood at a checkpoint; null: they begin */
  constructor(graph: JobGraph, plan: PhysicalPlan, host: SourceHost, restored: SourceThreadState | null = null) {
    this.host = host;
    this.outputs = new TaskOutputs(graph, plan, 'source', 'source', host);
    if (restored?.processingTimeMs !== null && restored !== null) this.outputs.clock.timeMs = restored.processingTimeMs;
    const stateOf = (node: StreamNode): SourceState | null => restored?.sources[uidOf(node)] ?? null;
    this.sources = graph.sourceNodes.map((node) => new RunningSource(graph, node, this.outputs, host, stateOf(node)));
    this.numbers = this.createNumbers(graph);
    this.latency = latencyTrackerOf(host);
  }

  private createNumbers(graph: JobGraph): NumbersPublisher | null {
    if (this.host.metrics === null) return null;
    const numbers = new ThreadNumbers(graph, this.host.metrics, laneOf('source'), this.host.clock);
    numbers.sends(this.outputs);
    for (const { node, output } of this.sources)
      numbers.watermarks(
        node,
        () => -Infinity,
        () => output.watermark,
      );
    return numbers.publisher;
  }

  open(): void {
    this.outputs.open();
    for (const { node, state } of this.sources) if (state === 'ended') this.outputs.end(node);
  }

  /**
   * Between two batches: stores where every source stands, and sends the barrier into every ring at this one place. Also
   * when all sources have ended: what they sent may be under way for long.
   */
  triggerCheckpoint(checkpointId: number): void {
    const { timeMs } = this.outputs.clock;
    const state: SourceThreadState = {
      processingTimeMs: Number.isNaN(timeMs) ? null : timeMs,
      sources: Object.fromEntries(this.sources.map((source) => [uidOf(source.node), source.snapshot(checkpointId)])),
    };
    this.outputs.startBarrier(checkpointId, 0);
    this.outputs.flush();
    this.host.acknowledge({ kind: 'source', checkpointId, state });
  }

  /** The parallelism is about to change: less is read at once, and less is under way. Until `moveTo`. */
  narrow(): void {
    this.outputs.narrow();
    for (const source of this.sources) source.pollLess();
  }

  /**
   * Between two batches: sends the barrier behind which the job has another parallelism, and waits for `moveTo`.
   * @returns false when a source has ended: its end was told to the tasks that are
   */
  startRescale(barrierId: number, parallelism: number): boolean {
    if (this.isThrough || this.sources.some(({ state }) => state === 'ended')) return false;
    this.outputs.startBarrier(barrierId, parallelism);
    this.outputs.flush();
    this.isHeld = true;
    return true;
  }

  /** Goes on into the rings of another parallelism. */
  moveTo(graph: JobGraph, plan: PhysicalPlan): void {
    this.numbers?.publish();
    const outputs = new TaskOutputs(graph, plan, 'source', 'source', this.host);
    outputs.takeOver(this.outputs);
    this.outputs = outputs;
    for (const source of this.sources) source.moveTo(outputs);
    this.numbers = this.createNumbers(graph);
    this.isHeld = false;
  }

  notifyCheckpointComplete(checkpointId: number): void {
    for (const { reader } of this.sources) reader.notifyCheckpointComplete?.(checkpointId);
  }

  /**
   * How often it wants to run while nothing comes in, because watermarks or idleness go by the clock; Infinity: it does
   * not need to.
   */
  get clockIntervalMs(): number {
    const intervals = this.sources.filter(({ state, periodicEmitMs }) => state !== 'ended' && periodicEmitMs > 0);
    return Math.min(Infinity, ...intervals.map(({ periodicEmitMs }) => periodicEmitMs));
  }

  /** The lowest watermark of its sources. */
  get watermarkMs(): number {
    return Math.min(...this.sources.map(({ output }) => output.watermark));
  }

  runBatch(): TaskStatus {
    if (this.isThrough) return 'finished';
    if (this.isHeld) return 'idle';
    for (const source of this.sources) {
      if (source.state === 'reading') this.poll(source);
      else if (source.state === 'waiting') source.emitByClock();
    }
    if (this.latency !== null) this.sendLatencyMarkers(this.latency);
    this.outputs.flush();
    const isReading = this.sources.some(({ state }) => state === 'reading');
    // Whoever waits for input may wait for long.
    if (isReading) this.numbers?.publishWhenDue();
    else this.numbers?.publishBeforeWait();
    if (this.sources.every(({ state }) => state === 'ended')) {
      this.isThrough = true;
      return 'progress';
    }
    return isReading ? 'progress' : 'idle';
  }

  /** Behind the records of this batch: they are under way as long as those. */
  private sendLatencyMarkers(latency: LatencyTracker): void {
    const markedMs = latency.due();
    if (markedMs === null) return;
    for (const { node, state } of this.sources)
      if (state !== 'ended') this.outputs.sendLatencyMarker(node, node.id, markedMs);
  }

  /** One of the sources has nothing just now, and says when it may have something. */
  get isWaiting(): boolean {
    return !this.isHeld && this.sources.some(({ state }) => state === 'waiting');
  }

  /** Resolves when a source that had nothing may have something; rejects with what went wrong in it. */
  async whenAvailable(): Promise<void> {
    // Whoever wires the sources anew wakes the thread.
    if (this.isHeld) return new Promise(() => undefined);
    const waiting = this.sources.filter(({ state }) => state === 'waiting');
    if (waiting.length === 0) return;
    await Promise.race(
      waiting.map(async (source) => {
        try {
          await source.reader.isAvailable();
        } catch (error) {
          throw source.failure(error);
        }
        if (source.state === 'waiting') source.state = 'reading';
      }),
    );
  }

  /** @param uid null: to every source that takes events */
  handleSourceEvent(uid: string | null, event: unknown): void {
    for (const source of this.sources) {
      if (uid !== null && uidOf(source.node) !== uid) continue;
      try {
        source.reader.handleSourceEvent?.(event);
      } catch (error) {
        throw source.failure(error);
      }
      // The event may be what the reader was waiting for.
      if (source.state === 'waiting') source.state = 'reading';
    }
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.isClosed = true;
    this.outputs.close();
    await Promise.all(this.sources.map(({ reader }) => reader.close()));
  }

  private poll(source: RunningSource): void {
    const status = source.poll();
    if (status === 'more-available') return;
    source.state = status === 'nothing-available' ? 'waiting' : 'ended';
    if (status === 'end-of-input') this.outputs.end(source.node);
  }
}
