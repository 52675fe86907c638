import { IllegalArgumentError } from '../../core/errors.ts';
import { FETCHED } from '../../memory/fetch-ahead.ts';
import type { KeyTable } from '../../state/key-table.ts';
import { InstantHeap } from './instant-heap.ts';
import { TimerLists } from './timer-lists.ts';
import { NONE, TimerTable } from './timer-table.ts';

/** Dead timers are swept out when they are the majority of at least this many. */
const SWEEP_MIN = 64;

/**
 * A key's own place: there is no timer in it. Otherwise it holds the number of the timer's instant, from 1, which says its time;
 * below zero when the timer is deleted, but still in the list of its instant: the place is taken until it comes up there.
 */
const VACANT = 0;
/** Timers whose keys are told at once: more than a core can wait for at once, few enough to stay in its cache. */
const AHEAD_MAX = 128;

/**
 * Timers of one time domain: a set of (slot, time), taken out in order of time, then of registration.
 *
 *   instants    a heap of the different times, each with the list of its timers (instant-heap.ts, timer-lists.ts)
 *   places      by slot: the instant of one timer of the key, found with one fetch. Most keys never have a second one
 *   timers      the others, found exactly by (slot, time), for dedupe and delete (timer-table.ts)
 *
 * A list holds slot x 2 for the timer in a key's own place, and number x 2 + 1 for one of the table. A deleted timer stays
 * in its list, dead, until it comes to the front or the dead outnumber the living; only then its place or number is free.
 *
 * `headTime` is the earliest pending time, Infinity when there is none: the hot loop compares it and does nothing else.
 */
export class TimerQueue {
  headTime = Infinity;
  /** The earliest instant and the first entry of its list, which is alive; of no meaning while `size` is 0. */
  private headInstant = NONE;
  private headEntry = NONE;
  private live = 0;
  /** Entries of deleted timers that are still in their lists. */
  private dead = 0;
  private readonly instants = new InstantHeap();
  private readonly lists = new TimerLists();
  private readonly timers = new TimerTable();
  private places = new Int32Array(0);
  private readonly ahead = new Int32Array(AHEAD_MAX);

  constructor(keyTable: KeyTable) {
    keyTable.onGrow((capacity) => {
      const places = new Int32Array(capacity);
      places.set(this.places);
      this.places = places;
    });
  }

  get size(): number {
    return this.live;
  }

  /** The slot of the timer at `headTime`; only while `size` > 0. */
  get headSlot(): number {
    return this.slotOf(this.headEntry);
  }

  /** @returns false when there is such a timer already */
  register(slot: number, time: number): boolean {
    const { instants, timers } = this;
    const place = this.places[slot];
    if (place > VACANT && instants.timeOf(place - 1) === time) return false;
    if (!Number.isInteger(time) && time !== Infinity && time !== -Infinity) {
      throw new IllegalArgumentError(`A timer must be set to whole ms; found ${time}.`);
    }
    if (timers.held > 0 && timers.find(slot, time) !== NONE) return false;
    const instant = instants.obtain(time);
    if (place === VACANT) {
      this.places[slot] = instant + 1;
      this.enlist(instant, slot * 2);
    } else {
      this.enlist(instant, timers.add(slot, time) * 2 + 1);
    }
    this.live += 1;
    return true;
  }

  /** @returns false when there is no such timer */
  remove(slot: number, time: number): boolean {
    const place = this.places[slot];
    if (place > VACANT && this.instants.timeOf(place - 1) === time) {
      this.places[slot] = -place;
    } else {
      const timer = this.timers.held > 0 ? this.timers.find(slot, time) : NONE;
      if (timer === NONE) return false;
      this.timers.forget(timer);
    }
    this.live -= 1;
    this.dead += 1;
    this.findHead();
    if (this.dead > this.live && this.dead + this.live >= SWEEP_MIN) this.sweep();
    return true;
  }

  /** Takes out the earliest timer; read `headTime` and `headSlot` before. Only while `size` > 0. */
  poll(): void {
    const { instants, headEntry: entry, headInstant: instant } = this;
    if ((entry & 1) === 0) this.places[entry >> 1] = VACANT;
    else this.takeFurther(entry >> 1);
    this.live -= 1;
    const first = this.lists.drop(instants.first[instant], instants.last[instant]);
    instants.first[instant] = first;
    if (first === NONE) return this.findHead();
    const next = this.lists.entries[first];
    if (this.dead === 0 || this.isAlive(next)) this.headEntry = next;
    else this.findHead();
  }

