import {
  CONTROL,
  HEADER_WORDS,
  SLOT_INDEX,
  TIMESTAMP_WORD,
  TYPE_INDEX,
  WATERMARK_WORD,
} from '../../memory/record-header.ts';
import type { RingWriter } from '../../memory/shared-ring.ts';
import type { OutputGroup } from './output-group.ts';
import type { RingPlan } from './physical-plan.ts';

/** Payload of the control records, in 32-bit words from the payload's start. */
export const KEY_PAYLOAD = { symbol: 0, keyGroup: 1, crossing: 2 } as const;

/**
 * One ring as its sender sees it: it writes control records, and knows what the receiver has been told, so that
 * watermarks and clocks are only sent by themselves when no record carried them.
 */
export class ChannelWriter {
  readonly ring: RingWriter;
  readonly plan: RingPlan;
  /** Per group of the sender: the watermark the receiver knows. Records write it, too. */
  readonly stamped: Float64Array;
  processingTime = NaN;
  private readonly groups: readonly OutputGroup[];
  private readonly idleTold: boolean[];

  constructor(ring: RingWriter, plan: RingPlan, groups: readonly OutputGroup[]) {
    this.ring = ring;
    this.plan = plan;
    this.groups = plan.groups.map(({ index }) => groups[index]);
    this.stamped = new Float64Array(Math.max(1, groups.length)).fill(-Infinity);
    this.idleTold = this.groups.map(() => false);
  }

  sendProcessingTime(timeMs: number): void {
    this.processingTime = timeMs;
    this.control(CONTROL.PROCESSING_TIME, 0, timeMs);
  }

  /** @param markedMs monotonic */
  sendLatencyMarker(sourceId: number, markedMs: number): void {
    this.control(CONTROL.LATENCY, sourceId, markedMs);
  }

  sendAlignment(sourceId: number, timestampMs: number): void {
    // Records before the marker must be seen under the watermark they were sent under.
    this.catchUp();
    const base = this.control(CONTROL.ALIGNMENT, 0, timestampMs, false);
    this.ring.i[(base + HEADER_WORDS) * 2] = sourceId;
    this.ring.commit();
  }

  /** @param parallelism of the job behind the barrier, when it changes there; 0: it stays, and state is stored */
  sendBarrier(checkpointId: number, parallelism: number): void {
    this.catchUp();
    this.control(CONTROL.BARRIER, parallelism, checkpointId);
  }

  /** What time was reached comes ahead of it: behind an end nobody may be there to hear of it. */
  sendEnd(group: OutputGroup, processingTime: number): void {
    this.tellProcessingTime(processingTime);
    this.catchUp();
    this.control(CONTROL.END, group.index, 0);
  }

  sendKey(slot: number, crossing: number, keyGroup: number, key: number | string): void {
    if (typeof key === 'string') this.sendText(key);
    const type = typeof key === 'string' ? CONTROL.DEFINE_KEY : CONTROL.DEFINE_SYMBOL_KEY;
    const base = this.control(type, slot, 0, false);
    const payload = (base + HEADER_WORDS) * 2;
    this.ring.i[payload + KEY_PAYLOAD.symbol] = typeof key === 'string' ? -1 : key;
    this.ring.i[payload + KEY_PAYLOAD.keyGroup] = keyGroup;
    this.ring.i[payload + KEY_PAYLOAD.crossing] = crossing;
    this.ring.commit();
  }

  /**
   * Text for the record that follows, in as many slots as it takes: two 32-bit words of header, then UTF-16 units.
   * @returns how many slots
   */
  sendText(text: string): number {
    const unitsPerSlot = (this.ring.slotWords - 1) * 4;
    const units = new Uint16Array(this.ring.i.buffer, this.ring.i.byteOffset);
    let sent = 0;
    let slots = 0;
    do {
      const count = Math.min(unitsPerSlot, text.length - sent);
      const base = this.ring.claim();
      this.ring.i[base * 2] = CONTROL.TEXT_PART;
      this.ring.i[base * 2 + 1] = count;
      for (let unit = 0; unit < count; unit += 1) units[(base + 1) * 4 + unit] = text.charCodeAt(sent + unit);
      this.ring.commit();
      sent += count;
      slots += 1;
    } while (sent < text.length);
    return slots;
  }

  /** Tells what no record told since the last call, and shows everything to the receiver. */
  flush(processingTime: number): void {
    this.tellProcessingTime(processingTime);
    this.catchUp();
    this.ring.publish();
  }

  /** @param timeMs NaN: the source does not drive that clock */
  private tellProcessingTime(timeMs: number): void {
    if (timeMs === timeMs && this.processingTime !== timeMs) this.sendProcessingTime(timeMs);
  }

  private catchUp(): void {
    for (let index = 0; index < this.groups.length; index += 1) {
      const group = this.groups[index];
      if (group.watermark > this.stamped[group.index]) {
        this.stamped[group.index] = group.watermark;
        this.control(CONTROL.WATERMARK, group.index, 0);
      }
      if (group.idle !== this.idleTold[index]) {
        this.idleTold[index] = group.idle;
        this.control(group.idle ? CONTROL.IDLE : CONTROL.ACTIVE, group.index, 0);
      }
    }
  }

  /** @returns the slot's first word; the caller commits when `commit` is false */
  private control(type: number, slot: number, timestamp: number, commit = true): number {
    const base = this.ring.claim();
    this.ring.i[base * 2 + TYPE_INDEX] = type;
    this.ring.i[base * 2 + SLOT_INDEX] = slot;
    this.ring.f[base + WATERMARK_WORD] = type === CONTROL.WATERMARK ? this.stamped[slot] : -Infinity;
    this.ring.f[base + TIMESTAMP_WORD] = timestamp;
    if (commit) this.ring.commit();
    return base;
  }
}
