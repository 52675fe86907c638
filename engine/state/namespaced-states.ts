import type {
  AggregateFunction,
  AggregatingState,
  AggregatingStateDescriptor,
  KeyedStateStore,
  ListState,
  ListStateDescriptor,
  MapState,
  MapStateDescriptor,
  ReduceFunction,
  ReducingState,
  ReducingStateDescriptor,
  StructState,
  StructStateDescriptor,
  ValueState,
  ValueStateDescriptor,
} from '../api/state.ts';
import { StateMigrationError, UnsupportedOperationError } from '../core/errors.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { KeyTable, NO_SLOT } from './key-table.ts';
import {
  HeapAggregatingState,
  HeapListState,
  HeapMapState,
  HeapReducingState,
  HeapValueState,
} from './object-states.ts';

/** State of one namespace, by name: the kind it was made as, and its data. */
export type NamespaceData = Map<string, { readonly kind: string; readonly data: unknown }>;

type NamespacedKind = 'value' | 'list' | 'map' | 'reducing' | 'aggregating';

/** A state whose data can be changed for another's. */
interface LiveState {
  live(slot: number): unknown;
  putLive(slot: number, data: unknown): void;
}

interface Cell {
  readonly kind: NamespacedKind;
  readonly state: LiveState;
}

const CELL = 0;

/**
 * Keyed state of a namespace within a key: a window's. The states are those of the backend, with room for a single value
 * each: `select` puts the data of the namespace at hand into them, and what is in them back where it came from. The data
 * itself belongs to whoever keeps the namespaces, and is stored with them.
 */
export class NamespacedStates implements KeyedStateStore {
  private readonly table: KeyTable;
  private readonly cells = new Map<string, Cell>();
  private current: NamespaceData | null = null;

  constructor(symbols: SymbolDictionary) {
    this.table = new KeyTable(symbols);
    this.table.slotFor(CELL, 0);
  }

  /** From here on states are those of this namespace; null: of none. */
  select(namespace: NamespaceData | null): void {
    if (namespace === this.current) return;
    if (this.cells.size > 0) this.putBack();
    this.current = namespace;
    this.table.currentSlot = namespace === null ? NO_SLOT : CELL;
    for (const [name, { kind, state }] of this.cells) state.putLive(CELL, this.dataOf(name, kind));
  }

  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T> {
    return this.cell(descriptor, () => new HeapValueState<T>(this.table, descriptor.defaultValue));
  }

  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T> {
    return this.cell(descriptor, () => new HeapListState<T>(this.table));
  }

  getMapState<MK, MV>(descriptor: MapStateDescriptor<MK, MV>): MapState<MK, MV> {
    return this.cell(descriptor, () => new HeapMapState<MK, MV>(this.table));
  }

  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T> {
    return this.cell(descriptor, () => new HeapReducingState<T>(this.table, descriptor.reduce));
  }

  getAggregatingState<IN, ACC, OUT>(descriptor: AggregatingStateDescriptor<IN, ACC, OUT>): AggregatingState<IN, OUT> {
    return this.cell(descriptor, () => new HeapAggregatingState<IN, ACC, OUT>(this.table, descriptor.aggregate));
  }

  getStructState<V>({ name }: StructStateDescriptor<V>): StructState<V> {
    throw new UnsupportedOperationError(
      `State '${name}' is struct state, which belongs to keys. Within a window use value, list, map, reducing or aggregating state.`,
    );
  }

  private cell<S extends LiveState>(
    descriptor: { readonly kind: NamespacedKind; readonly name: string; readonly ttl?: unknown },
    create: () => S,
  ): S {
    const { kind, name } = descriptor;
    const known = this.cells.get(name);
    if (known !== undefined) {
      if (known.kind !== kind) {
        throw new StateMigrationError(
          `State '${name}' of a window is ${known.kind} state; it was asked for as ${kind} state. Give one of them another name.`,
        );
      }
      return known.state as unknown as S;
    }
    if (descriptor.ttl !== undefined) {
      throw new UnsupportedOperationError(
        `State '${name}' of a window cannot have a time to live: it goes with its window.`,
      );
    }
    const state = create();
    this.cells.set(name, { kind, state });
    state.putLive(CELL, this.dataOf(name, kind));
    return state;
  }

  private dataOf(name: string, kind: NamespacedKind): unknown {
    const stored = this.current?.get(name);
    if (stored !== undefined && stored.kind !== kind) {
      throw new StateMigrationError(
        `State '${name}' of a window was stored as ${stored.kind} state and cannot be restored as ${kind} state.`,
      );
    }
    return stored?.data;
  }

  private putBack(): void {
    if (this.current === null) return;
    for (const [name, { kind, state }] of this.cells) {
      const data = state.live(CELL);
      if (data === undefined) this.current.delete(name);
      else if (this.current.get(name)?.data !== data) this.current.set(name, { kind, data });
    }
  }
}

interface Mergeable {
  readonly name: string;
  readonly kind: 'list' | 'reducing' | 'aggregating';
  readonly reduce?: ReduceFunction<unknown>;
  readonly aggregate?: AggregateFunction<unknown, unknown, unknown>;
}

/** Makes one of the states of several namespaces: in `target`, which may have one already; the sources keep none. */
export function mergeNamespaceState(
  target: NamespaceData,
  sources: readonly NamespaceData[],
  descriptor: Mergeable,
): void {
  const { kind, name } = descriptor;
  let merged = target.get(name)?.data;
  for (const source of sources) {
    const data = source.get(name)?.data;
    if (data === undefined || source === target) continue;
    merged = merged === undefined ? data : mergedOf(descriptor, merged, data);
    source.delete(name);
  }
  if (merged !== undefined) target.set(name, { kind, data: merged });
}

function mergedOf({ reduce, aggregate }: Mergeable, left: unknown, right: unknown): unknown {
  if (reduce !== undefined) return reduce(left, right);
  if (aggregate === undefined) return [...(left as unknown[]), ...(right as unknown[])];
  const accumulatorOf = (data: unknown): unknown => (data as { accumulator: unknown }).accumulator;
  return { accumulator: aggregate.merge(accumulatorOf(left), accumulatorOf(right)) };
}
