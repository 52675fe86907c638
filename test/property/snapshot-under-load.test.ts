import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  KeyedBroadcastProcessFunction,
  type BroadcastContext,
  type Collector,
  type KeyedOnTimerContext,
  type KeyedReadOnlyContext,
  type RowPublisher,
  type RuntimeContext,
} from '../../engine/api/functions.ts';
import {
  listState,
  mapState,
  reducingState,
  structState,
  valueState,
  type ListState,
  type MapState,
  type ReducingState,
  type StructState,
  type ValueState,
} from '../../engine/api/state.ts';
import { enableTimeToLive, stateTtlConfig } from '../../engine/api/state-ttl.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { KeyedBroadcastOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import type { KeyedOperatorSnapshot } from '../../engine/runtime/operators/keyed-snapshot.ts';
import type { OperatorSnapshot } from '../../engine/state/operator-snapshot.ts';

const RUNS = Number(process.env['FLINKTRADE_PROPERTY_RUNS'] ?? 150);
const PATIENCE_MS = 300_000;
/** More keys than one page of copied slots holds, several times over. */
const KEYS = 300;
const PARALLELISM = 3;
const MAX_PARALLELISM = 16;

const ACCOUNT = struct('account', { owner: 'symbol', balance: 'f64', moves: 'i32' });
const VALUE = valueState<{ seen: number; nested: number[] }>('value');
const LIST = listState<number>('list');
const MAP = mapState<string, number>('map');
const SUM = reducingState<number>('sum', (left, right) => left + right);
const STRUCT = structState('account', ACCOUNT);
const RULES = mapState<string, { factor: number }>('rules');
const MORTAL = enableTimeToLive(valueState<number>('mortal'), stateTtlConfig(20, { cleanupInFullSnapshot: true }));
const MORTAL_MAP = enableTimeToLive(
  mapState<string, number>('mortal-map'),
  stateTtlConfig(30, { updateType: 'on-read-and-write', stateVisibility: 'return-expired-if-not-cleaned-up' }),
);

/** What a record asks to be done to its key's state; `amount` makes it differ. */
interface Deed {
  readonly key: string;
  readonly what:
    'value' | 'list' | 'map' | 'struct' | 'sum' | 'mortal' | 'timer' | 'delete-timer' | 'clear' | 'row' | 'read-mortal';
  readonly amount: number;
}
interface Change {
  readonly name: string;
  readonly factor: number;
  /** Visits every key. */
  readonly visits: boolean;
}

/** Has every kind of state, and changes objects it was handed in place, as functions do with state on the heap. */
class Everything extends KeyedBroadcastProcessFunction<string, Deed, Change, string> {
  private value!: ValueState<{ seen: number; nested: number[] }>;
  private list!: ListState<number>;
  private map!: MapState<string, number>;
  private sum!: ReducingState<number>;
  private account!: StructState<ViewOf<typeof ACCOUNT>>;
  private mortal!: ValueState<number>;
  private mortalMap!: MapState<string, number>;
  private rows!: RowPublisher;
  private records = 0;

  override open(context: RuntimeContext): void {
    this.value = context.getState(VALUE);
    this.list = context.getListState(LIST);
    this.map = context.getMapState(MAP);
    this.sum = context.getReducingState(SUM);
    this.account = context.getStructState(STRUCT);
    this.mortal = context.getState(MORTAL);
    this.mortalMap = context.getMapState(MORTAL_MAP);
    this.rows = context.getRowPublisher('rows', 1, () => undefined);
    context.getOperatorState(
      'records',
      () => this.records,
      (parts) => {
        this.records = (parts as number[]).reduce((sum, part) => sum + part, 0);
      },
    );
  }

