import type { WideInteger } from '../core/wide-integer.ts';
import type { StateSchema } from './state-schema.ts';
import type {
  MapStateDescriptor,
  ReadOnlyBroadcastState,
  BroadcastState,
  StateDescriptors,
  KeyedStateStore,
} from './state.ts';
import type { OutputTag } from './output-tag.ts';

/** Where a function sends its results. Collected records keep the timestamp of the record or timer that caused them. */
export interface Collector<OUT> {
  collect(record: OUT): void;
}

export type TimeDomain = 'event-time' | 'processing-time';

/**
 * Time and timers of the current key (Flink: TimerService). At most one timer per key, time and domain: registering
 * it again does nothing. A timer at or below the current watermark fires on the next watermark, not at once.
 */
export interface TimerService {
  /** Monotonic under a live clock, whatever a test or a replay sets otherwise; ms. */
  currentProcessingTime(): number;
  /** -Infinity before the first watermark. */
  currentWatermark(): number;
  registerEventTimeTimer(timestampMs: number): void;
  registerProcessingTimeTimer(timestampMs: number): void;
  deleteEventTimeTimer(timestampMs: number): void;
  deleteProcessingTimeTimer(timestampMs: number): void;
}

/** What `open` receives. Valid for the life of the function. */
export interface RuntimeContext extends KeyedStateStore {
  readonly taskName: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** What a broadcast state holds when the function opens: nothing, or what was restored. */
  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): ReadOnlyBroadcastState<MK, MV>;
  /**
   * Sums over all subtasks that are equal on every one of them, compared only at alignments (places in the stream where
   * all subtasks wait for each other), so that a result that depends on all keys does not depend on their distribution.
   * @param count how many sums; @param onAligned called at each alignment, when `total` has the sums of everything before it
   */
  getAlignedSums(name: string, count: number, onAligned: (timestampMs: number) => void): AlignedSums;
  /**
   * State of this subtask that belongs to no key, stored with every checkpoint (Flink: CheckpointedFunction with union
   * list state).
   * @param snapshot plain data, called at a barrier, between two records
   * @param restore called at once, in `open`, when the job was restored, and again whenever the parallelism has changed:
   *   with the parts of all old subtasks, in their order, however many subtasks there are now; they replace what there is
   * @param schema of one part; absent: the first version. See `stateSchema`
   */
  getOperatorState(
    name: string,
    snapshot: () => unknown,
    restore: (parts: readonly unknown[]) => void,
    schema?: StateSchema,
  ): void;
  /**
   * Rows that observers see: the latest value per key, at most once per frame, never in the way of the record path.
   * @param words size of a row in 64-bit words; @param fill writes the current key's row at `offset` (in words)
   */
  getRowPublisher(
    name: string,
    words: number,
    fill: (numbers: Float64Array, integers: BigInt64Array, offset: number) => void,
  ): RowPublisher;
  /**
   * Queryable state that is computed: `answer` is called for the key that was asked for, from the task's own loop, between
   * two records. Its answer must be plain data and is copied; null: there is nothing to be told of this key. It must not
   * change state. See `setQueryable` for state as it is.
   */
  registerQuery(name: string, answer: (argument: unknown) => unknown): void;
  /** The function left a record out because it came too late: one more of Flink's `numLateRecordsDropped`. */
  countLateRecord(): void;
}

export interface AlignedSums {
  /** Adds to this subtask's share of sum `index`. */
  add(index: number, amount: bigint): void;
  /** The same for the record path: makes no objects. The amount is read at once, and the caller may fill it again. */
  addWide(index: number, amount: WideInteger): void;
  /** This subtask's share: what it added since the beginning, or since the last `reset`. */
  share(index: number): bigint;
  /** The sum over all subtasks at the last alignment; 0n before the first. */
  total(index: number): bigint;
  /** Sets this subtask's share back to nothing; deterministic only inside `onAligned`. */
  reset(index: number): void;
}

export interface RowPublisher {
  /** The current key's row differs from what was published. Cheap: call it on every record. */
  changed(): void;
}

