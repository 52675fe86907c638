import type { StructState } from '../api/state.ts';
import { NullPointerError, StateMigrationError } from '../core/errors.ts';
import type { RecordCodec, RecordView } from '../memory/record-codec.ts';
import { compileCodec } from '../memory/record-codec.ts';
import type { StructShape } from '../memory/record-layout.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { NO_KEY_SET, type KeyTable } from './key-table.ts';
import type { StructWords } from './copy-on-write.ts';
import type { SlotState } from './object-states.ts';

/** Structs larger than this many words start a whole number of cache lines apart, so that a hot field shares no line twice. */
const LINE_WORDS = 8;
/** Of a large struct this many words, from its first on, are fetched ahead: fields that every record touches go first. */
const HOT_WORDS = 14;
/** Smaller columns stay in a core's own cache; fetching ahead would only cost. */
const TOUCH_BYTES_MIN = 2 ** 18;
/** Keeps fetches from being optimized away. */
const TOUCHED = new Int32Array(1);

/**
 * A struct per key in one Float64Array: slot s has its words at s x words. `value()` moves one view there; nothing is
 * allocated. `present` tells a struct of zeros from none.
 */
export class HeapStructState<V> implements StructState<V>, SlotState {
  /** Words from one slot to the next. */
  readonly words: number;
  readonly shape: StructShape;
  private readonly codec: RecordCodec;
  private readonly view: RecordView;
  private present = new Uint8Array(0);
  private readonly keyTable: KeyTable;
  private readonly symbols: SymbolDictionary;

  constructor(keyTable: KeyTable, shape: StructShape, symbols: SymbolDictionary) {
    this.keyTable = keyTable;
    this.shape = shape;
    this.symbols = symbols;
    this.codec = compileCodec(shape);
    const { words } = this.codec.layout;
    this.words = words <= LINE_WORDS ? words : Math.ceil(words / LINE_WORDS) * LINE_WORDS;
    this.view = this.codec.createView(new Float64Array(0), new Int32Array(0), symbols, null);
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
      this.view.$f.fill(0, slot * this.words, (slot + 1) * this.words);
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

  /** Whether the column is too large for a core's own cache. */
  get isLarge(): boolean {
    return this.view.$f.byteLength > TOUCH_BYTES_MIN;
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
    const end = i.length - words * 2;
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
    const complete = Object.fromEntries(
      Object.entries(this.shape.fields).map(([name, type]) => [name, stored[name] ?? (type === 'symbol' ? '' : 0)]),
    );
    this.present[slot] = 1;
    this.codec.encode(this.view.$f, this.view.$i, slot * this.words, complete, this.symbols);
  }

  /** All slots as they are now; valid until a slot changes or the table grows. */
  live(): StructWords {
    return { f: this.view.$f, present: this.present, first: 0 };
  }

  copyOf(from: number, to: number): StructWords {
    return {
      f: this.view.$f.slice(from * this.words, to * this.words),
      present: this.present.slice(from, to),
      first: from,
    };
  }

  /** Half-word index of each symbol field within a slot. */
  symbolFields(): readonly number[] {
    return this.codec.layout.fields.filter(({ type }) => type === 'symbol').map(({ index }) => index);
  }

  /** Takes a slot's words as another run of this very shape stored them. */
  restoreWords(slot: number, words: Float64Array, symbolIds: ReadonlyMap<number, number>): void {
    this.present[slot] = 1;
    this.view.$f.set(words, slot * this.words);
    for (const index of this.symbolFields()) {
      const at = slot * this.words * 2 + index;
      const id = symbolIds.get(this.view.$i[at]);
      if (id !== undefined) this.view.$i[at] = id;
    }
  }

  private grow(capacity: number): void {
    const column = new Float64Array(capacity * this.words);
    column.set(this.view.$f);
    this.view.$f = column;
    this.view.$i = new Int32Array(column.buffer);
    const present = new Uint8Array(capacity);
    present.set(this.present);
    this.present = present;
  }
}
