import { describe, expect, test } from 'vitest';
import type { Collector } from '../../engine/api/functions.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import { reducingState, structState, valueState, type AggregateFunction } from '../../engine/api/state.ts';
import { struct, type ViewOf } from '../../engine/api/struct.ts';
import { ContinuousEventTimeTrigger } from '../../engine/api/windows/continuous-triggers.ts';
import { CountTrigger } from '../../engine/api/windows/count-trigger.ts';
import { CountEvictor, DeltaEvictor, TimeEvictor } from '../../engine/api/windows/evictors.ts';
import { GlobalWindows } from '../../engine/api/windows/global-windows.ts';
import { ProcessWindowFunction, type WindowContext } from '../../engine/api/windows/process-window-function.ts';
import { EventTimeSessionWindows } from '../../engine/api/windows/session-windows.ts';
import { Trigger, type TriggerContext, type TriggerResult } from '../../engine/api/windows/trigger.ts';
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from '../../engine/api/windows/tumbling-windows.ts';
import { MergingWindowAssigner } from '../../engine/api/windows/window-assigner.ts';
import { TimeWindow, type MergeCallback, type Window } from '../../engine/api/windows/window.ts';
import { KeyedStreamTestHarness } from '../../engine/runtime/harness/stream-harnesses.ts';
import type { WindowOperator } from '../../engine/runtime/windows/window-operator.ts';

const READING = struct('reading', { key: 'symbol', value: 'f64' });
type Reading = ViewOf<typeof READING>;
const reading = (key: string, value: number): Reading => ({ kind: 'reading', key, value });
const LATE = new OutputTag<Reading>('late');
const SUM = (left: Reading, right: Reading): Reading => ({ ...left, value: left.value + right.value });

class Values extends ProcessWindowFunction<Reading, string, string, Window> {
  process(key: string, { window }: WindowContext<Window>, elements: readonly Reading[], out: Collector<string>): void {
    out.collect(`${key} ${window.start} ${elements.map(({ value }) => value).join('+')}`);
  }
}

type Harness<OUT> = KeyedStreamTestHarness<string, Reading, OUT>;
type Describe<OUT> = ConstructorParameters<typeof KeyedStreamTestHarness<string, Reading, OUT>>[0];
/** Readings come as views on bytes, as in a running job. */
function harnessOf<OUT>(describeStream: Describe<OUT>): Harness<OUT> {
  return new KeyedStreamTestHarness<string, Reading, OUT>(describeStream, 'key', { structs: [READING] });
}
function push(harness: Harness<unknown>, key: string, ...pairs: readonly (readonly [number, number])[]): void {
  for (const [value, ts] of pairs) harness.processElement(reading(key, value), ts);
}

describe('windows', () => {
  test('keep copies of records that are views', () => {
    const harness = harnessOf((stream) => stream.window(TumblingEventTimeWindows.of(10)).reduce((_, right) => right));
    push(harness, 'a', [1, 0], [2, 1]);
    push(harness, 'b', [9, 2]);

    harness.processWatermark(9);

    expect(harness.extractOutputValues().sort((one, other) => one.value - other.value)).toEqual([
      reading('a', 2),
      reading('b', 9),
    ]);
  });

  test('by the clock are cleaned when the clock passes them', () => {
    const harness = harnessOf((stream) => stream.window(TumblingProcessingTimeWindows.of(10)).process(new Values()));
    harness.setProcessingTime(3);
    push(harness, 'a', [1, 500], [2, 100]);

    harness.setProcessingTime(9);

    expect(harness.extractOutputValues()).toEqual(['a 0 1+2']);
    expect(harness.numKeyedStateEntries()).toBe(0);
  });

  test('that are too late for everything are counted where there is no side output', () => {
    const harness = harnessOf((stream) => stream.window(TumblingEventTimeWindows.of(10)).reduce(SUM));
    harness.processWatermark(20);

    push(harness, 'a', [1, 3], [2, 25]);

    expect((harness.operator as WindowOperator).numLateRecordsDropped).toBe(1);
  });

  test('refuse a trigger that cannot merge, a negative lateness, and records without a time', () => {
    class Plain extends Trigger<unknown, Window> {
      onElement(): TriggerResult {
        return 'fire';
      }
      onEventTime(): TriggerResult {
        return 'continue';
      }
      onProcessingTime(): TriggerResult {
        return 'continue';
      }
      clear(): void {}
    }
    const describeWith = (change: (windows: ReturnType<typeof sessions>) => unknown) => () =>
      harnessOf((stream) => {
        const windows = sessions(stream);
        change(windows);
        return windows.reduce(SUM);
      });
    const sessions = (stream: Parameters<Describe<Reading>>[0]) => stream.window(EventTimeSessionWindows.withGap(5));

    expect(describeWith((windows) => windows.trigger(new Plain()))).toThrow('does not support merging');
    expect(describeWith((windows) => windows.allowedLateness(-1))).toThrow('The allowed lateness cannot be negative.');
    expect(() => describeWith(() => null)().processElement(reading('a', 1))).toThrow('no timestamp marker');
  });
});

