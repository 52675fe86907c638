import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyedContext, KeyedOnTimerContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedProcessFunction } from '../../engine/api/functions.ts';
import { listState, mapState, structState, valueState, type ValueState } from '../../engine/api/state.ts';
import type { ListState, MapState, StructState } from '../../engine/api/state.ts';
import { enableTimeToLive, stateTtlConfig } from '../../engine/api/state-ttl.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import type { KeyedOperatorSnapshot } from '../../engine/runtime/operators/keyed-snapshot.ts';
import { decodeKeyGroup } from '../../engine/state/key-group-blob.ts';
import type { OperatorSnapshot } from '../../engine/state/operator-snapshot.ts';
import { keysOf } from '../support/stored-keys.ts';

const COUNTS = struct('counts', { records: 'f64', last: 'f64' });

interface Change {
  readonly key: string;
  readonly value: number;
  readonly clears: boolean;
}

/** State of several kinds, with a time to live and without, changed by every record. */
class Changing extends KeyedProcessFunction<string, Change, never> {
  private readonly cleanupInFullSnapshot: boolean;
  private counts!: StructState<ViewOf<typeof COUNTS>>;
  private list!: ListState<number>;
  private mortalValue!: ValueState<number>;
  private mortalList!: ListState<number>;
  private mortalMap!: MapState<string, number>;

  constructor(cleanupInFullSnapshot: boolean) {
    super();
    this.cleanupInFullSnapshot = cleanupInFullSnapshot;
  }

  override open(context: RuntimeContext): void {
    const { cleanupInFullSnapshot } = this;
    const ttl = stateTtlConfig(100, { cleanupIncrementallyKeys: 3, cleanupInFullSnapshot });
    this.counts = context.getStructState(structState('counts', COUNTS));
    this.list = context.getListState(listState<number>('list'));
    this.mortalValue = context.getState(enableTimeToLive(valueState<number>('mortal-value'), ttl));
    this.mortalList = context.getListState(enableTimeToLive(listState<number>('mortal-list'), ttl));
    this.mortalMap = context.getMapState(enableTimeToLive(mapState<string, number>('mortal-map'), ttl));
  }

  processElement({ value, clears }: Change, context: KeyedContext<string>): void {
    const timers = context.timerService();
    timers.registerEventTimeTimer(timers.currentProcessingTime() + value);
    timers.registerProcessingTimeTimer(timers.currentProcessingTime() + value + 1);
    if (clears) timers.deleteEventTimeTimer(timers.currentProcessingTime() + value);
    else timers.deleteEventTimeTimer(timers.currentProcessingTime() + value - 1);
    const counts = this.counts.create();
    counts.records += 1;
    counts.last = value;
    this.list.add(value);
    this.mortalList.add(value);
    this.mortalList.get();
    this.mortalMap.put(`${value % 3}`, value);
    if (!clears) return this.mortalValue.update(value);
    this.mortalValue.clear();
    this.list.clear();
    this.counts.clear();
  }

  /** What fires while a snapshot is read is none of its business. */
  override onTimer(timestampMs: number, context: KeyedOnTimerContext<string>): void {
    this.counts.create().last = timestampMs;
    if (timestampMs % 2 === 0) context.timerService().registerEventTimeTimer(timestampMs + 7);
  }
}

type StatesByKey = Map<string, Map<string, unknown>>;

function put(into: StatesByKey, key: unknown, name: string, data: unknown): void {
  const states = into.get(String(key)) ?? new Map<string, unknown>();
  into.set(String(key), states);
  states.set(name, data);
}

function ofOperator({ keyGroups }: OperatorSnapshot): StatesByKey {
  const all: StatesByKey = new Map();
  for (const { keys, states, eventTimers, processingTimers } of keyGroups) {
    for (const [index, time] of eventTimers) put(all, keys[index], `event timer ${time}`, true);
    for (const [index, time] of processingTimers) put(all, keys[index], `processing timer ${time}`, true);
    for (const [name, entries] of Object.entries(states)) {
      for (const [index, data] of entries) {
        const { kind: _, ...fields } = data as { kind?: string };
        put(all, keys[index], name, name === 'counts' ? Object.values(fields) : data);
      }
    }
  }
  return all;
}

function ofBlobs({ keyGroups }: KeyedOperatorSnapshot): StatesByKey {
  const all: StatesByKey = new Map();
  for (const { bytes } of keyGroups) {
    const state = decodeKeyGroup(bytes);
    const { objects, structs, eventTimers, processingTimers } = state;
    const keys = keysOf(state);
    eventTimers.indexes.forEach((key, index) => put(all, keys[key], `event timer ${eventTimers.times[index]}`, true));
    processingTimers.indexes.forEach((key, index) =>
      put(all, keys[key], `processing timer ${processingTimers.times[index]}`, true),
    );
    for (const { name, entries } of objects) for (const [index, data] of entries) put(all, keys[index], name, data);
    for (const { name, indexes, rows, words } of structs) {
      indexes.forEach((index, row) => put(all, keys[index], name, [...rows.subarray(row * words, row * words + 2)]));
    }
  }
  return all;
}

const changes = fc.array(
  fc.record({
    key: fc.nat(199).map((key) => `K${key}`),
    value: fc.nat(100),
    clears: fc.boolean(),
    passMs: fc.constantFrom(0, 0, 0, 10, 60, 101),
  }),
  { minLength: 1, maxLength: 300 },
);

test('a snapshot that is read while records and time go on holds what was there when it began', () => {
  fc.assert(
    fc.property(changes, changes, fc.integer({ min: 1, max: 100 }), fc.boolean(), (before, during, slots, cleanup) => {
      const harness = new KeyedOneInputStreamOperatorTestHarness(new Changing(cleanup), 'key');
      const { backend, keyTable } = harness.operator;
      let now = 0;
      const push = ({ passMs, ...change }: Change & { readonly passMs: number }): void => {
        harness.setProcessingTime((now += passMs));
        if (passMs > 0) harness.processWatermark(now);
        // As the task does, before it sets a key.
        const slot = keyTable.slotOf(change.key);
        if (slot >= 0 && slot < backend.copyOnWrite.limit) backend.copyOnWrite.touch(slot);
        harness.processElement(change);
      };
      for (const change of before) push(change);

      const expected = ofOperator(structuredClone(harness.snapshot()));
      const snapshot = harness.operator.beginSnapshot();
      const rest = [...during];
      while (!snapshot.progress(slots)) for (const change of rest.splice(0, 7)) push(change);

      expect(ofBlobs(snapshot.result())).toEqual(expected);
    }),
    { numRuns: 150 },
  );
});
