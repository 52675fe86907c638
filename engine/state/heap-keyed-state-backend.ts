import type {
  AggregatingState,
  AggregatingStateDescriptor,
  KeyedStateStore,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReducingState,
  ReducingStateDescriptor,
  StructState,
  StructStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../api/state.ts';
import { SCHEMA_VERSION_FIRST, type StateSchema } from '../api/state-schema.ts';
import type { StateTtlConfig } from '../api/state-ttl.ts';
import { assert, assertNever } from '../core/assert.ts';
import { IllegalArgumentError, StateMigrationError } from '../core/errors.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { CopyOnWrite } from './copy-on-write.ts';
import { NO_SLOT, type KeyTable } from './key-table.ts';
import {
  HeapAggregatingState,
  HeapListState,
  HeapMapState,
  HeapReducingState,
  HeapValueState,
  type SlotState,
} from './object-states.ts';
import type { StateKind } from './operator-snapshot.ts';
import { keptSlots, RestoredStates, type StructRun } from './restored-states.ts';
import { migrationTo, versionOf, type StoredSchema } from './schema-compatibility.ts';
import { HeapStructState } from './struct-state.ts';
import {
  TtlAggregatingState,
  TtlListState,
  TtlMapState,
  TtlReducingState,
  TtlValueState,
  type ProcessingClock,
  type TtlEnvironment,
} from './ttl-states.ts';

/** The descriptors of keyed state, whatever their types. */
export type AnyStateDescriptor =
  | ValueStateDescriptor<never>
  | StructStateDescriptor<never>
  | ListStateDescriptor<never>
  | MapStateDescriptor<never, never>
  | ReducingStateDescriptor<never>
  | AggregatingStateDescriptor<never, never, never>;

/** What every descriptor has; enough to find a state again. */
interface NamedDescriptor {
  readonly kind: string;
  readonly name: string;
  readonly ttl?: StateTtlConfig;
  readonly schema?: StateSchema;
}

/** A state, and what is stored beside it. */
export interface SnapshotState<S extends SlotState> {
  readonly name: string;
  readonly kind: StateKind;
  readonly version: number;
  readonly state: S;
}

/** What a snapshot of all states is made from. */
export interface SnapshotStates {
  readonly structs: readonly SnapshotState<HeapStructState<unknown>>[];
  readonly objects: readonly SnapshotState<SlotState>[];
}

interface Registered {
  readonly kind: StateKind;
  readonly schema: StateSchema | undefined;
  readonly state: SlotState;
}

/**
 * Keyed state of one operator on one subtask (Flink: HeapKeyedStateBackend). Only the thread of its subtask calls it.
 * State of a name that no function asks for after a restore is kept as it came, and is part of the next snapshot.
 */
export class HeapKeyedStateBackend implements KeyedStateStore {
  readonly keyTable: KeyTable;
  /** Whoever sets a key and runs a function first says so here while a snapshot is under way. */
  readonly copyOnWrite: CopyOnWrite;
  private readonly symbols: SymbolDictionary;
  private readonly states = new Map<string, Registered>();
  private readonly structs: HeapStructState<unknown>[] = [];
  private readonly restored: RestoredStates;
  private readonly ttlEnvironment: TtlEnvironment;

  /** @param clock what states with a time to live go by */
  constructor(
    keyTable: KeyTable,
    symbols: SymbolDictionary,
    clock: ProcessingClock,
    copyOnWrite: CopyOnWrite = new CopyOnWrite(),
  ) {
    this.keyTable = keyTable;
    this.symbols = symbols;
    this.restored = new RestoredStates(symbols);
    this.ttlEnvironment = { clock, copyOnWrite };
    this.copyOnWrite = copyOnWrite;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    const { ttl } = descriptor;
    return this.register(descriptor, () =>
      ttl === undefined
        ? new HeapValueState<T>(this.keyTable, descriptor.defaultValue)
        : new TtlValueState<T>(this.keyTable, ttl, this.ttlEnvironment, descriptor.defaultValue),
    );
  }

  getStructState<V>(descriptor: StructStateDescriptor<V>): StructState<V> {
    return this.register(descriptor, () => {
      const state = new HeapStructState<V>(this.keyTable, descriptor.struct, this.symbols);
      this.structs.push(state);
      return state;
    });
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    const { ttl } = descriptor;
    return this.register(descriptor, () =>
      ttl === undefined
        ? new HeapListState<T>(this.keyTable)
        : new TtlListState<T>(this.keyTable, ttl, this.ttlEnvironment),
    );
  }

  getMapState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): MapState<MK, MV> {
    const { ttl } = descriptor;
    return this.register(descriptor, () =>
      ttl === undefined
        ? new HeapMapState<MK, MV>(this.keyTable)
        : new TtlMapState<MK, MV>(this.keyTable, ttl, this.ttlEnvironment),
    );
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    const { ttl } = descriptor;
    return this.register(descriptor, () =>
      ttl === undefined
        ? new HeapReducingState<T>(this.keyTable, descriptor.reduce)
        : new TtlReducingState<T>(this.keyTable, ttl, this.ttlEnvironment, descriptor.reduce),
    );
  }

  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT> {
    const { ttl } = descriptor;
    return this.register(descriptor, () =>
      ttl === undefined
        ? new HeapAggregatingState<IN, ACC, OUT>(this.keyTable, descriptor.aggregate)
        : new TtlAggregatingState<IN, ACC, OUT>(this.keyTable, ttl, this.ttlEnvironment, descriptor.aggregate),
    );
  }

  /** State in a form of the engine's own: stored as a value of its keys. */
  registerState<S extends SlotState>(name: string, create: () => S): S {
    return this.register({ kind: 'value', name }, create);
  }

  /** The state object of any descriptor. */
  stateOf(descriptor: NamedDescriptor): unknown {
    const any = descriptor as AnyStateDescriptor;
    switch (any.kind) {
      case 'value':
        return this.getState(any);
      case 'struct':
        return this.getStructState(any);
      case 'list':
        return this.getListState(any);
      case 'map':
        return this.getMapState(any);
      case 'reducing':
        return this.getReducingState(any);
      case 'aggregating':
        return this.getAggregatingState(any);
      default:
        return assertNever(any);
    }
  }

  private register<S extends SlotState>(descriptor: NamedDescriptor, create: () => S): S {
    const { name } = descriptor;
    if (name.length === 0) throw new IllegalArgumentError('A state descriptor must have a name; found an empty one.');
    const kind = storedKindOf(descriptor);
    const known = this.states.get(name);
    if (known !== undefined) {
      if (known.kind !== kind) {
        throw new StateMigrationError(
          `State '${name}' is ${kindText(known.kind)}; it was asked for as ${kindText(kind)}. Give one of them another name.`,
        );
      }
      return known.state as S;
    }
    const state = create();
    const registered = { kind, schema: descriptor.schema, state };
    this.claimRestored(name, registered);
    this.states.set(name, registered);
    return state;
  }

  private claimRestored(name: string, registered: Registered): void {
    const { runs, kept } = this.restored.claim(name);
    for (const run of runs) this.claimStructs(run, registered);
    if (kept === null) return;
    const migrate = this.migrationOf({ name, kind: kept.kind, version: kept.version, fields: null }, registered);
    for (const [slot, data] of kept.bySlot.entries())
      if (data !== undefined) registered.state.restoreAt(slot, migrate === null ? data : migrate(data));
  }

  /** Rows go in as they are when the struct is still the same, one by one through its migrations when it is not. */
  private claimStructs(run: StructRun, registered: Registered): void {
    const { stored, slots, symbols } = run;
    const { name, version, fields } = stored;
    const migrate = this.migrationOf({ name, kind: 'struct', version, fields }, registered);
    const state = registered.state as HeapStructState<unknown>;
    if (migrate === null) this.restored.withNumbers(symbols, (numbers) => state.restoreRows(stored, slots, numbers));
    else this.restored.forEachRow(run, (slot, row) => state.restoreAt(slot, migrate(row)));
  }

  /** @returns null: what is stored can be taken as it is; @throws StateMigrationError when it cannot be taken at all */
  private migrationOf(
    stored: StoredSchema,
    { kind, schema, state }: Registered,
  ): ((stored: unknown) => unknown) | null {
    if (stored.kind !== kind) throw cannotRestore(stored.name, stored.kind, kind);
    const fields = state instanceof HeapStructState ? state.shape.fields : null;
    return migrationTo(stored, { schema, fields });
  }

  /** Before the functions ask for their states. */
  restoreStructs(run: StructRun): void {
    this.restored.addStructs(run);
  }

  /** Visits every key that has the state, with the key set, in the order in which the keys were first seen. */
  forEachKey(descriptor: NamedDescriptor, visit: (slot: number, state: unknown) => void): void {
    const object = this.stateOf(descriptor);
    const state = object as SlotState;
    const before = this.keyTable.currentSlot;
    this.copyOnWrite.touchAll();
    try {
      for (let slot = 0; slot < this.keyTable.count; slot += 1) {
        if (!state.hasAt(slot)) continue;
        this.keyTable.currentSlot = slot;
        visit(slot, object);
      }
    } finally {
      this.keyTable.currentSlot = before;
    }
  }

  /** Struct states whose columns no longer fit a core's own cache: worth fetching ahead of the records that need them. */
  largeStructs(): readonly HeapStructState<unknown>[] {
    return this.structs.filter(({ isLarge }) => isLarge);
  }

  /** Structs apart from objects; state that nobody asked for is among the objects. */
  snapshotStates(): SnapshotStates {
    const structs: SnapshotState<HeapStructState<unknown>>[] = [];
    const objects: SnapshotState<SlotState>[] = [];
    for (const [name, { kind, schema, state }] of this.states) {
      const version = versionOf(schema);
      if (state instanceof HeapStructState) structs.push({ name, kind, version, state });
      else objects.push({ name, kind, version, state });
    }
    for (const [name, kept] of this.restored.settled())
      objects.push({ name, kind: kept.kind, version: kept.version, state: keptSlots(kept) });
    return { structs, objects };
  }

  /** Keys whose state will be used next, by slot. */
  fetchAhead(slots: Int32Array, count: number): void {
    for (let index = 0; index < this.structs.length; index += 1) {
      const struct = this.structs[index];
      if (struct.isLarge) struct.touch(slots, count, null);
    }
  }

  /** How many (key, state) pairs there are; for tests and metrics. */
  numKeyedStateEntries(): number {
    let entries = 0;
    for (const { state } of this.states.values()) {
      for (let slot = 0; slot < this.keyTable.count; slot += 1) if (state.hasAt(slot)) entries += 1;
    }
    return entries;
  }

  /** Kind and schema version of every state, by name. */
  schemas(): Record<string, { readonly kind: StateKind; readonly version: number }> {
    const { structs, objects } = this.snapshotStates();
    return Object.fromEntries([...structs, ...objects].map(({ name, kind, version }) => [name, { kind, version }]));
  }

  /** The keys belong to other subtasks now. */
  forget(slots: readonly number[]): void {
    for (const { state } of this.states.values())
      for (let index = 0; index < slots.length; index += 1) state.clearAt(slots[index]);
    this.restored.forget(slots);
  }

  /** State of key groups that came from another subtask, when functions already run: it goes where they look for it. */
  settleRestored(): void {
    for (const [name, registered] of this.states) this.claimRestored(name, registered);
  }

  /** Plain data of every state the key at `slot` has. */
  snapshotAt(slot: number): Record<string, unknown> {
    const data: Record<string, unknown> = {};
    const { structs, objects } = this.snapshotStates();
    for (const { name, state } of [...structs, ...objects]) {
      const stored = state.hasAt(slot) ? state.snapshotAt(slot) : undefined;
      if (stored !== undefined) data[name] = stored;
    }
    return data;
  }

  /** For `settleRestored`, or for functions that ask for the state later. @throws StateMigrationError for damaged state */
  restoreAt(slot: number, name: string, kind: StateKind, data: unknown, version = SCHEMA_VERSION_FIRST): void {
    assert(slot > NO_SLOT, 'State can only be restored for a key that has a slot.');
    this.restored.addAt(slot, name, kind, version, data);
  }
}

function storedKindOf({ kind, ttl, name }: NamedDescriptor): StateKind {
  if (ttl === undefined) return kind as StateKind;
  if (kind === 'struct') {
    throw new IllegalArgumentError(
      `State '${name}' is struct state, which cannot have a time to live. Use value or map state, or a timer that clears it.`,
    );
  }
  return `ttl-${kind}` as StateKind;
}

function kindText(kind: StateKind): string {
  return kind.startsWith('ttl-') ? `${kind.slice('ttl-'.length)} state with a time to live` : `${kind} state`;
}

function cannotRestore(name: string, stored: StateKind, asked: StateKind): StateMigrationError {
  return new StateMigrationError(
    `State '${name}' was stored as ${kindText(stored)} and cannot be restored as ${kindText(asked)}.`,
  );
}
