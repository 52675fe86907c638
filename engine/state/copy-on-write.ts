import type { KeyTable } from './key-table.ts';
import type { SlotState } from './object-states.ts';
import type { HeapStructState } from './struct-state.ts';

/** Slots copied together: large enough to be few, small enough that no record waits for more than a few microseconds. */
const PAGE_BITS = 6;
const PAGE_SLOTS = 1 << PAGE_BITS;
const LIVE = 0;
const COPIED = 1;

/** The struct state of the slots of a page, as it was and as it lies: struct-state.ts. */
export interface StructRows {
  readonly fronts: Float64Array;
  readonly backs: Float64Array;
  /** A bit for each. */
  readonly present: Int32Array;
}

interface PageCopy {
  readonly structs: readonly StructRows[];
  /** By object state, then slot within the page; undefined: absent. */
  readonly objects: readonly (readonly unknown[])[];
  /** By time domain, then slot within the page: the time of the key's own timer; NaN: none. */
  readonly timers: readonly Float64Array[];
}

/** What a snapshot reads of timers by slot: timer-queue.ts. */
export interface SlotTimers {
  /** NaN: there is none. */
  ownTime(slot: number): number;
}

/**
 * Lets a snapshot be read slot by slot while records go on changing the state: whoever is about to change a slot that
 * was not read yet first copies its page (Flink: copy-on-write state tables). While no snapshot is under way `limit` is 0,
 * and a record pays one comparison.
 */
export class CopyOnWrite {
  /** Slots below it belong to the snapshot under way. */
  limit = 0;
  /**
   * Before the state of a slot below `limit` may change. Two functions take turns, so that the compiler never makes either of
   * them a part of the loop over records: what it may put there is bounded, and is for what every record needs.
   */
  touch: (slot: number) => void;
  private readonly touches: readonly ((slot: number) => void)[];
  private snapshots = 0;
  private structs: readonly HeapStructState<unknown>[] = [];
  private objects: readonly SlotState[] = [];
  private timers: readonly SlotTimers[] = [];
  private pages = new Uint8Array(0);
  private readonly copies = new Map<number, PageCopy>();
  private read = 0;

  constructor() {
    this.touches = [(slot) => this.copyOnce(slot), (slot) => this.copyOnce(slot)];
    [this.touch] = this.touches;
  }

  /** From here on slots keep what they hold now, for the snapshot's sake. */
  begin(
    keyTable: KeyTable,
    structs: readonly HeapStructState<unknown>[],
    objects: readonly SlotState[],
    timers: readonly SlotTimers[],
  ): void {
    this.snapshots += 1;
    this.touch = this.touches[this.snapshots & 1];
    this.structs = structs;
    this.objects = objects;
    this.timers = timers;
    this.pages = new Uint8Array((keyTable.count + PAGE_SLOTS - 1) >> PAGE_BITS);
    this.read = 0;
    this.limit = keyTable.count;
    for (const state of objects) state.beginSnapshot?.();
  }

  private copyOnce(slot: number): void {
    const page = slot >> PAGE_BITS;
    if (this.pages[page] === LIVE && slot >= this.read) this.copy(page);
  }

  /** Before the state of any slot may change: a visit of all keys. */
  touchAll(): void {
    for (let slot = this.read; slot < this.limit; slot = ((slot >> PAGE_BITS) + 1) << PAGE_BITS) this.touch(slot);
  }

  /** Slots below `slot` were read and may change freely. */
  wasRead(slot: number): void {
    for (let page = this.read >> PAGE_BITS; page < slot >> PAGE_BITS; page += 1) this.copies.delete(page);
    this.read = slot;
  }

  end(): void {
    this.limit = 0;
    this.copies.clear();
    for (const state of this.objects) state.endSnapshot?.();
  }

  /** Copies the row of a slot to word `at` of `rows`. @returns whether the slot has one */
  readRow(index: number, slot: number, rows: Float64Array, at: number): boolean {
    const state = this.structs[index];
    const copy = this.copies.get(slot >> PAGE_BITS)?.structs[index];
    if (copy === undefined) {
      if (!state.hasAt(slot)) return false;
      state.copyRow(slot, rows, at);
      return true;
    }
    const place = slot & (PAGE_SLOTS - 1);
    if ((copy.present[place >> 5] & (1 << place)) === 0) return false;
    state.copyRowOf(copy, place, rows, at);
    return true;
  }

  /** The time of the key's own timer; NaN: there is none. */
  timerAt(index: number, slot: number): number {
    const copy = this.copies.get(slot >> PAGE_BITS);
    return copy === undefined ? this.timers[index].ownTime(slot) : copy.timers[index][slot & (PAGE_SLOTS - 1)];
  }

  /** @returns undefined when the slot has no such state */
  objectAt(index: number, slot: number): unknown {
    const copy = this.copies.get(slot >> PAGE_BITS);
    if (copy !== undefined) return copy.objects[index][slot & (PAGE_SLOTS - 1)];
    const state = this.objects[index];
    return state.hasAt(slot) ? state.snapshotAt(slot) : undefined;
  }

  private copy(page: number): void {
    const from = page << PAGE_BITS;
    const to = Math.min(from + PAGE_SLOTS, this.limit);
    this.pages[page] = COPIED;
    this.copies.set(page, {
      structs: this.structs.map((state) => state.copyRows(from, to)),
      objects: this.objects.map((state) => {
        const values: unknown[] = [];
        for (let slot = from; slot < to; slot += 1) values.push(state.hasAt(slot) ? state.snapshotAt(slot) : undefined);
        return values;
      }),
      timers: this.timers.map((timers) => {
        const times = new Float64Array(to - from);
        for (let slot = from; slot < to; slot += 1) times[slot - from] = timers.ownTime(slot);
        return times;
      }),
    });
  }
}
