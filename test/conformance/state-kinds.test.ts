import { expect, test } from 'vitest';
import { aggregatingState, listState, mapState, reducingState, valueState } from '../../engine/api/state.ts';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { HeapKeyedStateBackend } from '../../engine/state/heap-keyed-state-backend.ts';
import { KeyTable } from '../../engine/state/key-table.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces } from './traces.ts';

function createActions(backend: HeapKeyedStateBackend): (text: string) => unknown {
  const v = backend.getState(valueState<number>('v'));
  const l = backend.getListState(listState<number>('l'));
  const m = backend.getMapState(mapState<string, number | null>('m'));
  const r = backend.getReducingState(reducingState<number>('r', (left, right) => left + right));
  const a = backend.getAggregatingState(
    aggregatingState<number, { sum: number; count: number }, number>('a', {
      createAccumulator: () => ({ sum: 0, count: 0 }),
      add: (value, { sum, count }) => ({ sum: sum + value, count: count + 1 }),
      getResult: ({ sum, count }) => sum / count,
      merge: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
    }),
  );
  const actions: Record<string, (...args: string[]) => unknown> = {
    'v.get': () => v.value(),
    'v.set': (value) => v.update(Number(value)),
    'v.setNull': () => v.update(null),
    'v.clear': () => v.clear(),
    'l.get': () => `[${l.get().join(', ')}]`,
    'l.add': (value) => l.add(Number(value)),
    'l.addAll': (...values) => l.addAll(values.map(Number)),
    'l.update': (...values) => l.update(values.map(Number)),
    'l.addNull': () => l.add(null as never),
    'l.updateEmpty': () => l.update([]),
    'l.clear': () => l.clear(),
    'm.empty': () => m.isEmpty(),
    'm.get': (key) => m.get(key),
    'm.has': (key) => m.contains(key),
    'm.put': (key, value) => m.put(key, Number(value)),
    'm.putNull': (key) => m.put(key, null),
    'm.rm': (key) => m.remove(key),
    'm.all': () => `{${[...m.entries()].map(([key, value]) => `${key}=${value}`).join(', ')}}`,
    'm.clear': () => m.clear(),
    'r.get': () => r.get(),
    'r.add': (value) => r.add(Number(value)),
    'r.clear': () => r.clear(),
    'a.get': () => a.get(),
    'a.add': (value) => a.add(Number(value)),
    'a.clear': () => a.clear(),
  };
  return (text) => {
    const [name = '', ...args] = text.split(':');
    const action = actions[name];
    if (action === undefined) throw new Error(`unknown action ${text}`);
    return action(...args);
  };
}

describeWithSharedData('each state kind answers as recorded from Flink', ['conformance/state-kinds.json'], ([file]) => {
  const { steps } = readTraces<{ steps: { key: string; do: string; out: string[] }[] }>(file);
  test('values, lists, maps, reducing and aggregating state, with nulls and empties', () => {
    const keyTable = new KeyTable(new SymbolDictionary());
    const run = createActions(new HeapKeyedStateBackend(keyTable, new SymbolDictionary(), { processingTime: 0 }));
    for (const step of steps) {
      keyTable.currentSlot = keyTable.slotFor(step.key, 0);
      let out: string[];
      try {
        const result = run(step.do);
        out = result === undefined ? [] : [String(result)];
      } catch (error) {
        out = [`ERROR ${(error as Error).name.replace('Error', 'Exception')}: ${(error as Error).message}`];
      }
      expect(out, JSON.stringify(step)).toEqual(step.out);
    }
  });
});
