import type { KeyGroupRange } from '../../state/key-groups.ts';
import type { KeyTable } from '../../state/key-table.ts';
import type { RingReader } from '../../memory/shared-ring.ts';
import { SLOT_INDEX } from '../../memory/record-header.ts';

/** Up to so many records are passed over before the next sample; a power of two. */
const PASSED_OVER = 32;
/** Records that a sample stands for, on average. */
export const RECORDS_PER_SAMPLE = (PASSED_OVER - 1) / 2 + 1;

/**
 * Which key groups the records of one keyed operator belong to: one record in about sixteen is looked up, behind the loop that
 * works on them and while they still are in the cache. How many are passed over is a chance of its own, so that records in
 * turns (one symbol after the other) are not always met at the same one. One per operator and subtask; the counts are
 * shared by all subtasks, each of which has key groups of its own.
 */
export class KeyGroupSamples {
  private readonly samples: Float64Array;
  private readonly keyTable: KeyTable;
  private chance = 0x9e3779b9;
  private left = 0;

  constructor(memory: SharedArrayBuffer, keyTable: KeyTable) {
    this.samples = new Float64Array(memory, 0, memory.byteLength / 16);
    this.keyTable = keyTable;
  }

  /** @param slots the sender's key numbers as slots here; null: they are the same */
  take({ i, mask, slotWords }: RingReader, from: number, end: number, slots: Int32Array | null): void {
    const count = (end - from) | 0;
    let at = this.left;
    for (; at < count; at += 1 + this.passedOver()) {
      const sent = i[((((from + at) & mask) * slotWords) << 1) + SLOT_INDEX];
      this.samples[this.keyTable.keyGroupAt(slots === null ? sent : slots[sent])] += 1;
    }
    this.left = at - count;
  }

  /** Xorshift: evenly spread, cheap, the same in every run. */
  private passedOver(): number {
    let chance = this.chance;
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    this.chance = chance;
    return chance & (PASSED_OVER - 1);
  }
}

/** Different keys by key group, told for the key groups that the subtask has. */
export class KeyCounts {
  private readonly shared: Float64Array;
  private readonly counts: Int32Array;
  private readonly keyTable: KeyTable;
  private readonly range: KeyGroupRange;
  private counted = 0;

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
    if (this.counted === keyTable.count) return;
    for (; this.counted < keyTable.count; this.counted += 1) counts[keyTable.keyGroupAt(this.counted)] += 1;
    for (let keyGroup = range.start; keyGroup <= range.end; keyGroup += 1) this.shared[keyGroup] = counts[keyGroup];
  }
}
