import type { StreamNode } from '../../api/stream-nodes.ts';
import { emittersOf, isKeyed, sourceIdsAbove, uidOf, type JobGraph, type Side } from '../../graph/job-graph.ts';
import { compileCodec } from '../../memory/record-codec.ts';
import { ChannelReader, type ControlHandler } from '../exchange/channel-reader.ts';
import { keyFieldOf, type PhysicalPlan, type RingPlan } from '../exchange/physical-plan.ts';
import { InputOrigin } from '../exchange/vertex-gate.ts';
import { TaskCheckpoint } from '../checkpoint/task-checkpoint.ts';
import { describeFailure } from '../operators/keyed-failure.ts';
import { ownersBehind, type OperatorTakeover } from '../operators/keyed-handover.ts';
import type { OperatorRestore } from '../operators/keyed-restore.ts';
import type { KeyedOperator } from '../operators/keyed-operator.ts';
import { AsyncWaitOperator } from '../operators/async-wait-operator.ts';
import { BatchBound } from './batch-bound.ts';
import { AsyncRecordHandler } from './async-input.ts';
import { KeyGroupSamples } from '../metrics/key-group-samples.ts';
import { CountingSwitch, laneOf, type NumbersPublisher } from '../metrics/metrics-memory.ts';
import { latencyTrackerOf, type LatencyTracker } from '../metrics/latency.ts';
import { ThreadNumbers } from '../metrics/thread-numbers.ts';
import { nameTaken } from '../query/queryable-states.ts';
import { TaskQueries } from '../query/task-queries.ts';
import { KeyedRecordHandler, SlotMap } from './keyed-input.ts';
import { KeyedVertex, type VertexBarrier } from './keyed-vertex.ts';
import type { Mail, MailAnswer, Task, TaskHost, TaskStatus } from './task.ts';
import { TaskOutputs } from './task-outputs.ts';
import { SnapshotRehearsal } from './task-rehearsal.ts';

/** While there is work the clock is looked at so often; a thread without work looks at it before it sleeps. */
const BATCHES_PER_LOOK = 32;

/** To questions that come while key groups move. */
const HANDED_OVER = 'The parallelism is being changed: key groups move between tasks.';

const NOTHING_TAKEN: OperatorTakeover = { parts: [], broadcast: '{}', operatorStates: [] };

/** One ring's records and control records, on their way to this task's operators. */
class TaskReader extends ChannelReader {
  readonly origins = new Map<number, InputOrigin>();
  readonly slotMaps = new Map<number, SlotMap>();
  readonly vertices = new Set<KeyedVertex>();
  endedGroups = 0;

  get isEnded(): boolean {
    return this.endedGroups === this.plan.groups.length;
  }
}

/**
 * Subtask i of every keyed operator of a job (Flink: StreamTask). One thread runs it: records, watermarks, timers,
 * alignments, mail, one after the other, never two at once. Once all of it has ended it is finished, and still takes part in
 * checkpoints, until the whole job has ended.
 */
export class StreamTask implements Task {
  readonly vertices: readonly KeyedVertex[];
  readonly outputs: TaskOutputs;
  private readonly readers: readonly TaskReader[];
  private readonly graph: JobGraph;
  private readonly plan: PhysicalPlan;
  private readonly host: TaskHost;
  private readonly asyncVertices: readonly { readonly vertex: KeyedVertex; readonly operator: AsyncWaitOperator }[];
  private isClosed = false;
  private readonly sourcesOf = new Map<StreamNode, ReadonlySet<number>>();
  private readonly taskIndex: number;
  private checkpoint: TaskCheckpoint | null = null;
  private rehearsal: SnapshotRehearsal | null = null;
  /** The parallelism has changed: this task has given its part away and waits to be wired anew, or to be ended. */
  isHandedOver = false;
  isThrough = false;
  private readonly recordsBefore: number;
  private readonly queries: TaskQueries;
  private readonly batch = new BatchBound();
  /** null: nobody counts. */
  private readonly counting: CountingSwitch | null;
  /** null: nobody wants to know. */
  private readonly latency: LatencyTracker | null;
  private readonly numbers: NumbersPublisher | null;
  private batches = 0;
  private readonly samples = new Map<StreamNode, KeyGroupSamples>();

