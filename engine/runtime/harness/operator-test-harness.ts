import type { TimeDomain } from '../../api/functions.ts';
import type { OutputTag } from '../../api/output-tag.ts';
import type {
  AggregatingState,
  AggregatingStateDescriptor,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  StructState,
  StructStateDescriptor,
  ValueState,
} from '../../api/state.ts';
import type { StructType } from '../../api/struct.ts';
import { IllegalArgumentError, IllegalStateError, NullPointerError } from '../../core/errors.ts';
import { SymbolDictionary } from '../../memory/symbol-dictionary.ts';
import type { Key } from '../../state/java-hash.ts';
import { assignToKeyGroup, computeKeyGroupRangeForOperatorIndex } from '../../state/key-groups.ts';
import type { OperatorSnapshot } from '../../state/operator-snapshot.ts';
import { createAlignedSumsMemory, type AlignedSumsMemory } from '../operators/aligned-sums.ts';
import type { KeyedOperator, OperatorEnvironment } from '../operators/keyed-operator.ts';
import type { OperatorOutput } from '../operators/output.ts';
import type { PublishedRows } from '../operators/row-publisher.ts';
import { HarnessOutput, type StreamElement, type TimestampedRecord } from './harness-output.ts';
import { RecordInput } from './record-input.ts';

/** How a record finds its key: the name of one of its fields, or a function, as in `keyBy`. */
export type HarnessKeySelector<IN> = (keyof IN & string) | ((record: IN) => unknown);

export interface HarnessOptions {
  /** Struct types of the (first) keyed input; values are then handed over as views, as in a running job. */
  readonly structs?: readonly StructType[];
  /** The same for the second input. */
  readonly structs2?: readonly StructType[];
  readonly maxParallelism?: number;
  readonly parallelism?: number;
  readonly subtaskIndex?: number;
  readonly name?: string;
  readonly symbols?: SymbolDictionary;
  /** Shared by the harnesses of all subtasks of one operator, to try alignments across them; else there is one subtask. */
  readonly sums?: AlignedSumsMemory;
}

export interface PendingTimer {
  readonly domain: TimeDomain;
  readonly key: Key;
  readonly timestampMs: number;
}

/**
 * Drives one keyed operator by hand, without threads (Flink: KeyedOneInputStreamOperatorTestHarness and its kin): push
 * records and watermarks, set the clock, look at timers, state and outputs. The code under test is the engine's own
 * operator; only what is around it is played.
 *
 * `open` is implied by the first push; `initializeState` comes before it.
 */
export abstract class KeyedOperatorTestHarness<OUT> {
  readonly operator: KeyedOperator;
  protected readonly harnessOutput = new HarnessOutput();
  private readonly environment: OperatorEnvironment;
  private isOpen = false;
  private isClosed = false;
  private taken = 0;

