/** Where there is no timer, instant or list element. */
export const NONE = -1;

/**
 * Timers by number, found exactly by (slot, time): typed arrays and a chained hash. A timer that is forgotten is dead, but
 * keeps its number until it is released, because a list may still hold it.
 */
export class TimerTable {
  slot = new Int32Array(64);
  alive = new Uint8Array(64);
  /** Of numbers that are free: the next one. */
  private next = new Int32Array(64);
  /** Timers with a number, dead ones included. */
  held = 0;
  private time = new Float64Array(64);
  private nextInBucket = new Int32Array(64);
  private buckets = new Int32Array(64).fill(NONE);
  private free = NONE;
  private used = 0;

  find(slot: number, time: number): number {
    let timer = this.buckets[hashOfTimer(slot, time) & (this.buckets.length - 1)];
    while (timer !== NONE && (this.slot[timer] !== slot || this.time[timer] !== time)) timer = this.nextInBucket[timer];
    return timer;
  }

  add(slot: number, time: number): number {
    let timer = this.free;
    if (timer === NONE) {
      if (this.used === this.slot.length) this.grow();
      timer = this.used;
      this.used += 1;
    } else {
      this.free = this.next[timer];
    }
    this.held += 1;
    this.slot[timer] = slot;
    this.time[timer] = time;
    this.alive[timer] = 1;
    const bucket = hashOfTimer(slot, time) & (this.buckets.length - 1);
    this.nextInBucket[timer] = this.buckets[bucket];
    this.buckets[bucket] = timer;
    return timer;
  }

  /** It is not found any more. */
  forget(timer: number): void {
    const bucket = hashOfTimer(this.slot[timer], this.time[timer]) & (this.buckets.length - 1);
    let previous = NONE;
    for (let at = this.buckets[bucket]; at !== timer; at = this.nextInBucket[at]) previous = at;
    if (previous === NONE) this.buckets[bucket] = this.nextInBucket[timer];
    else this.nextInBucket[previous] = this.nextInBucket[timer];
    this.alive[timer] = 0;
  }

  /** Its number may be given to another timer; only after `forget`. */
  release(timer: number): void {
    this.held -= 1;
    this.next[timer] = this.free;
    this.free = timer;
  }

  copyAlive(): { readonly slots: Int32Array; readonly times: Float64Array } {
    const slots = new Int32Array(this.held);
    const times = new Float64Array(this.held);
    let count = 0;
    for (let timer = 0; timer < this.used && count < this.held; timer += 1) {
      if (this.alive[timer] === 0) continue;
      slots[count] = this.slot[timer];
      times[count] = this.time[timer];
      count += 1;
    }
    return { slots: slots.subarray(0, count), times: times.subarray(0, count) };
  }

  private grow(): void {
    this.slot = widerIntegers(this.slot);
    this.next = widerIntegers(this.next);
    this.nextInBucket = widerIntegers(this.nextInBucket);
    this.time = widerFloats(this.time);
    const alive = new Uint8Array(this.slot.length);
    alive.set(this.alive);
    this.alive = alive;
    this.buckets = new Int32Array(this.slot.length).fill(NONE);
    for (let timer = 0; timer < this.used; timer += 1) {
      if (this.alive[timer] === 0) continue;
      const bucket = hashOfTimer(this.slot[timer], this.time[timer]) & (this.buckets.length - 1);
      this.nextInBucket[timer] = this.buckets[bucket];
      this.buckets[bucket] = timer;
    }
  }
}

export function hashOfTime(time: number): number {
  const hash = Math.imul((time | 0) ^ Math.imul((time / 4_294_967_296) | 0, 0x27d4eb2d), 0x85ebca6b);
  return hash ^ (hash >>> 15);
}

function hashOfTimer(slot: number, time: number): number {
  const hash = Math.imul(slot ^ hashOfTime(time), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

export function widerFloats(from: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(from.length * 2);
  wider.set(from);
  return wider;
}

export function widerIntegers(from: Int32Array): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(from.length * 2);
  wider.set(from);
  return wider;
}
