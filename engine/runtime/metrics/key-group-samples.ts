import type { KeyGroupRange } from '../../state/key-groups.ts';
import type { KeyTable } from '../../state/key-table.ts';
import type { RingReader } from '../../memory/shared-ring.ts';
import { SLOT_INDEX } from '../../memory/record-header.ts';
import type { CountingSwitch } from './metrics-memory.ts';

/** Up to so many records are passed over before the next sample: of a slow stream, and of the fastest. Powers of two. */
const PASSED_OVER_MIN = 32;
const PASSED_OVER_MAX = 4096;
/** Samples between two looks at their number, which are a twentieth of a second or more apart: below and above it changes. */
const SAMPLES_MIN = 64;
const SAMPLES_MAX = 256;

/**
 * Which key groups the records of one keyed operator belong to: one record in about sixteen is looked up, behind the loop that
 * works on them and while they still are in the cache, and counts for all that were passed over. Of a fast stream it is one in
 * more, up to two thousand: a few thousand a second tell as much, and cost the same at every speed. How many are is a chance of its own, so that records in turns (one symbol after the other) are not
 * always met at the same one. One per operator and subtask; the counts are shared by all subtasks, each of which has key
 * groups of its own.
 */
export class KeyGroupSamples {
  private readonly records: Float64Array;
  private readonly keyTable: KeyTable;
  private readonly counting: CountingSwitch;
  private chance = 0x9e3779b9;
  /** Records before the next sample. */
  private left = 0;
  /** That it stands for. */
  private weight = 1;
  private passedOver = PASSED_OVER_MIN;
  private taken = 0;

  constructor(memory: SharedArrayBuffer, keyTable: KeyTable, counting: CountingSwitch) {
    this.records = new Float64Array(memory, 0, memory.byteLength / 16);
    this.keyTable = keyTable;
    this.counting = counting;
  }

  /** @param slots the sender's key numbers as slots here; null: they are the same */
  take({ i, mask, slotWords }: RingReader, from: number, end: number, slots: Int32Array | null): void {
    if (!this.counting.isOn) return;
    const count = (end - from) | 0;
    let at = this.left;
    while (at < count) {
      const sent = i[((((from + at) & mask) * slotWords) << 1) + SLOT_INDEX];
      this.records[this.keyTable.keyGroupAt(slots === null ? sent : slots[sent])] += this.weight;
      this.weight = this.nextWeight();
      this.taken += 1;
      at += this.weight;
    }
    this.left = at - count;
  }

  /** Now and then, as the numbers are told: keeps as many samples as are worth their time. */
  adapt(): void {
    if (this.taken > SAMPLES_MAX) this.passedOver = Math.min(this.passedOver * 2, PASSED_OVER_MAX);
    else if (this.taken < SAMPLES_MIN) this.passedOver = Math.max(this.passedOver / 2, PASSED_OVER_MIN);
    this.taken = 0;
  }

  /** Xorshift: evenly spread, cheap, the same in every run. */
  private nextWeight(): number {
    let chance = this.chance;
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    this.chance = chance;
    return 1 + (chance & (this.passedOver - 1));
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
