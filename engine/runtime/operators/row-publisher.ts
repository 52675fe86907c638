import type { RowPublisher } from '../../api/functions.ts';
import { NullPointerError } from '../../core/errors.ts';
import { NO_KEY_SET, type KeyTable } from '../../state/key-table.ts';

/** Rows of one publisher of one subtask, one after the other. */
export interface PublishedRows {
  readonly rowCount: number;
  readonly buffer: ArrayBuffer;
}

/**
 * Remembers which keys changed since the last frame; rows are only filled when a frame is asked for, so a key that
 * changes a million times between two frames costs a million byte tests and one row. Task thread only.
 */
export class DirtyRows implements RowPublisher {
  readonly name: string;
  readonly words: number;
  private readonly keyTable: KeyTable;
  private readonly fill: (numbers: Float64Array, integers: BigInt64Array, offset: number) => void;
  /** A bit for each slot, of those in `dirty`: of a million keys they stay in a core's own cache where bytes would not. */
  private dirtyBits = new Int32Array(0);
  private readonly dirty: number[] = [];
  /** By slot, 1 for those in `ever`. */
  private everMarks = new Uint8Array(0);
  private readonly ever: number[] = [];

  constructor(
    name: string,
    words: number,
    keyTable: KeyTable,
    fill: (numbers: Float64Array, integers: BigInt64Array, offset: number) => void,
  ) {
    this.name = name;
    this.words = words;
    this.keyTable = keyTable;
    this.fill = fill;
    keyTable.onGrow((capacity) => {
      const dirtyBits = new Int32Array((capacity + 31) >> 5);
      dirtyBits.set(this.dirtyBits);
      this.dirtyBits = dirtyBits;
      const everMarks = new Uint8Array(capacity);
      everMarks.set(this.everMarks);
      this.everMarks = everMarks;
    });
  }

  changed(): void {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    if ((this.dirtyBits[slot >> 5] & (1 << slot)) === 0) this.mark(slot);
  }

  /** A copy: by slot, not 0 when the key has a row. */
  marks(): Uint8Array {
    return this.everMarks.slice(0, this.keyTable.count);
  }

  /** The key belongs to another subtask now: it has no row here any more. */
  forget(leaves: (slot: number) => boolean): void {
    for (const list of [this.dirty, this.ever]) {
      let kept = 0;
      for (const slot of list) {
        if (leaves(slot)) {
          this.clean(slot);
          this.everMarks[slot] = 0;
        } else {
          list[kept] = slot;
          kept += 1;
        }
      }
      list.length = kept;
    }
  }

  /** After a restore: the keys had a row, and nobody who listens now has seen it. */
  restoreMarks(slots: Int32Array): void {
    for (let index = 0; index < slots.length; index += 1) {
      const slot = slots[index];
      if ((this.dirtyBits[slot >> 5] & (1 << slot)) === 0) this.mark(slot);
    }
  }

  private mark(slot: number): void {
    if (this.everMarks[slot] === 0) this.ever.push(slot);
    this.everMarks[slot] = 1;
    this.dirtyBits[slot >> 5] |= 1 << slot;
    this.dirty.push(slot);
  }

  private clean(slot: number): void {
    this.dirtyBits[slot >> 5] &= ~(1 << slot);
  }

  /** @param all every key that was ever marked, not only what changed since the last take */
  take(all: boolean): PublishedRows {
    const slots = all ? this.ever : this.dirty;
    const buffer = new ArrayBuffer(slots.length * this.words * 8);
    const numbers = new Float64Array(buffer);
    const integers = new BigInt64Array(buffer);
    const before = this.keyTable.currentSlot;
    try {
      slots.forEach((slot, row) => {
        this.keyTable.currentSlot = slot;
        this.fill(numbers, integers, row * this.words);
      });
    } finally {
      this.keyTable.currentSlot = before;
    }
    for (const slot of this.dirty) this.clean(slot);
    const rowCount = slots.length;
    this.dirty.length = 0;
    return { rowCount, buffer };
  }
}

/** @param marks by slot; @returns indexes into `slots`, of those that have a row */
export function markedAmong(slots: ArrayLike<number>, marks: Uint8Array): Int32Array {
  const indexes = new Int32Array(slots.length);
  let count = 0;
  for (let index = 0; index < slots.length; index += 1) {
    if (marks[slots[index]] === 0) continue;
    indexes[count] = index;
    count += 1;
  }
  return indexes.subarray(0, count);
}