  /** @param before the task this one goes on for after a change of parallelism, and what its operators take over */
  constructor(
    graph: JobGraph,
    plan: PhysicalPlan,
    taskIndex: number,
    host: TaskHost,
    before: { readonly task: StreamTask; readonly taken: Readonly<Record<string, OperatorTakeover>> } | null = null,
  ) {
    this.graph = graph;
    this.plan = plan;
    this.host = host;
    this.taskIndex = taskIndex;
    this.counting = host.metrics === null ? null : new CountingSwitch(host.metrics);
    this.latency = latencyTrackerOf(host);
    this.outputs = new TaskOutputs(graph, plan, 'task', taskIndex, host);
    if (before !== null) this.outputs.takeOver(before.task.outputs);
    this.recordsBefore = before?.task.recordsIn ?? 0;
    this.vertices = graph.keyedNodes.map((node) => {
      const operator = before?.task.vertices.find((vertex) => vertex.node.id === node.id)?.operator;
      const moved = operator === undefined ? null : { operator, taken: before?.taken[uidOf(node)] ?? NOTHING_TAKEN };
      const onBarrier = (vertex: KeyedVertex, barrier: VertexBarrier): void => this.barrierPassed(vertex, barrier);
      return new KeyedVertex(graph, node, taskIndex, this.outputs, host, onBarrier, moved);
    });
    this.asyncVertices = this.vertices.flatMap((vertex) => {
      const { operator, node } = vertex;
      if (!(operator instanceof AsyncWaitOperator)) return [];
      operator.mayEmit = this.outputs.roomOf(node);
      return [{ vertex, operator }];
    });
    this.queries = new TaskQueries(this.vertices, host.clock, (id, answer) =>
      host.mailbox.answer({ kind: 'answer', id, answer }),
    );
    this.readers = plan.rings.filter(({ to }) => to === taskIndex).map((ring) => this.createReader(ring));
    for (const vertex of this.vertices) vertex.seal();
    this.numbers = this.createNumbers();
  }

  private createNumbers(): NumbersPublisher | null {
    const { graph, outputs, taskIndex, host, counting } = this;
    if (host.metrics === null || counting === null) return null;
    const numbers = new ThreadNumbers(graph, host.metrics, laneOf(taskIndex), host.clock, counting);
    numbers.reads(this.readers);
    numbers.sends(outputs);
    for (const vertex of this.vertices) numbers.operates(vertex, outputs);
    for (const samples of this.samples.values()) numbers.publisher.add(() => samples.adapt());
    return numbers.publisher;
  }

  /** Before `open`: gives operators their state back, by uid; the others start empty. */
  restore(stored: Readonly<Record<string, OperatorRestore>>): void {
    for (const { operator } of this.vertices) {
      const own = stored[operator.environment.uid] as OperatorRestore | undefined;
      if (own !== undefined) describing(operator, () => operator.restore(own));
    }
  }

  /** Before `open`, in a task that the new parallelism begins with: what the others gave away for it. */
  takeOver(taken: Readonly<Record<string, OperatorTakeover>>): void {
    for (const { operator } of this.vertices) {
      const own = taken[operator.environment.uid] as OperatorTakeover | undefined;
      if (own !== undefined) describing(operator, () => operator.takeOver(own));
    }
  }

  open(): void {
    this.outputs.open();
    for (const vertex of this.vertices) {
      const { operator } = vertex;
      describing(operator, () => {
        operator.open();
        this.checkQueryableNames(vertex);
      });
    }
  }

  /** Data records read so far, over all rings. */
  get recordsIn(): number {
    return this.readers.reduce((sum, reader) => sum + reader.recordsIn, this.recordsBefore);
  }

  /** The lowest watermark of its operators. */
  get watermarkMs(): number {
    return Math.min(...this.vertices.map(({ operator }) => operator.timers.watermark));
  }

  /** Whether calls to the outside are under way, or wait to be made again. */
  get isCalling(): boolean {
    return this.asyncVertices.some(({ operator }) => operator.isBusy);
  }

