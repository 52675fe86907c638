import { describe, expect, test } from 'vitest';
import type {
  AlignedSums,
  BroadcastContext,
  Collector,
  KeyedContext,
  KeyedReadOnlyContext,
  OnTimerContext,
  RowPublisher,
  RuntimeContext,
} from '../../engine/api/functions.ts';
import { KeyedBroadcastProcessFunction, KeyedProcessFunction } from '../../engine/api/functions.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import { mapState, structState, type StructState } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import {
  KeyedBroadcastOperatorTestHarness,
  KeyedOneInputStreamOperatorTestHarness,
} from '../../engine/runtime/harness/keyed-harnesses.ts';

const TICK = struct('tick', { symbol: 'symbol', price: 'f64', size: 'i32' });
type Tick = ViewOf<typeof TICK>;
const LAST = struct('last', { price: 'f64', count: 'i32', from: 'symbol' });
const LAST_STATE = structState('last', LAST);
const REFUSED = new OutputTag<Tick>('refused', TICK);

/** Passes ticks on, keeps the last price, forgets it 10 ms after a tick, publishes and answers it. */
class LastPrice extends KeyedProcessFunction<string, Tick, Tick> {
  private last!: StructState<ViewOf<typeof LAST>>;
  private sums!: AlignedSums;
  private rows!: RowPublisher;
  readonly totals: bigint[] = [];

  override open(context: RuntimeContext): void {
    this.last = context.getStructState(LAST_STATE);
    this.sums = context.getAlignedSums('sizes', 1, () => this.totals.push(this.sums.total(0)));
    this.rows = context.getRowPublisher('last', 2, (numbers, _, offset) => {
      numbers[offset] = this.last.value()?.price ?? NaN;
      numbers[offset + 1] = this.last.value()?.count ?? 0;
    });
    context.registerQuery('price', () => this.last.value()?.price ?? null);
  }

  processElement(tick: Tick, context: KeyedContext<string>, out: Collector<Tick>): void {
    if (tick.price <= 0) return context.output(REFUSED, tick);
    const last = this.last.create();
    last.price = tick.price;
    last.count += 1;
    last.from = tick.symbol;
    this.sums.add(0, BigInt(tick.size));
    this.rows.changed();
    context.timerService().registerEventTimeTimer((context.timestamp() as number) + 10);
    out.collect(tick);
  }

  override onTimer(_: number, context: OnTimerContext<string>): void {
    if (context.timeDomain() === 'event-time') this.last.clear();
    this.rows.changed();
  }
}

const tick = (symbol: string, price: number, size = 1): Tick => ({ kind: 'tick', symbol, price, size });

