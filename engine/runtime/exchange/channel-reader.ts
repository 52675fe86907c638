import { assert } from '../../core/assert.ts';
import { decodePlain } from '../../memory/plain-text.ts';
import {
  CONTROL,
  FIRST_DATA_TYPE,
  HEADER_WORDS,
  SLOT_INDEX,
  TIMESTAMP_WORD,
  TYPE_INDEX,
  WATERMARK_WORD,
} from '../../memory/record-header.ts';
import { RingReader, type RingMemory } from '../../memory/shared-ring.ts';
import type { Key } from '../../state/java-hash.ts';
import { KEY_PAYLOAD } from './channel-writer.ts';
import type { RingPlan } from './physical-plan.ts';

/**
 * Works on records of one type from a position on, until another type or the end comes, or it cannot take the next one.
 * @returns where it stopped
 */
export interface RecordHandler {
  run(from: number, end: number): number;
}

/** What a reader does with control records; sinks and tasks differ. */
export interface ControlHandler {
  defineKey(crossing: number, sent: number, key: Key, keyGroup: number): void;
  defineSymbolKey(crossing: number, sent: number, symbolId: number, keyGroup: number): void;
  watermark(group: number, watermarkMs: number): void;
  status(group: number, idle: boolean): void;
  processingTime(timeMs: number): void;
  /** @returns true when the reader must stop until the alignment is over */
  alignment(sourceId: number, timestampMs: number): boolean;
  /** A marker that a source sent at this time, monotonic, has come. */
  latency(sourceId: number, markedMs: number): void;
  end(group: number): void;
  /** @returns true when the reader must stop until the barrier has come on every other ring */
  barrier(checkpointId: number, parallelism: number): boolean;
}

/** The receiving end of one ring: it walks over published slots and hands each to who understands it. */
export class ChannelReader {
  readonly ring: RingReader;
  readonly plan: RingPlan;
  /** Set while an alignment or a barrier holds this ring. */
  isHeld = false;
  /** Data records read so far. */
  recordsIn = 0;
  /** The same by record type; control records have none. */
  recordsByType = new Float64Array(0);
  private readonly handlers: (RecordHandler | undefined)[] = [];
  private controlHandler: ControlHandler | null = null;
  private text = '';
  private isReading = false;

  constructor(memory: RingMemory, plan: RingPlan) {
    this.ring = new RingReader(memory);
    this.plan = plan;
  }

  setControlHandler(handler: ControlHandler): void {
    this.controlHandler = handler;
  }

  setHandler(type: number, handler: RecordHandler): void {
    this.handlers[type] = handler;
    if (type < this.recordsByType.length) return;
    const wider = new Float64Array(type + 1);
    wider.set(this.recordsByType);
    this.recordsByType = wider;
  }

  /** The JSON record whose text just came in. */
  takePlain(): unknown {
    const text = this.text;
    this.text = '';
    return decodePlain(text);
  }

  /** @returns whether anything was read */
  run(slotsMax: number): boolean {
    const { ring } = this;
    assert(!this.isReading, `Ring ${this.plan.id} was to be read from inside of a record that came on it.`);
    if (this.isHeld) return false;
    const available = ring.available();
    if (available === 0) return false;
    const end = (ring.position + Math.min(available, slotsMax)) | 0;
    const from = ring.position;
    let position = from;
    this.isReading = true;
    while (position !== end && !this.isHeld) {
      const base = (position & ring.mask) * ring.slotWords;
      const type = ring.i[base * 2 + TYPE_INDEX];
      if (type < FIRST_DATA_TYPE) {
        this.control(type, base);
        position = (position + 1) | 0;
        continue;
      }
      const handler = this.handlers[type];
      assert(handler !== undefined, `Ring ${this.plan.id} carried a record of type ${type}, which nobody reads here.`);
      const next = handler.run(position, end);
      if (next === position) break;
      const read = (next - position) | 0;
      this.recordsIn += read;
      this.recordsByType[type] += read;
      position = next;
    }
    this.isReading = false;
    ring.release(position);
    return position !== from;
  }

  private control(type: number, base: number): void {
    const { i, f } = this.ring;
    const handler = this.controlHandler as ControlHandler;
    const slot = i[base * 2 + SLOT_INDEX];
    const payload = (base + HEADER_WORDS) * 2;
    switch (type) {
      case CONTROL.TEXT_PART:
        this.addText(base, slot);
        return;
      case CONTROL.DEFINE_SYMBOL_KEY:
        return handler.defineSymbolKey(
          i[payload + KEY_PAYLOAD.crossing],
          slot,
          i[payload + KEY_PAYLOAD.symbol],
          i[payload + KEY_PAYLOAD.keyGroup],
        );
      case CONTROL.DEFINE_KEY:
        return handler.defineKey(
          i[payload + KEY_PAYLOAD.crossing],
          slot,
          this.takePlain() as Key,
          i[payload + KEY_PAYLOAD.keyGroup],
        );
      case CONTROL.WATERMARK:
        return handler.watermark(slot, f[base + WATERMARK_WORD]);
      case CONTROL.IDLE:
      case CONTROL.ACTIVE:
        return handler.status(slot, type === CONTROL.IDLE);
      case CONTROL.PROCESSING_TIME:
        return handler.processingTime(f[base + TIMESTAMP_WORD]);
      case CONTROL.LATENCY:
        return handler.latency(slot, f[base + TIMESTAMP_WORD]);
      case CONTROL.ALIGNMENT:
        this.isHeld = handler.alignment(i[payload], f[base + TIMESTAMP_WORD]);
        return;
      case CONTROL.BARRIER:
        this.isHeld = handler.barrier(f[base + TIMESTAMP_WORD], slot);
        return;
      case CONTROL.END:
        return handler.end(slot);
      default:
        assert(false, `Ring ${this.plan.id} carried an unknown control record ${type}.`);
    }
  }

  private addText(base: number, count: number): void {
    const units = new Uint16Array(this.ring.i.buffer, this.ring.i.byteOffset + (base + 1) * 8, count);
    let part = '';
    for (const unit of units) part += String.fromCharCode(unit);
    this.text += part;
  }
}