describe('a function of windows', () => {
  class Counting extends ProcessWindowFunction<Reading, string, string, Window> {
    static readonly OF_WINDOW = valueState<number>('firings', 0);
    static readonly OF_KEY = reducingState<number>('of-key', (left, right) => left + right);
    static readonly NOTE = new OutputTag<string>('note');
    process(_: string, context: WindowContext<Window>, __: readonly Reading[], out: Collector<string>): void {
      const firings = context.windowState().getState(Counting.OF_WINDOW);
      const ofKey = context.globalState().getReducingState(Counting.OF_KEY);
      firings.update((firings.value() ?? 0) + 1);
      ofKey.add(1);
      out.collect(`${context.window.start}: ${firings.value()} of ${ofKey.get()}`);
    }
    override clear(context: WindowContext<Window>): void {
      const firings = context.windowState().getState(Counting.OF_WINDOW);
      context.output(Counting.NOTE, `${context.window.start} ended after ${firings.value()}`);
      firings.clear();
    }
  }

  test('has state of the window, which goes with it, and of the key, which stays', () => {
    const harness = harnessOf((stream) =>
      stream.window(TumblingEventTimeWindows.of(10)).allowedLateness(5).process(new Counting()),
    );
    push(harness, 'a', [1, 1], [1, 11]);

    harness.processWatermark(9);
    push(harness, 'a', [1, 2]);
    harness.processWatermark(30);

    expect(harness.extractOutputValues()).toEqual(['0: 1 of 1', '0: 2 of 2', '10: 1 of 3']);
    expect(harness.getSideOutput(Counting.NOTE)).toEqual([
      { value: '0 ended after 2', timestamp: 9 },
      { value: '10 ended after 1', timestamp: 19 },
    ]);
    expect(harness.numKeyedStateEntries()).toBe(1);
  });

  test('is told that windows that merge have no state of their own, and that struct state is the key’s', () => {
    class Asking extends ProcessWindowFunction<Reading, string, string, Window> {
      process(_: string, context: WindowContext<Window>): void {
        context.windowState().getStructState(structState('column', READING));
      }
    }
    const merging = harnessOf((stream) => stream.window(EventTimeSessionWindows.withGap(5)).process(new Asking()));
    const tumbling = harnessOf((stream) => stream.window(TumblingEventTimeWindows.of(5)).process(new Asking()));
    for (const harness of [merging, tumbling]) push(harness, 'a', [1, 1]);

    expect(() => merging.processWatermark(9)).toThrow('Per-window state is not allowed when using merging windows.');
    expect(() => tumbling.processWatermark(9)).toThrow('struct state, which belongs to keys');
  });
});

describe('sessions', () => {
  /** Merges shrink: the whole becomes as short as its shortest part, as no session of Flink's own does. */
  class Shrinking extends MergingWindowAssigner<unknown, TimeWindow> {
    assignWindows(_: unknown, timestampMs: number): readonly TimeWindow[] {
      return [new TimeWindow(timestampMs, timestampMs + 10)];
    }
    mergeWindows(windows: readonly TimeWindow[], onMerge: MergeCallback<TimeWindow>): void {
      if (windows.length < 2) return;
      const start = Math.min(...windows.map((window) => window.start));
      onMerge(windows, new TimeWindow(start, Math.min(...windows.map((window) => window.end))));
    }
    getDefaultTrigger(): Trigger<unknown, Window> {
      return ContinuousEventTimeTrigger.of(1000);
    }
    isEventTime(): boolean {
      return true;
    }
  }

  test('that would merge into the past make their record late, not the job fail', () => {
    const harness = harnessOf((stream) =>
      stream.window(new Shrinking()).sideOutputLateData(LATE).process(new Values()),
    );
    push(harness, 'a', [1, 10]);
    harness.processWatermark(12);

    push(harness, 'a', [2, 1], [3, 20]);
    harness.processWatermark(100);

    expect(harness.getSideOutput(LATE)).toEqual([{ value: reading('a', 2), timestamp: 1 }]);
    expect(harness.extractOutputValues()).toEqual(['a 10 1+3']);
  });

  test('with a trigger that counts add up what their parts counted', () => {
    const harness = harnessOf((stream) =>
      stream.window(EventTimeSessionWindows.withGap(5)).trigger(CountTrigger.of(3)).process(new Values()),
    );

    push(harness, 'a', [1, 0], [2, 8]);
    expect(harness.extractOutputValues()).toEqual([]);
    push(harness, 'a', [3, 4]);

    expect(harness.extractOutputValues()).toEqual(['a 0 1+2+3']);
  });

  test('aggregate their parts', () => {
    const range: AggregateFunction<Reading, readonly number[], string> = {
      createAccumulator: () => [],
      add: ({ value }, values) => [...values, value],
      getResult: (values) => values.join(','),
      merge: (left, right) => [...left, ...right],
    };
    const harness = harnessOf((stream) => stream.window(EventTimeSessionWindows.withGap(5)).aggregate(range));

    push(harness, 'a', [1, 0], [2, 8], [3, 4]);
    harness.processWatermark(50);

    expect(harness.extractOutputValues()).toEqual(['1,2,3']);
  });
});

