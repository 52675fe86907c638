import { IllegalArgumentError } from '../core/errors.ts';
import type { AsyncWaitWork } from './async.ts';
import type {
  Collector,
  KeyedBroadcastProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  ProcessFunction,
} from './functions.ts';
import type { OutputTag } from './output-tag.ts';
import { AsOfJoin } from './joins/as-of-join.ts';
import { IntervalJoin } from './joins/interval-join.ts';
import { LatestRecord, QueryableStateStream, ReducedRecords } from './queryable-state.ts';
import type { ExternalSink, Sink, SinkContext } from './sink.ts';
import type { ReducingStateDescriptor, ValueStateDescriptor } from './state.ts';
import type { KeySelector, NodeInput, NodeWork, Partitioning, StreamEdge, StreamNode } from './stream-nodes.ts';
import type { StructType, ViewOf } from './struct.ts';
import { CountTrigger } from './windows/count-trigger.ts';
import { CountEvictor } from './windows/evictors.ts';
import { GlobalWindows } from './windows/global-windows.ts';
import { PurgingTrigger } from './windows/purging-trigger.ts';
import type { WindowAssigner } from './windows/window-assigner.ts';
import type { GlobalWindow, Window } from './windows/window.ts';
import { WindowedStream } from './windows/windowed-stream.ts';

/** Where streams leave their nodes; the environment is one. */
export interface NodeRegistry {
  add(work: NodeWork, inputs: readonly NodeInput[], name: string): StreamNode;
}

const FORWARD: Partitioning = { kind: 'forward' };
const REBALANCE: Partitioning = { kind: 'rebalance' };
/** The key of streams without one, where an operator needs one. */
const ALL_RECORDS = 0;

/**
 * A stream of records (Flink: DataStream). Calls describe a job, they do not run it. Stateless operators are chained:
 * they run where their input is, by a plain call. Records cross threads at `keyBy`, `broadcast` and at sinks; a stream
 * that does needs no declaration when its records are plain data (they travel as JSON), and is fast when its struct is
 * declared with `returns`.
 */
export class DataStream<T> {
  protected readonly registry: NodeRegistry;
  /** Engine's business. */
  readonly edges: readonly StreamEdge[];

  constructor(registry: NodeRegistry, edges: readonly StreamEdge[]) {
    this.registry = registry;
    this.edges = edges;
  }

  map<R>(map: (value: T) => R): SingleOutputStreamOperator<R> {
    return this.chain({ kind: 'map', map: map as (value: unknown) => unknown }, 'Map');
  }

  filter(filter: (value: T) => boolean): SingleOutputStreamOperator<T> {
    return this.chain({ kind: 'filter', filter: filter as (value: unknown) => boolean }, 'Filter');
  }

  flatMap<R>(flatMap: (value: T, out: Collector<R>) => void): SingleOutputStreamOperator<R> {
    return this.chain(
      { kind: 'flat-map', flatMap: flatMap as (value: unknown, out: Collector<unknown>) => void },
      'Flat Map',
    );
  }

  /** A function with access to timestamps and side outputs, without keys. */
  process<R>(userFunction: ProcessFunction<T, R>): SingleOutputStreamOperator<R> {
    return this.chain({ kind: 'process', userFunction: userFunction }, 'Process');
  }

  /**
   * Splits the stream by key: records of one key meet in one subtask, in their order (per upstream subtask).
   * @param selector the name of a field, best a struct's `symbol` field (the key then costs nothing per record), or a
   * function that gives a string, number, bigint, boolean or a tuple of these; null and undefined fail the job
   */
  keyBy<K extends keyof T & string>(selector: K): KeyedStream<T[K], T>;
  keyBy<K>(selector: (value: T) => K): KeyedStream<K, T>;
  keyBy(selector: KeySelector): KeyedStream<unknown, T> {
    return new KeyedStream<unknown, T>(this.registry, this.edges, selector);
  }

  /** Windows over all records: as of one key, hence in one subtask, whatever the parallelism. */
  windowAll<W extends Window>(assigner: WindowAssigner<T, W>): WindowedStream<typeof ALL_RECORDS, T, W> {
    return this.keyBy(() => ALL_RECORDS).window(assigner);
  }

  /** Every subtask of what it is connected to receives every record. */
  broadcast(): BroadcastStream<T> {
    return new BroadcastStream<T>(this.edges);
  }

