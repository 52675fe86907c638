import { expect, test } from 'vitest';
import { listState, mapState, valueState } from '../../engine/api/state.ts';
import { enableTimeToLive, stateTtlConfig, type StateTtlConfig } from '../../engine/api/state-ttl.ts';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { HeapKeyedStateBackend } from '../../engine/state/heap-keyed-state-backend.ts';
import { KeyTable } from '../../engine/state/key-table.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces } from './traces.ts';

interface Scenario {
  readonly ttlMillis: number;
  readonly updateType: 'OnCreateAndWrite' | 'OnReadAndWrite';
  readonly visibility: 'NeverReturnExpired' | 'ReturnExpiredIfNotCleanedUp';
  readonly steps: readonly { readonly at: number; readonly do: string; readonly out: readonly string[] }[];
}

function configOf(scenario: Scenario): StateTtlConfig {
  return stateTtlConfig(scenario.ttlMillis, {
    updateType: scenario.updateType === 'OnReadAndWrite' ? 'on-read-and-write' : 'on-create-and-write',
    stateVisibility:
      scenario.visibility === 'NeverReturnExpired' ? 'never-return-expired' : 'return-expired-if-not-cleaned-up',
    cleanupIncrementallyKeys: 0,
  });
}

function createActions(backend: HeapKeyedStateBackend, ttl: StateTtlConfig): (text: string) => string[] {
  const v = backend.getState(enableTimeToLive(valueState<string>('v'), ttl));
  const l = backend.getListState(enableTimeToLive(listState<string>('l'), ttl));
  const m = backend.getMapState(enableTimeToLive(mapState<string, string>('m'), ttl));
  const silently = (run: () => void): string[] => {
    run();
    return [];
  };
  const actions: Record<string, (...args: string[]) => string[]> = {
    putV: (value) => silently(() => v.update(value)),
    getV: () => [`v=${v.value() ?? 'null'}`],
    clearV: () => silently(() => v.clear()),
    addL: (value) => silently(() => l.add(value)),
    getL: () => [`l=[${l.get().join(', ')}]`],
    clearL: () => silently(() => l.clear()),
    putM: (key, value) => silently(() => m.put(key, value)),
    getM: (key) => [`m[${key}]=${m.get(key) ?? 'null'}`],
    hasM: (key) => [`m has ${key}=${m.contains(key)}`],
    rmM: (key) => silently(() => m.remove(key)),
    allM: () => [
      `m={${[...m.entries()]
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(', ')}}`,
    ],
    clearM: () => silently(() => m.clear()),
  };
  return (text) => {
    const [name = '', ...args] = text.split(':');
    const action = actions[name];
    if (action === undefined) throw new Error(`unknown action ${text}`);
    return action(...args);
  };
}

describeWithSharedData('state lives as long as recorded from Flink', ['conformance/state-ttl.json'], ([file]) => {
  const { scenarios } = readTraces<{ scenarios: Scenario[] }>(file);
  test.each(scenarios.map((scenario, index) => [index, scenario.updateType, scenario.visibility, scenario] as const))(
    '%i: %s, %s',
    (_, _updateType, _visibility, scenario) => {
      const symbols = new SymbolDictionary();
      const keyTable = new KeyTable(symbols);
      const clock = { processingTime: 0 };
      const run = createActions(new HeapKeyedStateBackend(keyTable, symbols, clock), configOf(scenario));
      keyTable.currentSlot = keyTable.slotFor('key', 0);
      for (const step of scenario.steps) {
        clock.processingTime = step.at;
        expect(run(step.do), JSON.stringify(step)).toEqual(step.out);
      }
    },
  );
});
