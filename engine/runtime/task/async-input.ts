import type { RecordView } from '../../memory/record-codec.ts';
import { CONTROL, HEADER_WORDS } from '../../memory/record-header.ts';
import { NO_SLOT } from '../../state/key-table.ts';
import { plainCopy } from '../../state/plain-copy.ts';
import type { ChannelReader, RecordHandler } from '../exchange/channel-reader.ts';
import type { InputOrigin } from '../exchange/vertex-gate.ts';
import type { AsyncWaitOperator } from '../operators/async-wait-operator.ts';
import { describeFailure } from '../operators/keyed-failure.ts';
import type { SlotMap } from './keyed-input.ts';

/**
 * Records of one type of one crossing, into an asynchronous operator. While the operator is full they stay in the ring,
 * and the ring fills up: that is back-pressure. A checkpoint does not wait for it: records between a full operator and a
 * barrier are taken into the operator's state, and called for when there is room.
 */
export class AsyncRecordHandler implements RecordHandler {
  private readonly reader: ChannelReader;
  private readonly type: number;
  /** null: records are JSON. */
  private readonly view: RecordView | null;
  private readonly origin: InputOrigin;
  private readonly operator: AsyncWaitOperator;
  /** null: the stream has no keys. */
  private readonly slotMap: SlotMap | null;
  /** Slots before it were looked at and are no barrier. */
  private searchedTo = 0;

  constructor(
    reader: ChannelReader,
    type: number,
    view: RecordView | null,
    slotMap: SlotMap | null,
    origin: InputOrigin,
    operator: AsyncWaitOperator,
  ) {
    this.reader = reader;
    this.type = type;
    this.view = view;
    this.slotMap = slotMap;
    this.origin = origin;
    this.operator = operator;
  }

  run(from: number, end: number): number {
    const { operator, origin, reader, view } = this;
    const { f, i, mask, slotWords } = reader.ring;
    let position = from;
    let value: unknown = null;
    try {
      do {
        const base = (position & mask) * slotWords;
        if (i[base << 1] !== this.type) break;
        origin.stamp(f[base + 1], operator);
        if (!operator.hasRoom && !this.isBarrierAhead(position)) break;
        if (view === null) value = reader.takePlain();
        else {
          view.$b = base + HEADER_WORDS;
          value = this.copyOf(view, i[(base << 1) + 1]);
        }
        operator.processElement1(value, f[base + 2]);
        position = (position + 1) | 0;
      } while (position !== end && view !== null);
    } catch (error) {
      throw describeFailure(operator, value, error);
    }
    return position;
  }

  /** @param sent the sender's number of the record's key, which may be a field that the record itself leaves out */
  private copyOf(view: RecordView, sent: number): unknown {
    const { keyTable } = this.operator;
    keyTable.currentSlot = this.slotMap === null ? NO_SLOT : this.slotMap.slotOf(sent);
    const copy = plainCopy(view);
    keyTable.currentSlot = NO_SLOT;
    return copy;
  }

  private isBarrierAhead(position: number): boolean {
    const { ring } = this.reader;
    const { i, mask, slotWords } = ring;
    const end = (ring.position + ring.lookAgain()) | 0;
    if (((this.searchedTo - position) | 0) < 0) this.searchedTo = position;
    for (; this.searchedTo !== end; this.searchedTo = (this.searchedTo + 1) | 0)
      if (i[((this.searchedTo & mask) * slotWords) << 1] === CONTROL.BARRIER) return true;
    return false;
  }
}