  /** The records of all these streams, in no particular order between them. Their records may be of several structs. */
  union<U>(...others: readonly DataStream<U>[]): DataStream<T | U> {
    return new DataStream<T | U>(this.registry, [...this.edges, ...others.flatMap((other) => other.edges)]);
  }

  /** @param sink its writer runs on the coordinator's thread; an `externalSink` is provided by whoever runs the job */
  sinkTo(sink: Sink<T> | ExternalSink<T>): StreamSink {
    const name = 'externalName' in sink ? sink.externalName : 'Sink';
    return new StreamSink(
      this.registry.add(
        { kind: 'sink', sink: sink as Sink<unknown> },
        [{ edges: this.edges, partitioning: FORWARD }],
        name,
      ),
    );
  }

  addSink(write: (value: T, context: SinkContext) => void): StreamSink {
    return this.sinkTo({ createWriter: () => ({ write }) });
  }

  /** Engine's business: `AsyncDataStream` calls it. */
  asyncWait<R>(work: AsyncWaitWork): SingleOutputStreamOperator<R> {
    const input: NodeInput = { edges: this.edges, partitioning: REBALANCE };
    return new SingleOutputStreamOperator<R>(this.registry, this.registry.add(work, [input], 'AsyncWait'));
  }

  protected chain<R>(work: NodeWork, name: string): SingleOutputStreamOperator<R> {
    return new SingleOutputStreamOperator<R>(
      this.registry,
      this.registry.add(work, [{ edges: this.edges, partitioning: FORWARD }], name),
    );
  }
}

/** The main output of one operator, which can be named and has side outputs. */
export class SingleOutputStreamOperator<T> extends DataStream<T> {
  private readonly node: StreamNode;

  constructor(registry: NodeRegistry, node: StreamNode) {
    super(registry, [{ from: node, side: null }]);
    this.node = node;
  }

  /** For people: shown in plans, metrics and errors. */
  name(name: string): this {
    this.node.name = name;
    return this;
  }

  /**
   * For state: an operator's state is found again by its uid, so give one to every operator that has any and never
   * change it. Unique in the job.
   */
  uid(uid: string): this {
    if (uid.length === 0)
      throw new IllegalArgumentError(`Operator '${this.node.name}' was given an empty uid; leave it out or give one.`);
    this.node.uid = uid;
    return this;
  }

  /** The structs of this stream's records; several when records of several kinds are mixed (each then has its `kind`). */
  returns<const S extends readonly StructType[]>(...structs: S): SingleOutputStreamOperator<ViewOf<S[number]>> {
    this.node.types = structs;
    return this as unknown as SingleOutputStreamOperator<ViewOf<S[number]>>;
  }

  getSideOutput<X>(tag: OutputTag<X>): DataStream<X> {
    return new DataStream<X>(this.registry, [{ from: this.node, side: tag }]);
  }
}

/** The end of a stream. */
export class StreamSink {
  private readonly node: StreamNode;

  constructor(node: StreamNode) {
    this.node = node;
  }

  name(name: string): this {
    this.node.name = name;
    return this;
  }

  uid(uid: string): this {
    this.node.uid = uid;
    return this;
  }
}

/** A stream split by key: state and timers are scoped to the key. */
export class KeyedStream<K, T> {
  private readonly registry: NodeRegistry;
  readonly input: NodeInput;

  constructor(registry: NodeRegistry, edges: readonly StreamEdge[], selector: KeySelector) {
    this.registry = registry;
    this.input = { edges, partitioning: { kind: 'key', selector } };
  }

  process<OUT>(userFunction: KeyedProcessFunction<K, T, OUT>): SingleOutputStreamOperator<OUT> {
    const work: NodeWork = {
      kind: 'keyed-process',
      userFunction: userFunction as unknown as KeyedProcessFunction<never, unknown, unknown>,
    };
    return new SingleOutputStreamOperator<OUT>(this.registry, this.registry.add(work, [this.input], 'KeyedProcess'));
  }

  /** Records of a key in groups: by time, by session, by whatever an assigner says. */
  window<W extends Window>(assigner: WindowAssigner<T, W>): WindowedStream<K, T, W> {
    return new WindowedStream<K, T, W>(this.registry, this.input, assigner);
  }

  /** Groups of `countMax` records; with a slide: every `slide` records the last `countMax` of them. */
  countWindow(countMax: number, slide: number | null = null): WindowedStream<K, T, GlobalWindow> {
    const windows = this.window(GlobalWindows.create());
    return slide === null
      ? windows.trigger(PurgingTrigger.of(CountTrigger.of(countMax)))
      : windows.evictor(CountEvictor.of<T>(countMax)).trigger(CountTrigger.of(slide));
  }