  runBatch(): TaskStatus {
    const status = this.runNextBatch();
    this.batches = (this.batches + 1) % BATCHES_PER_LOOK;
    if (this.isThrough) this.numbers?.publish();
    else if (status !== 'progress' || this.batches === 0) this.numbers?.publishWhenDue();
    return status;
  }

  private runNextBatch(): TaskStatus {
    const isAsked = this.serve();
    if (this.isHandedOver) return 'blocked';
    if (this.graph.processingTime === 'machine') this.setProcessingTime(this.host.processingTimeMs());
    let progress = this.runWatched() || isAsked;
    if (progress && this.rehearsal?.batch() === true) this.rehearsal = null;
    if (this.progressCheckpoint()) progress = true;
    this.outputs.flush();
    if (!this.isThrough && this.vertices.every((vertex) => vertex.isFinished)) {
      this.isThrough = true;
      return 'progress';
    }
    if (progress) return 'progress';
    if (this.isThrough) return 'finished';
    return this.vertices.some((vertex) => vertex.isWaiting) ? 'blocked' : 'idle';
  }

  /** Snapshots will be taken while records go on: the task prepares for that in its first batches. After `open`. */
  rehearseSnapshots(): void {
    this.rehearsal = new SnapshotRehearsal(this.vertices.map(({ operator }) => operator));
  }

  private endRehearsal(): void {
    this.rehearsal?.end();
    this.rehearsal = null;
  }

  /** Reads some of a snapshot that is under way. @returns whether there was anything to do */
  private progressCheckpoint(): boolean {
    const { checkpoint } = this;
    if (checkpoint === null || !checkpoint.hasWork) return false;
    this.tellCheckpoint(checkpoint.progress(this.taskIndex));
    return true;
  }

  private tellCheckpoint(part: ReturnType<TaskCheckpoint['progress']>): void {
    if (part === null) return;
    this.checkpoint = null;
    this.host.acknowledge(part);
  }

  private barrierPassed(vertex: KeyedVertex, { id, parallelism }: VertexBarrier): void {
    const passed = this.vertices.filter((other) => other.barrierId === id);
    const nodes = new Set(passed.map(({ node }) => node));
    if (parallelism === 0) this.snapshotVertex(vertex, id);
    this.outputs.sendBarrier(vertex.node, id, parallelism, nodes);
    // Where the parallelism changes nobody goes on: what a call or a clock let out now would stay behind in the old rings.
    if (parallelism === 0) this.releasePassed(id, passed);
    // What waits for companions with an older one, which this one overtook, goes on to this one.
    for (const other of this.vertices) if (other.isAtBarrier && other.barrierId < id) other.releaseBarrier();
    if (parallelism > 0 && passed.length === this.vertices.length) this.handOver(id, parallelism);
  }

  /** Those go on whose companions are through as well. */
  private releasePassed(id: number, passed: readonly KeyedVertex[]): void {
    // A companion whose inputs have ended holds nothing, and may be at a newer barrier already: nobody waits for it.
    const through = new Set(this.vertices.filter(({ barrierId }) => barrierId >= id).map(({ node }) => node));
    for (const vertex of passed) if ([...vertex.companions].every((node) => through.has(node))) vertex.releaseBarrier();
  }

  private snapshotVertex(vertex: KeyedVertex, id: number): void {
    this.endRehearsal();
    if (this.checkpoint !== null && this.checkpoint.id !== id) this.finishCheckpoint(this.checkpoint);
    this.checkpoint ??= new TaskCheckpoint(id, this.vertices.length, this.host.clock);
    this.checkpoint.begin(() => vertex.operator.beginSnapshot(), vertex.barrierAlignmentMs);
  }