  processElement({ what, amount, key }: Deed, context: KeyedReadOnlyContext<string>): void {
    this.records += 1;
    const timers = context.timerService();
    switch (what) {
      case 'value': {
        const value = this.value.value() ?? { seen: 0, nested: [] };
        value.seen += 1;
        value.nested.push(amount);
        return this.value.update(value);
      }
      case 'list':
        return this.list.add(amount);
      case 'map':
        return amount % 3 === 0 ? this.map.remove(`m${amount % 5}`) : this.map.put(`m${amount % 5}`, amount);
      case 'struct': {
        const account = this.account.create();
        account.owner = key;
        account.balance += amount;
        account.moves += 1;
        return;
      }
      case 'sum':
        return this.sum.add(amount);
      case 'mortal':
        this.mortal.update(amount);
        return this.mortalMap.put(`m${amount % 4}`, amount);
      case 'read-mortal':
        this.mortal.value();
        this.mortalMap.get(`m${amount % 4}`);
        return;
      case 'timer':
        timers.registerEventTimeTimer(timers.currentWatermark() + amount);
        return timers.registerProcessingTimeTimer(timers.currentProcessingTime() + amount);
      case 'delete-timer':
        timers.deleteEventTimeTimer(timers.currentWatermark() + amount);
        return timers.deleteProcessingTimeTimer(timers.currentProcessingTime() + amount);
      case 'clear':
        this.value.clear();
        this.list.clear();
        this.map.clear();
        this.sum.clear();
        return this.account.clear();
      case 'row':
        return this.rows.changed();
    }
  }

  override processBroadcastElement({ name, factor, visits }: Change, context: BroadcastContext<string>): void {
    const rules = context.getBroadcastState(RULES);
    if (factor === 0) rules.remove(name);
    else rules.put(name, { factor });
    if (!visits) return;
    context.applyToKeyedState<ValueState<{ seen: number; nested: number[] }>>(VALUE, (_key, state, timers) => {
      state.value()?.nested.push(-factor);
      timers.registerEventTimeTimer(timers.currentWatermark() + 1 + factor);
    });
  }

  override onTimer(timestampMs: number, context: KeyedOnTimerContext<string>, out: Collector<string>): void {
    this.list.add(timestampMs);
    const account = this.account.create();
    account.owner = context.getCurrentKey();
    account.moves += 1000;
    out.collect(`${context.getCurrentKey()} ${timestampMs}`);
  }
}

type Harness = KeyedBroadcastOperatorTestHarness<string, Deed, Change, string>;

function createHarness(subtaskIndex = 0, parallelism = 1): Harness {
  return new KeyedBroadcastOperatorTestHarness<string, Deed, Change, string>(new Everything(), 'key', {
    maxParallelism: MAX_PARALLELISM,
    parallelism,
    subtaskIndex,
    symbols: new SymbolDictionary(),
  });
}

/** What happens to the operator, one after the other. */
type Step =
  | { readonly kind: 'record'; readonly deed: Deed }
  | { readonly kind: 'change'; readonly change: Change }
  | { readonly kind: 'watermark' | 'clock'; readonly byMs: number }
  | { readonly kind: 'read'; readonly slots: number }
  | { readonly kind: 'rows' };

const deed: fc.Arbitrary<Deed> = fc.record({
  key: fc.integer({ min: 0, max: KEYS - 1 }).map((key) => `key ${key}`),
  what: fc.constantFrom<Deed['what'][]>(
    ...(['value', 'list', 'map', 'struct', 'sum', 'mortal', 'read-mortal'] as const),
    ...(['timer', 'delete-timer', 'clear', 'row'] as const),
  ),
  amount: fc.integer({ min: 1, max: 12 }),
});
const change: fc.Arbitrary<Change> = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  factor: fc.integer({ min: 0, max: 9 }),
  visits: fc.boolean(),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: deed.map((next): Step => ({ kind: 'record', deed: next })) },
  { weight: 1, arbitrary: change.map((next): Step => ({ kind: 'change', change: next })) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('watermark' as const, 'clock' as const),
      byMs: fc.integer({ min: 1, max: 15 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('read' as const), slots: fc.integer({ min: 1, max: 90 }) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'rows' }) },
);
const steps = (most: number): fc.Arbitrary<Step[]> => fc.array(step, { maxLength: most, size: 'max' });

interface Clocks {
  watermark: number;
  processing: number;
}

function apply(harness: Harness, next: Step, clocks: Clocks): void {
  switch (next.kind) {
    case 'record':
      return harness.processElement(next.deed, clocks.watermark);
    case 'change':
      return harness.processBroadcastElement(next.change, clocks.watermark);
    case 'watermark':
      clocks.watermark += next.byMs;
      return harness.processBothWatermarks(clocks.watermark);
    case 'clock':
      clocks.processing += next.byMs;
      return harness.setProcessingTime(clocks.processing);
    case 'rows':
      harness.takeRows('rows');
      return;
    case 'read':
      return;
  }
}

