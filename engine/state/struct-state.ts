import type { StructState } from '../api/state.ts';
import { NullPointerError } from '../core/errors.ts';
import { FETCHED } from '../memory/fetch-ahead.ts';
import { compileSplitView, type SplitView } from '../memory/record-codec.ts';
import type { RecordLayout, StructShape } from '../memory/record-layout.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { NO_KEY_SET, type KeyTable } from './key-table.ts';
import type { StructRows } from './copy-on-write.ts';
import type { StoredStructs } from './key-group-blob.ts';
import type { SlotState } from './object-states.ts';

/**
 * Structs larger than this many words, a line of the processor's cache, lie in two pieces: the fields that come first, which
 * every record touches, and the others. The first pieces of many keys stay in a core's own cache where whole structs would not.
 */
const FRONT_WORDS = 8;
/** Allocators put large arrays 16 bytes behind a line's start: so many words ahead of the first struct, and it begins a line. */
const LEAD_WORDS = 6;
/** Smaller columns stay in a core's own cache; fetching ahead would only cost. */
const TOUCH_BYTES_MIN = 2 ** 18;

/**
 * A struct per key in one Float64Array: slot s has its first piece at s x `words` behind LEAD_WORDS, and the rest, if any, in
 * the same order behind the first pieces of all keys. `value()` moves one view there; nothing is allocated. `present` tells a
 * struct of zeros from none.
 *
 * Of keys that come next the first line is fetched ahead: declare first, within 64 bytes, what every record and every timer
 * touches.
 */
export class HeapStructState<V> implements StructState<V>, SlotState {
  readonly shape: StructShape;
  private readonly layout: RecordLayout;
  private readonly words: number;
  private readonly backWords: number;
  private readonly view: SplitView;
  /** First word of all backs. */
  private backs = 0;
  /** A bit for each slot: of a million keys they stay in a core's own cache where bytes would not. */
  private present = new Int32Array(0);
  private capacity = 0;
  private readonly keyTable: KeyTable;

  constructor(keyTable: KeyTable, shape: StructShape, symbols: SymbolDictionary) {
    this.keyTable = keyTable;
    this.shape = shape;
    const split = compileSplitView(shape, FRONT_WORDS);
    this.layout = split.layout;
    this.words = split.frontWords;
    this.backWords = split.backWords;
    this.view = split.createView(new Float64Array(0), new Int32Array(0), symbols);
    keyTable.onGrow((capacity) => this.grow(capacity));
  }

  value(): V | null {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    if ((this.present[slot >> 5] & (1 << slot)) === 0) return null;
    this.view.$b = LEAD_WORDS + slot * this.words;
    return this.view as V;
  }

  create(): V {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    const bit = 1 << slot;
    if ((this.present[slot >> 5] & bit) === 0) {
      this.present[slot >> 5] |= bit;
      this.erase(slot);
    }
    this.view.$b = LEAD_WORDS + slot * this.words;
    return this.view as V;
  }

  clear(): void {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    this.clearAt(slot);
  }

  clearAt(slot: number): void {
    this.present[slot >> 5] &= ~(1 << slot);
  }

  /** Whether the first pieces are too large for a core's own cache. */
  get isLarge(): boolean {
    return this.capacity * this.words * Float64Array.BYTES_PER_ELEMENT > TOUCH_BYTES_MIN;
  }

  /**
   * Reads a word of the first line of each struct that the records or timers ahead will touch. The reads depend on nothing, so the
   * processor waits for all of these lines together instead of for one after the other.
   * @param sent the numbers of the keys
   * @param slots what they come to here; null: the same
   */
  touch(sent: Int32Array, count: number, slots: Int32Array | null): void {
    const { words, capacity } = this;
    const { $i: i } = this.view;
    let sum = 0;
    for (let index = 0; index < count; index += 1) {
      const slot = slots === null ? sent[index] : slots[sent[index]];
      // A key that is about to be defined has no place yet.
      if (slot >= 0 && slot < capacity) sum = (sum + i[(LEAD_WORDS + slot * words) * 2]) | 0;
    }
    FETCHED[0] = sum;
  }

  hasAt(slot: number): boolean {
    return (this.present[slot >> 5] & (1 << slot)) !== 0;
  }

  snapshotAt(slot: number): unknown {
    this.view.$b = LEAD_WORDS + slot * this.words;
    return this.view.toObject();
  }

  /** @param data every field, of its type: what schema-compatibility.ts makes of stored data */
  restoreAt(slot: number, data: unknown): void {
    const stored = data as Record<string, unknown>;
    this.present[slot >> 5] |= 1 << slot;
    // Equal states are equal bytes, those between fields included.
    this.erase(slot);
    this.view.$b = LEAD_WORDS + slot * this.words;
    const fields = this.view as unknown as Record<string, unknown>;
    for (const name of Object.keys(this.shape.fields)) fields[name] = stored[name];
  }