describe('a keyed operator in the harness', () => {
  test('hands struct records over as views whose key field is the key, and copies what is collected', () => {
    const harness = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), 'symbol', { structs: [TICK] });

    harness.processElement(tick('AAPL', 10), 1);
    harness.processElement(tick('MSFT', 20, 7), 2);

    expect(harness.extractOutputValues()).toEqual([tick('AAPL', 10), tick('MSFT', 20, 7)]);
    expect(harness.pendingTimers()).toEqual([
      { domain: 'event-time', key: 'AAPL', timestampMs: 11 },
      { domain: 'event-time', key: 'MSFT', timestampMs: 12 },
    ]);
  });

  test('keeps struct state per key, which a timer can clear', () => {
    const harness = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), 'symbol', { structs: [TICK] });
    harness.processElement(tick('AAPL', 10), 1);
    harness.processElement(tick('AAPL', 11), 2);
    harness.processElement(tick('MSFT', 20), 5);
    expect(
      harness.withKey('AAPL', LAST_STATE, (state) => [state.value()?.price, state.value()?.count, state.value()?.from]),
    ).toEqual([11, 2, 'AAPL']);

    harness.processWatermark(12);

    expect(harness.withKey('AAPL', LAST_STATE, (state) => state.value())).toBeNull();
    expect(harness.query('price', 'MSFT')).toBe(20);
    expect(harness.numKeyedStateEntries()).toBe(1);
  });

  test('sends a record to a side output with its timestamp', () => {
    const harness = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), 'symbol', { structs: [TICK] });
    harness.processElement(tick('AAPL', -1), 3);
    expect(harness.getSideOutput(REFUSED)).toEqual([{ value: tick('AAPL', -1), timestamp: 3 }]);
    expect(harness.extractOutputValues()).toEqual([]);
  });

  test('publishes rows of changed keys once, and all keys on demand', () => {
    const harness = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), 'symbol', { structs: [TICK] });
    harness.processElement(tick('AAPL', 10), 1);
    harness.processElement(tick('AAPL', 11), 2);
    harness.processElement(tick('MSFT', 20), 2);

    const first = harness.takeRows('last');
    harness.processElement(tick('MSFT', 21), 3);
    const second = harness.takeRows('last');
    const all = harness.takeRows('last', true);

    expect([first.rowCount, [...new Float64Array(first.buffer)]]).toEqual([2, [11, 2, 20, 1]]);
    expect([second.rowCount, [...new Float64Array(second.buffer)]]).toEqual([1, [21, 2]]);
    expect(all.rowCount).toBe(2);
    expect(harness.takeRows('last').rowCount).toBe(0);
  });

  test('sums are seen at alignments only', () => {
    const lastPrice = new LastPrice();
    const harness = new KeyedOneInputStreamOperatorTestHarness(lastPrice, 'symbol', { structs: [TICK] });
    harness.processElement(tick('AAPL', 10, 5), 1);
    harness.alignment(1000);
    harness.processElement(tick('MSFT', 10, -8), 1);
    harness.alignment(2000);
    expect(lastPrice.totals).toEqual([5n, -3n]);
  });

  test('struct state, timers and symbols survive a snapshot that is plain data', () => {
    const harness = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), 'symbol', { structs: [TICK] });
    harness.processElement(tick('AAPL', 10), 1);
    const stored: unknown = JSON.parse(JSON.stringify(harness.snapshot()));

    const restored = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), 'symbol', { structs: [TICK] });
    restored.initializeState(stored as ReturnType<typeof harness.snapshot>);

    expect(restored.query('price', 'AAPL')).toBe(10);
    expect(restored.pendingTimers()).toEqual([{ domain: 'event-time', key: 'AAPL', timestampMs: 11 }]);
  });

  test('a null key is refused with the text that Flink has for it', () => {
    const harness = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), () => null);
    expect(() => harness.processElement(tick('AAPL', 1))).toThrow('Assigned key must not be null!');
  });

  test('a key of another subtask is refused', () => {
    const harness = new KeyedOneInputStreamOperatorTestHarness(new LastPrice(), 'symbol', {
      parallelism: 2,
      subtaskIndex: 0,
    });
    expect(() => harness.processElement(tick('AAPL', 1))).toThrow('does not own');
  });

  test('state cannot be reached without a key', () => {
    class Careless extends LastPrice {
      override open(context: RuntimeContext): void {
        context.getStructState(LAST_STATE).value();
      }
    }
    const harness = new KeyedOneInputStreamOperatorTestHarness(new Careless(), 'symbol');
    expect(() => harness.open()).toThrow('No key set. This method should not be called outside of a keyed context.');
  });
});

describe('the broadcast side of an operator', () => {
  class Careless extends KeyedBroadcastProcessFunction<string, Tick, string, string> {
    processElement(_: Tick, context: KeyedReadOnlyContext<string>, out: Collector<string>): void {
      out.collect(String(context.getBroadcastState(mapState<string, number>('rules')).get('x')));
    }
    processBroadcastElement(_: string, context: BroadcastContext<string>): void {
      (context as unknown as KeyedContext<string>).timerService();
    }
  }

  test('cannot set timers, and is told what to do instead', () => {
    const harness = new KeyedBroadcastOperatorTestHarness(new Careless(), 'symbol');
    expect(() => harness.processBroadcastElement('x')).toThrow('applyToKeyedState');
  });
});