  protected constructor(
    options: HarnessOptions,
    create: (environment: OperatorEnvironment, output: OperatorOutput) => KeyedOperator,
  ) {
    const maxParallelism = options.maxParallelism ?? 128;
    const parallelism = options.parallelism ?? 1;
    const subtaskIndex = options.subtaskIndex ?? 0;
    this.environment = {
      taskName: options.name ?? 'operator under test',
      uid: 'operator-under-test',
      subtaskIndex,
      parallelism,
      maxParallelism,
      keyGroupRange: computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, subtaskIndex),
      symbols: options.symbols ?? new SymbolDictionary(),
      sums: options.sums ?? createAlignedSumsMemory(1),
    };
    // Sums are those of this subtask alone: it has the only share.
    this.operator = create({ ...this.environment }, this.harnessOutput);
  }

  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    this.operator.open();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.operator.close();
  }

  /** Advances the clock of processing-time timers; what is due fires. */
  setProcessingTime(timeMs: number): void {
    this.open();
    this.operator.timers.advanceProcessingTime(timeMs);
  }

  /** An alignment at which this subtask is the only one. */
  alignment(timestampMs: number): void {
    this.open();
    if (!this.operator.alignment.isUsed) return;
    this.operator.alignment.arrive();
    this.operator.completeAlignment(timestampMs);
  }

  /** Everything sent to the main output so far: records, watermarks, statuses. */
  getOutput(): readonly StreamElement<OUT>[] {
    return this.harnessOutput.elements as StreamElement<OUT>[];
  }

  /** What was sent since the last call. */
  takeOutput(): readonly StreamElement<OUT>[] {
    const since = this.getOutput().slice(this.taken);
    this.taken = this.harnessOutput.elements.length;
    return since;
  }

  extractOutputValues(): OUT[] {
    return this.getOutput().flatMap((element) => (element.kind === 'record' ? [element.value] : []));
  }

  getSideOutput<X>(tag: OutputTag<X>): readonly TimestampedRecord<X>[] {
    return this.harnessOutput.side(tag.id) as TimestampedRecord<X>[];
  }

  numEventTimeTimers(): number {
    return this.operator.timers.eventTimers.size;
  }

  numProcessingTimeTimers(): number {
    return this.operator.timers.processingTimers.size;
  }

  /** Sorted by domain, time and key. */
  pendingTimers(): PendingTimer[] {
    const { eventTimers, processingTimers } = this.operator.timers;
    const list: PendingTimer[] = [];
    const { keyTable } = this.operator;
    eventTimers.forEach((slot, timestampMs) =>
      list.push({ domain: 'event-time', key: keyTable.keyAt(slot), timestampMs }),
    );
    processingTimers.forEach((slot, timestampMs) =>
      list.push({ domain: 'processing-time', key: keyTable.keyAt(slot), timestampMs }),
    );
    return list.sort(
      (left, right) =>
        left.domain.localeCompare(right.domain) ||
        left.timestampMs - right.timestampMs ||
        (String(left.key) < String(right.key) ? -1 : 1),
    );
  }

  numKeyedStateEntries(): number {
    return this.operator.backend.numKeyedStateEntries();
  }

  /** The state object of `descriptor`, with `key` set while `read` runs; a copy is the reader's business. */
  withKey<D extends { readonly kind: string; readonly name: string }, R>(
    key: Key,
    descriptor: D,
    read: (state: StateOf<D>) => R,
  ): R {
    this.open();
    const { keyTable, backend } = this.operator;
    const before = keyTable.currentSlot;
    this.setSlot(keyTable.slotFor(key, assignToKeyGroup(key, this.environment.maxParallelism)));
    try {
      return read(backend.stateOf(descriptor) as StateOf<D>);
    } finally {
      keyTable.currentSlot = before;
    }
  }

  /** Answers a query registered with `registerQuery`. @throws IllegalStateError for an unknown name or key */
  query(name: string, key: Key, argument: unknown = null): unknown {
    this.open();
    const answer = this.operator.queryables.answer(name, key, argument);
    if (answer === undefined)
      throw new IllegalStateError(`No KvStateLocation found for KvState instance with name '${name}'.`);
    return answer.value;
  }

  /** Rows that changed since the last call, or all of them. */
  takeRows(name: string, all = false): PublishedRows {
    const rows = this.operator.rows.get(name);
    if (rows === undefined)
      throw new IllegalArgumentError(
        `No rows '${name}' are registered; there are: ${[...this.operator.rows.keys()].join(', ')}.`,
      );
    return rows.take(all);
  }

  snapshot(): OperatorSnapshot {
    this.open();
    return this.operator.snapshot();
  }

  /** Restores from the snapshots of all old subtasks: this subtask takes its key groups' part. */
  initializeState(snapshots: OperatorSnapshot | readonly OperatorSnapshot[]): void {
    if (this.isOpen) throw new IllegalStateError('State must be initialized before the operator is opened or used.');
    this.operator.initializeState(
      Array.isArray(snapshots) ? (snapshots as OperatorSnapshot[]) : [snapshots as OperatorSnapshot],
    );
  }

  protected recordInput(structs: readonly StructType[] | undefined, keySelector: unknown): RecordInput {
    const keyField = typeof keySelector === 'string' ? keySelector : null;
    return new RecordInput(structs ?? [], keyField, this.operator.keyTable, this.environment.symbols);
  }

  protected setKeyOf<IN>(keySelector: HarnessKeySelector<IN>, value: IN): void {
    this.open();
    const key = (typeof keySelector === 'function' ? keySelector(value) : value[keySelector]) as Key;
    if (key === null || key === undefined) throw new NullPointerError('Assigned key must not be null!');
    const { maxParallelism, keyGroupRange, subtaskIndex } = this.environment;
    const keyGroup = assignToKeyGroup(key, maxParallelism);
    if (keyGroup < keyGroupRange.start || keyGroup > keyGroupRange.end) {
      throw new IllegalArgumentError(
        `Key ${JSON.stringify(key)} is in key group ${keyGroup}, which subtask ${subtaskIndex} (key groups ${keyGroupRange.start} to ${keyGroupRange.end}) does not own. Push it to its own subtask.`,
      );
    }
    this.setSlot(this.operator.keyTable.slotFor(key, keyGroup));
  }

  /** As in a running job: a snapshot under way keeps what the key holds now. */
  private setSlot(slot: number): void {
    const { backend, keyTable } = this.operator;
    if (slot < backend.copyOnWrite.limit) backend.copyOnWrite.touch(slot);
    keyTable.currentSlot = slot;
  }
}

/** The state object that belongs to a descriptor. */
export type StateOf<D> = D extends { readonly kind: 'value'; readonly defaultValue: infer T }
  ? ValueState<NonNullable<T>>
  : D extends StructStateDescriptor<infer V>
    ? StructState<V>
    : D extends MapStateDescriptor<infer MK, infer MV>
      ? MapState<MK, MV>
      : D extends ListStateDescriptor<infer T>
        ? ListState<T>
        : D extends ReducingStateDescriptor<infer T>
          ? ReducingState<T>
          : D extends AggregatingStateDescriptor<infer IN, infer _ACC, infer OUT>
            ? AggregatingState<IN, OUT>
            : never;
