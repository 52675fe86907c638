import { IllegalArgumentError, UnsupportedOperationError } from '../../core/errors.ts';
import { SingleOutputStreamOperator, type NodeRegistry } from '../data-stream.ts';
import type { OutputTag } from '../output-tag.ts';
import type { AggregateFunction, ReduceFunction } from '../state.ts';
import type { NodeInput } from '../stream-nodes.ts';
import type { Evictor } from './evictors.ts';
import type { ProcessWindowFunction } from './process-window-function.ts';
import type { Trigger } from './trigger.ts';
import { MergingWindowAssigner, type WindowAssigner } from './window-assigner.ts';
import type { WindowComputation, WindowWork } from './window-work.ts';
import type { Window } from './window.ts';

/**
 * A keyed stream whose records are grouped into windows (Flink: WindowedStream):
 *
 *   stream.keyBy('sensor')
 *     .window(TumblingEventTimeWindows.of(60_000))
 *     .allowedLateness(5_000)
 *     .sideOutputLateData(LATE)
 *     .aggregate(new Mean())
 *
 * A record that comes when none of its windows lives any more is late: it goes to the side output, or is counted
 * (`numLateRecordsDropped`) and dropped. So is one whose session would, by merging, have to end in the past.
 */
export class WindowedStream<K, T, W extends Window> {
  private readonly registry: NodeRegistry;
  private readonly input: NodeInput;
  private readonly assigner: WindowAssigner<T, W>;
  private ownTrigger: Trigger<T, W> | null = null;
  private ownEvictor: Evictor<T, W> | null = null;
  private latenessMs = 0;
  private lateTag: OutputTag<T> | null = null;

  constructor(registry: NodeRegistry, input: NodeInput, assigner: WindowAssigner<T, W>) {
    this.registry = registry;
    this.input = input;
    this.assigner = assigner;
  }

  /** Instead of the assigner's own. @throws UnsupportedOperationError for one that cannot merge, on windows that do */
  trigger(trigger: Trigger<T, W>): this {
    if (this.assigner instanceof MergingWindowAssigner && !trigger.canMerge()) {
      throw new UnsupportedOperationError(
        'A merging window assigner cannot be used with a trigger that does not support merging.',
      );
    }
    this.ownTrigger = trigger;
    return this;
  }

  evictor(evictor: Evictor<T, W>): this {
    this.ownEvictor = evictor;
    return this;
  }

  /** How long a window is kept behind its end: a record that comes meanwhile makes it fire again. Event time only. */
  allowedLateness(latenessMs: number): this {
    if (!(latenessMs >= 0)) throw new IllegalArgumentError('The allowed lateness cannot be negative.');
    this.latenessMs = latenessMs;
    return this;
  }

  /** Where late records go, instead of being counted and dropped. */
  sideOutputLateData(tag: OutputTag<T>): this {
    if (tag === null || tag === undefined) throw new IllegalArgumentError('Side output tag must not be null.');
    this.lateTag = tag;
    return this;
  }

  /** One value per window, made record by record; the first record is taken as it is. */
  reduce(reduce: ReduceFunction<T>): SingleOutputStreamOperator<T>;
  reduce<R>(
    reduce: ReduceFunction<T>,
    windowFunction: ProcessWindowFunction<T, R, K, W>,
  ): SingleOutputStreamOperator<R>;
  reduce(reduce: ReduceFunction<T>, windowFunction: ProcessWindowFunction<T, unknown, K, W> | null = null): unknown {
    return this.add({ kind: 'reduce', reduce: reduce as ReduceFunction<unknown> }, windowFunction, 'Reduce');
  }

  /** One accumulator per window, grown record by record. `add` must not keep a record that is a view. */
  aggregate<ACC, R>(aggregate: AggregateFunction<T, ACC, R>): SingleOutputStreamOperator<R>;
  aggregate<ACC, V, R>(
    aggregate: AggregateFunction<T, ACC, V>,
    windowFunction: ProcessWindowFunction<V, R, K, W>,
  ): SingleOutputStreamOperator<R>;
  aggregate<ACC, V>(
    aggregate: AggregateFunction<T, ACC, V>,
    windowFunction: ProcessWindowFunction<V, unknown, K, W> | null = null,
  ): unknown {
    const work: WindowComputation = {
      kind: 'aggregate',
      aggregate: aggregate,
    };
    return this.add(work, windowFunction, 'Aggregate');
  }

  /** Sees all records of a window at once: each is kept until then. */
  process<R>(windowFunction: ProcessWindowFunction<T, R, K, W>): SingleOutputStreamOperator<R> {
    return this.add({ kind: 'list' }, windowFunction, 'Process');
  }

  private add<V, R>(
    computation: WindowComputation,
    windowFunction: ProcessWindowFunction<V, R, K, W> | null,
    name: string,
  ): SingleOutputStreamOperator<R> {
    const work = {
      kind: 'window',
      assigner: this.assigner,
      trigger: this.ownTrigger ?? this.assigner.getDefaultTrigger(),
      evictor: this.ownEvictor,
      allowedLatenessMs: this.latenessMs,
      lateTag: this.lateTag,
      computation,
      windowFunction,
    } as unknown as WindowWork;
    return new SingleOutputStreamOperator<R>(this.registry, this.registry.add(work, [this.input], `Window ${name}`));
  }
}