interface BaseContext {
  /** Event time of the record, or null when it has none. */
  timestamp(): number | null;
  /** The same as a plain number, NaN when it has none: for functions that ask for every record. */
  eventTimeMs(): number;
  timerService(): TimerService;
  /** Emits to a side output. @throws IllegalArgumentError for a missing tag */
  output<X>(tag: OutputTag<X>, value: X): void;
}

export interface KeyedContext<K> extends BaseContext {
  getCurrentKey(): K;
}

export interface OnTimerContext<K> extends KeyedContext<K> {
  timeDomain(): TimeDomain;
}

/** What every function has: `open` before the first record, `close` after the last, also after a failure. */
export abstract class RichFunction {
  open(_context: RuntimeContext): void {}
  close(): void {}
}

/** What a function without keys may ask. */
export interface ProcessContext {
  /** Event time of the record, or null when it has none. */
  timestamp(): number | null;
  /** Its timers belong to keyed streams: registering one fails with Flink's text. */
  timerService(): TimerService;
  output<X>(tag: OutputTag<X>, value: X): void;
}

/** A function of single records, without keys, state or timers (Flink: ProcessFunction). */
export abstract class ProcessFunction<IN, OUT> {
  open(): void {}
  close(): void {}
  abstract processElement(value: IN, context: ProcessContext, out: Collector<OUT>): void;
}

/**
 * The heart of the API (Flink: KeyedProcessFunction): one call per record of a keyed stream, one per timer, never two
 * at once, with state and timers scoped to the record's key. An exception fails the job and names operator, key and record.
 * The context is valid only during the call.
 */
export abstract class KeyedProcessFunction<K, IN, OUT> extends RichFunction {
  abstract processElement(value: IN, context: KeyedContext<K>, out: Collector<OUT>): void;
  onTimer(_timestampMs: number, _context: OnTimerContext<K>, _out: Collector<OUT>): void {}
}

/** Two keyed streams that share state and timers of the same key. No order between the two inputs is promised. */
export abstract class KeyedCoProcessFunction<K, IN1, IN2, OUT> extends RichFunction {
  abstract processElement1(value: IN1, context: KeyedContext<K>, out: Collector<OUT>): void;
  abstract processElement2(value: IN2, context: KeyedContext<K>, out: Collector<OUT>): void;
  onTimer(_timestampMs: number, _context: OnTimerContext<K>, _out: Collector<OUT>): void {}
}

export interface KeyedReadOnlyContext<K> extends KeyedContext<K> {
  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): ReadOnlyBroadcastState<MK, MV>;
}

export interface KeyedOnTimerContext<K> extends OnTimerContext<K> {
  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): ReadOnlyBroadcastState<MK, MV>;
}

export interface BroadcastContext<K> {
  timestamp(): number | null;
  currentProcessingTime(): number;
  currentWatermark(): number;
  output<X>(tag: OutputTag<X>, value: X): void;
  getBroadcastState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): BroadcastState<MK, MV>;
  /**
   * Visits every key of this subtask that has the given state, with the key set, so that state and timers of that key
   * can be changed (Flink: applyToKeyedState; here timers may be re-planned as well, in one deterministic place).
   */
  applyToKeyedState<S>(descriptor: StateDescriptors<S>, visit: (key: K, state: S, timers: TimerService) => void): void;
}

/** A keyed stream that reads what a broadcast stream (rules, reference data) writes; the broadcast pattern. */
export abstract class KeyedBroadcastProcessFunction<K, IN, BC, OUT> extends RichFunction {
  abstract processElement(value: IN, context: KeyedReadOnlyContext<K>, out: Collector<OUT>): void;
  /** Must do the same on every subtask for the same element. */
  abstract processBroadcastElement(value: BC, context: BroadcastContext<K>, out: Collector<OUT>): void;
  onTimer(_timestampMs: number, _context: KeyedOnTimerContext<K>, _out: Collector<OUT>): void {}
}