  /** Gives away the key groups that belong to other tasks behind the barrier. Nothing is read or fired from here on. */
  private handOver(id: number, parallelism: number): void {
    if (this.checkpoint !== null) this.finishCheckpoint(this.checkpoint);
    this.endRehearsal();
    const { taskIndex } = this;
    const barrierMs = this.host.clock.monotonicMs();
    const owners = ownersBehind(this.graph.maxParallelism, parallelism, taskIndex);
    this.isHandedOver = true;
    // The sinks need the barrier before anybody goes on.
    this.outputs.flush();
    const leaving = this.vertices.map(({ operator }) => operator.leavingKeys(owners));
    this.host.acknowledge({
      kind: 'handover',
      checkpointId: id,
      taskIndex,
      operators: leaving.map((keys) => keys.give()),
      barrierMs,
    });
    this.queries.refuseAll(HANDED_OVER);
    this.numbers?.publish();
    // Whoever takes the keys over does so meanwhile. A task that keeps none is about to end.
    if (taskIndex < parallelism) for (const keys of leaving) keys.forget();
  }

  /** The next barrier is here while the last snapshot is still being read: what is left of it is read now. */
  private finishCheckpoint(checkpoint: TaskCheckpoint): void {
    while (this.checkpoint === checkpoint && checkpoint.hasWork)
      this.tellCheckpoint(checkpoint.progress(this.taskIndex, Infinity));
    this.checkpoint = null;
  }

  private startBarrier(reader: TaskReader, barrier: VertexBarrier): boolean {
    for (const vertex of reader.vertices) vertex.barrier(reader, barrier, reader.isEnded);
    return [...reader.vertices].some((vertex) => vertex.holds(reader));
  }

