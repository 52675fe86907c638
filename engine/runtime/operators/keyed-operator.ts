import type { AlignedSums, RichFunction, RowPublisher, RuntimeContext } from '../../api/functions.ts';
import { IllegalArgumentError, IllegalStateError } from '../../core/errors.ts';
import type { SymbolDictionary } from '../../memory/symbol-dictionary.ts';
import { CopyOnWrite } from '../../state/copy-on-write.ts';
import { HeapKeyedStateBackend, type SnapshotStates } from '../../state/heap-keyed-state-backend.ts';
import type { KeyGroupRange } from '../../state/key-groups.ts';
import { KeyTable, NO_SLOT, picked } from '../../state/key-table.ts';
import type { Key } from '../../state/java-hash.ts';
import type { OperatorSnapshot } from '../../state/operator-snapshot.ts';
import { SnapshotMemory } from '../../state/snapshot-memory.ts';
import { QueryableStates } from '../query/queryable-states.ts';
import { InternalTimerService, type Triggerable } from '../time/internal-timer-service.ts';
import { encodePlain } from '../../memory/plain-text.ts';
import { AlignmentGroup, type AlignedSumsMemory } from './aligned-sums.ts';
import { BroadcastStates } from './broadcast-states.ts';
import { OperatorContext } from './operator-context.ts';
import { KeyedSnapshot } from './keyed-snapshot.ts';
import { LeavingKeys, takeBeside, takeOver, type OperatorTakeover } from './keyed-handover.ts';
import { restoreKeyGroups, type OperatorRestore } from './keyed-restore.ts';
import { OperatorStates } from './operator-states.ts';
import { restoreOperator, snapshotOperator } from './operator-state-io.ts';
import { RelayOutput, TimestampedCollector, type OperatorOutput } from './output.ts';
import { DirtyRows } from './row-publisher.ts';

/** Where a keyed operator runs, and what it is given there. */
export interface OperatorEnvironment {
  readonly taskName: string;
  readonly uid: string;
  readonly subtaskIndex: number;
  readonly parallelism: number;
  readonly maxParallelism: number;
  readonly keyGroupRange: KeyGroupRange;
  readonly symbols: SymbolDictionary;
  readonly sums: AlignedSumsMemory;
}

/**
 * What all keyed operators are made of: keys, state, timers, and the contexts their functions see. One object per
 * operator and subtask; only that subtask's thread calls it, never two calls at once.
 *
 * Life: made, restored (or not), `open`, then elements, watermarks and timers in any order, `close`.
 */
export abstract class KeyedOperator implements Triggerable {
  readonly keyTable: KeyTable;
  readonly backend: HeapKeyedStateBackend;
  readonly timers: InternalTimerService;
  readonly broadcastStates = new BroadcastStates();
  readonly alignment: AlignmentGroup;
  /** Changes with the job's parallelism. */
  environment: OperatorEnvironment;
  readonly rows = new Map<string, DirtyRows>();
  readonly operatorStates = new OperatorStates();
  /** For the bytes of one snapshot after the other. */
  readonly snapshotMemory = new SnapshotMemory();
  readonly queryables: QueryableStates;
  /** Records that came too late and were left out. Of windows and joins: those that had no side output to go to. */
  numLateRecordsDropped = 0;
  /** By publisher: slots that had a row before a restore. */
  readonly restoredRows = new Map<string, Int32Array[]>();
  protected readonly output: RelayOutput;
  protected readonly context: OperatorContext<Key>;
  protected readonly collector: TimestampedCollector<unknown>;

  constructor(environment: OperatorEnvironment, output: OperatorOutput) {
    this.environment = environment;
    this.output = new RelayOutput(output);
    this.keyTable = new KeyTable(environment.symbols);
    this.queryables = new QueryableStates(this.keyTable);
    const copyOnWrite = new CopyOnWrite();
    this.timers = new InternalTimerService(this.keyTable, this, copyOnWrite, (slots, count) =>
      this.backend.fetchAhead(slots, count),
    );
    this.backend = new HeapKeyedStateBackend(this.keyTable, environment.symbols, this.timers, copyOnWrite);
    this.context = new OperatorContext<Key>(this.keyTable, this.timers, this.output, this.broadcastStates);
    this.collector = new TimestampedCollector<unknown>(this.output);
    this.alignment = new AlignmentGroup(environment.sums, environment.subtaskIndex);
  }

  /** The user's function: opened before the first element, closed after the last. */
  protected abstract readonly userFunction: RichFunction;

  /** An element of the first input, with its key set (keyed inputs) or no key set (broadcast inputs). */
  processElement1(value: unknown, timestamp: number): void {
    this.stampElement(timestamp);
    this.handleElement1(value);
  }

  /**
   * When the element that `handleElement1` is given next was made. A call of its own for the hot loop: this one is inlined
   * there, where a fraction handed to one that is not would be an object for each record.
   */
  stampElement(timestamp: number): void {
    this.context.currentTimestamp = timestamp;
    this.collector.timestamp = timestamp;
  }

  /** An element of the first input; `stampElement` was told of it. */
  abstract handleElement1(value: unknown): void;

  /** An element of the second input, for operators that have one. */
  processElement2(_value: unknown, _timestamp: number): void {
    throw new IllegalStateError(
      `Operator '${this.environment.taskName}' has one input only; an element came on its second.`,
    );
  }

  protected abstract fireTimer(timestampMs: number): void;

  open(): void {
    this.keyTable.currentSlot = NO_SLOT;
    this.userFunction.open(this.runtimeContext());
  }

  /**
   * No more input comes; called until it says so.
   * @returns whether everything has left the operator
   */
  endInput(): boolean {
    return true;
  }

