import { IllegalArgumentError } from '../core/errors.ts';
import { KeyedProcessFunction, type RuntimeContext } from './functions.ts';
import {
  valueState,
  type AggregatingStateDescriptor,
  type ListStateDescriptor,
  type MapStateDescriptor,
  type ReducingState,
  type ReducingStateDescriptor,
  type StructStateDescriptor,
  type ValueState,
  type ValueStateDescriptor,
} from './state.ts';
import type { StreamNode } from './stream-nodes.ts';
import { toObject } from './struct.ts';

/**
 * The same state, and whoever knows `name` can ask for it from outside while the job runs (Flink: setQueryable). It costs
 * nothing until somebody asks. The name is one for the whole job: a second operator that takes it fails the job.
 *
 * `const TOTALS = setQueryable(valueState<number>('totals'), 'totals-by-user');`
 *
 * State with a time to live can be asked for as well, which Flink refuses: what has expired is not there, whatever its
 * visibility says, and looking renews nothing. When it expires is told with it (`LookedUp.expiresAtMs`).
 *
 * @throws IllegalArgumentError for an empty name, and for a second one, as Flink
 */
export function setQueryable<
  D extends { readonly kind: string; readonly name: string; readonly queryableName?: string },
>(descriptor: D, name: string): D {
  if (name.length === 0)
    throw new IllegalArgumentError(`State '${descriptor.name}' was made queryable under an empty name; give it one.`);
  if (descriptor.queryableName !== undefined)
    throw new IllegalArgumentError(
      `Queryable state name already set: state '${descriptor.name}' is queryable as '${descriptor.queryableName}'.`,
    );
  return { ...descriptor, queryableName: name };
}

/** What a look-up of state with this descriptor gives: plain data, a copy. */
export type QueriedValue<D> =
  D extends StructStateDescriptor<infer V>
    ? Omit<V, 'kind'>
    : D extends ValueStateDescriptor<infer T> | ReducingStateDescriptor<infer T>
      ? T
      : D extends MapStateDescriptor<infer MK, infer MV>
        ? ReadonlyMap<MK, MV>
        : D extends AggregatingStateDescriptor<never, never, infer OUT>
          ? OUT
          : D extends ListStateDescriptor<infer T>
            ? readonly T[]
            : never;

/** The end of a keyed stream that is there to be asked (Flink: QueryableStateStream). */
export class QueryableStateStream {
  readonly queryableStateName: string;
  private readonly node: StreamNode;

  constructor(queryableStateName: string, node: StreamNode) {
    this.queryableStateName = queryableStateName;
    this.node = node;
  }

  /** The state is found again by it after a restore. */
  uid(uid: string): this {
    this.node.uid = uid;
    return this;
  }
}

/** Keeps a key's latest record. */
export class LatestRecord<T> extends KeyedProcessFunction<unknown, T, never> {
  private readonly descriptor: ValueStateDescriptor<T>;
  private state!: ValueState<T>;

  constructor(descriptor: ValueStateDescriptor<T> | null, name: string) {
    super();
    this.descriptor = setQueryable(descriptor ?? valueState<T>(name), name);
  }

  override open(context: RuntimeContext): void {
    this.state = context.getState(this.descriptor);
  }

  processElement(record: T): void {
    this.state.update(copyOf(record));
  }
}

/** Keeps what a key's records come to. */
export class ReducedRecords<T> extends KeyedProcessFunction<unknown, T, never> {
  private readonly descriptor: ReducingStateDescriptor<T>;
  private state!: ReducingState<T>;

  constructor(descriptor: ReducingStateDescriptor<T>, name: string) {
    super();
    this.descriptor = setQueryable(descriptor, name);
  }

  override open(context: RuntimeContext): void {
    this.state = context.getReducingState(this.descriptor);
  }

  processElement(record: T): void {
    this.state.add(copyOf(record));
  }
}

/** A record may be a view, which is valid during the call only. */
function copyOf<T>(record: T): T {
  return typeof record === 'object' && record !== null ? toObject(record) : record;
}
