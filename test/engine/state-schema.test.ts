import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KeyedProcessFunction, type RuntimeContext } from '../../engine/api/functions.ts';
import { migration, stateSchema, withSchema, type StateSchema } from '../../engine/api/state-schema.ts';
import { enableTimeToLive, stateTtlConfig } from '../../engine/api/state-ttl.ts';
import {
  aggregatingState,
  listState,
  mapState,
  reducingState,
  structState,
  valueState,
  type KeyedStateStore,
} from '../../engine/api/state.ts';
import { struct, toObject, type StructType } from '../../engine/api/struct.ts';
import { CheckpointStorage, type CheckpointParts } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import type { KeyedOperatorSnapshot } from '../../engine/runtime/operators/keyed-snapshot.ts';
import { decodeKeyGroup, encodeKeyGroup } from '../../engine/state/key-group-blob.ts';
import { MemoryStore } from '../support/memory-store.ts';

interface Input {
  readonly key: string;
}

type Work = (store: RuntimeContext, isRecord: boolean) => unknown;

/** Does the same with its states in `open` and for each record. */
class Program extends KeyedProcessFunction<string, Input, unknown> {
  seen: unknown = null;
  private readonly work: Work;
  private context!: RuntimeContext;

  constructor(work: Work) {
    super();
    this.work = work;
  }

  override open(context: RuntimeContext): void {
    this.context = context;
    this.work(context, false);
  }

  processElement(): void {
    this.seen = this.work(this.context, true);
  }
}

function harnessOf(program: Program): KeyedOneInputStreamOperatorTestHarness<string, Input, unknown> {
  return new KeyedOneInputStreamOperatorTestHarness(program, 'key');
}

/** What a program stores after one record. */
function stored(work: Work): KeyedOperatorSnapshot {
  const harness = harnessOf(new Program(work));
  harness.open();
  harness.processElement({ key: 'K' });
  const snapshot = harness.operator.beginSnapshot();
  while (!snapshot.progress(10));
  return snapshot.result();
}

/** What another program sees of it at its first record. */
function seenBy(work: Work, { keyGroups, broadcast, operatorState }: KeyedOperatorSnapshot): unknown {
  const program = new Program(work);
  const harness = harnessOf(program);
  harness.operator.restore({ keyGroups, broadcast, operatorStates: [operatorState] });
  harness.open();
  harness.processElement({ key: 'K' });
  return program.seen;
}

const V1 = struct('position', { symbol: 'symbol', qty: 'f64', legacy: 'f64' });
const V3 = struct('position', { shares: 'f64', fee: 'f64', symbol: 'symbol', flags: 'i32' });

const ONE_TO_TWO = migration(1, ({ qty, symbol }: { qty: number; symbol: string }) => ({ symbol, shares: qty }));
const TWO_TO_THREE = migration(2, (position: { shares: number }) => ({ ...position, shares: position.shares * 100 }));

function writeV1(context: RuntimeContext, isRecord: boolean): void {
  const state = context.getStructState(structState('positions', V1));
  if (isRecord) Object.assign(state.create(), { symbol: 'AAPL', qty: 7, legacy: 1 });
}

function reading(shape: StructType, schema: StateSchema): Work {
  return (context, isRecord) => {
    const state = context.getStructState({ ...structState('positions', shape), schema });
    return isRecord ? (state.value() as { toObject?: () => unknown } | null)?.toObject?.() : null;
  };
}

