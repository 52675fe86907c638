import type { StructState } from '../api/state.ts';
import { NullPointerError, StateMigrationError } from '../core/errors.ts';
import { compileSplitView, type SplitView } from '../memory/record-codec.ts';
import type { RecordLayout, StructShape } from '../memory/record-layout.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { NO_KEY_SET, type KeyTable } from './key-table.ts';
import type { StructRows } from './copy-on-write.ts';
import type { SlotState } from './object-states.ts';

/**
 * Structs larger than this many words lie in two pieces: the fields that come first, which every record touches, and the
 * others. The first pieces of many keys stay in a core's own cache where whole structs would not.
 */
const FRONT_WORDS = 16;
/** Of a first piece this many words are fetched ahead: allocators put large arrays 16 bytes behind a line's start. */
const HOT_WORDS = 14;
/** Smaller columns stay in a core's own cache; fetching ahead would only cost. */
const TOUCH_BYTES_MIN = 2 ** 18;
/** Keeps fetches from being optimized away. */
const TOUCHED = new Int32Array(1);

/**
 * A struct per key in one Float64Array: slot s has its first piece at s x `words`, and the rest, if any, in the same order
 * behind the first pieces of all keys. `value()` moves one view there; nothing is allocated. `present` tells a struct of
 * zeros from none.
 */
export class HeapStructState<V> implements StructState<V>, SlotState {
  readonly shape: StructShape;
  private readonly layout: RecordLayout;
  private readonly words: number;
  private readonly backWords: number;
  private readonly view: SplitView;
  private present = new Uint8Array(0);
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
    if (this.present[slot] === 0) return null;
    this.view.$b = slot * this.words;
    return this.view as V;
  }

  create(): V {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    if (this.present[slot] === 0) {
      this.present[slot] = 1;
      this.erase(slot);
    }
    this.view.$b = slot * this.words;
    return this.view as V;
  }

  clear(): void {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    this.present[slot] = 0;
  }

  clearAt(slot: number): void {
    this.present[slot] = 0;
  }

  /** Whether the first pieces are too large for a core's own cache. */
  get isLarge(): boolean {
    return this.present.length * this.words * Float64Array.BYTES_PER_ELEMENT > TOUCH_BYTES_MIN;
  }

  /**
   * Reads a word of each struct that the records ahead will touch. The reads depend on nothing, so the processor waits for
   * all of these cache lines together instead of for one after the other.
   * @param sent the numbers of the records' keys
   * @param slots what they come to here; null: the same
   */
  touch(sent: Int32Array, count: number, slots: Int32Array | null): void {
    const { words } = this;
    const { $i: i } = this.view;
    const last = (Math.min(words, HOT_WORDS) - 1) * 2;
    const end = (this.present.length - 1) * words * 2;
    let sum = 0;
    for (let index = 0; index < count; index += 1) {
      const at = (slots === null ? sent[index] : slots[sent[index]]) * words * 2;
      // A key that is about to be defined has no place yet.
      if (at >= 0 && at <= end) sum = (sum + i[at] + i[at + last]) | 0;
    }
    TOUCHED[0] = sum;
  }

  hasAt(slot: number): boolean {
    return this.present[slot] === 1;
  }

  snapshotAt(slot: number): unknown {
    this.view.$b = slot * this.words;
    return this.view.toObject();
  }

  /** A field the snapshot does not know stays 0. @throws StateMigrationError for a field that is no longer declared */
  restoreAt(slot: number, data: unknown): void {
    const stored = data as Record<string, unknown>;
    const unknown = Object.keys(stored).filter((name) => name !== 'kind' && !(name in this.shape.fields));
    if (unknown.length > 0) {
      throw new StateMigrationError(
        `Stored struct '${this.shape.name}' has fields that are no longer declared: ${unknown.join(', ')}. Declare them, or restore without this state.`,
      );
    }
    this.present[slot] = 1;
    this.view.$b = slot * this.words;
    const fields = this.view as unknown as Record<string, unknown>;
    for (const [name, type] of Object.entries(this.shape.fields))
      fields[name] = stored[name] ?? (type === 'symbol' ? '' : 0);
  }

  private erase(slot: number): void {
    const { words, backWords } = this;
    const { $f: f, $o: backs } = this.view;
    f.fill(0, slot * words, (slot + 1) * words);
    f.fill(0, backs + slot * backWords, backs + (slot + 1) * backWords);
  }

  /** Words of a row as snapshots store it: the fields one after the other, in one piece. */
  get rowWords(): number {
    return this.layout.words;
  }

  /** Copies the row of a slot to word `at` of `rows`. */
  copyRow(slot: number, rows: Float64Array, at: number): void {
    const { words, backWords, rowWords } = this;
    const { $f: f, $o: backs } = this.view;
    const front = Math.min(words, rowWords);
    rows.set(f.subarray(slot * words, slot * words + front), at);
    const back = backs + slot * backWords;
    if (rowWords > front) rows.set(f.subarray(back, back + rowWords - front), at + front);
  }

  copyRows(from: number, to: number): StructRows {
    const rows = new Float64Array((to - from) * this.rowWords);
    for (let slot = from; slot < to; slot += 1) this.copyRow(slot, rows, (slot - from) * this.rowWords);
    return { rows, present: this.present.slice(from, to) };
  }

  /** Half-word index of each symbol field within a row. */
  symbolFields(): readonly number[] {
    return this.layout.fields.filter(({ type }) => type === 'symbol').map(({ index }) => index);
  }

  /** Takes a row as another run of this very shape stored it. @param symbolIds numbers then: numbers now */
  restoreRow(slot: number, row: Float64Array, symbolIds: ReadonlyMap<number, number>): void {
    const { words, backWords, rowWords } = this;
    const { $f: f, $o: backs } = this.view;
    const front = Math.min(words, rowWords);
    this.present[slot] = 1;
    f.set(row.subarray(0, front), slot * words);
    f.set(row.subarray(front), backs + slot * backWords);
    const fields = this.view as unknown as Record<string, number>;
    this.view.$b = slot * words;
    for (const { name, type } of this.layout.fields) {
      if (type !== 'symbol') continue;
      const id = symbolIds.get(fields[`${name}Id`]);
      if (id !== undefined) fields[`${name}Id`] = id;
    }
  }

  private grow(capacity: number): void {
    const { words, backWords } = this;
    const known = this.present.length;
    const column = new Float64Array(capacity * (words + backWords));
    column.set(this.view.$f.subarray(0, known * words));
    column.set(this.view.$f.subarray(known * words), capacity * words);
    this.view.$f = column;
    this.view.$i = new Int32Array(column.buffer);
    this.view.$o = capacity * words;
    const present = new Uint8Array(capacity);
    present.set(this.present);
    this.present = present;
  }
}