describe('triggers and evictors', () => {
  test('a continuous trigger fires at each interval and at the end', () => {
    const harness = harnessOf((stream) =>
      stream.window(TumblingEventTimeWindows.of(10)).trigger(ContinuousEventTimeTrigger.of(4)).process(new Values()),
    );
    push(harness, 'a', [1, 1]);

    harness.processWatermark(5);
    push(harness, 'a', [2, 6]);
    harness.processWatermark(100);

    expect(harness.extractOutputValues()).toEqual(['a 0 1', 'a 0 1+2', 'a 0 1+2']);
    expect(harness.numEventTimeTimers()).toBe(0);
  });

  test('a trigger of one’s own decides by what it keeps for the window', () => {
    const highest = valueState<number>('highest', -Infinity);
    class OnRecord extends Trigger<Reading, Window> {
      onElement({ value }: Reading, _: number, __: Window, { partitionedState }: TriggerContext): TriggerResult {
        const known = partitionedState.getState(highest);
        if (value <= (known.value() ?? -Infinity)) return 'continue';
        known.update(value);
        return 'fire';
      }
      onEventTime(): TriggerResult {
        return 'continue';
      }
      onProcessingTime(): TriggerResult {
        return 'continue';
      }
      clear(_: Window, { partitionedState }: TriggerContext): void {
        partitionedState.getState(highest).clear();
      }
    }
    const harness = harnessOf((stream) =>
      stream.window(TumblingEventTimeWindows.of(10)).trigger(new OnRecord()).process(new Values()),
    );

    push(harness, 'a', [5, 1], [4, 2], [3, 11], [6, 3]);

    expect(harness.extractOutputValues()).toEqual(['a 0 5', 'a 10 3', 'a 0 5+4+6']);
  });

  test.each([
    ['the last ones', CountEvictor.of<Reading>(2), ['a 0 2+3']],
    ['the last ones, after the function', CountEvictor.of<Reading>(1, 'after'), ['a 0 1+2+3']],
    ['the young ones', TimeEvictor.of<Reading>(3), ['a 0 2+3']],
    [
      'those near the last one',
      DeltaEvictor.of<Reading>(2, (one, last) => Math.abs(one.value - last.value)),
      ['a 0 2+3'],
    ],
  ])('an evictor keeps %s', (_, evictor, expected) => {
    const harness = harnessOf((stream) =>
      stream.window(TumblingEventTimeWindows.of(10)).evictor(evictor).process(new Values()),
    );
    push(harness, 'a', [1, 0], [2, 4], [3, 6]);

    harness.processWatermark(20);

    expect(harness.extractOutputValues()).toEqual(expected);
  });

  test('what an evictor took out is gone for the next firing, and the rest is reduced at once', () => {
    const harness = harnessOf((stream) => stream.countWindow(2, 1).reduce(SUM));

    push(harness, 'a', [1, 0], [2, 1], [3, 2]);

    expect(harness.extractOutputValues().map(({ value }) => value)).toEqual([1, 3, 5]);
  });

  test('windows by count begin anew after each firing, and global windows never fire by themselves', () => {
    const byCount = harnessOf((stream) => stream.countWindow(2).process(new Values()));
    const global = harnessOf((stream) => stream.window(GlobalWindows.create()).process(new Values()));
    for (const harness of [byCount, global]) {
      push(harness, 'a', [1, 0], [2, 1], [3, 2], [4, 3], [5, 4]);
      harness.processWatermark(Infinity);
    }

    expect(byCount.extractOutputValues()).toEqual(['a -Infinity 1+2', 'a -Infinity 3+4']);
    expect(global.extractOutputValues()).toEqual([]);
  });
});
