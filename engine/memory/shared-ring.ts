import { assert } from '../core/assert.ts';

/**
 * A ring of fixed-size slots between two threads: one writes, one reads (Lamport queue).
 *
 *   byte 0     i32 head: next slot the writer publishes      (written by the writer)
 *   byte 64    i32 tail: next slot the reader releases       (written by the reader)
 *   byte 128   i32 abandoned: 1 when nobody reads any more   (written by the reader)
 *   byte 256   slots
 *
 * Positions only grow and wrap as 32-bit numbers do; they are compared by subtraction. The three words sit on cache lines
 * of their own, and each side keeps a copy of the other's position, so that they meet only when a batch is full or empty.
 */
const HEAD = 0;
const TAIL = 16;
const ABANDONED = 32;
const DATA_BYTES = 256;

export interface RingMemory {
  readonly buffer: SharedArrayBuffer;
  /** Slots that a writer fills before it waits for room. */
  readonly capacity: number;
  /** Slots there are; those beyond the capacity are used by `stretch` only. */
  readonly slots: number;
  /** Size of a slot in 64-bit words. */
  readonly slotWords: number;
}

/**
 * @param start first position; only tests choose one, to see it wrap
 * @param slots a power of two, the capacity or more
 */
export function createRing(capacity: number, slotWords: number, start = 0, slots = capacity): RingMemory {
  assert(
    Number.isInteger(Math.log2(capacity)) && capacity >= 2,
    `A ring's capacity must be a power of two, 2 or more; found ${capacity}.`,
  );
  assert(
    Number.isInteger(Math.log2(slots)) && slots >= capacity,
    `A ring's slots must be a power of two, its capacity of ${capacity} or more; found ${slots}.`,
  );
  const buffer = new SharedArrayBuffer(DATA_BYTES + slots * slotWords * 8);
  const positions = new Int32Array(buffer);
  positions[HEAD] = start;
  positions[TAIL] = start;
  return { buffer, capacity, slots, slotWords };
}

/** Slots that are shown and not given back yet: plain looks from any thread, each position whole, both of about one moment. */
export function slotsInUse({ buffer }: RingMemory): number {
  const positions = new Int32Array(buffer, 0, DATA_BYTES / 4);
  const tail = Atomics.load(positions, TAIL);
  return (Atomics.load(positions, HEAD) - tail) | 0;
}

/** The part of a ring that both ends look at: the slots, as two readings of the same bytes. */
class RingEnd {
  readonly f: Float64Array;
  readonly i: Int32Array;
  readonly mask: number;
  readonly slotWords: number;
  readonly capacity: number;
  protected readonly positions: Int32Array;

  constructor(memory: RingMemory) {
    this.positions = new Int32Array(memory.buffer, 0, DATA_BYTES / 4);
    this.f = new Float64Array(memory.buffer, DATA_BYTES);
    this.i = new Int32Array(memory.buffer, DATA_BYTES);
    this.mask = memory.slots - 1;
    this.slotWords = memory.slotWords;
    this.capacity = memory.capacity;
  }
}

/** What a writer does when the ring is full: it returns when there is room, or throws when there never will be. */
export type RoomWaiter = (writer: RingWriter) => void;
/** Called after slots were published, so that a sleeping reader can be woken. */
export type Wake = () => void;

/** Slots written before they are shown together; a reader that is awake may be that many slots behind. */
const PUBLISH_EVERY = 256;

/** The writing end. One thread only. */
export class RingWriter extends RingEnd {
  private head: number;
  private published: number;
  private knownTail: number;
  /** Slots that may be written and not read yet: the capacity, or less where few records are to be under way. */
  private allowed: number;
  /** What is allowed, or more while it is stretched. */
  private limit: number;
  private readonly publishEvery: number;
  private owesWake = false;
  waitForRoom: RoomWaiter = () => {
    throw new Error('A ring writer met a full ring and was given nobody to wait with.');
  };
  wakeReader: Wake = () => undefined;

  constructor(memory: RingMemory) {
    super(memory);
    this.head = Atomics.load(this.positions, HEAD);
    this.published = this.head;
    this.knownTail = Atomics.load(this.positions, TAIL);
    this.allowed = memory.capacity;
    this.limit = memory.capacity;
    this.publishEvery = Math.min(PUBLISH_EVERY, memory.capacity >> 1);
  }

