import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { listState, mapState, reducingState, structState, valueState } from '../../engine/api/state.ts';
import { struct } from '../../engine/api/struct.ts';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { HeapKeyedStateBackend } from '../../engine/state/heap-keyed-state-backend.ts';
import { KeyTable } from '../../engine/state/key-table.ts';

const POINT = struct('point', { x: 'f64', label: 'symbol', n: 'i32' });

function create(): { table: KeyTable; backend: HeapKeyedStateBackend } {
  const symbols = new SymbolDictionary();
  const table = new KeyTable(symbols);
  return { table, backend: new HeapKeyedStateBackend(table, symbols, { processingTime: 0 }) };
}

/** What the model knows of one key. */
interface Known {
  value: number;
  list: number[];
  map: Map<number, number>;
  sum: number | null;
  point: [number, string, number] | null;
}

const action = fc.record({
  key: fc.integer({ min: 0, max: 60 }).map((key) => `key ${key}`),
  what: fc.constantFrom(
    'value',
    'clear value',
    'list',
    'clear list',
    'map',
    'unmap',
    'reduce',
    'struct',
    'clear struct',
  ),
  number: fc.integer({ min: -1000, max: 1000 }),
});

describe('the heap keyed state backend', () => {
  test('gives every key its own state, as maps by key would', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
        const { table, backend } = create();
        const value = backend.getState(valueState<number>('value', -1));
        const list = backend.getListState(listState<number>('list'));
        const map = backend.getMapState(mapState<number, number>('map'));
        const sum = backend.getReducingState(reducingState<number>('sum', (left, right) => left + right));
        const point = backend.getStructState(structState('point', POINT));
        const model = new Map<string, Known>();
        for (const { key, what, number } of actions) {
          table.currentSlot = table.slotFor(key, 0);
          const known: Known = model.get(key) ?? { value: -1, list: [], map: new Map(), sum: null, point: null };
          model.set(key, known);
          if (what === 'value') value.update((known.value = number));
          if (what === 'clear value') (value.clear(), (known.value = -1));
          if (what === 'list') (list.add(number), known.list.push(number));
          if (what === 'clear list') (list.update([]), (known.list = []));
          if (what === 'map') (map.put(number % 5, number), known.map.set(number % 5, number));
          if (what === 'unmap') (map.remove(number % 5), known.map.delete(number % 5));
          if (what === 'reduce') (sum.add(number), (known.sum = (known.sum ?? 0) + number));
          if (what === 'struct') {
            const view = point.create();
            view.x += number / 2;
            view.label = `label ${number}`;
            view.n += 1;
            known.point = [(known.point?.[0] ?? 0) + number / 2, `label ${number}`, (known.point?.[2] ?? 0) + 1];
          }
          if (what === 'clear struct') (point.clear(), (known.point = null));
        }
        for (const [key, known] of model) {
          table.currentSlot = table.slotOf(key);
          const view = point.value();
          expect({
            value: value.value(),
            list: [...list.get()],
            map: new Map(map.entries()),
            empty: map.isEmpty(),
            sum: sum.get(),
            point: view === null ? null : [view.x, view.label, view.n],
          }).toEqual({ ...known, empty: known.map.size === 0 });
        }
      }),
      { numRuns: 150 },
    );
  });

  test('finds a key that is a symbol by number and by text alike', () => {
    const symbols = new SymbolDictionary();
    const table = new KeyTable(symbols);
    const first = table.slotForSymbol(symbols.idOf('AAPL'), 3);
    expect(table.slotOf('AAPL')).toBe(first);
    expect(table.slotFor('AAPL', 3)).toBe(first);
    const second = table.slotFor('MSFT', 4);
    expect(table.slotForSymbol(symbols.idOf('MSFT'), 4)).toBe(second);
    expect([table.count, table.keyAt(first), table.keyAt(second), table.keyGroupAt(second)]).toEqual([
      2,
      'AAPL',
      'MSFT',
      4,
    ]);
  });

  test('tells tuples apart by their parts and their types', () => {
    const { table } = create();
    const slots = [['a', 1], ['a', '1'], ['a,1'], ['a', 1]].map((key) => table.slotFor(key, 0));
    expect(slots).toEqual([0, 1, 2, 0]);
  });

  test('refuses one name for two kinds of state', () => {
    const { backend } = create();
    backend.getState(valueState('n'));
    expect(() => backend.getListState(listState('n'))).toThrow(
      "State 'n' is value state; it was asked for as list state.",
    );
  });

  test('refuses to restore state of another kind, or a struct with fields that are gone', () => {
    const { table, backend } = create();
    const slot = table.slotFor('k', 0);
    backend.restoreAt(slot, 'n', 'list', [1]);
    expect(() => backend.getState(valueState('n'))).toThrow(
      "State 'n' was stored as list state and cannot be restored as value state.",
    );
    backend.restoreAt(slot, 'point', 'struct', { x: 1, gone: 2 });
    expect(() => backend.getStructState(structState('point', POINT))).toThrow(
      'fields that are no longer declared: gone',
    );
  });

  test('keeps state nobody asked for, and stores it again', () => {
    const { table, backend } = create();
    const slot = table.slotFor('k', 0);
    backend.restoreAt(slot, 'old', 'value', 42);
    expect(backend.snapshotAt(slot)).toEqual({ old: 42 });
    expect(backend.schemas()).toEqual({ old: { kind: 'value', version: 1 } });
  });
});
