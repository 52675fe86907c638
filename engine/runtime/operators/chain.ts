import type { Collector, ProcessContext, ProcessFunction, TimerService } from '../../api/functions.ts';
import type { OutputTag } from '../../api/output-tag.ts';
import type { StreamEdge, StreamNode } from '../../api/stream-nodes.ts';
import { UnsupportedOperationError } from '../../core/errors.ts';
import { isKeyed, uidOf, type Crossing, type JobGraph } from '../../graph/job-graph.ts';
import { isCancellation, OperatorFailure, recordText } from '../operator-failure.ts';
import { emitToSide } from './operator-context.ts';
import { TimestampedCollector, type RecordOutput } from './output.ts';

/** Records of one node: main output and side outputs, each to whoever reads it; to nobody is fine. */
export class NodeOutput implements RecordOutput {
  protected main: RecordOutput = NOWHERE;
  private readonly sides = new Map<string, SideOutput>();
  private sideRecords = 0;

  setMain(output: RecordOutput): void {
    this.main = output;
  }

  setSide(id: string, output: RecordOutput): void {
    this.sides.set(id, { output, records: 0 });
  }

  /** Records to side outputs alone; CountedOutput counts all. */
  get recordsOut(): number {
    return this.sideRecords;
  }

  /** @param side id of the side output; null: the main output, of which CountedOutput knows */
  recordsTo(side: string | null): number {
    return side === null ? 0 : (this.sides.get(side)?.records ?? 0);
  }

  emit(record: unknown, timestamp: number): void {
    this.main.emit(record, timestamp);
  }

  emitSide(tag: OutputTag<unknown>, record: unknown, timestamp: number): void {
    this.sideRecords += 1;
    const side = this.sides.get(tag.id);
    if (side === undefined) return;
    side.records += 1;
    side.output.emit(record, timestamp);
  }
}

/** The same where records of the main output are counted, too. */
export class CountedOutput extends NodeOutput {
  private mainRecords = 0;

  override get recordsOut(): number {
    return this.mainRecords + super.recordsOut;
  }

  override recordsTo(side: string | null): number {
    return side === null ? this.mainRecords : super.recordsTo(side);
  }

  override emit(record: unknown, timestamp: number): void {
    this.mainRecords += 1;
    // Not the inherited one: it is one more call to inline into the loops that send.
    this.main.emit(record, timestamp);
  }
}

interface SideOutput {
  readonly output: RecordOutput;
  records: number;
}

const NOWHERE: RecordOutput = { emit: () => undefined };

class FanOut implements RecordOutput {
  private readonly outputs: readonly RecordOutput[];

  constructor(outputs: readonly RecordOutput[]) {
    this.outputs = outputs;
  }

  emit(record: unknown, timestamp: number): void {
    for (const output of this.outputs) output.emit(record, timestamp);
  }
}

/** A stateless operator, called directly by what feeds it. Its errors carry its name and the record. */
abstract class ChainedOperator implements RecordOutput {
  protected readonly output: NodeOutput;
  private readonly node: StreamNode;

  constructor(node: StreamNode, output: NodeOutput) {
    this.node = node;
    this.output = output;
  }

  emit(record: unknown, timestamp: number): void {
    try {
      this.process(record, timestamp);
    } catch (error) {
      if (error instanceof OperatorFailure || isCancellation(error)) throw error;
      const place = {
        operatorName: this.node.name,
        uid: uidOf(this.node),
        subtaskIndex: null,
        key: null,
        record: recordText(record),
        timerMs: null,
      };
      throw new OperatorFailure(place, error);
    }
  }

  open(): void {}
  close(): void {}
  protected abstract process(record: unknown, timestamp: number): void;
}

class MapOperator extends ChainedOperator {
  private readonly map: (value: unknown) => unknown;
  constructor(node: StreamNode, output: NodeOutput, map: (value: unknown) => unknown) {
    super(node, output);
    this.map = map;
  }
  protected process(record: unknown, timestamp: number): void {
    this.output.emit(this.map(record), timestamp);
  }
}

class FilterOperator extends ChainedOperator {
  private readonly filter: (value: unknown) => boolean;
  constructor(node: StreamNode, output: NodeOutput, filter: (value: unknown) => boolean) {
    super(node, output);
    this.filter = filter;
  }
  protected process(record: unknown, timestamp: number): void {
    if (this.filter(record)) this.output.emit(record, timestamp);
  }
}

class FlatMapOperator extends ChainedOperator {
  private readonly flatMap: (value: unknown, out: Collector<unknown>) => void;
  private readonly collector: TimestampedCollector<unknown>;
  constructor(node: StreamNode, output: NodeOutput, flatMap: (value: unknown, out: Collector<unknown>) => void) {
    super(node, output);
    this.flatMap = flatMap;
    this.collector = new TimestampedCollector(output);
  }
  protected process(record: unknown, timestamp: number): void {
    this.collector.timestamp = timestamp;
    this.flatMap(record, this.collector);
  }
}