  /** Work on rings at or above a level, for a thread that waits for room below it. @returns whether anything was done */
  drainFrom(level: number): boolean {
    if (this.isHandedOver) return false;
    this.outputs.publish();
    return this.runReaders(level);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const { ring } of this.readers) ring.abandon();
    for (const vertex of this.vertices) if (!vertex.isFinished) vertex.operator.close();
    this.outputs.close();
  }

  private runWatched(): boolean {
    const { batch } = this;
    if (!batch.isWatched) return this.runReaders(-Infinity);
    const fromMs = this.host.clock.monotonicMs();
    const progress = this.runReaders(-Infinity);
    batch.took(this.host.clock.monotonicMs() - fromMs);
    return progress;
  }

  private runReaders(level: number): boolean {
    let progress = this.progressAlignments(level);
    for (let index = 0; index < this.readers.length; index += 1) {
      const reader = this.readers[index];
      if (reader.plan.level >= level && reader.run(this.batch.slots)) progress = true;
    }
    if (this.progressAlignments(level)) progress = true;
    if (this.progressCalls(level)) progress = true;
    for (const vertex of this.vertices) if (this.levelOf(vertex) >= level && vertex.finishWhenEnded()) progress = true;
    return progress;
  }

  /** What came back from outside. Behind a barrier it waits until the barrier is through, like records. */
  private progressCalls(level: number): boolean {
    if (this.asyncVertices.length === 0 || this.isHandedOver) return false;
    let progress = false;
    const timeMs = this.host.processingTimeMs();
    for (const { vertex, operator } of this.asyncVertices) {
      if (vertex.isAtBarrier || vertex.isFinished || this.levelOf(vertex) < level) continue;
      try {
        operator.advanceTime(timeMs, timeMs - 1);
        if (operator.run()) progress = true;
      } catch (error) {
        throw describeFailure(operator, null, error);
      }
    }
    return progress;
  }

  private levelOf(vertex: KeyedVertex): number {
    return this.graph.keyedNodes.indexOf(vertex.node);
  }

  private progressAlignments(level: number): boolean {
    let progress = false;
    for (const vertex of this.vertices) {
      if (vertex.isAligning && this.levelOf(vertex) >= level && vertex.progressAlignment()) progress = true;
    }
    for (const reader of this.readers) {
      if (reader.isHeld && ![...reader.vertices].some((vertex) => vertex.holds(reader))) reader.isHeld = false;
    }
    return progress;
  }

  private setProcessingTime(timeMs: number): void {
    for (const { operator, isAtBarrier, isFinished } of this.vertices) {
      const { timers } = operator;
      if (timeMs <= timers.processingTime || isAtBarrier || isFinished) continue;
      try {
        if (this.graph.processingTime === 'source') {
          timers.advanceProcessingTime(timeMs);
          continue;
        }
        // A live clock's millisecond must be over before its timers fire: never early, after the last record of that ms.
        if (timers.processingTimers.headTime < timeMs) timers.advanceProcessingTime(timeMs - 1);
        timers.processingTime = timeMs;
      } catch (error) {
        throw describeFailure(operator, null, error);
      }
    }
  }

  private createReader(ring: RingPlan): TaskReader {
    const side: Side = ring.from === 'source' ? 'source' : 'task';
    const reader = new TaskReader(this.host.ring(ring.id), ring);
    reader.ring.wakeWriter = () => this.host.wake(ring.from);
    for (const crossing of ring.crossings) {
      const vertex = this.vertices.find(({ node }) => node === crossing.to) as KeyedVertex;
      const origin = this.originOf(reader, this.plan.groupOf(crossing, side).index);
      origin.feed(vertex, crossing.input);
      reader.vertices.add(vertex);
      if (!vertex.readers.includes(reader)) vertex.readers.push(reader);
      this.addHandlers(reader, crossing, vertex, origin);
    }
    reader.setControlHandler(this.controlHandlerOf(reader));
    return reader;
  }

  private samplesOf({ node, operator }: KeyedVertex): KeyGroupSamples | null {
    const memory = this.host.metrics?.keyGroups.get(node.id);
    if (memory === undefined || this.counting === null) return null;
    const known = this.samples.get(node) ?? new KeyGroupSamples(memory, operator.keyTable, this.counting);
    this.samples.set(node, known);
    return known;
  }

  private originOf(reader: TaskReader, group: number): InputOrigin {
    const known = reader.origins.get(group);
    if (known !== undefined) return known;
    const origin = new InputOrigin();
    reader.origins.set(group, origin);
    return origin;
  }

  private addHandlers(
    reader: TaskReader,
    crossing: RingPlan['crossings'][number],
    vertex: KeyedVertex,
    origin: InputOrigin,
  ): void {
    const slotMap = crossing.partitioning.kind === 'key' ? new SlotMap() : null;
    if (slotMap !== null) reader.slotMaps.set(crossing.index, slotMap);
    const keyField = keyFieldOf(crossing);
    const { f, i } = reader.ring;
    const views = crossing.types.map((shape) =>
      compileCodec(shape, keyField).createView(f, i, this.host.symbols, vertex.operator.keyTable),
    );
    const { operator } = vertex;
    const samples = slotMap === null ? null : this.samplesOf(vertex);
    (views.length === 0 ? [null] : views).forEach((view, index) => {
      const type = crossing.firstType + index;
      reader.setHandler(
        type,
        operator instanceof AsyncWaitOperator
          ? new AsyncRecordHandler(reader, type, view, slotMap, origin, operator)
          : new KeyedRecordHandler(reader, type, view, slotMap, origin, operator, crossing.input, samples),
      );
    });
  }

  private controlHandlerOf(reader: TaskReader): ControlHandler {
    const crossings = new Map(reader.plan.crossings.map((crossing) => [crossing.index, crossing]));
    const vertices = new Map(
      [...crossings.values()].map(({ index, to }) => [
        index,
        this.vertices.find(({ node }) => node === to) as KeyedVertex,
      ]),
    );
    const vertexOf = (crossing: number): KeyedVertex => vertices.get(crossing) as KeyedVertex;
    const slotMapOf = (crossing: number): SlotMap => reader.slotMaps.get(crossing) as SlotMap;
    return {
      defineKey: (crossing, sent, key, keyGroup) => {
        slotMapOf(crossing).set(sent, vertexOf(crossing).operator.keyTable.slotFor(key, keyGroup));
      },
      defineSymbolKey: (crossing, sent, symbolId, keyGroup) => {
        slotMapOf(crossing).set(sent, vertexOf(crossing).operator.keyTable.slotForSymbol(symbolId, keyGroup));
      },
      watermark: (group, watermarkMs) => reader.origins.get(group)?.advance(watermarkMs),
      status: (group, idle) => reader.origins.get(group)?.status(idle),
      processingTime: (timeMs) => this.setProcessingTime(timeMs),
      alignment: (sourceId, timestampMs) => this.startAlignment(reader, sourceId, timestampMs),
      latency: (sourceId, markedMs) => this.passLatencyMarker(reader, sourceId, markedMs),
      end: (group) => {
        reader.endedGroups += 1;
        reader.origins.get(group)?.end();
        if (!reader.isEnded) return;
        for (const vertex of reader.vertices) vertex.readerEnded(reader);
      },
      barrier: (id, parallelism) => this.startBarrier(reader, { id, parallelism }),
    };
  }

  private passLatencyMarker(reader: TaskReader, sourceId: number, markedMs: number): void {
    for (const vertex of reader.vertices) {
      if (vertex.isFinished || !this.brings(reader, vertex, sourceId)) continue;
      this.latency?.note(vertex.node, sourceId, markedMs);
      this.outputs.sendLatencyMarker(vertex.node, sourceId, markedMs);
    }
  }

  private startAlignment(reader: TaskReader, sourceId: number, timestampMs: number): boolean {
    for (const vertex of reader.vertices) {
      if (!this.sourceIdsOf(vertex.node).has(sourceId)) continue;
      vertex.alignment(
        reader,
        sourceId,
        timestampMs,
        (vertex.readers as TaskReader[]).filter((other) => !other.isEnded && this.brings(other, vertex, sourceId)),
      );
    }
    return [...reader.vertices].some((vertex) => vertex.isAligning);
  }

  /** Whether markers of a source reach the vertex on this ring. */
  private brings(reader: TaskReader, vertex: KeyedVertex, sourceId: number): boolean {
    return reader.plan.crossings.some((crossing) => {
      if (crossing.to !== vertex.node) return false;
      const side: Side = reader.plan.from === 'source' ? 'source' : 'task';
      return emittersOf(crossing.edge.from, side).some((emitter) =>
        isKeyed(emitter) ? this.sourceIdsOf(emitter).has(sourceId) : emitter.id === sourceId,
      );
    });
  }

  /** The sources whose records can reach a keyed operator. */
  private sourceIdsOf(node: StreamNode): ReadonlySet<number> {
    const known = this.sourcesOf.get(node);
    if (known !== undefined) return known;
    const ids = sourceIdsAbove(node);
    this.sourcesOf.set(node, ids);
    return ids;
  }

  /** Takes mail and works a little on questions about state. @returns whether some of them are left */
  serve(): boolean {
    const { mailbox } = this.host;
    if (mailbox.hasMail())
      for (let mail = mailbox.take(); mail !== undefined; mail = mailbox.take()) this.receive(mail);
    if (!this.queries.isBusy) return false;
    if (this.isHandedOver) this.queries.refuseAll(HANDED_OVER);
    else this.queries.progress();
    return this.queries.isBusy;
  }

  private receive(mail: Mail): void {
    if (mail.kind === 'question') {
      this.batch.asked();
      this.queries.ask(mail.id, mail.question);
    } else this.host.mailbox.answer(this.rowsFor(mail));
  }

  private rowsFor({ id, name, all }: Extract<Mail, { kind: 'rows' }>): MailAnswer {
    const rows = this.vertices.map(({ operator }) => operator.rows.get(name)).find((found) => found !== undefined);
    if (rows === undefined) return { kind: 'refusal', id, problem: `The job publishes no rows '${name}'.` };
    try {
      return { kind: 'rows', id, ...rows.take(all) };
    } catch (error) {
      return { kind: 'refusal', id, problem: error instanceof Error ? error.message : String(error) };
    }
  }

  /** A name is one for the whole job, as in Flink. */
  private checkQueryableNames({ operator }: KeyedVertex): void {
    for (const { name } of operator.queryables.all) {
      const taken = this.vertices.some(
        (other) => other.operator !== operator && other.operator.queryables.get(name) !== undefined,
      );
      if (taken) throw nameTaken(name);
    }
  }
}

function describing(operator: KeyedOperator, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw describeFailure(operator, null, error);
  }
}