describe('struct state in another version', () => {
  test('goes through its migrations in order, and takes defaults for what they do not give', () => {
    const schema = stateSchema(3, { migrations: [TWO_TO_THREE, ONE_TO_TWO], defaults: { fee: 1.5, flags: 4 } });
    const snapshot = stored(writeV1);

    expect(seenBy(reading(V3, schema), snapshot)).toEqual({
      kind: 'position',
      symbol: 'AAPL',
      shares: 700,
      fee: 1.5,
      flags: 4,
    });
  });

  test('takes new fields with a default without a new version', () => {
    const wider = struct('position', { note: 'symbol', symbol: 'symbol', qty: 'f64', legacy: 'f64' });
    const schema = stateSchema(1, { defaults: { note: 'none' } });

    expect(seenBy(reading(wider, schema), stored(writeV1))).toMatchObject({ note: 'none', symbol: 'AAPL', qty: 7 });
  });

  test('is taken as it is in the same version, fields in another order by name', () => {
    const turned = struct('position', { legacy: 'f64', qty: 'f64', symbol: 'symbol' });
    for (const shape of [V1, turned])
      expect(seenBy(reading(shape, stateSchema(1)), stored(writeV1))).toMatchObject({ symbol: 'AAPL', qty: 7 });
  });

  test.each([
    ['a missing step', stateSchema(3, { migrations: [TWO_TO_THREE] }), 'there is no migration from 1 to 2'],
    ['a missing last step', stateSchema(3, { migrations: [ONE_TO_TWO] }), 'there is no migration from 2 to 3'],
    ['no step at all', stateSchema(2), 'there is no migration from 1 to 2'],
    ['the same version', stateSchema(1), 'fields that are no longer declared: qty, legacy'],
    [
      'no default',
      stateSchema(3, { migrations: [ONE_TO_TWO, TWO_TO_THREE] }),
      'lacks fields that have no default: fee',
    ],
    [
      'a wrong type',
      stateSchema(2, { migrations: [migration(1, () => ({ symbol: 5, shares: 1, fee: 0, flags: 0 }))] }),
      "Field 'symbol' of state 'positions' must be symbol; after its migrations it is 5",
    ],
  ])('is refused with %s', (_, schema, problem) => {
    expect(() => seenBy(reading(V3, schema), stored(writeV1))).toThrow(problem);
  });

  test('that an older engine laid out with its f64 fields first is read as it was meant', () => {
    const point = { label: 'symbol', n: 'i32', x: 'f64', m: 'i32', y: 'f64' } as const;
    const laidOut = { x: 'f64', y: 'f64', label: 'symbol', n: 'i32', m: 'i32' } as const;
    const kept = { label: 'here', n: -7, x: 1.5, m: 8, y: -2.25 };
    const snapshot = stored((store, isRecord) => {
      const state = store.getStructState(structState('point', struct('point', laidOut)));
      return isRecord ? Object.assign(state.create(), kept) : null;
    });
    const older = snapshot.keyGroups.map((group) => {
      const state = decodeKeyGroup(group.bytes);
      const bytes = encodeKeyGroup({ ...state, structs: state.structs.map((each) => ({ ...each, fields: point })) });
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      const at = text.indexOf('"version":3');
      expect(at).toBeGreaterThan(0);
      text.write('"version":2', at);
      return { ...group, bytes };
    });
    const seen = seenBy(
      (store, isRecord) => {
        const value = store.getStructState(structState('point', struct('point', point)));
        return isRecord ? toObject(value.value() as object) : null;
      },
      { ...snapshot, keyGroups: older },
    );
    expect(seen).toEqual({ kind: 'point', ...kept });
  });

  test('is refused when a field changed its type in the same version', () => {
    const changed = struct('position', { symbol: 'symbol', qty: 'i32', legacy: 'f64' });
    expect(() => seenBy(reading(changed, stateSchema(1)), stored(writeV1))).toThrow(
      'fields of another type: qty (f64, now i32)',
    );
  });

  test('of a newer program is refused, and the store that holds it stays as it is', async () => {
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    const store = new MemoryStore();
    const parts: CheckpointParts = {
      id: 1,
      kind: 'checkpoint',
      createdAtMs: 0,
      parallelism: 1,
      maxParallelism: 128,
      operators: [
        stored((context, isRecord) => {
          const state = context.getStructState(withSchema(structState('positions', V3), 3));
          if (isRecord) state.create().shares = 7;
        }),
      ],
      source: { sources: {}, symbols: [] } as unknown as CheckpointParts['source'],
      sinks: {},
      application: null,
      values: [],
    };
    await new CheckpointStorage(store, digest, 2).write(parts);
    const before = await contentOf(store);

    const { checkpoint } = await new CheckpointStorage(store, digest, 2).latest();
    const [operator] = Object.values(checkpoint?.operators ?? {});
    const restore = (): unknown =>
      seenBy(reading(V1, stateSchema(1)), {
        ...parts.operators[0],
        keyGroups: operator.keyGroups,
      });

    expect(restore).toThrow(
      "State 'positions' was stored in schema version 3; this program knows version 1. It was left as it is: use the program that wrote it, or a newer one.",
    );
    expect(await contentOf(store)).toEqual(before);
  });
});

async function contentOf(store: MemoryStore): Promise<Map<string, Uint8Array | null>> {
  const content = new Map<string, Uint8Array | null>();
  for (const name of await store.list('')) content.set(name, await store.get(name));
  return content;
}

