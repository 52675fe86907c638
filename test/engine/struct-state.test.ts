import { describe, expect, test } from 'vitest';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { KeyTable } from '../../engine/state/key-table.ts';
import { HeapStructState } from '../../engine/state/struct-state.ts';

/** Nine words: one more than stand together. */
const WIDE = struct('wide', {
  first: 'f64',
  second: 'f64',
  third: 'f64',
  fourth: 'f64',
  fifth: 'f64',
  sixth: 'f64',
  seventh: 'f64',
  eighth: 'f64',
  ninth: 'f64',
});
const KEYS = 5_000;

function filled(): { readonly state: HeapStructState<ViewOf<typeof WIDE>>; readonly keys: KeyTable } {
  const symbols = new SymbolDictionary();
  const keys = new KeyTable(symbols);
  const state = new HeapStructState<ViewOf<typeof WIDE>>(keys, WIDE, symbols);
  for (let key = 0; key < KEYS; key += 1) {
    keys.currentSlot = keys.slotFor(key, 0);
    const view = state.create();
    view.first = key;
    view.ninth = -key;
  }
  return { state, keys };
}

describe('struct state', () => {
  test('keeps every key its own words, however far structs are apart', () => {
    const { state, keys } = filled();
    for (let key = 0; key < KEYS; key += 1) {
      keys.currentSlot = key;
      expect(state.value()).toMatchObject({ first: key, second: 0, ninth: -key });
    }
  });

  test('is fetched ahead once it is large, keys that have no place yet included, and stays as it was', () => {
    const { state, keys } = filled();
    expect(state.isLarge).toBe(true);
    keys.currentSlot = 17;
    const view = state.value();
    state.touch(Int32Array.of(0, KEYS - 1, 2 ** 24, -1), 4, null);
    state.touch(Int32Array.of(1, 0), 2, Int32Array.of(KEYS - 1, 2 ** 24));
    expect(view).toMatchObject({ first: 17, ninth: -17 });
    expect(state.value()).toMatchObject({ first: 17, ninth: -17 });
  });
});
