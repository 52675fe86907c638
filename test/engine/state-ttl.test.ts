import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { structState } from '../../engine/api/state.ts';
import { enableTimeToLive, stateTtlConfig, type StateTtlConfig } from '../../engine/api/state-ttl.ts';
import { struct } from '../../engine/api/struct.ts';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { StatesFunction, type StatesCommand, type StatesOfEveryKind } from '../support/states-of-every-kind.ts';

type Harness = KeyedOneInputStreamOperatorTestHarness<string, StatesCommand, never>;
function create(ttl: StateTtlConfig | null): Harness {
  const states = new StatesFunction((descriptor) => (ttl === null ? descriptor : enableTimeToLive(descriptor, ttl)));
  return new KeyedOneInputStreamOperatorTestHarness(states, 'key');
}
function read<R>(harness: Harness, key: string, look: (states: StatesOfEveryKind) => R): R {
  const answers: R[] = [];
  harness.processElement({ key, run: (states) => answers.push(look(states)) });
  return answers[0];
}
const everything = (states: StatesOfEveryKind): unknown => ({
  v: states.v.value(),
  l: [...states.l.get()],
  m: new Map(states.m.entries()),
  has: states.m.contains('a'),
  empty: states.m.isEmpty(),
  r: states.r.get(),
  a: states.a.get(),
});
const NOTHING = { v: null, l: [], m: new Map(), has: false, empty: true, r: null, a: null };

describe('state with a time to live', () => {
  test('of every kind is gone when its time has passed, and not a millisecond earlier', () => {
    const harness = create(stateTtlConfig(100));
    harness.setProcessingTime(1_000);
    read(harness, 'K', ({ v, l, m, r, a }) => {
      v.update(1);
      l.add(1);
      m.put('a', null);
      r.add(1);
      a.add(1);
    });

    harness.setProcessingTime(1_099);
    expect(read(harness, 'K', everything)).toEqual({
      v: 1,
      l: [1],
      m: new Map([['a', null]]),
      has: true,
      empty: false,
      r: 1,
      a: 1,
    });
    harness.setProcessingTime(1_100);
    expect(read(harness, 'K', everything)).toEqual(NOTHING);
    expect(harness.numKeyedStateEntries()).toBe(0);
  });

  test('what has expired may be added to where it may still be seen', () => {
    const sum = (visibility: StateTtlConfig['stateVisibility']): [number | null, number | null] => {
      const harness = create(stateTtlConfig(100, { stateVisibility: visibility, cleanupIncrementallyKeys: 0 }));
      const addBoth = ({ r, a }: StatesOfEveryKind): void => {
        r.add(5);
        a.add(5);
      };
      read(harness, 'K', addBoth);
      harness.setProcessingTime(100);
      read(harness, 'K', addBoth);
      return [read(harness, 'K', ({ r }) => r.get()), read(harness, 'K', ({ a }) => a.get())];
    };

    expect(sum('never-return-expired')).toEqual([5, 1]);
    expect(sum('return-expired-if-not-cleaned-up')).toEqual([10, 2]);
  });

  test('of keys that nobody reads any more is removed by the accesses to other keys', () => {
    const harness = create(stateTtlConfig(100, { cleanupIncrementallyKeys: 2 }));
    for (let key = 0; key < 50; key += 1) read(harness, `K${key}`, ({ v }) => v.update(key));
    harness.setProcessingTime(100);

    for (let count = 0; count < 26; count += 1) read(harness, 'other', ({ v }) => v.update(1));

    expect(harness.numKeyedStateEntries()).toBe(1);
  });

  test('ages while the job is down', () => {
    const before = create(stateTtlConfig(100));
    read(before, 'K', ({ v }) => v.update(1));
    const after = create(stateTtlConfig(100));
    after.initializeState(structuredClone(before.snapshot()));
    after.setProcessingTime(100);
    expect(read(after, 'K', ({ v }) => v.value())).toBeNull();
  });

  test('can have a longer life after a restore, and does not lose its age', () => {
    const before = create(stateTtlConfig(100));
    read(before, 'K', ({ v }) => v.update(1));
    const after = create(stateTtlConfig(200));
    after.initializeState(structuredClone(before.snapshot()));
    after.setProcessingTime(199);
    expect(read(after, 'K', ({ v }) => v.value())).toBe(1);
    after.setProcessingTime(200);
    expect(read(after, 'K', ({ v }) => v.value())).toBeNull();
  });

  test('cannot be turned on or off across a restore', () => {
    for (const [stored, asked, text] of [
      [null, stateTtlConfig(100), "State 'v' was stored as value state and cannot be restored as value state with a"],
      [stateTtlConfig(100), null, "State 'v' was stored as value state with a time to live and cannot be restored as"],
    ] as const) {
      const before = create(stored);
      read(before, 'K', ({ v }) => v.update(1));
      const after = create(asked);
      after.initializeState(structuredClone(before.snapshot()));
      expect(() => after.open()).toThrow(text);
    }
  });

  test('leaves what has expired out of snapshots when asked to', () => {
    const stored = (inFullSnapshot: boolean): number => {
      const harness = create(
        stateTtlConfig(100, { cleanupIncrementallyKeys: 0, cleanupInFullSnapshot: inFullSnapshot }),
      );
      read(harness, 'K', ({ v, l }) => {
        v.update(1);
        l.add(1);
      });
      harness.setProcessingTime(50);
      read(harness, 'K', ({ l }) => l.add(2));
      harness.setProcessingTime(100);
      const [keyGroup] = harness.snapshot().keyGroups;
      const [[, list]] = keyGroup.states['l'] as [[number, unknown[]]];
      return Object.keys(keyGroup.states).length * 10 + list.length;
    };

    expect(stored(false)).toBe(22);
    expect(stored(true)).toBe(11);
  });

  test('is refused for structs, and for a life that is no life', () => {
    const descriptor = { ...structState('s', struct('S', { x: 'f64' })), ttl: stateTtlConfig(1) };
    const harness = create(null);
    expect(() => harness.withKey('K', descriptor, () => undefined)).toThrow('struct state, which cannot have a time');
    expect(() => stateTtlConfig(0)).toThrow('TTL is expected to be positive; found 0 ms.');
    expect(() => stateTtlConfig(NaN)).toThrow('positive');
    expect(() => stateTtlConfig(1, { cleanupIncrementallyKeys: -1 })).toThrow('0 (none) or more; found -1');
  });
});