  /** First word of the next slot, waiting for room if need be. Nothing is written until `commit`. */
  claim(): number {
    if (((this.head - this.knownTail) | 0) >= this.limit) this.waitUntilRoom();
    return (this.head & this.mask) * this.slotWords;
  }

  commit(): void {
    this.head = (this.head + 1) | 0;
    if (((this.head - this.published) | 0) >= this.publishEvery) this.show();
  }

  /** Shows the reader everything committed, and wakes it. */
  publish(): void {
    if (this.published !== this.head) this.show();
    if (!this.owesWake) return;
    this.owesWake = false;
    this.wakeReader();
  }

  /**
   * Within a batch slots are shown as they come, for a reader that is awake; one that sleeps is woken at the batch's end
   * only, because waking a thread costs more than writing a hundred records.
   */
  private show(): void {
    this.published = this.head;
    this.owesWake = true;
    Atomics.store(this.positions, HEAD, this.head);
  }

  /** Position after the last committed slot; it differs when something was written since. */
  get position(): number {
    return this.head;
  }

  hasRoom(): boolean {
    this.knownTail = Atomics.load(this.positions, TAIL);
    const filled = (this.head - this.knownTail) | 0;
    if (filled < this.allowed) this.limit = this.allowed;
    return filled < this.limit;
  }

  /**
   * One slot more than is allowed, where the memory has it: for a writer whose reader cannot go on before it does,
   * because both are calls of one thread. @returns whether there is room now
   */
  stretch(): boolean {
    const filled = (this.head - this.knownTail) | 0;
    this.limit = Math.min(this.mask + 1, Math.max(this.limit, filled) + 1);
    return this.hasRoom();
  }

  /**
   * From here on no more than so many slots are under way at once (Flink: buffer debloating). What is under way already is
   * not called back.
   */
  limitTo(slots: number): void {
    // Half of it, at least, must be shown while the writer waits for the rest.
    this.allowed = Math.min(this.allowed, Math.max(slots, this.publishEvery * 2));
    this.limit = this.allowed;
  }

  /** Whether no more is under way than may be. */
  get isWithinLimit(): boolean {
    this.knownTail = Atomics.load(this.positions, TAIL);
    return ((this.head - this.knownTail) | 0) <= this.allowed;
  }

  /** Whether half of what may be under way can be written without waiting. */
  isHalfEmpty(): boolean {
    const half = this.allowed >> 1;
    if (((this.head - this.knownTail) | 0) > half) this.hasRoom();
    return ((this.head - this.knownTail) | 0) <= half;
  }

  get isAbandoned(): boolean {
    return Atomics.load(this.positions, ABANDONED) !== 0;
  }

  private waitUntilRoom(): void {
    if (this.hasRoom()) return;
    this.publish();
    this.waitForRoom(this);
    assert(this.hasRoom(), 'A ring writer must not go on while the ring is full.');
  }
}

/** The reading end. One thread only. */
export class RingReader extends RingEnd {
  private tail: number;
  private knownHead: number;
  wakeWriter: Wake = () => undefined;

  constructor(memory: RingMemory) {
    super(memory);
    this.tail = Atomics.load(this.positions, TAIL);
    this.knownHead = this.tail;
  }

  /** First unread position. */
  get position(): number {
    return this.tail;
  }

  /** How many slots can be read now. */
  available(): number {
    if (this.knownHead === this.tail) this.knownHead = Atomics.load(this.positions, HEAD);
    return (this.knownHead - this.tail) | 0;
  }

  /** Like `available`, with what was shown since the last look. */
  lookAgain(): number {
    this.knownHead = Atomics.load(this.positions, HEAD);
    return this.available();
  }

  /** Gives the slots before `position` back to the writer. */
  release(position: number): void {
    if (position === this.tail) return;
    this.tail = position;
    Atomics.store(this.positions, TAIL, position);
    // Waking a thread costs as much as hundreds of records: a writer that waits for room is given half a ring of it. What
    // is known of its position is where it stood at the last look, so it is asked again before anybody is woken.
    if (this.isHalfEmpty(this.knownHead) && this.isHalfEmpty(Atomics.load(this.positions, HEAD))) this.wakeWriter();
  }

  private isHalfEmpty(head: number): boolean {
    return ((head - this.tail) | 0) <= this.capacity >> 1;
  }

  /** Nobody reads any more: a writer that waits gives up. */
  abandon(): void {
    Atomics.store(this.positions, ABANDONED, 1);
    this.wakeWriter();
  }
}
