import { IllegalArgumentError } from '../../core/errors.ts';
import { SingleOutputStreamOperator, type NodeRegistry } from '../data-stream.ts';
import { RichFunction, type Collector } from '../functions.ts';
import type { OutputTag } from '../output-tag.ts';
import type { NodeInput } from '../stream-nodes.ts';
import type { IntervalJoinWork } from './join-work.ts';

/** What a join may ask about the pair at hand. */
export interface JoinContext {
  getLeftTimestamp(): number;
  getRightTimestamp(): number;
  /** The later of both: what is collected carries it. */
  getTimestamp(): number;
  output<X>(tag: OutputTag<X>, value: X): void;
}

/** Sees each pair of records that belong together (Flink: ProcessJoinFunction). Records may be views: do not keep them. */
export abstract class ProcessJoinFunction<IN1, IN2, OUT> extends RichFunction {
  abstract processElement(left: IN1, right: IN2, context: JoinContext, out: Collector<OUT>): void;
}

/**
 * Joins records of one key whose times lie in an interval of each other (Flink: IntervalJoin):
 *
 *   orders.keyBy('id').intervalJoin(payments.keyBy('order')).between(0, 3_600_000).process(...)
 *
 * pairs each order with the payments made from it on until an hour later. Event time only; a record is kept until no
 * record of the other side can match it any more.
 */
export class IntervalJoin<K, T1, T2> {
  private readonly registry: NodeRegistry;
  private readonly inputs: readonly NodeInput[];
  declare private readonly phantom: readonly [K, T1, T2];

  constructor(registry: NodeRegistry, left: NodeInput, right: NodeInput) {
    this.registry = registry;
    this.inputs = [left, right];
  }

  /** right.timestamp in [left.timestamp + lowerMs, left.timestamp + upperMs], whole ms, negative ones too */
  between(lowerMs: number, upperMs: number): IntervalJoined<K, T1, T2> {
    return new IntervalJoined(this.registry, this.inputs, lowerMs, upperMs);
  }
}

export class IntervalJoined<K, T1, T2> {
  private readonly registry: NodeRegistry;
  private readonly inputs: readonly NodeInput[];
  private readonly lowerMs: number;
  private readonly upperMs: number;
  private lowerStep = 0;
  private upperStep = 0;
  private leftLateTag: OutputTag<T1> | null = null;
  private rightLateTag: OutputTag<T2> | null = null;
  declare private readonly phantom: K;

  constructor(registry: NodeRegistry, inputs: readonly NodeInput[], lowerMs: number, upperMs: number) {
    if (!Number.isInteger(lowerMs) || !Number.isInteger(upperMs) || lowerMs > upperMs) {
      throw new IllegalArgumentError(
        `An interval join needs whole ms with lower bound <= upper bound; found ${lowerMs} and ${upperMs}.`,
      );
    }
    this.registry = registry;
    this.inputs = inputs;
    this.lowerMs = lowerMs;
    this.upperMs = upperMs;
  }

  lowerBoundExclusive(): this {
    this.lowerStep = 1;
    return this;
  }

  upperBoundExclusive(): this {
    this.upperStep = 1;
    return this;
  }

  /** Where left records go that are behind the watermark, instead of being counted and dropped. */
  sideOutputLeftLateData(tag: OutputTag<T1>): this {
    this.leftLateTag = tag;
    return this;
  }

  sideOutputRightLateData(tag: OutputTag<T2>): this {
    this.rightLateTag = tag;
    return this;
  }

  /** @throws IllegalArgumentError when both bounds are exclusive and nothing lies between them */
  process<OUT>(userFunction: ProcessJoinFunction<T1, T2, OUT>): SingleOutputStreamOperator<OUT> {
    const lowerMs = this.lowerMs + this.lowerStep;
    const upperMs = this.upperMs - this.upperStep;
    if (lowerMs > upperMs) {
      throw new IllegalArgumentError(
        `No millisecond lies between the bounds ${this.lowerMs} and ${this.upperMs} of the interval join; make one of them inclusive.`,
      );
    }
    const work: IntervalJoinWork = {
      kind: 'interval-join',
      lowerMs,
      upperMs,
      leftLateTag: this.leftLateTag,
      rightLateTag: this.rightLateTag,
      userFunction: userFunction,
    };
    return new SingleOutputStreamOperator<OUT>(this.registry, this.registry.add(work, this.inputs, 'Interval Join'));
  }
}