  /**
   * Tells the keys of the timers that come next, all of the earliest time, unless one stands alone. Only while `size` > 0.
   * @returns how many timers will fire before it is worth asking again, unless some are deleted or earlier ones set meanwhile
   */
  lookAhead(tell: (slots: Int32Array, count: number) => void): number {
    const { instants, lists, ahead, places } = this;
    const end = instants.last[this.headInstant];
    let at = instants.first[this.headInstant];
    let count = 0;
    let sum = 0;
    for (;;) {
      const slot = this.slotOf(lists.entries[at]);
      ahead[count] = slot;
      sum = (sum + places[slot]) | 0;
      count += 1;
      if (at + 1 === end || count === AHEAD_MAX) break;
      at = lists.next(at);
    }
    FETCHED[0] = sum;
    if (count > 1) tell(ahead, count);
    return count;
  }

  /** The time of the timer in the key's own place; NaN: there is none in it. */
  ownTime(slot: number): number {
    const place = this.places[slot];
    return place > VACANT ? this.instants.timeOf(place - 1) : NaN;
  }

  /** A copy of the timers that are in no key's own place. */
  copyFurther(): { readonly slots: Int32Array; readonly times: Float64Array } {
    return this.timers.copyAlive();
  }

  /** Every pending timer, in no particular order. */
  forEach(visit: (slot: number, time: number) => void): void {
    const { instants } = this;
    for (let index = 0; index < instants.size; index += 1) {
      const instant = instants.at(index);
      const time = instants.timeOf(instant);
      this.forEachEntry(instants.first[instant], instants.last[instant], (entry) => {
        if (this.isAlive(entry)) visit(this.slotOf(entry), time);
      });
    }
  }

  private slotOf(entry: number): number {
    return (entry & 1) === 0 ? entry >> 1 : this.timers.slot[entry >> 1];
  }

  private isAlive(entry: number): boolean {
    return (entry & 1) === 0 ? this.places[entry >> 1] > VACANT : this.timers.alive[entry >> 1] === 1;
  }

  /** It is in no list any more. */
  private free(entry: number): void {
    if ((entry & 1) === 0) this.places[entry >> 1] = VACANT;
    else this.timers.release(entry >> 1);
  }

  private takeFurther(timer: number): void {
    this.timers.forget(timer);
    this.timers.release(timer);
  }

  private enlist(instant: number, entry: number): void {
    const { last, first } = this.instants;
    const end = last[instant];
    const at = this.lists.append(end, entry);
    last[instant] = at + 1;
    if (end !== NONE) return;
    first[instant] = at;
    this.readHead();
  }

  private dropFirst(instant: number): void {
    const { first, last } = this.instants;
    first[instant] = this.lists.drop(first[instant], last[instant]);
  }

  /** Brings a living timer to the front of the earliest instant. */
  private findHead(): void {
    const { instants, lists } = this;
    while (instants.size > 0) {
      const instant = instants.head;
      while (instants.first[instant] !== NONE) {
        const entry = lists.entries[instants.first[instant]];
        if (this.isAlive(entry)) return this.readHead();
        this.free(entry);
        this.dropFirst(instant);
        this.dead -= 1;
      }
      instants.removeHead();
    }
    this.headTime = Infinity;
  }

  private readHead(): void {
    const { instants } = this;
    this.headTime = instants.headTime;
    this.headInstant = instants.head;
    this.headEntry = this.lists.entries[instants.first[instants.head]];
  }

  private sweep(): void {
    const { instants, lists } = this;
    const kept: number[] = [];
    for (let index = 0; index < instants.size; index += 1) {
      const instant = instants.at(index);
      kept.length = 0;
      this.forEachEntry(instants.first[instant], instants.last[instant], (entry) => {
        if (this.isAlive(entry)) kept.push(entry);
        else this.free(entry);
      });
      while (instants.first[instant] !== NONE) this.dropFirst(instant);
      instants.last[instant] = NONE;
      for (const entry of kept) {
        const at = lists.append(instants.last[instant], entry);
        if (instants.first[instant] === NONE) instants.first[instant] = at;
        instants.last[instant] = at + 1;
      }
    }
    this.dead = 0;
    instants.removeEmpty();
    if (instants.size > 0) this.readHead();
    else this.headTime = Infinity;
  }

  private forEachEntry(first: number, end: number, visit: (entry: number) => void): void {
    if (first === NONE) return;
    for (let at = first; ; at = this.lists.next(at)) {
      visit(this.lists.entries[at]);
      if (at + 1 === end) return;
    }
  }
}