  close(): void {
    this.userFunction.close();
  }

  /** One watermark call: timers fire, then the watermark goes downstream, after everything they emitted. */
  processWatermark(watermarkMs: number): void {
    this.timers.advanceWatermark(watermarkMs);
    this.output.emitWatermark(watermarkMs);
  }

  processWatermarkStatus(idle: boolean): void {
    this.output.emitWatermarkStatus(idle);
  }

  onEventTime(timestampMs: number): void {
    this.context.domain = 'event-time';
    this.context.currentTimestamp = timestampMs;
    this.collector.timestamp = timestampMs;
    this.fireTimer(timestampMs);
  }

  onProcessingTime(timestampMs: number): void {
    this.context.domain = 'processing-time';
    this.context.currentTimestamp = timestampMs;
    this.collector.timestamp = NaN;
    this.fireTimer(timestampMs);
    this.context.domain = 'event-time';
  }

  /** Calls `onAligned` with no key set, once every subtask arrived. */
  completeAlignment(timestampMs: number): void {
    this.keyTable.currentSlot = NO_SLOT;
    this.alignment.complete(timestampMs);
  }

  snapshot(): OperatorSnapshot {
    return snapshotOperator(this);
  }

  /** At a barrier: what is stored is the state of now, however much later it is read. One at a time. */
  beginSnapshot(): KeyedSnapshot {
    return new KeyedSnapshot(this);
  }

  /** From here on what these states hold is copied before it changes, until `backend.copyOnWrite` is told of the end. */
  copyOnWriteFor({ structs, objects }: SnapshotStates): void {
    const { backend, keyTable, timers } = this;
    backend.copyOnWrite.begin(
      keyTable,
      structs.map(({ state }) => state),
      objects.map(({ state }) => state),
      [timers.eventTimers, timers.processingTimers],
    );
  }

  /** The parallelism changes: what another subtask will own. @param owners by key group, `ownersBehind` */
  leavingKeys(owners: Int32Array): LeavingKeys {
    return new LeavingKeys(this, owners);
  }

  /** Goes on as a subtask of another number, with key groups of others beside its own. Before the next record. */
  moveTo(environment: OperatorEnvironment, output: OperatorOutput, taken: OperatorTakeover): void {
    this.environment = environment;
    this.output.target = output;
    this.alignment.moveTo(environment.sums, environment.subtaskIndex);
    takeBeside(this, taken);
  }

  broadcastText(): string {
    return encodePlain(this.broadcastStates.snapshot());
  }

  operatorStateText(): string {
    return encodePlain(this.operatorStates.snapshot());
  }

  /** Takes its key groups from stored bytes; before `open`. */
  restore(stored: OperatorRestore): void {
    restoreKeyGroups(this, stored);
  }

  /** Takes what others gave away, as a subtask that the new parallelism begins with; before `open`. */
  takeOver(taken: OperatorTakeover): void {
    takeOver(this, taken);
  }

  /** Takes what belongs to this subtask's key groups; before `open`. */
  initializeState(snapshots: readonly OperatorSnapshot[]): void {
    restoreOperator(this, snapshots);
  }

  private runtimeContext(): RuntimeContext {
    const { backend, queryables } = this;
    const environment = (): OperatorEnvironment => this.environment;
    return {
      get taskName() {
        return environment().taskName;
      },
      get subtaskIndex() {
        return environment().subtaskIndex;
      },
      get parallelism() {
        return environment().parallelism;
      },
      get maxParallelism() {
        return environment().maxParallelism;
      },
      getState: (descriptor) => queryables.addState(descriptor, backend.getState(descriptor)),
      getStructState: (descriptor) => queryables.addState(descriptor, backend.getStructState(descriptor)),
      getListState: (descriptor) => queryables.addState(descriptor, backend.getListState(descriptor)),
      getMapState: (descriptor) => queryables.addState(descriptor, backend.getMapState(descriptor)),
      getReducingState: (descriptor) => queryables.addState(descriptor, backend.getReducingState(descriptor)),
      getAggregatingState: (descriptor) => queryables.addState(descriptor, backend.getAggregatingState(descriptor)),
      getBroadcastState: (descriptor) => this.broadcastStates.get(descriptor),
      getAlignedSums: (name, count, onAligned): AlignedSums => this.alignment.register(name, count, onAligned),
      getOperatorState: (name, snapshot, restore, schema) =>
        this.operatorStates.register(name, snapshot, restore, schema),
      getRowPublisher: (name, words, fill): RowPublisher =>
        this.addRows(new DirtyRows(name, words, this.keyTable, fill)),
      registerQuery: (name, answer) => queryables.addQuery(name, answer),
      countLateRecord: () => {
        this.numLateRecordsDropped += 1;
      },
    };
  }

  /** Before the functions ask for their publishers. @param indexes into `slots`: keys that had a row */
  addRestoredRows(name: string, slots: Int32Array, indexes: Int32Array): void {
    const restored = this.restoredRows.get(name) ?? [];
    restored.push(picked(slots, indexes));
    this.restoredRows.set(name, restored);
  }

  private addRows(rows: DirtyRows): DirtyRows {
    if (this.rows.has(rows.name))
      throw new IllegalArgumentError(
        `Rows '${rows.name}' are registered twice in one operator; give each a name of its own.`,
      );
    this.rows.set(rows.name, rows);
    for (const slots of this.restoredRows.get(rows.name) ?? []) rows.restoreMarks(slots);
    // Later, such a key may be another subtask's.
    this.restoredRows.delete(rows.name);
    return rows;
  }
}
