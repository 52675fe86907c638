import type {
  AggregateFunction,
  AggregatingState,
  ListState,
  MapState,
  ReduceFunction,
  ReducingState,
  ValueState,
} from '../api/state.ts';
import type { StateTtlConfig } from '../api/state-ttl.ts';
import type { CopyOnWrite } from './copy-on-write.ts';
import type { KeyTable } from './key-table.ts';
import { checkElements, checkList, ObjectState } from './object-states.ts';
import { plainCopy } from './plain-copy.ts';

/** A value and when its life was last renewed, ms of processing time. */
interface Stamped<T> {
  readonly value: T;
  readonly lastAccessMs: number;
}

/** Where states with a time to live take the time from. */
export interface ProcessingClock {
  readonly processingTime: number;
}

/** What states with a time to live are given by their backend. */
export interface TtlEnvironment {
  readonly clock: ProcessingClock;
  /** The cleanup changes keys that nobody has announced: it says so itself. */
  readonly copyOnWrite: CopyOnWrite;
}

/**
 * What all states with a time to live share: when something has expired, and the incremental cleanup, which each access
 * pushes on by a few keys. Reads and writes answer as Flink's TtlStateFactory's states do.
 */
abstract class TtlState<T> extends ObjectState<T> {
  protected readonly ttl: StateTtlConfig;
  protected readonly renewsOnRead: boolean;
  protected readonly returnsExpired: boolean;
  private readonly environment: TtlEnvironment;
  private cleanupSlot = 0;
  /** The time as of which a snapshot under way is taken; null: there is none. */
  private snapshotTimeMs: number | null = null;

  constructor(keyTable: KeyTable, ttl: StateTtlConfig, environment: TtlEnvironment) {
    super(keyTable);
    this.ttl = ttl;
    this.environment = environment;
    this.renewsOnRead = ttl.updateType === 'on-read-and-write';
    this.returnsExpired = ttl.stateVisibility === 'return-expired-if-not-cleaned-up';
  }

  /** What is left of a key's data without what has expired at that time: the very same object when all of it is alive. */
  protected abstract unexpired(data: T, atMs: number): T | undefined;

  /** Ms of processing time, by which questions tell what is alive. */
  get timeMs(): number {
    return this.nowMs;
  }

  protected get nowMs(): number {
    return this.environment.clock.processingTime;
  }

  protected isExpired({ lastAccessMs }: Stamped<unknown>, atMs = this.nowMs): boolean {
    return lastAccessMs + this.ttl.ttlMs <= atMs;
  }

  protected stamp<V>(value: V): Stamped<V> {
    return { value, lastAccessMs: this.nowMs };
  }

  /** Every read and write begins here. @returns the current key's slot */
  protected access(): number {
    const slot = this.slot();
    // A read may remove what has expired, also one that answers a question between two records.
    this.keepForSnapshot(slot);
    const keys = Math.min(this.ttl.cleanupIncrementallyKeys, this.bySlot.length);
    for (let count = 0; count < keys; count += 1) {
      if (this.cleanupSlot >= this.bySlot.length) this.cleanupSlot = 0;
      this.expireAt(this.cleanupSlot);
      this.cleanupSlot += 1;
    }
    return slot;
  }

  private keepForSnapshot(slot: number): void {
    const { copyOnWrite } = this.environment;
    if (slot < copyOnWrite.limit) copyOnWrite.touch(slot);
  }

  private expireAt(slot: number): void {
    const data = this.bySlot[slot];
    if (data === undefined) return;
    const left = this.unexpired(data, this.nowMs);
    if (left === data) return;
    this.keepForSnapshot(slot);
    if (left === undefined) this.clearAt(slot);
    else this.store(slot, left);
  }

  /** A snapshot is read while time goes on; it is of the moment in which it began. */
  beginSnapshot(): void {
    this.snapshotTimeMs = this.nowMs;
  }

  endSnapshot(): void {
    this.snapshotTimeMs = null;
  }

