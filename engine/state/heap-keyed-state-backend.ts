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
import type { StoredStructs } from './key-group-blob.ts';
import { HeapStructState } from './struct-state.ts';
import { fieldsOf, sameFields, structObjectAt } from './stored-structs.ts';
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
}

/** What a snapshot of all states is made from. */
export interface SnapshotStates {
  readonly structs: readonly (readonly [string, HeapStructState<unknown>])[];
  readonly objects: readonly (readonly [string, StateKind, SlotState])[];
}

/** Struct rows of a key group as they were stored, waiting for a function to ask for them. */
interface RestoredStructs {
  readonly stored: StoredStructs;
  /** By index of a key: its slot here. */
  readonly slots: Int32Array;
  readonly symbols: ReadonlyMap<number, string>;
}

interface Registered {
  readonly kind: StateKind;
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
  private readonly unclaimed = new Map<string, { kind: StateKind; bySlot: Map<number, unknown> }>();
  private readonly unclaimedStructs = new Map<string, RestoredStructs[]>();
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
    this.claimRestored(descriptor, kind, state);
    this.states.set(name, { kind, state });
    return state;
  }

  private claimRestored(descriptor: NamedDescriptor, kind: StateKind, state: SlotState): void {
    const { name } = descriptor;
    const runs = this.unclaimedStructs.get(name) ?? [];
    this.unclaimedStructs.delete(name);
    for (const run of runs) this.claimStructs(descriptor, state, run);
    const restored = this.unclaimed.get(name);
    if (restored === undefined) return;
    if (restored.kind !== kind) throw cannotRestore(name, restored.kind, kind);
    this.unclaimed.delete(name);
    for (const [slot, data] of restored.bySlot) state.restoreAt(slot, data);
  }

  /** Rows go in as they are when the struct is still the same, field by field when it gained some. */
  private claimStructs(
    descriptor: NamedDescriptor,
    state: SlotState,
    { stored, slots, symbols }: RestoredStructs,
  ): void {
    if (!(state instanceof HeapStructState)) {
      throw new StateMigrationError(
        `State '${descriptor.name}' was stored as struct state and cannot be restored as ${descriptor.kind} state.`,
      );
    }
    if (!sameFields(fieldsOf(state.shape), stored)) {
      stored.indexes.forEach((key, row) => state.restoreAt(slots[key], structObjectAt(stored, row, symbols)));
      return;
    }
    const ids = new Map([...symbols].map(([id, text]) => [id, this.symbols.idOf(text)]));
    const { rowWords: words } = state;
    stored.indexes.forEach((key, row) =>
      state.restoreRow(slots[key], stored.rows.subarray(row * words, (row + 1) * words), ids),
    );
  }

  /** Before the functions ask for their states. @param slots by index of a key: its slot here */
  restoreStructs(stored: StoredStructs, slots: Int32Array, symbols: ReadonlyMap<number, string>): void {
    const runs = this.unclaimedStructs.get(stored.name) ?? [];
    runs.push({ stored, slots, symbols });
    this.unclaimedStructs.set(stored.name, runs);
  }

  /** Struct rows that nobody asked for go on as plain objects. */
  private settleUnclaimedStructs(): void {
    for (const [name, runs] of this.unclaimedStructs) {
      for (const { stored, slots, symbols } of runs)
        stored.indexes.forEach((key, row) =>
          this.restoreAt(slots[key], name, 'struct', structObjectAt(stored, row, symbols)),
        );
    }
    this.unclaimedStructs.clear();
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

  /** Names and states, structs apart from objects; state that nobody asked for is among the objects. */
  snapshotStates(): SnapshotStates {
    this.settleUnclaimedStructs();
    const structs: [string, HeapStructState<unknown>][] = [];
    const objects: [string, StateKind, SlotState][] = [];
    for (const [name, { kind, state }] of this.states) {
      if (state instanceof HeapStructState) structs.push([name, state]);
      else objects.push([name, kind, state]);
    }
    for (const [name, { kind, bySlot }] of this.unclaimed) {
      objects.push([
        name,
        kind,
        {
          hasAt: (slot) => bySlot.has(slot),
          snapshotAt: (slot) => bySlot.get(slot),
          restoreAt: (slot, data) => bySlot.set(slot, data),
          clearAt: (slot) => bySlot.delete(slot),
        },
      ]);
    }
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

  kinds(): Record<string, StateKind> {
    this.settleUnclaimedStructs();
    const kinds: Record<string, StateKind> = {};
    for (const [name, { kind }] of this.states) kinds[name] = kind;
    for (const [name, { kind }] of this.unclaimed) kinds[name] = kind;
    return kinds;
  }

  /** The key belongs to another subtask now. */
  forgetAt(slot: number): void {
    this.settleUnclaimedStructs();
    for (const { state } of this.states.values()) state.clearAt(slot);
    for (const { bySlot } of this.unclaimed.values()) bySlot.delete(slot);
  }

  /** State of key groups that came from another subtask, when functions already run: it goes where they look for it. */
  settleRestored(): void {
    for (const [name, { kind, state }] of this.states) this.claimRestored({ name, kind }, kind, state);
  }

  /** Plain data of every state the key at `slot` has. */
  snapshotAt(slot: number): Record<string, unknown> {
    this.settleUnclaimedStructs();
    const data: Record<string, unknown> = {};
    for (const [name, { state }] of this.states) {
      const stored = state.hasAt(slot) ? state.snapshotAt(slot) : undefined;
      if (stored !== undefined) data[name] = stored;
    }
    for (const [name, { bySlot }] of this.unclaimed) if (bySlot.has(slot)) data[name] = bySlot.get(slot);
    return data;
  }

  /** Before or after the functions asked for their states. @throws StateMigrationError when the kinds differ */
  restoreAt(slot: number, name: string, kind: StateKind, data: unknown): void {
    assert(slot > NO_SLOT, 'State can only be restored for a key that has a slot.');
    const known = this.states.get(name);
    if (known !== undefined) {
      if (known.kind !== kind) throw cannotRestore(name, kind, known.kind);
      known.state.restoreAt(slot, data);
      return;
    }
    const waiting = this.unclaimed.get(name) ?? { kind, bySlot: new Map<number, unknown>() };
    waiting.bySlot.set(slot, data);
    this.unclaimed.set(name, waiting);
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
