import type {
  AggregateFunction,
  AggregatingState,
  ListState,
  MapState,
  ReduceFunction,
  ReducingState,
  ValueState,
} from '../api/state.ts';
import { NullPointerError } from '../core/errors.ts';
import { NO_KEY_SET, type KeyTable } from './key-table.ts';
import { plainCopy } from './plain-copy.ts';

/** State of one name, for all keys of a subtask: what the backend needs of each kind. */
export interface SlotState {
  hasAt(slot: number): boolean;
  /** Plain data to store, a copy; undefined: nothing of it is worth storing. */
  snapshotAt(slot: number): unknown;
  restoreAt(slot: number, data: unknown): void;
  clearAt(slot: number): void;
  /** The slots that are read until `endSnapshot` belong to one snapshot, of this moment. */
  beginSnapshot?(): void;
  endSnapshot?(): void;
}

/** Objects in an array by slot; undefined is absent. Like Flink's heap backend it hands out the live object. */
export abstract class ObjectState<T> implements SlotState {
  protected readonly bySlot: (T | undefined)[] = [];
  protected readonly keyTable: KeyTable;

  constructor(keyTable: KeyTable) {
    this.keyTable = keyTable;
  }

  /** @throws NullPointerError when no key is set, with Flink's text */
  protected slot(): number {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    return slot;
  }

  protected store(slot: number, value: T | undefined): void {
    while (this.bySlot.length <= slot) this.bySlot.push(undefined);
    this.bySlot[slot] = value;
  }

  clear(): void {
    this.clearAt(this.slot());
  }

  clearAt(slot: number): void {
    if (slot < this.bySlot.length) this.bySlot[slot] = undefined;
  }

  hasAt(slot: number): boolean {
    return this.bySlot[slot] !== undefined;
  }

  /** The stored object itself, for who keeps it elsewhere meanwhile (namespaced-states.ts); undefined: absent. */
  live(slot: number): T | undefined {
    return this.bySlot[slot];
  }

  putLive(slot: number, data: T | undefined): void {
    this.store(slot, data);
  }

  snapshotAt(slot: number): unknown {
    return plainCopy(this.bySlot[slot]);
  }

  restoreAt(slot: number, data: unknown): void {
    this.store(slot, plainCopy(data) as T);
  }
}

export class HeapValueState<T> extends ObjectState<T> implements ValueState<T> {
  private readonly defaultValue: T | null;

  constructor(keyTable: KeyTable, defaultValue: T | null) {
    super(keyTable);
    this.defaultValue = defaultValue;
  }

  value(): T | null {
    const value = this.bySlot[this.slot()];
    return value === undefined ? this.defaultValue : value;
  }

  update(value: T | null): void {
    this.store(this.slot(), value ?? undefined);
  }
}

const NOTHING: readonly never[] = Object.freeze([]);
const NULL_ELEMENT = 'You cannot add null to a ListState.';
const NULL_LIST = 'List of values to add cannot be null.';

export class HeapListState<T> extends ObjectState<T[]> implements ListState<T> {
  get(): readonly T[] {
    return this.bySlot[this.slot()] ?? NOTHING;
  }

  add(value: T): void {
    this.append([value]);
  }

  addAll(values: readonly T[]): void {
    checkList(values);
    if (values.length > 0) this.append(values);
  }

  update(values: readonly T[]): void {
    checkList(values);
    const slot = this.slot();
    if (values.length === 0) this.clearAt(slot);
    else this.store(slot, checkElements(values).slice());
  }

  private append(values: readonly T[]): void {
    const slot = this.slot();
    checkElements(values);
    const list = this.bySlot[slot];
    if (list === undefined) this.store(slot, values.slice());
    else for (const value of values) list.push(value);
  }
}

export function checkList(values: readonly unknown[]): void {
  if (values === null || values === undefined) throw new NullPointerError(NULL_LIST);
}

export function checkElements<T>(values: readonly T[]): readonly T[] {
  for (const value of values) if (value === null || value === undefined) throw new NullPointerError(NULL_ELEMENT);
  return values;
}

/** Null values are values: present, and given back as null. An empty map is no entry. */
export class HeapMapState<MK, MV> extends ObjectState<Map<MK, MV>> implements MapState<MK, MV> {
  get(key: MK): MV | null {
    return this.bySlot[this.slot()]?.get(key) ?? null;
  }

  put(key: MK, value: MV): void {
    const slot = this.slot();
    const map = this.bySlot[slot];
    if (map === undefined) this.store(slot, new Map([[key, value]]));
    else map.set(key, value);
  }

  remove(key: MK): void {
    const slot = this.slot();
    const map = this.bySlot[slot];
    if (map !== undefined && map.delete(key) && map.size === 0) this.clearAt(slot);
  }

  contains(key: MK): boolean {
    return this.bySlot[this.slot()]?.has(key) ?? false;
  }

  isEmpty(): boolean {
    return this.bySlot[this.slot()] === undefined;
  }

  keys(): Iterable<MK> {
    return this.bySlot[this.slot()]?.keys() ?? NOTHING;
  }

  values(): Iterable<MV> {
    return this.bySlot[this.slot()]?.values() ?? NOTHING;
  }

  entries(): Iterable<readonly [MK, MV]> {
    return this.bySlot[this.slot()]?.entries() ?? NOTHING;
  }
}

export class HeapReducingState<T> extends ObjectState<T> implements ReducingState<T> {
  private readonly reduce: ReduceFunction<T>;

  constructor(keyTable: KeyTable, reduce: ReduceFunction<T>) {
    super(keyTable);
    this.reduce = reduce;
  }

  get(): T | null {
    return this.bySlot[this.slot()] ?? null;
  }

  /** The first value is stored as it is; null clears, as Flink's heap state does. */
  add(value: T): void {
    const slot = this.slot();
    if (value === null || value === undefined) return this.clearAt(slot);
    const before = this.bySlot[slot];
    this.store(slot, before === undefined ? value : this.reduce(before, value));
  }
}

export class HeapAggregatingState<IN, ACC, OUT>
  extends ObjectState<{ accumulator: ACC }>
  implements AggregatingState<IN, OUT>
{
  private readonly aggregate: AggregateFunction<IN, ACC, OUT>;

  constructor(keyTable: KeyTable, aggregate: AggregateFunction<IN, ACC, OUT>) {
    super(keyTable);
    this.aggregate = aggregate;
  }

  get(): OUT | null {
    const entry = this.bySlot[this.slot()];
    return entry === undefined ? null : this.aggregate.getResult(entry.accumulator);
  }

  add(value: IN): void {
    const slot = this.slot();
    if (value === null || value === undefined) return this.clearAt(slot);
    const accumulator = this.bySlot[slot]?.accumulator ?? this.aggregate.createAccumulator();
    this.store(slot, { accumulator: this.aggregate.add(value, accumulator) });
  }
}
