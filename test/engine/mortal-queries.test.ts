import { expect, test } from 'vitest';
import { KeyedProcessFunction, type RuntimeContext } from '../../engine/api/functions.ts';
import { setQueryable } from '../../engine/api/queryable-state.ts';
import { enableTimeToLive, stateTtlConfig, type StateTtlConfig } from '../../engine/api/state-ttl.ts';
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  valueState,
  type AggregatingState,
  type ListState,
  type MapState,
  type ReducingState,
  type ValueState,
} from '../../engine/api/state.ts';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { mortalPresenterOf } from '../../engine/runtime/query/queryable-states.ts';
import type { LookedUp } from '../../engine/runtime/query/state-question.ts';

interface States {
  readonly v: ValueState<number>;
  readonly l: ListState<number>;
  readonly m: MapState<string, number>;
  readonly r: ReducingState<number>;
  readonly a: AggregatingState<number, number>;
}
interface Command {
  readonly key: string;
  readonly run: (states: States) => unknown;
}

class QueryableMortals extends KeyedProcessFunction<string, Command, never> {
  private readonly ttl: StateTtlConfig;
  private states!: States;

  constructor(ttl: StateTtlConfig) {
    super();
    this.ttl = ttl;
  }

  override open(context: RuntimeContext): void {
    const asked = <D extends Parameters<typeof enableTimeToLive>[0]>(descriptor: D): D =>
      setQueryable(enableTimeToLive(descriptor, this.ttl), descriptor.name);
    const count = aggregatingState<number, { count: number }, number>('a', {
      createAccumulator: () => ({ count: 0 }),
      add: (_, before) => ({ count: before.count + 1 }),
      getResult: (sum) => sum.count,
      merge: (left, right) => ({ count: left.count + right.count }),
    });
    this.states = {
      v: context.getState(asked(valueState<number>('v'))),
      l: context.getListState(asked(listState<number>('l'))),
      m: context.getMapState(asked(mapState<string, number>('m'))),
      r: context.getReducingState(asked(reducingState<number>('r', (left, right) => left + right))),
      a: context.getAggregatingState(asked(count)),
    };
  }

  processElement({ run }: Command): void {
    run(this.states);
  }
}

class Asked {
  readonly harness: KeyedOneInputStreamOperatorTestHarness<string, Command, never>;

  constructor(ttl: StateTtlConfig) {
    this.harness = new KeyedOneInputStreamOperatorTestHarness(new QueryableMortals(ttl), 'key');
  }
  at(timeMs: number, run: (states: States) => unknown = () => undefined): this {
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

const writeAll = ({ v, l, m, r, a }: States): void => {
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
