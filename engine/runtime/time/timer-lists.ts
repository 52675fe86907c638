import { NONE, widerIntegers } from './timer-table.ts';

/** Numbers of a chunk: 15 entries and the chunk that follows it. One line of a processor's cache. */
const CHUNK = 16;
const CHUNK_BITS = 4;
const NEXT = CHUNK - 1;

/**
 * Lists of whole numbers, first in, first out, in chunks of one shared array. Walking a list needs one fetch for fifteen
 * entries, where links from entry to entry would need one each, and says fifteen entries ahead what comes.
 *
 * A list is two positions, which its user keeps: of its first entry, and behind its last. NONE and NONE: empty.
 */
export class TimerLists {
  entries = new Int32Array(CHUNK * 4);
  private free = NONE;
  private used = 0;

  /** @param end position behind the last entry; NONE: the list is empty. @returns where the entry stands */
  append(end: number, entry: number): number {
    if ((end & NEXT) === NEXT) {
      const at = this.obtain() << CHUNK_BITS;
      if (end !== NONE) this.entries[end] = at;
      this.entries[at] = entry;
      return at;
    }
    this.entries[end] = entry;
    return end;
  }

  /** @returns position of the entry behind `first`, whose place may be used again; NONE: it was the last */
  drop(first: number, end: number): number {
    const at = first + 1;
    if (at === end) {
      this.release(first >> CHUNK_BITS);
      return NONE;
    }
    if ((at & NEXT) !== NEXT) return at;
    const next = this.entries[at];
    this.release(first >> CHUNK_BITS);
    return next;
  }

  /** The position behind one that is not the last. */
  next(at: number): number {
    return ((at + 1) & NEXT) === NEXT ? this.entries[at + 1] : at + 1;
  }

  private obtain(): number {
    const chunk = this.free;
    if (chunk !== NONE) {
      this.free = this.entries[(chunk << CHUNK_BITS) + NEXT];
      return chunk;
    }
    if ((this.used + 1) << CHUNK_BITS > this.entries.length) this.entries = widerIntegers(this.entries);
    this.used += 1;
    return this.used - 1;
  }

  private release(chunk: number): void {
    this.entries[(chunk << CHUNK_BITS) + NEXT] = this.free;
    this.free = chunk;
  }
}