/** The context a ProcessFunction sees; its records have timestamps, but no keys and hence no timers. */
class UnkeyedContext implements ProcessContext {
  private readonly collector: TimestampedCollector<unknown>;
  private readonly node: NodeOutput;
  constructor(collector: TimestampedCollector<unknown>, node: NodeOutput) {
    this.collector = collector;
    this.node = node;
  }
  timestamp(): number | null {
    return Number.isNaN(this.collector.timestamp) ? null : this.collector.timestamp;
  }
  timerService(): TimerService {
    throw new UnsupportedOperationError('Setting timers is only supported on a keyed streams.');
  }
  output<X>(tag: OutputTag<X>, value: X): void {
    emitToSide(this.node, tag, value, this.collector.timestamp);
  }
}

class ProcessOperator extends ChainedOperator {
  private readonly userFunction: ProcessFunction<unknown, unknown>;
  private readonly collector: TimestampedCollector<unknown>;
  private readonly context: UnkeyedContext;
  constructor(node: StreamNode, output: NodeOutput, userFunction: ProcessFunction<unknown, unknown>) {
    super(node, output);
    this.userFunction = userFunction;
    this.collector = new TimestampedCollector(output);
    this.context = new UnkeyedContext(this.collector, output);
  }
  override open(): void {
    this.userFunction.open();
  }
  override close(): void {
    this.userFunction.close();
  }
  protected process(record: unknown, timestamp: number): void {
    this.collector.timestamp = timestamp;
    this.userFunction.processElement(record, this.context, this.collector);
  }
}

/** Builds what follows each emitter on one side of the job: chained operators and the writers at their ends. */
export class ChainBuilder {
  readonly operators: ChainedOperator[] = [];
  private readonly graph: JobGraph;
  private readonly createWriter: (crossing: Crossing) => RecordOutput;
  private readonly createOutput: (node: StreamNode) => NodeOutput;
  readonly outputs = new Map<StreamNode, NodeOutput>();
  private readonly inputs = new Map<StreamNode, RecordOutput>();

  constructor(
    graph: JobGraph,
    createOutput: (node: StreamNode) => NodeOutput,
    createWriter: (crossing: Crossing) => RecordOutput,
  ) {
    this.graph = graph;
    this.createOutput = createOutput;
    this.createWriter = createWriter;
  }

  outputOf(node: StreamNode): NodeOutput {
    const known = this.outputs.get(node);
    if (known !== undefined) return known;
    const output = this.createOutput(node);
    this.outputs.set(node, output);
    output.setMain(this.toReaders(node, null));
    for (const id of this.sideIdsOf(node)) output.setSide(id, this.toReaders(node, id));
    return output;
  }

  private sideIdsOf(node: StreamNode): string[] {
    const ids = this.graph.nodes.flatMap((reader) =>
      edgesOf(reader).flatMap((edge) => (edge.from === node && edge.side !== null ? [edge.side.id] : [])),
    );
    return [...new Set(ids)];
  }

  private toReaders(node: StreamNode, sideId: string | null): RecordOutput {
    const matches = (edge: StreamEdge): boolean => edge.from === node && (edge.side?.id ?? null) === sideId;
    const writers = this.graph.crossings
      .filter((crossing) => matches(crossing.edge))
      .map((crossing) => this.createWriter(crossing));
    const chained = this.graph.nodes
      .filter((reader) => !isKeyed(reader) && reader.work.kind !== 'sink')
      .flatMap((reader) =>
        edgesOf(reader)
          .filter(matches)
          .map(() => this.inputOf(reader)),
      );
    const all = [...chained, ...writers];
    return all.length === 0 ? NOWHERE : all.length === 1 ? all[0] : new FanOut(all);
  }

  private inputOf(node: StreamNode): RecordOutput {
    const known = this.inputs.get(node);
    if (known !== undefined) return known;
    const operator = this.createOperator(node, this.outputOf(node));
    this.inputs.set(node, operator);
    this.operators.push(operator);
    return operator;
  }

  private createOperator(node: StreamNode, output: NodeOutput): ChainedOperator {
    switch (node.work.kind) {
      case 'map':
        return new MapOperator(node, output, node.work.map);
      case 'filter':
        return new FilterOperator(node, output, node.work.filter);
      case 'flat-map':
        return new FlatMapOperator(node, output, node.work.flatMap);
      case 'process':
        return new ProcessOperator(node, output, node.work.userFunction);
      case 'source':
      case 'keyed-process':
      case 'keyed-co-process':
      case 'keyed-broadcast':
      case 'window':
      case 'interval-join':
      case 'as-of-join':
      case 'async-wait':
      case 'sink':
        throw new Error(`Operator '${node.name}' (${node.work.kind}) cannot be chained.`);
    }
  }
}

function edgesOf(node: StreamNode): StreamEdge[] {
  return node.inputs.flatMap(({ edges }) => [...edges]);
}