  /** Pairs of records of the same key whose times lie in an interval of each other. */
  intervalJoin<U>(other: KeyedStream<K, U>): IntervalJoin<K, T, U> {
    return new IntervalJoin<K, T, U>(this.registry, this.input, other.input);
  }

  /** Each record with the version of the other stream that was valid at its time. */
  asOfJoin<V>(versions: KeyedStream<K, V>): AsOfJoin<K, T, V> {
    return new AsOfJoin<K, T, V>(this.registry, this.input, versions.input);
  }

  /** Engine's business: `AsyncDataStream` calls it. */
  asyncWait<R>(work: AsyncWaitWork): SingleOutputStreamOperator<R> {
    return new SingleOutputStreamOperator<R>(this.registry, this.registry.add(work, [this.input], 'AsyncWait'));
  }

  /**
   * Ends the stream in state that can be asked for by key (Flink: asQueryableState).
   * @param name of the state in questions; one for the whole job
   * @param descriptor absent: a key's latest record; reducing state: what its records come to
   */
  asQueryableState(
    name: string,
    descriptor: ValueStateDescriptor<T> | ReducingStateDescriptor<T> | null = null,
  ): QueryableStateStream {
    const userFunction =
      descriptor?.kind === 'reducing' ? new ReducedRecords<T>(descriptor, name) : new LatestRecord<T>(descriptor, name);
    const work: NodeWork = {
      kind: 'keyed-process',
      userFunction: userFunction as unknown as KeyedProcessFunction<never, unknown, unknown>,
    };
    return new QueryableStateStream(name, this.registry.add(work, [this.input], `Queryable state: ${name}`));
  }

  /** With another stream of the same key, or with a broadcast stream. */
  connect<U>(other: KeyedStream<K, U>): ConnectedStreams<K, T, U>;
  connect<U>(other: BroadcastStream<U>): BroadcastConnectedStream<K, T, U>;
  connect<U>(
    other: KeyedStream<K, U> | BroadcastStream<U>,
  ): ConnectedStreams<K, T, U> | BroadcastConnectedStream<K, T, U> {
    return other instanceof BroadcastStream
      ? new BroadcastConnectedStream<K, T, U>(this.registry, this.input, other.input)
      : new ConnectedStreams<K, T, U>(this.registry, this.input, other.input);
  }
}

export class BroadcastStream<T> {
  readonly input: NodeInput;
  declare private readonly phantom: T;

  constructor(edges: readonly StreamEdge[]) {
    this.input = { edges, partitioning: { kind: 'broadcast' } };
  }
}

/** Two keyed streams that meet in one function. */
export class ConnectedStreams<K, T, U> {
  private readonly registry: NodeRegistry;
  private readonly inputs: readonly NodeInput[];

  constructor(registry: NodeRegistry, first: NodeInput, second: NodeInput) {
    this.registry = registry;
    this.inputs = [first, second];
  }

  process<OUT>(userFunction: KeyedCoProcessFunction<K, T, U, OUT>): SingleOutputStreamOperator<OUT> {
    const work: NodeWork = {
      kind: 'keyed-co-process',
      userFunction: userFunction as unknown as KeyedCoProcessFunction<never, unknown, unknown, unknown>,
    };
    return new SingleOutputStreamOperator<OUT>(this.registry, this.registry.add(work, this.inputs, 'KeyedCoProcess'));
  }
}

/** A keyed stream and a broadcast stream that meet in one function. */
export class BroadcastConnectedStream<K, T, U> {
  private readonly registry: NodeRegistry;
  private readonly inputs: readonly NodeInput[];

  constructor(registry: NodeRegistry, keyed: NodeInput, broadcast: NodeInput) {
    this.registry = registry;
    this.inputs = [keyed, broadcast];
  }

  process<OUT>(userFunction: KeyedBroadcastProcessFunction<K, T, U, OUT>): SingleOutputStreamOperator<OUT> {
    const work: NodeWork = {
      kind: 'keyed-broadcast',
      userFunction: userFunction as unknown as KeyedBroadcastProcessFunction<never, unknown, unknown, unknown>,
    };
    return new SingleOutputStreamOperator<OUT>(this.registry, this.registry.add(work, this.inputs, 'KeyedBroadcast'));
  }
}
