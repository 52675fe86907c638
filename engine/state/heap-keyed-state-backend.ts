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
import { assert, assertNever } from '../core/assert.ts';
import { IllegalArgumentError, StateMigrationError } from '../core/errors.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
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
import { HeapStructState } from './struct-state.ts';

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
  private readonly symbols: SymbolDictionary;
  private readonly states = new Map<string, Registered>();
  private readonly structs: HeapStructState<unknown>[] = [];
  private readonly unclaimed = new Map<string, { kind: StateKind; bySlot: Map<number, unknown> }>();

  constructor(keyTable: KeyTable, symbols: SymbolDictionary) {
    this.keyTable = keyTable;
    this.symbols = symbols;
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.register(descriptor, () => new HeapValueState<T>(this.keyTable, descriptor.defaultValue));
  }

  getStructState<V>(descriptor: StructStateDescriptor<V>): StructState<V> {
    return this.register(descriptor, () => {
      const state = new HeapStructState<V>(this.keyTable, descriptor.struct, this.symbols);
      this.structs.push(state);
      return state;
    });
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.register(descriptor, () => new HeapListState<T>(this.keyTable));
  }

  getMapState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): MapState<MK, MV> {
    return this.register(descriptor, () => new HeapMapState<MK, MV>(this.keyTable));
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.register(descriptor, () => new HeapReducingState<T>(this.keyTable, descriptor.reduce));
  }

  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT> {
    return this.register(descriptor, () => new HeapAggregatingState<IN, ACC, OUT>(this.keyTable, descriptor.aggregate));
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
    if (descriptor.name.length === 0)
      throw new IllegalArgumentError('A state descriptor must have a name; found an empty one.');
    const known = this.states.get(descriptor.name);
    if (known !== undefined) {
      if (known.kind !== descriptor.kind) {
        throw new StateMigrationError(
          `State '${descriptor.name}' is ${known.kind} state; it was asked for as ${descriptor.kind} state. Give one of them another name.`,
        );
      }
      return known.state as S;
    }
    const state = create();
    this.claimRestored(descriptor, state);
    this.states.set(descriptor.name, { kind: descriptor.kind as StateKind, state });
    return state;
  }

  private claimRestored(descriptor: NamedDescriptor, state: SlotState): void {
    const restored = this.unclaimed.get(descriptor.name);
    if (restored === undefined) return;
    if (restored.kind !== descriptor.kind) {
      throw new StateMigrationError(
        `State '${descriptor.name}' was stored as ${restored.kind} state and cannot be restored as ${descriptor.kind} state.`,
      );
    }
    this.unclaimed.delete(descriptor.name);
    for (const [slot, data] of restored.bySlot) state.restoreAt(slot, data);
  }

  /** Visits every key that has the state, with the key set, in the order in which the keys were first seen. */
  forEachKey(descriptor: NamedDescriptor, visit: (slot: number, state: unknown) => void): void {
    const object = this.stateOf(descriptor);
    const state = object as SlotState;
    const before = this.keyTable.currentSlot;
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
    const kinds: Record<string, StateKind> = {};
    for (const [name, { kind }] of this.states) kinds[name] = kind;
    for (const [name, { kind }] of this.unclaimed) kinds[name] = kind;
    return kinds;
  }

  /** Plain data of every state the key at `slot` has. */
  snapshotAt(slot: number): Record<string, unknown> {
    const data: Record<string, unknown> = {};
    for (const [name, { state }] of this.states) if (state.hasAt(slot)) data[name] = state.snapshotAt(slot);
    for (const [name, { bySlot }] of this.unclaimed) if (bySlot.has(slot)) data[name] = bySlot.get(slot);
    return data;
  }

  /** Before or after the functions asked for their states. @throws StateMigrationError when the kinds differ */
  restoreAt(slot: number, name: string, kind: StateKind, data: unknown): void {
    assert(slot > NO_SLOT, 'State can only be restored for a key that has a slot.');
    const known = this.states.get(name);
    if (known !== undefined) {
      if (known.kind !== kind)
        throw new StateMigrationError(
          `State '${name}' was stored as ${kind} state and cannot be restored as ${known.kind} state.`,
        );
      known.state.restoreAt(slot, data);
      return;
    }
    const waiting = this.unclaimed.get(name) ?? { kind, bySlot: new Map<number, unknown>() };
    waiting.bySlot.set(slot, data);
    this.unclaimed.set(name, waiting);
  }
}
