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
 * Keys are never forgotten: an operator's memory grows with the number of different keys it ever saw.
 */
export class KeyTable implements CurrentKeyName {
  currentSlot = NO_SLOT;
  readonly keys: Key[] = [];
  private groups = new Int32Array(16);
  private symbolIds = new Int32Array(16).fill(-1);
  private slots: KeyMap<number> | null = null;
  private readonly grown: ((capacity: number) => void)[] = [];
  private readonly symbols: SymbolDictionary;

  constructor(symbols: SymbolDictionary) {
    this.symbols = symbols;
  }

  get count(): number {
    return this.keys.length;
  }

  get capacity(): number {
    return this.groups.length;
  }

  /** Calls back now and whenever there is room for more slots, before one of them is used. */
  onGrow(callback: (capacity: number) => void): void {
    this.grown.push(callback);
    callback(this.capacity);
  }

  /** The key's slot, given now if it has none yet. */
  slotFor(key: Key, keyGroup: number): number {
    const slots = this.index();
    const known = slots.get(key);
    if (known !== undefined) return known;
    const slot = this.keys.length;
    if (slot === this.capacity) this.grow();
    this.keys.push(key);
    this.groups[slot] = keyGroup;
    slots.set(key, slot);
    return slot;
  }

  /** @returns NO_SLOT for a key that was never seen here */
  slotOf(key: Key): number {
    return this.index().get(key) ?? NO_SLOT;
  }

  keyGroupAt(slot: number): number {
    return this.groups[slot];
  }

  /** @throws NullPointerError when no key is set */
  currentKey(): Key {
    if (this.currentSlot < 0) throw new NullPointerError(NO_KEY_SET);
    return this.keys[this.currentSlot];
  }

  currentKeyText(): string {
    return this.currentKey() as string;
  }

  currentKeySymbolId(): number {
    const slot = this.currentSlot;
    if (slot < 0) throw new NullPointerError(NO_KEY_SET);
    if (this.symbolIds[slot] < 0) this.symbolIds[slot] = this.symbols.idOf(this.keys[slot] as string);
    return this.symbolIds[slot];
  }

  private index(): KeyMap<number> {
    this.slots ??= new KeyMap();
    return this.slots;
  }

  private grow(): void {
    const capacity = this.capacity * 2;
    if (capacity > 2 ** 30)
      throw new IllegalStateError(`One subtask can hold ${2 ** 30} keys at most; raise the parallelism.`);
    const groups = new Int32Array(capacity);
    groups.set(this.groups);
    this.groups = groups;
    const symbolIds = new Int32Array(capacity).fill(-1);
    symbolIds.set(this.symbolIds);
    this.symbolIds = symbolIds;
    for (const callback of this.grown) callback(capacity);
  }
}