/** What the states must answer, with nothing but a list of entries and their times. */
class Model {
  private readonly entries = new Map<string, { value: number; at: number }>();
  private readonly ttlMs: number;
  private readonly renewsOnRead: boolean;

  constructor({ ttlMs, updateType }: StateTtlConfig) {
    this.ttlMs = ttlMs;
    this.renewsOnRead = updateType === 'on-read-and-write';
  }

  read(id: string, now: number): number | null {
    const entry = this.entries.get(id);
    if (entry === undefined || entry.at + this.ttlMs <= now) return null;
    if (this.renewsOnRead) entry.at = now;
    return entry.value;
  }

  write(id: string, value: number, now: number): void {
    this.entries.set(id, { value, at: now });
  }

  remove(id: string): void {
    this.entries.delete(id);
  }

  idsOf(prefix: string): string[] {
    return [...this.entries.keys()].filter((id) => id.startsWith(prefix));
  }
}

const keys = fc.constantFrom('A', 'B', 'C');
const mapKeys = fc.constantFrom('a', 'b');
const steps = fc.array(
  fc.record({
    passMs: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.constantFrom(1, 40, 50, 99, 100, 101)),
    key: keys,
    mapKey: mapKeys,
    value: fc.nat(9),
    what: fc.constantFrom(
      ...(['set', 'get', 'clear', 'put', 'read', 'has', 'remove', 'all', 'list', 'append', 'restore'] as const),
    ),
  }),
  { maxLength: 60 },
);

test('reads give what is alive and nothing else, whatever was cleaned up, stored and restored in between', () => {
  fc.assert(
    fc.property(
      steps,
      fc.constantFrom('on-create-and-write' as const, 'on-read-and-write' as const),
      fc.constantFrom(0, 1, 5),
      fc.boolean(),
      (script, updateType, cleanupIncrementallyKeys, cleanupInFullSnapshot) => {
        const ttl = stateTtlConfig(100, { updateType, cleanupIncrementallyKeys, cleanupInFullSnapshot });
        const model = new Model(ttl);
        let harness = create(ttl);
        let now = 0;
        let appended = 0;
        for (const { passMs, key, mapKey, value, what } of script) {
          now += passMs;
          harness.setProcessingTime(now);
          const id = `${key}/m/${mapKey}`;
          switch (what) {
            case 'set':
              read(harness, key, ({ v }) => v.update(value));
              model.write(`${key}/v`, value, now);
              break;
            case 'get':
              expect(read(harness, key, ({ v }) => v.value())).toBe(model.read(`${key}/v`, now));
              break;
            case 'clear':
              read(harness, key, ({ v }) => v.clear());
              model.remove(`${key}/v`);
              break;
            case 'put':
              read(harness, key, ({ m }) => m.put(mapKey, value));
              model.write(id, value, now);
              break;
            case 'read':
              expect(read(harness, key, ({ m }) => m.get(mapKey))).toBe(model.read(id, now));
              break;
            case 'has':
              expect(read(harness, key, ({ m }) => m.contains(mapKey))).toBe(model.read(id, now) !== null);
              break;
            case 'remove':
              read(harness, key, ({ m }) => m.remove(mapKey));
              model.remove(id);
              break;
            case 'all': {
              const found = read(harness, key, ({ m }) => [...m.entries()].map(([name, entry]) => `${name}=${entry}`));
              const expected = ['a', 'b'].flatMap((name) => {
                const entry = model.read(`${key}/m/${name}`, now);
                return entry === null ? [] : [`${name}=${entry}`];
              });
              expect(found.sort()).toEqual(expected);
              break;
            }
            case 'append':
              read(harness, key, ({ l }) => l.add((appended += 1)));
              model.write(`${key}/l/${appended}`, appended, now);
              break;
            case 'list':
              expect(read(harness, key, ({ l }) => [...l.get()])).toEqual(
                model.idsOf(`${key}/l/`).flatMap((element) => model.read(element, now) ?? []),
              );
              break;
            case 'restore': {
              const snapshot = structuredClone(harness.snapshot());
              harness = create(ttl);
              harness.initializeState(snapshot);
            }
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});
