import type { KeyGroupRange } from '../../state/key-groups.ts';
import type { KeyTable } from '../../state/key-table.ts';
import type { RingReader } from '../../memory/shared-ring.ts';
import { SLOT_INDEX } from '../../memory/record-header.ts';

/** Up to so many records are passed over before the next sample; powers of two. */
const PASSED_OVER = 32;
/** Where records come in long runs, which is where each look counts. */
const PASSED_OVER_AT_FULL_SPEED = 256;
const LONG_RUN = 128;

/**
 * Which key groups the records of one keyed operator belong to: one record in about sixteen (of a fast stream, in about a
 * hundred) is looked up, behind the loop that works on them and while they still are in the cache, and counts for all that were
 * passed over. How many are is a chance of its own, so that records in turns (one symbol after the other) are not
 * always met at the same one. One per operator and subtask; the counts are shared by all subtasks, each of which has key
 * groups of its own.
 */
export class KeyGroupSamples {
  private readonly records: Float64Array;
  private readonly keyTable: KeyTable;
  private chance = 0x9e3779b9;
  /** Records before the next sample. */
  private left = 0;
  /** That it stands for. */
  private weight = 1;

  constructor(memory: SharedArrayBuffer, keyTable: KeyTable) {
    this.records = new Float64Array(memory, 0, memory.byteLength / 16);
    this.keyTable = keyTable;
  }

  /** @param slots the sender's key numbers as slots here; null: they are the same */
  take({ i, mask, slotWords }: RingReader, from: number, end: number, slots: Int32Array | null): void {
    const count = (end - from) | 0;
    let at = this.left;
    while (at < count) {
      const sent = i[((((from + at) & mask) * slotWords) << 1) + SLOT_INDEX];
      this.records[this.keyTable.keyGroupAt(slots === null ? sent : slots[sent])] += this.weight;
      this.weight = this.nextWeight(count < LONG_RUN ? PASSED_OVER : PASSED_OVER_AT_FULL_SPEED);
      at += this.weight;
    }
    this.left = at - count;
  }

  /** Xorshift: evenly spread, cheap, the same in every run. */
  private nextWeight(most: number): number {
    let chance = this.chance;
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    this.chance = chance;
    return 1 + (chance & (most - 1));
  }
}

/** Different keys by key group, told for the key groups that the subtask has. */
export class KeyCounts {
  private readonly shared: Float64Array;
  private readonly counts: Int32Array;
  private readonly keyTable: KeyTable;
  private readonly range: KeyGroupRange;
  private counted = 0;
  /** Whoever had the key groups before has told other counts. */
  private isTold = false;

  constructor(memory: SharedArrayBuffer, keyTable: KeyTable, range: KeyGroupRange) {
    const keyGroups = memory.byteLength / 16;
    this.shared = new Float64Array(memory, keyGroups * 8, keyGroups);
    this.counts = new Int32Array(keyGroups);
    this.keyTable = keyTable;
    this.range = range;
  }

  /** Costs what keys have come since the last time. */
  publish(): void {
    const { keyTable, counts, range } = this;
    if (this.isTold && this.counted === keyTable.count) return;
    this.isTold = true;
    for (; this.counted < keyTable.count; this.counted += 1) counts[keyTable.keyGroupAt(this.counted)] += 1;
    for (let keyGroup = range.start; keyGroup <= range.end; keyGroup += 1) this.shared[keyGroup] = counts[keyGroup];
  }
}