/** Keys that have a row, besides what the plain snapshot holds. */
function withRows(harness: Harness): { snapshot: OperatorSnapshot; rows: string[]; text: string } {
  const { keyTable, rows } = harness.operator;
  const marks = rows.get('rows')?.marks() ?? [];
  const marked = Array.from({ length: keyTable.count }, (_, slot) => slot)
    .filter((slot) => marks[slot] !== 0)
    .map((slot) => String(keyTable.keyAt(slot)));
  return { snapshot: structuredClone(harness.snapshot()), rows: marked, text: harness.operator.operatorStateText() };
}

/** Plain snapshots with keys instead of places, so that two operators that met the keys in another order compare equal. */
function content(all: readonly { snapshot: OperatorSnapshot; rows: string[] }[]): unknown {
  const perKey = new Map<string, unknown[]>();
  const note = (key: string, fact: unknown): void => void perKey.set(key, [...(perKey.get(key) ?? []), fact]);
  for (const { snapshot } of all) {
    for (const { keyGroup, keys, states, eventTimers, processingTimers } of snapshot.keyGroups) {
      for (const [name, entries] of Object.entries(states))
        for (const [index, value] of entries) note(String(keys[index]), [keyGroup, name, value]);
      for (const [index, time] of eventTimers) note(String(keys[index]), [keyGroup, 'event timer', time]);
      for (const [index, time] of processingTimers) note(String(keys[index]), [keyGroup, 'processing timer', time]);
    }
  }
  // A row without anything else to say about its key is not stored.
  const rows = all.flatMap(({ rows: marked }) => marked.filter((key) => perKey.has(key))).sort();
  const sorted = [...perKey].map(([key, facts]) => [key, facts.map((fact) => JSON.stringify(fact, withMaps)).sort()]);
  return {
    keys: sorted.sort(([left], [right]) => ((left as string) < (right as string) ? -1 : 1)),
    rows,
    broadcast: all[0].snapshot.broadcast,
  };
}

function withMaps(_name: string, value: unknown): unknown {
  return value instanceof Map ? [...(value as Map<unknown, unknown>)] : value;
}

function restored(stored: KeyedOperatorSnapshot, parallelism: number, clocks: Clocks): Harness[] {
  return Array.from({ length: parallelism }, (_, index) => {
    const harness = createHarness(index, parallelism);
    const { keyGroups, broadcast, operatorState } = stored;
    harness.operator.restore({ keyGroups, broadcast, operatorStates: [operatorState] });
    // The clock goes on where it stood.
    harness.operator.timers.processingTime = clocks.processing;
    harness.open();
    return harness;
  });
}

test(
  'a snapshot read while records, timers and changes go on holds the state at the barrier, and nothing of what followed',
  () => {
    fc.assert(
      fc.property(steps(600), steps(400), fc.integer({ min: 1, max: PARALLELISM }), (before, after, parallelism) => {
        const harness = createHarness();
        const clocks: Clocks = { watermark: 0, processing: 0 };
        harness.open();
        for (const next of before) apply(harness, next, clocks);
        const atBarrier = withRows(harness);
        const clocksAtBarrier = { ...clocks };

        const snapshot = harness.operator.beginSnapshot();
        let isDone = false;
        for (const next of after) {
          if (next.kind === 'read' && !isDone) isDone = snapshot.progress(next.slots);
          else apply(harness, next, clocks);
        }
        while (!isDone) isDone = snapshot.progress(1 << 20);

        const all = restored(snapshot.result(), parallelism, clocksAtBarrier);
        expect(content(all.map(withRows))).toEqual(content([atBarrier]));
        for (const { operator } of all) expect(operator.operatorStateText()).toBe(atBarrier.text);
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);

test(
  'a snapshot changes nothing: the job does what it would have done without one',
  () => {
    fc.assert(
      fc.property(steps(300), steps(300), (before, after) => {
        const run = (withSnapshot: boolean): unknown => {
          const harness = createHarness();
          const clocks: Clocks = { watermark: 0, processing: 0 };
          harness.open();
          for (const next of before) apply(harness, next, clocks);
          const snapshot = withSnapshot ? harness.operator.beginSnapshot() : null;
          let isDone = false;
          for (const next of after) {
            if (next.kind !== 'read') apply(harness, next, clocks);
            else if (!isDone) isDone = snapshot?.progress(next.slots) ?? true;
          }
          while (snapshot !== null && !isDone) isDone = snapshot.progress(1 << 20);
          return [content([withRows(harness)]), harness.getOutput()];
        };

        expect(run(true)).toEqual(run(false));
      }),
      { numRuns: RUNS },
    );
  },
  PATIENCE_MS,
);
