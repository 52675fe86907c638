import { IllegalArgumentError } from '../../core/errors.ts';
import type { KeyTable } from '../../state/key-table.ts';
import { InstantHeap } from './instant-heap.ts';
import { NONE, TimerTable } from './timer-table.ts';

/** Dead timers are swept out when they are the majority of at least this many. */
const SWEEP_MIN = 64;

/**
 * Timers of one time domain: a set of (slot, time), taken out in order of time, then of registration.
 *
 *   instants    a heap of the different times, each with the list of its timers (instant-heap.ts)
 *   timers      found exactly by (slot, time), for dedupe and delete (timer-table.ts); a deleted timer stays in its list,
 *               dead, until it comes to the front or the dead outnumber the living
 *   latest      by slot: the key's last registered pending time, so that asking for the same timer on every record costs
 *               one load
 *
 * `headTime` is the earliest pending time, Infinity when there is none: the hot loop compares it and does nothing else.
 */
export class TimerQueue {
  headTime = Infinity;
  private live = 0;
  private readonly instants = new InstantHeap();
  private readonly timers = new TimerTable();
  private latest = new Float64Array(0);

  constructor(keyTable: KeyTable) {
    keyTable.onGrow((capacity) => {
      const latest = new Float64Array(capacity).fill(NaN);
      latest.set(this.latest);
      this.latest = latest;
    });
  }

  get size(): number {
    return this.live;
  }

  /** The slot of the timer at `headTime`; only while `size` > 0. */
  get headSlot(): number {
    return this.timers.slot[this.instants.first[this.instants.head]];
  }

  /** @returns false when there is such a timer already */
  register(slot: number, time: number): boolean {
    if (this.latest[slot] === time) return false;
    if (!Number.isInteger(time) && time !== Infinity && time !== -Infinity) {
      throw new IllegalArgumentError(`A timer must be set to whole ms; found ${time}.`);
    }
    const { instants, timers } = this;
    if (timers.find(slot, time) !== NONE) return false;
    const timer = timers.add(slot, time);
    const instant = instants.obtain(time);
    if (instants.first[instant] === NONE) instants.first[instant] = timer;
    else timers.next[instants.last[instant]] = timer;
    instants.last[instant] = timer;
    this.latest[slot] = time;
    this.live += 1;
    this.headTime = instants.headTime;
    return true;
  }

  /** @returns false when there is no such timer */
  remove(slot: number, time: number): boolean {
    const timer = this.timers.find(slot, time);
    if (timer === NONE) return false;
    this.forget(timer, slot, time);
    this.dropDead();
    if (this.timers.held >= SWEEP_MIN && this.timers.held > this.live * 2) this.sweep();
    return true;
  }

  /** Takes out the earliest timer; read `headTime` and `headSlot` before. Only while `size` > 0. */
  poll(): void {
    const timer = this.instants.first[this.instants.head];
    this.forget(timer, this.timers.slot[timer], this.instants.headTime);
    this.dropDead();
  }

  /** Every pending timer, in no particular order. */
  forEach(visit: (slot: number, time: number) => void): void {
    const { instants, timers } = this;
    for (let index = 0; index < instants.size; index += 1) {
      const instant = instants.at(index);
      for (let timer = instants.first[instant]; timer !== NONE; timer = timers.next[timer]) {
        if (timers.alive[timer] === 1) visit(timers.slot[timer], instants.timeOf(instant));
      }
    }
  }

  private forget(timer: number, slot: number, time: number): void {
    this.timers.forget(timer);
    this.live -= 1;
    if (this.latest[slot] === time) this.latest[slot] = NaN;
  }

  /** Brings a living timer to the front of the earliest instant. */
  private dropDead(): void {
    const { instants, timers } = this;
    while (instants.size > 0) {
      const instant = instants.head;
      let timer = instants.first[instant];
      while (timer !== NONE && timers.alive[timer] === 0) {
        const next = timers.next[timer];
        timers.release(timer);
        timer = next;
      }
      instants.first[instant] = timer;
      if (timer !== NONE) break;
      instants.removeHead();
    }
    this.headTime = instants.headTime;
  }

  private sweep(): void {
    const { instants, timers } = this;
    for (let index = 0; index < instants.size; index += 1) {
      const instant = instants.at(index);
      let kept = NONE;
      let timer = instants.first[instant];
      instants.first[instant] = NONE;
      while (timer !== NONE) {
        const next = timers.next[timer];
        if (timers.alive[timer] === 0) {
          timers.release(timer);
        } else {
          if (kept === NONE) instants.first[instant] = timer;
          else timers.next[kept] = timer;
          timers.next[timer] = NONE;
          kept = timer;
        }
        timer = next;
      }
      instants.last[instant] = kept;
    }
    instants.removeEmpty();
    this.headTime = instants.headTime;
  }
}
