import { expect, test } from 'vitest';
import { KeyedProcessFunction, type RowPublisher, type RuntimeContext } from '../../engine/api/functions.ts';
import { valueState, type ValueState, type ValueStateDescriptor } from '../../engine/api/state.ts';
import { enableTimeToLive, stateTtlConfig } from '../../engine/api/state-ttl.ts';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import type { KeyedSnapshot } from '../../engine/runtime/operators/keyed-snapshot.ts';
import { decodeKeyGroup, type KeyGroupState } from '../../engine/state/key-group-blob.ts';
import { keysOf } from '../support/stored-keys.ts';

interface Item {
  readonly key: string;
  readonly what: 'write' | 'row';
}

class Keep extends KeyedProcessFunction<string, Item, never> {
  private state!: ValueState<string>;
  private rows!: RowPublisher;
  private readonly descriptor: ValueStateDescriptor<string>;
  constructor(descriptor: ValueStateDescriptor<string>) {
    super();
    this.descriptor = descriptor;
  }
  override open(context: RuntimeContext): void {
    this.state = context.getState(this.descriptor);
    this.rows = context.getRowPublisher('rows', 1, () => undefined);
    context.registerQuery('value', () => this.state.value());
  }
  processElement({ key, what }: Item): void {
    if (what === 'row') this.rows.changed();
    else this.state.update(`value of ${key}`);
  }
}

const harnessOf = (
  descriptor: ValueStateDescriptor<string>,
): KeyedOneInputStreamOperatorTestHarness<string, Item, never> =>
  new KeyedOneInputStreamOperatorTestHarness<string, Item, never>(new Keep(descriptor), 'key', { maxParallelism: 1 });

const TTL_MS = 10;
const mortal = (options: Parameters<typeof stateTtlConfig>[1]): ValueStateDescriptor<string> =>
  enableTimeToLive(valueState<string>('mortal'), stateTtlConfig(TTL_MS, options));

/** Reads all of it; the one key group there is. */
function readAll(snapshot: KeyedSnapshot): KeyGroupState {
  while (!snapshot.progress(1));
  return decodeKeyGroup(snapshot.result().keyGroups[0].bytes);
}

const keysWithState = (state: KeyGroupState): unknown[] =>
  state.objects.flatMap(({ entries }) => entries.map(([index]) => keysOf(state)[index]));

test('a question that finds a value expired does not take it from a snapshot', () => {
  const harness = harnessOf(mortal({ cleanupIncrementallyKeys: 0 }));
  harness.processElement({ key: 'asked', what: 'write' });
  harness.setProcessingTime(TTL_MS);

  const snapshot = harness.operator.beginSnapshot();
  expect(harness.query('value', 'asked')).toBe(null);

  expect(keysWithState(readAll(snapshot))).toEqual(['asked']);
});

test('a key that gets its row while a snapshot is read has none in it', () => {
  const harness = harnessOf(valueState<string>('value'));
  harness.processElement({ key: 'has a row', what: 'write' });
  harness.processElement({ key: 'has a row', what: 'row' });
  harness.processElement({ key: 'has none', what: 'write' });

  const snapshot = harness.operator.beginSnapshot();
  harness.processElement({ key: 'has none', what: 'row' });

  const state = readAll(snapshot);
  expect(Array.from(state.rows['rows'], (index) => keysOf(state)[index])).toEqual(['has a row']);
});