  private erase(slot: number): void {
    const { words, backWords, backs } = this;
    const { $f: f } = this.view;
    f.fill(0, LEAD_WORDS + slot * words, LEAD_WORDS + (slot + 1) * words);
    f.fill(0, backs + slot * backWords, backs + (slot + 1) * backWords);
  }

  /** Words of a row as snapshots store it: the fields one after the other, in one piece. */
  get rowWords(): number {
    return this.layout.words;
  }

  /** Copies the row of a slot to word `at` of `rows`. */
  copyRow(slot: number, rows: Float64Array, at: number): void {
    const { words, frontWords, backWords, backs } = this;
    const { $f: f } = this.view;
    const front = LEAD_WORDS + slot * words;
    rows.set(f.subarray(front, front + frontWords), at);
    const back = backs + slot * backWords;
    if (backWords > 0) rows.set(f.subarray(back, back + this.rowWords - frontWords), at + frontWords);
  }

  /** The rows of some slots as they stand: the first pieces of all, then the others. @param from a multiple of 32 */
  copyRows(from: number, to: number): StructRows {
    const { words, backWords, backs } = this;
    const { $f: f } = this.view;
    return {
      fronts: f.slice(LEAD_WORDS + from * words, LEAD_WORDS + to * words),
      backs: f.slice(backs + from * backWords, backs + to * backWords),
      present: this.present.slice(from >> 5, (to + 31) >> 5),
    };
  }

  /** Copies one of the rows that `copyRows` made to word `at` of `rows`. */
  copyRowOf({ fronts, backs }: StructRows, place: number, rows: Float64Array, at: number): void {
    const { frontWords } = this;
    rows.set(fronts.subarray(place * this.words, place * this.words + frontWords), at);
    const back = place * this.backWords;
    if (this.backWords > 0) rows.set(backs.subarray(back, back + this.rowWords - frontWords), at + frontWords);
  }

  /** Half-word index of each symbol field within a row. */
  symbolFields(): readonly number[] {
    return this.layout.fields.filter(({ type }) => type === 'symbol').map(({ index }) => index);
  }

  /**
   * Takes rows as another run of this very shape stored them.
   * @param slots by index of a key: its slot here
   * @param symbolIds by number of a symbol then: its number now, or -1; null: numbers are what they were
   */
  restoreRows({ indexes, rows }: StoredStructs, slots: Int32Array, symbolIds: Int32Array | null): void {
    const { words, frontWords, backWords, rowWords, present, backs } = this;
    const { $f: f } = this.view;
    for (let row = 0; row < indexes.length; row += 1) {
      const slot = slots[indexes[row]];
      const at = row * rowWords;
      present[slot >> 5] |= 1 << slot;
      f.set(rows.subarray(at, at + frontWords), LEAD_WORDS + slot * words);
      if (backWords > 0) f.set(rows.subarray(at + frontWords, at + rowWords), backs + slot * backWords);
    }
    if (symbolIds !== null) this.renumberSymbols(indexes, slots, symbolIds);
  }

  private renumberSymbols(indexes: Int32Array, slots: Int32Array, symbolIds: Int32Array): void {
    const { words, frontWords, backWords, backs } = this;
    const { $i: i } = this.view;
    for (const field of this.symbolFields()) {
      const isInFront = field < frontWords * 2;
      const from = isInFront ? LEAD_WORDS * 2 + field : backs * 2 + field - frontWords * 2;
      const step = (isInFront ? words : backWords) * 2;
      for (let row = 0; row < indexes.length; row += 1) {
        const half = from + slots[indexes[row]] * step;
        const id = i[half];
        // A field nobody wrote holds 0, which may be no symbol's number.
        if (id >= 0 && id < symbolIds.length && symbolIds[id] >= 0) i[half] = symbolIds[id];
      }
    }
  }

  /** Words of a row that lie in its first piece. */
  private get frontWords(): number {
    return Math.min(this.words, this.rowWords);
  }

  private grow(capacity: number): void {
    const { words, backWords, capacity: known, backs: before } = this;
    const backs = LEAD_WORDS + capacity * words;
    const column = new Float64Array(backs + capacity * backWords);
    column.set(this.view.$f.subarray(0, LEAD_WORDS + known * words));
    column.set(this.view.$f.subarray(before, before + known * backWords), backs);
    this.view.$f = column;
    this.view.$i = new Int32Array(column.buffer);
    this.view.$o = backs - LEAD_WORDS * (backWords / words);
    this.backs = backs;
    const present = new Int32Array((capacity + 31) >> 5);
    present.set(this.present);
    this.present = present;
    this.capacity = capacity;
  }
}
