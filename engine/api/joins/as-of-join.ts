import { IllegalArgumentError } from '../../core/errors.ts';
import { SingleOutputStreamOperator, type NodeRegistry } from '../data-stream.ts';
import { RichFunction, type Collector } from '../functions.ts';
import type { OutputTag } from '../output-tag.ts';
import type { NodeInput } from '../stream-nodes.ts';
import type { AsOfJoinWork, AsOfMatch } from './join-work.ts';

export interface AsOfContext {
  /** Of the record; what is collected carries it. */
  timestamp(): number;
  /** Of the version; null when there is none. */
  versionTimestamp(): number | null;
  output<X>(tag: OutputTag<X>, value: X): void;
}

/** Sees each record with what was valid at its time; null: nothing was. */
export abstract class AsOfJoinFunction<T, V, OUT> extends RichFunction {
  abstract processElement(value: T, version: V | null, context: AsOfContext, out: Collector<OUT>): void;
}

/**
 * Joins each record with the newest version of the other stream that was valid at the record's time (Flink SQL: event-time
 * temporal join, FOR SYSTEM_TIME AS OF):
 *
 *   trades.keyBy('symbol').asOfJoin(quotes.keyBy('symbol')).within(5_000).process(...)
 *
 * A record waits until the watermark has reached its time: then every version up to it has come, in whatever order the two
 * streams arrived, and the result depends on neither. Versions of one millisecond are valid in the order in which they
 * came: the last one counts. Kept are the versions that a record still to come can see: the newest one that the watermark
 * has passed, and those after it.
 */
export class AsOfJoin<K, T, V> {
  private readonly registry: NodeRegistry;
  private readonly inputs: readonly NodeInput[];
  private match: AsOfMatch = 'at-or-before';
  private ageMaxMs = Infinity;
  private leftLateTag: OutputTag<T> | null = null;
  private rightLateTag: OutputTag<V> | null = null;
  declare private readonly phantom: K;

  constructor(registry: NodeRegistry, left: NodeInput, right: NodeInput) {
    this.registry = registry;
    this.inputs = [left, right];
  }

  /** A version of the record's own millisecond does not count: only what was known before. */
  strictlyBefore(): this {
    this.match = 'before';
    return this;
  }

  /** A version older than this, seen from the record, does not count. */
  within(ageMaxMs: number): this {
    if (!(ageMaxMs >= 0)) throw new IllegalArgumentError(`An age must be 0 ms or more; found ${ageMaxMs}.`);
    this.ageMaxMs = ageMaxMs;
    return this;
  }

  /** Where records go that are not ahead of the watermark, instead of being counted and dropped. */
  sideOutputLeftLateData(tag: OutputTag<T>): this {
    this.leftLateTag = tag;
    return this;
  }

  sideOutputRightLateData(tag: OutputTag<V>): this {
    this.rightLateTag = tag;
    return this;
  }

  process<OUT>(userFunction: AsOfJoinFunction<T, V, OUT>): SingleOutputStreamOperator<OUT> {
    const work: AsOfJoinWork = {
      kind: 'as-of-join',
      match: this.match,
      ageMaxMs: this.ageMaxMs,
      leftLateTag: this.leftLateTag,
      rightLateTag: this.rightLateTag,
      userFunction: userFunction,
    };
    return new SingleOutputStreamOperator<OUT>(this.registry, this.registry.add(work, this.inputs, 'As-of Join'));
  }
}