  override snapshotAt(slot: number): unknown {
    const data = this.bySlot[slot];
    if (data === undefined || !this.ttl.cleanupInFullSnapshot) return plainCopy(data);
    return plainCopy(this.unexpired(data, this.snapshotTimeMs ?? this.nowMs));
  }
}

/** What value, reducing and aggregating state share: one stamped value per key, alive or not as a whole. */
abstract class SingleTtlState<T> extends TtlState<Stamped<T>> {
  protected unexpired(data: Stamped<T>, atMs: number): Stamped<T> | undefined {
    return this.isExpired(data, atMs) ? undefined : data;
  }

  /** A read: what has expired goes, and is handed out once more where that is wanted. */
  protected readAt(slot: number): Stamped<T> | undefined {
    const data = this.bySlot[slot];
    if (data === undefined) return undefined;
    if (this.isExpired(data)) {
      this.clearAt(slot);
      return this.returnsExpired ? data : undefined;
    }
    if (this.renewsOnRead) this.store(slot, this.stamp(data.value));
    return data;
  }

  /** What a new value is added to: also something expired, where that may still be seen. */
  protected baseAt(slot: number): Stamped<T> | undefined {
    const data = this.bySlot[slot];
    return data === undefined || (!this.returnsExpired && this.isExpired(data)) ? undefined : data;
  }
}

export class TtlValueState<T> extends SingleTtlState<T> implements ValueState<T> {
  private readonly defaultValue: T | null;

  constructor(keyTable: KeyTable, ttl: StateTtlConfig, environment: TtlEnvironment, defaultValue: T | null) {
    super(keyTable, ttl, environment);
    this.defaultValue = defaultValue;
  }

  value(): T | null {
    const data = this.readAt(this.access());
    return data === undefined ? this.defaultValue : data.value;
  }

  update(value: T | null): void {
    const slot = this.access();
    if (value === null || value === undefined) this.clearAt(slot);
    else this.store(slot, this.stamp(value));
  }
}

export class TtlReducingState<T> extends SingleTtlState<T> implements ReducingState<T> {
  private readonly reduce: ReduceFunction<T>;

  constructor(keyTable: KeyTable, ttl: StateTtlConfig, environment: TtlEnvironment, reduce: ReduceFunction<T>) {
    super(keyTable, ttl, environment);
    this.reduce = reduce;
  }

  get(): T | null {
    return this.readAt(this.access())?.value ?? null;
  }

  add(value: T): void {
    const slot = this.access();
    if (value === null || value === undefined) return this.clearAt(slot);
    const base = this.baseAt(slot);
    this.store(slot, this.stamp(base === undefined ? value : this.reduce(base.value, value)));
  }
}

export class TtlAggregatingState<IN, ACC, OUT> extends SingleTtlState<ACC> implements AggregatingState<IN, OUT> {
  private readonly aggregate: AggregateFunction<IN, ACC, OUT>;

  constructor(
    keyTable: KeyTable,
    ttl: StateTtlConfig,
    environment: TtlEnvironment,
    aggregate: AggregateFunction<IN, ACC, OUT>,
  ) {
    super(keyTable, ttl, environment);
    this.aggregate = aggregate;
  }

  get(): OUT | null {
    const data = this.readAt(this.access());
    return data === undefined ? null : this.aggregate.getResult(data.value);
  }

  add(value: IN): void {
    const slot = this.access();
    if (value === null || value === undefined) return this.clearAt(slot);
    const base = this.baseAt(slot);
    const accumulator = base === undefined ? this.aggregate.createAccumulator() : base.value;
    this.store(slot, this.stamp(this.aggregate.add(value, accumulator)));
  }
}

/** Elements expire one by one; the list goes when a read finds that all of them have. */
export class TtlListState<T> extends TtlState<readonly Stamped<T>[]> implements ListState<T> {
  protected unexpired(data: readonly Stamped<T>[], atMs: number): readonly Stamped<T>[] | undefined {
    const alive = this.alive(data, atMs);
    return alive.length === 0 ? undefined : alive;
  }

