import type { StructState } from '../api/state.ts';
import { NullPointerError, StateMigrationError } from '../core/errors.ts';
import type { RecordCodec, RecordView } from '../memory/record-codec.ts';
import { compileCodec } from '../memory/record-codec.ts';
import type { StructShape } from '../memory/record-layout.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import { NO_KEY_SET, type KeyTable } from './key-table.ts';
import type { SlotState } from './object-states.ts';

/**
 * A struct per key in one Float64Array: slot s has its words at s x words. `value()` moves one view there; nothing is
 * allocated. `present` tells a struct of zeros from none.
 */
export class HeapStructState<V> implements StructState<V>, SlotState {
  private readonly codec: RecordCodec;
  private readonly words: number;
  private readonly view: RecordView;
  private present = new Uint8Array(0);
  private readonly keyTable: KeyTable;
  private readonly symbols: SymbolDictionary;
  private readonly shape: StructShape;

  constructor(keyTable: KeyTable, shape: StructShape, symbols: SymbolDictionary) {
    this.keyTable = keyTable;
    this.shape = shape;
    this.symbols = symbols;
    this.codec = compileCodec(shape);
    this.words = this.codec.layout.words;
    this.view = this.codec.createView(new Float64Array(0), new Int32Array(0), symbols, null);
    keyTable.onGrow((capacity) => this.grow(capacity));
  }

  value(): V | null {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    if (this.present[slot] === 0) return null;
    this.view.b = slot * this.words;
    return this.view as V;
  }

  create(): V {
    const slot = this.keyTable.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    if (this.present[slot] === 0) {
      this.present[slot] = 1;
      this.view.f.fill(0, slot * this.words, (slot + 1) * this.words);
    }
    this.view.b = slot * this.words;
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

  hasAt(slot: number): boolean {
    return this.present[slot] === 1;
  }

  snapshotAt(slot: number): unknown {
    this.view.b = slot * this.words;
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
    this.codec.encode(this.view.f, this.view.i, slot * this.words, complete, this.symbols);
  }

  private grow(capacity: number): void {
    const column = new Float64Array(capacity * this.words);
    column.set(this.view.f);
    this.view.f = column;
    this.view.i = new Int32Array(column.buffer);
    const present = new Uint8Array(capacity);
    present.set(this.present);
    this.present = present;
  }
}