describe('other kinds of state in another version', () => {
  const double = stateSchema(2, { migrations: [migration(1, (value: number) => value * 2)] });
  const ttl = stateTtlConfig(1_000);
  const sum = (left: number, right: number): number => left + right;
  const total = {
    createAccumulator: () => 0,
    add: sum,
    getResult: (all: number) => all,
    merge: sum,
  };
  type Kind = readonly [string, (store: KeyedStateStore, schema?: StateSchema) => { write(): void; read(): unknown }];
  const kinds: readonly Kind[] = [false, true].flatMap((isMortal): Kind[] => {
    const of = <D extends { readonly kind: string; readonly name: string }>(descriptor: D, schema?: StateSchema): D => {
      const versioned = schema === undefined ? descriptor : { ...descriptor, schema };
      return isMortal ? enableTimeToLive(versioned as never, ttl) : versioned;
    };
    const mortal = isMortal ? ' with a time to live' : '';
    return [
      [
        `value${mortal}`,
        (store, schema) => {
          const state = store.getState(of(valueState<number>('s'), schema));
          return { write: () => state.update(5), read: () => state.value() };
        },
      ],
      [
        `list${mortal}`,
        (store, schema) => {
          const state = store.getListState(of(listState<number>('s'), schema));
          return { write: () => state.addAll([1, 2]), read: () => state.get() };
        },
      ],
      [
        `map${mortal}`,
        (store, schema) => {
          const state = store.getMapState(of(mapState<string, number>('s'), schema));
          return { write: () => state.put('a', 5), read: () => [...state.entries()] };
        },
      ],
      [
        `reducing${mortal}`,
        (store, schema) => {
          const state = store.getReducingState(of(reducingState('s', sum), schema));
          return { write: () => state.add(5), read: () => state.get() };
        },
      ],
      [
        `aggregating${mortal}`,
        (store, schema) => {
          const state = store.getAggregatingState(of(aggregatingState('s', total), schema));
          return { write: () => state.add(5), read: () => state.get() };
        },
      ],
    ];
  });
  const seen: Readonly<Record<string, unknown>> = { list: [2, 4], map: [['a', 10]] };

  test.each(kinds)('%s state is migrated value by value', (name, open) => {
    const snapshot = stored((store, isRecord) => {
      const state = open(store);
      if (isRecord) state.write();
    });

    const read: Work = (store, isRecord) => {
      const state = open(store, double);
      return isRecord ? state.read() : null;
    };

    expect(seenBy(read, snapshot)).toEqual(seen[name.split(' ')[0]] ?? 10);
  });

  test('fields of plain objects take their defaults', () => {
    const snapshot = stored((store, isRecord) => {
      const state = store.getState(valueState<object>('s'));
      if (isRecord) state.update({ a: 1 });
    });

    const withDefault = withSchema(valueState<object>('s'), 1, { defaults: { a: 9, b: 2 } });

    expect(seenBy((store, isRecord) => (isRecord ? store.getState(withDefault).value() : null), snapshot)).toEqual({
      a: 1,
      b: 2,
    });
  });

  test('broadcast state and state of the operator are migrated and refused like state of keys', () => {
    const work =
      (schema: StateSchema | undefined, parts: unknown[] = []): Work =>
      (context, isRecord) => {
        const state = context.getBroadcastState({
          ...mapState<string, number>('rules'),
          ...(schema !== undefined && { schema }),
        });
        if (isRecord) return [state.get('a'), ...parts];
        context.getOperatorState(
          'sums',
          () => 21,
          (restored) => parts.push(...restored),
          schema,
        );
        return null;
      };
    const program = stored(work(undefined));
    const snapshot = { ...program, broadcast: '{"rules":[["a",5]]}' };

    expect(seenBy(work(double), snapshot)).toEqual([10, 42]);
    expect(() => seenBy(work(undefined), stored(work(double)))).toThrow(
      "State 'rules' was stored in schema version 2; this program knows version 1",
    );
  });

  test('state nobody asks for keeps its version until somebody does', () => {
    const snapshot = stored((store, isRecord) => {
      const state = store.getState(withSchema(valueState<number>('s'), 2));
      if (isRecord) state.update(5);
    });
    const harness = harnessOf(new Program(() => null));
    harness.operator.restore({ ...snapshot, operatorStates: [] });
    harness.open();
    const again = harness.operator.beginSnapshot();
    while (!again.progress(10));

    const three = withSchema(valueState<number>('s'), 3, { migrations: [migration(2, (value: number) => value + 1)] });

    const read: Work = (store, isRecord) => (isRecord ? store.getState(three).value() : store.getState(three));
    expect(seenBy(read, again.result())).toBe(6);
  });
});

test('schemas that make no sense are refused when they are declared', () => {
  expect(() => stateSchema(0)).toThrow('a whole number, 1 or more; found 0');
  expect(() => stateSchema(2, { migrations: [migration(2, (value) => value)] })).toThrow('found one from 2');
  expect(() => stateSchema(2, { migrations: [ONE_TO_TWO, ONE_TO_TWO] })).toThrow(
    'two migrations from schema version 1',
  );
  expect(() => withSchema(structState('positions', V1), 1, { defaults: { gone: 1 } })).toThrow(
    "The default of 'gone' fits no field of state 'positions'",
  );
});