  private alive(data: readonly Stamped<T>[], atMs: number): readonly Stamped<T>[] {
    if (!data.some((element) => this.isExpired(element, atMs))) return data;
    return data.filter((element) => !this.isExpired(element, atMs));
  }

  get(): readonly T[] {
    const slot = this.access();
    const list = this.bySlot[slot];
    if (list === undefined) return [];
    const alive = this.alive(list, this.nowMs);
    if (alive.length === 0) this.clearAt(slot);
    else if (this.renewsOnRead)
      this.store(
        slot,
        alive.map(({ value }) => this.stamp(value)),
      );
    return (this.returnsExpired ? list : alive).map(({ value }) => value);
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
    const slot = this.access();
    if (values.length === 0) this.clearAt(slot);
    else
      this.store(
        slot,
        checkElements(values).map((value) => this.stamp(value)),
      );
  }

  private append(values: readonly T[]): void {
    const slot = this.access();
    const stamped = checkElements(values).map((value) => this.stamp(value));
    const list = this.bySlot[slot] as Stamped<T>[] | undefined;
    if (list === undefined) this.store(slot, stamped);
    else for (const element of stamped) list.push(element);
  }
}

/** Entries expire one by one. Null values are values, as in map state without a time to live. */
export class TtlMapState<MK, MV> extends TtlState<Map<MK, Stamped<MV>>> implements MapState<MK, MV> {
  protected unexpired(data: Map<MK, Stamped<MV>>, atMs: number): Map<MK, Stamped<MV>> | undefined {
    const expired: MK[] = [];
    for (const [key, entry] of data) if (this.isExpired(entry, atMs)) expired.push(key);
    if (expired.length === 0) return data;
    if (expired.length === data.size) return undefined;
    const alive = new Map(data);
    for (const key of expired) alive.delete(key);
    return alive;
  }

  get(key: MK): MV | null {
    return this.read(this.access(), key)?.value ?? null;
  }

  /** As in Flink a read like any other: it renews, and removes what has expired. */
  contains(key: MK): boolean {
    return this.read(this.access(), key) !== undefined;
  }

  put(key: MK, value: MV): void {
    const slot = this.access();
    const map = this.bySlot[slot];
    if (map === undefined) this.store(slot, new Map([[key, this.stamp(value)]]));
    else map.set(key, this.stamp(value));
  }

  remove(key: MK): void {
    this.removeAt(this.access(), key);
  }

  /** Whether a read of all entries would give none; renews nothing. */
  isEmpty(): boolean {
    const map = this.bySlot[this.access()];
    return map === undefined || (!this.returnsExpired && this.unexpired(map, this.nowMs) === undefined);
  }

  keys(): Iterable<MK> {
    return this.readAll().map(([key]) => key);
  }

  values(): Iterable<MV> {
    return this.readAll().map(([, value]) => value);
  }

  entries(): Iterable<readonly [MK, MV]> {
    return this.readAll();
  }

  private readAll(): (readonly [MK, MV])[] {
    const slot = this.access();
    const keys = [...(this.bySlot[slot]?.keys() ?? [])];
    return keys.flatMap((key) => {
      const entry = this.read(slot, key);
      return entry === undefined ? [] : [[key, entry.value] as const];
    });
  }

  private read(slot: number, key: MK): Stamped<MV> | undefined {
    const entry = this.bySlot[slot]?.get(key);
    if (entry === undefined) return undefined;
    if (this.isExpired(entry)) {
      this.removeAt(slot, key);
      return this.returnsExpired ? entry : undefined;
    }
    if (this.renewsOnRead) this.bySlot[slot]?.set(key, this.stamp(entry.value));
    return entry;
  }

  private removeAt(slot: number, key: MK): void {
    const map = this.bySlot[slot];
    if (map !== undefined && map.delete(key) && map.size === 0) this.clearAt(slot);
  }
}
