import { hashOfTime, NONE, widerFloats, widerIntegers } from './timer-table.ts';

/**
 * The different times at which timers are set, earliest first: a binary heap of instants, and a hash that finds one by its
 * time. An instant carries a list of timers (`first`, `last`), which is its user's business. Timers tend to share their
 * times (a full second, a common start), so the heap is small where the timers are many.
 */
export class InstantHeap {
  /** Time of the earliest instant, Infinity when there is none. */
  headTime = Infinity;
  size = 0;
  first = new Int32Array(16);
  last = new Int32Array(16);
  private heapTime = new Float64Array(16);
  private heapInstant = new Int32Array(16);
  private time = new Float64Array(16);
  private nextInBucket = new Int32Array(16);
  private buckets = new Int32Array(16).fill(NONE);
  private free = NONE;
  private used = 0;
  private recent = NONE;

  /** The earliest instant; only while `size` > 0. */
  get head(): number {
    return this.heapInstant[0];
  }

  timeOf(instant: number): number {
    return this.time[instant];
  }

  /** The instant at position `index` of 0 .. size - 1, in no particular order. */
  at(index: number): number {
    return this.heapInstant[index];
  }

  /** The instant at `time`, made (with an empty list) when there is none. */
  obtain(time: number): number {
    if (this.recent !== NONE && this.time[this.recent] === time) return this.recent;
    let instant = this.buckets[hashOfTime(time) & (this.buckets.length - 1)];
    while (instant !== NONE && this.time[instant] !== time) instant = this.nextInBucket[instant];
    if (instant === NONE) instant = this.add(time);
    this.recent = instant;
    return instant;
  }

  removeHead(): void {
    this.forget(this.heapInstant[0]);
    this.size -= 1;
    const last = this.size;
    if (last > 0) this.siftDown(0, this.heapTime[last], this.heapInstant[last]);
    this.headTime = last > 0 ? this.heapTime[0] : Infinity;
  }

  /** Drops every instant whose list is empty. */
  removeEmpty(): void {
    let kept = 0;
    for (let index = 0; index < this.size; index += 1) {
      const instant = this.heapInstant[index];
      if (this.first[instant] === NONE) {
        this.forget(instant);
        continue;
      }
      this.heapTime[kept] = this.heapTime[index];
      this.heapInstant[kept] = instant;
      kept += 1;
    }
    this.size = kept;
    for (let index = (kept >> 1) - 1; index >= 0; index -= 1)
      this.siftDown(index, this.heapTime[index], this.heapInstant[index]);
    this.headTime = kept > 0 ? this.heapTime[0] : Infinity;
  }

  private add(time: number): number {
    let instant = this.free;
    if (instant === NONE) {
      if (this.used === this.time.length) this.grow();
      instant = this.used;
      this.used += 1;
    } else {
      this.free = this.nextInBucket[instant];
    }
    this.time[instant] = time;
    this.first[instant] = NONE;
    this.last[instant] = NONE;
    const bucket = hashOfTime(time) & (this.buckets.length - 1);
    this.nextInBucket[instant] = this.buckets[bucket];
    this.buckets[bucket] = instant;
    this.push(time, instant);
    return instant;
  }

  private forget(instant: number): void {
    const bucket = hashOfTime(this.time[instant]) & (this.buckets.length - 1);
    let previous = NONE;
    for (let at = this.buckets[bucket]; at !== instant; at = this.nextInBucket[at]) previous = at;
    if (previous === NONE) this.buckets[bucket] = this.nextInBucket[instant];
    else this.nextInBucket[previous] = this.nextInBucket[instant];
    if (this.recent === instant) this.recent = NONE;
    this.nextInBucket[instant] = this.free;
    this.free = instant;
  }

  private push(time: number, instant: number): void {
    let at = this.size;
    this.size += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (this.heapTime[parent] <= time) break;
      this.heapTime[at] = this.heapTime[parent];
      this.heapInstant[at] = this.heapInstant[parent];
      at = parent;
    }
    this.heapTime[at] = time;
    this.heapInstant[at] = instant;
    this.headTime = this.heapTime[0];
  }

  private siftDown(from: number, time: number, instant: number): void {
    const { heapTime, heapInstant, size } = this;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= size) break;
      if (child + 1 < size && heapTime[child + 1] < heapTime[child]) child += 1;
      if (time <= heapTime[child]) break;
      heapTime[at] = heapTime[child];
      heapInstant[at] = heapInstant[child];
      at = child;
    }
    heapTime[at] = time;
    heapInstant[at] = instant;
  }

  private grow(): void {
    this.first = widerIntegers(this.first);
    this.last = widerIntegers(this.last);
    this.heapInstant = widerIntegers(this.heapInstant);
    this.heapTime = widerFloats(this.heapTime);
    this.time = widerFloats(this.time);
    this.nextInBucket = widerIntegers(this.nextInBucket);
    this.buckets = new Int32Array(this.time.length).fill(NONE);
    for (let index = 0; index < this.size; index += 1) {
      const instant = this.heapInstant[index];
      const bucket = hashOfTime(this.time[instant]) & (this.buckets.length - 1);
      this.nextInBucket[instant] = this.buckets[bucket];
      this.buckets[bucket] = instant;
    }
  }
}
