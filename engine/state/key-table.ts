import { IllegalStateError, NullPointerError } from '../core/errors.ts';
import type { CurrentKeyName } from '../memory/record-codec.ts';
import type { SymbolDictionary } from '../memory/symbol-dictionary.ts';
import type { Key, PrimitiveKey } from './java-hash.ts';

/** No key is set: between two records, on the broadcast side, in `open`. */
export const NO_SLOT = -1;

export const NO_KEY_SET = 'No key set. This method should not be called outside of a keyed context.';

/** Finds what was stored under a key. Tuples are compared by their parts, everything else as JavaScript's Map does. */
export class KeyMap<V> {
  private readonly primitives = new Map<PrimitiveKey, V>();
  private readonly tuples = new Map<string, V>();

  get(key: Key): V | undefined {
    return typeof key === 'object' ? this.tuples.get(tupleText(key)) : this.primitives.get(key);
  }

  set(key: Key, value: V): void {
    if (typeof key === 'object') this.tuples.set(tupleText(key), value);
    else this.primitives.set(key, value);
  }
}

function tupleText(parts: readonly PrimitiveKey[]): string {
  return JSON.stringify(parts.map((part) => `${typeof part}:${String(part)}`));
}

/**
 * The keys of one operator on one subtask, by slot: 0, 1, 2 ... in the order in which they were first seen. All keyed
 * state and timers are arrays by slot. `currentSlot` is the key at hand; whoever runs user code sets it.
 *
 * A key that is a symbol is known by its number; its text, and the map that finds a slot by key, are made when somebody
 * asks. Keys are never forgotten: an operator's memory grows with the number of different keys it ever saw.
 */
export class KeyTable implements CurrentKeyName {
  currentSlot = NO_SLOT;
  private size = 0;
  private readonly keys: (Key | undefined)[] = [];
  private groups = new Int32Array(16);
  /** By slot; -1: not known as a symbol yet. */
  private symbolIds = new Int32Array(16).fill(-1);
  /** By symbol number; NO_SLOT: not seen as a symbol here. */
  private slotsBySymbol = new Int32Array(16).fill(NO_SLOT);
  private slotsByKey: KeyMap<number> | null = null;
  private readonly grown: ((capacity: number) => void)[] = [];
  private readonly symbols: SymbolDictionary;

  constructor(symbols: SymbolDictionary) {
    this.symbols = symbols;
  }

  get count(): number {
    return this.size;
  }

  get capacity(): number {
    return this.groups.length;
  }

  /** Calls back now and whenever there is room for more slots, before one of them is used. */
  onGrow(callback: (capacity: number) => void): void {
    this.grown.push(callback);
    callback(this.capacity);
  }

  /** Makes room for so many slots at once, where they are known beforehand. */
  reserve(count: number): void {
    if (count > this.capacity) this.growTo(2 ** Math.ceil(Math.log2(count)));
  }

  /** The key's slot, given now if it has none yet. */
  slotFor(key: Key, keyGroup: number): number {
    const known = this.index().get(key);
    if (known !== undefined) return known;
    const slot = this.add(keyGroup);
    this.keys[slot] = key;
    this.index().set(key, slot);
    return slot;
  }

  /** The same for a key that is a symbol. */
  slotForSymbol(symbolId: number, keyGroup: number): number {
    if (symbolId >= this.slotsBySymbol.length) this.growSymbols(symbolId);
    const known = this.slotsBySymbol[symbolId];
    if (known !== NO_SLOT) return known;
    const slot = this.slotsByKey === null ? this.add(keyGroup) : this.slotFor(this.symbols.textOf(symbolId), keyGroup);
    this.slotsBySymbol[symbolId] = slot;
    this.symbolIds[slot] = symbolId;
    return slot;
  }

  /** Makes no map of all keys, which would stop the task for long where there are many. @returns NO_SLOT: never seen here */
  slotOf(key: Key): number {
    if (this.slotsByKey !== null) return this.slotsByKey.get(key) ?? NO_SLOT;
    // Without the map every key that came is a symbol.
    const symbolId = typeof key === 'string' ? this.symbols.find(key) : -1;
    return symbolId >= 0 && symbolId < this.slotsBySymbol.length ? this.slotsBySymbol[symbolId] : NO_SLOT;
  }

  keyAt(slot: number): Key {
    const key = this.keys[slot];
    if (key !== undefined) return key;
    const text = this.symbols.textOf(this.symbolIds[slot]);
    this.keys[slot] = text;
    return text;
  }

  /** -1: the key is not known as a symbol. */
  symbolIdAt(slot: number): number {
    return this.symbolIds[slot];
  }

  keyGroupAt(slot: number): number {
    return this.groups[slot];
  }

  /** Of each slot, as `symbolIdAt`. */
  symbolIdsOf(slots: ArrayLike<number>): Int32Array {
    return picked(this.symbolIds, slots);
  }

  /** Of each slot, as `keyGroupAt`. */
  keyGroupsOf(slots: ArrayLike<number>): Int32Array {
    return picked(this.groups, slots);
  }

  /** @throws NullPointerError when no key is set */
  currentKey(): Key {
    if (this.currentSlot < 0) throw new NullPointerError(NO_KEY_SET);
    return this.keyAt(this.currentSlot);
  }

  currentKeyText(): string {
    return this.currentKey() as string;
  }

  currentKeySymbolId(): number {
    const slot = this.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    if (this.symbolIds[slot] < 0) this.symbolIds[slot] = this.symbols.idOf(this.keyAt(slot) as string);
    return this.symbolIds[slot];
  }

  private add(keyGroup: number): number {
    const slot = this.size;
    if (slot === this.capacity) this.growTo(this.capacity * 2);
    this.size += 1;
    this.keys.push(undefined);
    this.groups[slot] = keyGroup;
    return slot;
  }

  private index(): KeyMap<number> {
    if (this.slotsByKey === null) {
      this.slotsByKey = new KeyMap();
      for (let slot = 0; slot < this.size; slot += 1) this.slotsByKey.set(this.keyAt(slot), slot);
    }
    return this.slotsByKey;
  }

  private growTo(capacity: number): void {
    if (capacity > 2 ** 30)
      throw new IllegalStateError(`One subtask can hold ${2 ** 30} keys at most; raise the parallelism.`);
    this.groups = widened(this.groups, capacity, 0);
    this.symbolIds = widened(this.symbolIds, capacity, -1);
    for (const callback of this.grown) callback(capacity);
  }

  private growSymbols(symbolId: number): void {
    let capacity = this.slotsBySymbol.length;
    while (capacity <= symbolId) capacity *= 2;
    this.slotsBySymbol = widened(this.slotsBySymbol, capacity, NO_SLOT);
  }
}

function widened(from: Int32Array, length: number, filler: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(length).fill(filler);
  wider.set(from);
  return wider;
}

/** A loop: `map` and `from` call a function for each number, which takes many times as long. */
export function picked(from: Int32Array, indexes: ArrayLike<number>): Int32Array {
  const found = new Int32Array(indexes.length);
  for (let index = 0; index < found.length; index += 1) found[index] = from[indexes[index]];
  return found;
}
