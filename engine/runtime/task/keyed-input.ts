import type { RecordView } from '../../memory/record-codec.ts';
import { HEADER_WORDS } from '../../memory/record-header.ts';
import type { KeyTable } from '../../state/key-table.ts';
import { NO_SLOT } from '../../state/key-table.ts';
import { plainCopy } from '../../state/plain-copy.ts';
import type { ChannelReader, RecordHandler } from '../exchange/channel-reader.ts';
import type { InputOrigin } from '../exchange/vertex-gate.ts';
import type { KeyGroupSamples } from '../metrics/key-group-samples.ts';
import { describeFailure } from '../operators/keyed-failure.ts';
import type { KeyedOperator } from '../operators/keyed-operator.ts';

/**
 * A sender's numbers for its keys, as slots of the operator here. With one sender both count alike, and nothing needs to
 * be looked up: `slots` is null until the first difference.
 */
export class SlotMap {
  slots: Int32Array | null = null;
  private known = 0;

  set(sent: number, slot: number): void {
    if (this.slots === null && sent === slot && sent === this.known) {
      this.known += 1;
      return;
    }
    this.slots ??= Int32Array.from({ length: Math.max(1024, this.known) }, (_, index) => index);
    if (sent >= this.slots.length) {
      const wider = new Int32Array(Math.max(this.slots.length * 2, sent + 1));
      wider.set(this.slots);
      this.slots = wider;
    }
    this.slots[sent] = slot;
  }

  slotOf(sent: number): number {
    return this.slots === null ? sent : this.slots[sent];
  }
}

/** Records whose state is fetched ahead together: more than a core can wait for at once, few enough to stay in its cache. */
const TOUCH_RECORDS = 64;

/**
 * The hot loop: records of one type of one crossing, into one input of one keyed operator. Per record: advance the
 * record's watermark (timers fire), set the key, move the view, call.
 */
export class KeyedRecordHandler implements RecordHandler {
  private readonly reader: ChannelReader;
  private readonly type: number;
  /** null: records are JSON. */
  private readonly view: RecordView | null;
  /** null: a broadcast input, without keys. */
  private readonly slotMap: SlotMap | null;
  private readonly origin: InputOrigin;
  private readonly operator: KeyedOperator;
  private readonly isSecondInput: boolean;
  private readonly keyTable: KeyTable;
  private readonly ahead = new Int32Array(TOUCH_RECORDS);
  /** null: nobody counts, or the records have no keys. */
  private readonly samples: KeyGroupSamples | null;

  constructor(
    reader: ChannelReader,
    type: number,
    view: RecordView | null,
    slotMap: SlotMap | null,
    origin: InputOrigin,
    operator: KeyedOperator,
    input: number,
    samples: KeyGroupSamples | null,
  ) {
    this.reader = reader;
    this.type = type;
    this.view = view;
    this.slotMap = slotMap;
    this.origin = origin;
    this.operator = operator;
    this.isSecondInput = input === 1;
    this.keyTable = operator.keyTable;
    this.samples = samples;
  }

  run(from: number, end: number): number {
    const { view, slotMap, samples } = this;
    const to =
      view === null || slotMap === null ? this.runSlowly(from, end) : this.runKeyed(from, end, view, slotMap.slots);
    if (samples !== null && slotMap !== null) samples.take(this.reader.ring, from, to, slotMap.slots);
    return to;
  }

  private runKeyed(from: number, end: number, view: RecordView, slots: Int32Array | null): number {
    const large = this.operator.backend.largeStructs();
    if (large.length === 0) return this.runStructs(from, end, view, slots);
    let position = from;
    while (position !== end) {
      const count = this.lookAhead(position, end);
      if (count === 0) break;
      for (let index = 0; index < large.length; index += 1) large[index].touch(this.ahead, count, slots);
      position = this.runStructs(position, (position + count) | 0, view, slots);
    }
    return position;
  }

  /** Notes the keys of the next records of this type. @returns how many there are */
  private lookAhead(from: number, end: number): number {
    const { ahead, type } = this;
    const { i, mask, slotWords } = this.reader.ring;
    const most = Math.min(TOUCH_RECORDS, (end - from) | 0);
    for (let index = 0; index < most; index += 1) {
      const at = (((from + index) & mask) * slotWords) << 1;
      if (i[at] !== type) return index;
      ahead[index] = i[at + 1];
    }
    return most;
  }

  private runStructs(from: number, end: number, view: RecordView, slots: Int32Array | null): number {
    const { operator, keyTable, origin, type, isSecondInput } = this;
    const { f, i, mask, slotWords } = this.reader.ring;
    const timers = operator.timers;
    const eventTimers = timers.eventTimers;
    const { copyOnWrite } = operator.backend;
    let position = from;
    try {
      do {
        const base = (position & mask) * slotWords;
        if (i[base << 1] !== type) break;
        const watermark = f[base + 1];
        if (watermark > origin.watermark || eventTimers.headTime <= timers.watermark) origin.stamp(watermark, operator);
        const sent = i[(base << 1) + 1];
        const slot = slots === null ? sent : slots[sent];
        if (slot < copyOnWrite.limit) copyOnWrite.touch(slot);
        keyTable.currentSlot = slot;
        view.$b = base + HEADER_WORDS;
        if (isSecondInput) {
          operator.processElement2(view, f[base + 2]);
        } else {
          operator.stampElement(f[base + 2]);
          operator.handleElement1(view);
        }
        position = (position + 1) | 0;
      } while (position !== end);
    } catch (error) {
      throw describeFailure(operator, view, error);
    }
    return position;
  }

  /** JSON records and broadcast inputs, one at a time. */
  private runSlowly(from: number, end: number): number {
    const { operator, keyTable, origin, slotMap } = this;
    const { f, i, mask, slotWords } = this.reader.ring;
    let position = from;
    let value: unknown = null;
    try {
      do {
        const base = (position & mask) * slotWords;
        if (i[base << 1] !== this.type) break;
        origin.stamp(f[base + 1], operator);
        const slot = slotMap === null ? NO_SLOT : slotMap.slotOf(i[(base << 1) + 1]);
        if (slot >= 0 && slot < operator.backend.copyOnWrite.limit) operator.backend.copyOnWrite.touch(slot);
        keyTable.currentSlot = slot;
        if (this.view === null) {
          value = this.reader.takePlain();
        } else {
          this.view.$b = base + HEADER_WORDS;
          // Broadcast records are rare and tend to be kept in broadcast state: hand out a copy.
          value = plainCopy(this.view);
        }
        if (this.isSecondInput) operator.processElement2(value, f[base + 2]);
        else operator.processElement1(value, f[base + 2]);
        position = (position + 1) | 0;
      } while (position !== end && this.view !== null);
    } catch (error) {
      throw describeFailure(operator, value, error);
    }
    return position;
  }
}
