import type { StateSchema } from './state-schema.ts';
import type { StateTtlConfig } from './state-ttl.ts';
import type { Fields, StructType, View } from './struct.ts';

/** Keyed state of the current key (Flink: ValueState). */
export interface ValueState<T> {
  /** null when absent, or the descriptor's default. */
  value(): T | null;
  /** null clears. */
  update(value: T | null): void;
  clear(): void;
}

/**
 * Keyed state with a struct's fields, held in columns. `value()` hands out one reused live view: writing a field writes
 * the state. The view is valid until the next call with another key.
 */
export interface StructState<V> {
  value(): V | null;
  /** The state of the current key, made with every field 0 when absent. */
  create(): V;
  clear(): void;
}

export interface ListState<T> {
  get(): readonly T[];
  add(value: T): void;
  addAll(values: readonly T[]): void;
  update(values: readonly T[]): void;
  clear(): void;
}

export interface MapState<MK, MV> {
  get(key: MK): MV | null;
  put(key: MK, value: MV): void;
  remove(key: MK): void;
  contains(key: MK): boolean;
  isEmpty(): boolean;
  keys(): Iterable<MK>;
  values(): Iterable<MV>;
  entries(): Iterable<readonly [MK, MV]>;
  clear(): void;
}

export interface ReducingState<T> {
  get(): T | null;
  add(value: T): void;
  clear(): void;
}

export interface AggregatingState<IN, OUT> {
  get(): OUT | null;
  add(value: IN): void;
  clear(): void;
}

export interface ReadOnlyBroadcastState<MK, MV> {
  get(key: MK): MV | null;
  contains(key: MK): boolean;
  entries(): Iterable<readonly [MK, MV]>;
}

export interface BroadcastState<MK, MV> extends ReadOnlyBroadcastState<MK, MV> {
  put(key: MK, value: MV): void;
  remove(key: MK): void;
  clear(): void;
}

export type ReduceFunction<T> = (left: T, right: T) => T;

export interface AggregateFunction<IN, ACC, OUT> {
  createAccumulator(): ACC;
  add(value: IN, accumulator: ACC): ACC;
  getResult(accumulator: ACC): OUT;
  merge(left: ACC, right: ACC): ACC;
}

interface Named {
  /** Unique within the operator; state is found again by it after a restore. */
  readonly name: string;
  /** Under which it can be asked for from outside; see `setQueryable`. */
  readonly queryableName?: string;
  /** Absent: the first version, which takes what is stored as it is. See `withSchema`. */
  readonly schema?: StateSchema;
}
interface Mortal extends Named {
  /** Absent: it lives until it is cleared. See `enableTimeToLive`. */
  readonly ttl?: StateTtlConfig;
}
export interface ValueStateDescriptor<T> extends Mortal {
  readonly kind: 'value';
  readonly defaultValue: T | null;
}
export interface StructStateDescriptor<V> extends Named {
  readonly kind: 'struct';
  readonly struct: StructType;
  readonly phantom?: V;
}
export interface ListStateDescriptor<T> extends Mortal {
  readonly kind: 'list';
  readonly phantom?: T;
}
export interface MapStateDescriptor<MK, MV> extends Mortal {
  readonly kind: 'map';
  readonly phantom?: readonly [MK, MV];
}
export interface ReducingStateDescriptor<T> extends Mortal {
  readonly kind: 'reducing';
  readonly reduce: ReduceFunction<T>;
}
export interface AggregatingStateDescriptor<IN, ACC, OUT> extends Mortal {
  readonly kind: 'aggregating';
  readonly aggregate: AggregateFunction<IN, ACC, OUT>;
}

/** Any descriptor whose keyed state object is `S`. */
export type StateDescriptors<S> =
  S extends StructState<infer V>
    ? StructStateDescriptor<V>
    : S extends ValueState<infer T>
      ? ValueStateDescriptor<T>
      : S extends MapState<infer MK, infer MV>
        ? MapStateDescriptor<MK, MV>
        : S extends ListState<infer T>
          ? ListStateDescriptor<T>
          : never;

export function valueState<T>(name: string, defaultValue: T | null = null): ValueStateDescriptor<T> {
  return { kind: 'value', name, defaultValue };
}
export function structState<F extends Fields, Name extends string>(
  name: string,
  struct: StructType<F, Name>,
): StructStateDescriptor<View<F, Name>> {
  return { kind: 'struct', name, struct };
}
export function listState<T>(name: string): ListStateDescriptor<T> {
  return { kind: 'list', name };
}
export function mapState<MK, MV>(name: string): MapStateDescriptor<MK, MV> {
  return { kind: 'map', name };
}
export function reducingState<T>(name: string, reduce: ReduceFunction<T>): ReducingStateDescriptor<T> {
  return { kind: 'reducing', name, reduce };
}
export function aggregatingState<IN, ACC, OUT>(
  name: string,
  aggregate: AggregateFunction<IN, ACC, OUT>,
): AggregatingStateDescriptor<IN, ACC, OUT> {
  return { kind: 'aggregating', name, aggregate };
}

/** Gives access to the state of the current key. Call in `open`; use the result while a key is set. */
export interface KeyedStateStore {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getStructState<V>(descriptor: StructStateDescriptor<V>): StructState<V>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): MapState<MK, MV>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT>;
}
