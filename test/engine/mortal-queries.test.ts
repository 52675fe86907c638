import { expect, test } from 'vitest';
import { setQueryable } from '../../engine/api/queryable-state.ts';
import { enableTimeToLive, stateTtlConfig, type StateTtlConfig } from '../../engine/api/state-ttl.ts';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { mortalPresenterOf } from '../../engine/runtime/query/queryable-states.ts';
import type { LookedUp } from '../../engine/runtime/query/state-question.ts';
import { StatesFunction, type StatesCommand, type StatesOfEveryKind } from '../support/states-of-every-kind.ts';

class Asked {
  readonly harness: KeyedOneInputStreamOperatorTestHarness<string, StatesCommand, never>;

  constructor(ttl: StateTtlConfig) {
    const states = new StatesFunction((descriptor) => setQueryable(enableTimeToLive(descriptor, ttl), descriptor.name));
    this.harness = new KeyedOneInputStreamOperatorTestHarness(states, 'key');
  }
  at(timeMs: number, run: (states: StatesOfEveryKind) => unknown = () => undefined): this {
    this.harness.setProcessingTime(timeMs);
    this.harness.processElement({ key: 'K', run });
    return this;
  }
  time(timeMs: number): this {
    this.harness.setProcessingTime(timeMs);
    return this;
  }
  ask(name: string): LookedUp {
    const { queryables } = this.harness.operator;
    const queryable = queryables.get(name);
    return queryable === undefined ? expect.fail(`no state ${name}`) : queryables.read(queryable, 'K', null);
  }
}

const writeAll = ({ v, l, m, r, a }: StatesOfEveryKind): void => {
  v.update(7);
  l.add(1);
  m.put('one', 1);
  r.add(5);
  a.add(9);
};

test('state of every kind with a time to live is told with when it expires, and not a millisecond longer', () => {
  const asked = new Asked(stateTtlConfig(100)).at(1_000, writeAll).at(1_040, ({ l, m }) => {
    l.add(2);
    m.put('two', 2);
  });

  expect(asked.ask('v')).toEqual({ value: 7, expiresAtMs: 1_100 });
  expect(asked.ask('r')).toEqual({ value: 5, expiresAtMs: 1_100 });
  expect(asked.ask('a')).toEqual({ value: 1, expiresAtMs: 1_100 });
  expect(asked.ask('l')).toEqual({ value: [1, 2], expiresAtMs: [1_100, 1_140] });
  const both = new Map(Object.entries({ one: 1, two: 2 }));
  expect(asked.ask('m')).toEqual({ value: both, expiresAtMs: [1_100, 1_140] });

  asked.time(1_100);
  expect(['v', 'r', 'a'].map((name) => asked.ask(name))).toEqual([null, null, null]);
  expect(asked.ask('l')).toEqual({ value: [2], expiresAtMs: [1_140] });
  expect(asked.ask('m')).toEqual({ value: new Map([['two', 2]]), expiresAtMs: [1_140] });
  asked.time(1_140);
  expect(['l', 'm'].map((name) => asked.ask(name))).toEqual([null, null]);
});

test('a question renews nothing and removes nothing, and never sees what has expired', () => {
  const asked = new Asked(
    stateTtlConfig(100, {
      updateType: 'on-read-and-write',
      stateVisibility: 'return-expired-if-not-cleaned-up',
      cleanupIncrementallyKeys: 0,
    }),
  ).at(1_000, writeAll);

  asked.time(1_099);
  for (const name of ['v', 'l', 'm', 'r', 'a']) expect(asked.ask(name), name).not.toBe(null);
  asked.time(1_100);
  for (const name of ['v', 'l', 'm', 'r', 'a']) expect(asked.ask(name), name).toBe(null);

  let seen: number | null = null;
  asked.at(1_101, ({ v }) => {
    seen = v.value();
  });
  // The function, which may see it once more, still does.
  expect(seen).toBe(7);
});

test('a key that never had any has none', () => {
  expect(new Asked(stateTtlConfig(100)).at(1_000).ask('v')).toBe(null);
});

test('of a checkpoint is told what was alive at its barrier', () => {
  const present = mortalPresenterOf({ kind: 'value' }, 100);

  expect(present({ value: 'x', lastAccessMs: 1_000 }, 1_099)).toEqual({ value: 'x', expiresAtMs: 1_100 });
  expect(present({ value: 'x', lastAccessMs: 1_000 }, 1_100)).toBe(null);
});
