import { IllegalArgumentError } from '../../core/errors.ts';
import type { KeyTable } from '../../state/key-table.ts';

/** Dead timers are swept out of the heap when they are the majority of at least this many. */
const SWEEP_MIN = 64;
const NONE = -1;

/**
 * Timers of one time domain: a set of (slot, time), taken out in order of time, then slot. Typed arrays throughout.
 *
 *   timers (by number)  timerTime, timerSlot, nextInBucket      a chained hash over (slot, time): exact dedupe and delete
 *   heap                heapTime, heapSlot, heapTimer           a binary heap; a deleted timer stays in it, dead, until
 *                                                               it comes to the top or the dead outnumber the living
 *   by slot             latest                                  the key's last registered pending time, so that asking
 *                                                               for the same timer on every record costs one load
 *
 * `headTime` is the earliest pending time, Infinity when there is none: the hot loop compares it and does nothing else.
 */
export class TimerQueue {
  headTime = Infinity;
  private live = 0;
  private heapSize = 0;
  private heapTime = new Float64Array(64);
  private heapSlot = new Int32Array(64);
  private heapTimer = new Int32Array(64);
  private timerTime = new Float64Array(64);
  private timerSlot = new Int32Array(64);
  private alive = new Uint8Array(64);
  private nextInBucket = new Int32Array(64);
  private buckets = new Int32Array(64).fill(NONE);
  private freeTimer = NONE;
  private timersUsed = 0;
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
    return this.heapSlot[0];
  }

  /** @returns false when there is such a timer already */
  register(slot: number, time: number): boolean {
    if (this.latest[slot] === time) return false;
    if (!Number.isInteger(time) && time !== Infinity && time !== -Infinity) {
      throw new IllegalArgumentError(`A timer must be set to whole ms; found ${time}.`);
    }
    if (this.find(slot, time) !== NONE) return false;
    const timer = this.allocate(slot, time);
    this.latest[slot] = time;
    this.live += 1;
    this.push(timer, slot, time);
    this.headTime = this.heapTime[0];
    return true;
  }

  /** @returns false when there is no such timer */
  remove(slot: number, time: number): boolean {
    const timer = this.find(slot, time);
    if (timer === NONE) return false;
    this.forget(timer, slot, time);
    this.dropDeadHead();
    if (this.heapSize >= SWEEP_MIN && this.heapSize > this.live * 2) this.sweep();
    return true;
  }

  /** Takes out the earliest timer; read `headTime` and `headSlot` before. Only while `size` > 0. */
  poll(): void {
    const timer = this.heapTimer[0];
    this.forget(timer, this.heapSlot[0], this.heapTime[0]);
    this.dropDeadHead();
  }

  /** Every pending timer, in no particular order. */
  forEach(visit: (slot: number, time: number) => void): void {
    for (let index = 0; index < this.heapSize; index += 1) {
      if (this.alive[this.heapTimer[index]] === 1) visit(this.heapSlot[index], this.heapTime[index]);
    }
  }

  private find(slot: number, time: number): number {
    let timer = this.buckets[hashOf(slot, time) & (this.buckets.length - 1)];
    while (timer !== NONE && (this.timerSlot[timer] !== slot || this.timerTime[timer] !== time))
      timer = this.nextInBucket[timer];
    return timer;
  }

  private allocate(slot: number, time: number): number {
    let timer = this.freeTimer;
    if (timer === NONE) {
      if (this.timersUsed === this.timerTime.length) this.growTimers();
      timer = this.timersUsed;
      this.timersUsed += 1;
    } else {
      this.freeTimer = this.nextInBucket[timer];
    }
    this.timerTime[timer] = time;
    this.timerSlot[timer] = slot;
    this.alive[timer] = 1;
    const bucket = hashOf(slot, time) & (this.buckets.length - 1);
    this.nextInBucket[timer] = this.buckets[bucket];
    this.buckets[bucket] = timer;
    return timer;
  }

  /** Out of the hash, and dead in the heap. */
  private forget(timer: number, slot: number, time: number): void {
    const bucket = hashOf(slot, time) & (this.buckets.length - 1);
    let previous = NONE;
    for (let at = this.buckets[bucket]; at !== timer; at = this.nextInBucket[at]) previous = at;
    if (previous === NONE) this.buckets[bucket] = this.nextInBucket[timer];
    else this.nextInBucket[previous] = this.nextInBucket[timer];
    this.alive[timer] = 0;
    this.live -= 1;
    if (this.latest[slot] === time) this.latest[slot] = NaN;
  }

  private dropDeadHead(): void {
    while (this.heapSize > 0 && this.alive[this.heapTimer[0]] === 0) {
      this.release(this.heapTimer[0]);
      this.heapSize -= 1;
      const last = this.heapSize;
      if (last > 0) this.siftDown(0, this.heapTime[last], this.heapSlot[last], this.heapTimer[last]);
    }
    this.headTime = this.heapSize > 0 ? this.heapTime[0] : Infinity;
  }

  private release(timer: number): void {
    this.nextInBucket[timer] = this.freeTimer;
    this.freeTimer = timer;
  }

  private push(timer: number, slot: number, time: number): void {
    if (this.heapSize === this.heapTime.length) this.growHeap();
    const heapTime = this.heapTime;
    const heapSlot = this.heapSlot;
    const heapTimer = this.heapTimer;
    let at = this.heapSize;
    this.heapSize += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const parentTime = heapTime[parent];
      if (parentTime < time || (parentTime === time && heapSlot[parent] <= slot)) break;
      heapTime[at] = parentTime;
      heapSlot[at] = heapSlot[parent];
      heapTimer[at] = heapTimer[parent];
      at = parent;
    }
    heapTime[at] = time;
    heapSlot[at] = slot;
    heapTimer[at] = timer;
  }

  private siftDown(from: number, time: number, slot: number, timer: number): void {
    const heapTime = this.heapTime;
    const heapSlot = this.heapSlot;
    const heapTimer = this.heapTimer;
    const size = this.heapSize;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= size) break;
      let childTime = heapTime[child];
      const right = child + 1;
      if (right < size) {
        const rightTime = heapTime[right];
        if (rightTime < childTime || (rightTime === childTime && heapSlot[right] < heapSlot[child])) {
          child = right;
          childTime = rightTime;
        }
      }
      if (time < childTime || (time === childTime && slot <= heapSlot[child])) break;
      heapTime[at] = childTime;
      heapSlot[at] = heapSlot[child];
      heapTimer[at] = heapTimer[child];
      at = child;
    }
    heapTime[at] = time;
    heapSlot[at] = slot;
    heapTimer[at] = timer;
  }

  private sweep(): void {
    let kept = 0;
    for (let index = 0; index < this.heapSize; index += 1) {
      const timer = this.heapTimer[index];
      if (this.alive[timer] === 0) {
        this.release(timer);
        continue;
      }
      this.heapTime[kept] = this.heapTime[index];
      this.heapSlot[kept] = this.heapSlot[index];
      this.heapTimer[kept] = timer;
      kept += 1;
    }
    this.heapSize = kept;
    for (let index = (kept >> 1) - 1; index >= 0; index -= 1) {
      this.siftDown(index, this.heapTime[index], this.heapSlot[index], this.heapTimer[index]);
    }
    this.headTime = kept > 0 ? this.heapTime[0] : Infinity;
  }

  private growHeap(): void {
    this.heapTime = widenFloats(this.heapTime);
    this.heapSlot = widenIntegers(this.heapSlot);
    this.heapTimer = widenIntegers(this.heapTimer);
  }

  private growTimers(): void {
    this.timerTime = widenFloats(this.timerTime);
    this.timerSlot = widenIntegers(this.timerSlot);
    this.nextInBucket = widenIntegers(this.nextInBucket);
    const alive = new Uint8Array(this.alive.length * 2);
    alive.set(this.alive);
    this.alive = alive;
    this.rehash(this.buckets.length * 2);
  }

  private rehash(bucketCount: number): void {
    this.buckets = new Int32Array(bucketCount).fill(NONE);
    for (let timer = 0; timer < this.timersUsed; timer += 1) {
      if (this.alive[timer] === 0) continue;
      const bucket = hashOf(this.timerSlot[timer], this.timerTime[timer]) & (bucketCount - 1);
      this.nextInBucket[timer] = this.buckets[bucket];
      this.buckets[bucket] = timer;
    }
  }
}

function hashOf(slot: number, time: number): number {
  const low = time | 0;
  const high = (time / 4_294_967_296) | 0;
  const hash = Math.imul(slot ^ Math.imul(low ^ Math.imul(high, 0x27d4eb2d), 0x85ebca6b), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

function widenFloats(from: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(from.length * 2);
  wider.set(from);
  return wider;
}

function widenIntegers(from: Int32Array): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(from.length * 2);
  wider.set(from);
  return wider;
}
