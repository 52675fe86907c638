import { expect, test } from 'vitest';
import type { KeyedStream, SingleOutputStreamOperator } from '../../engine/api/data-stream.ts';
import type { Collector } from '../../engine/api/functions.ts';
import { OutputTag } from '../../engine/api/output-tag.ts';
import {
  ContinuousEventTimeTrigger,
  ContinuousProcessingTimeTrigger,
} from '../../engine/api/windows/continuous-triggers.ts';
import { CountTrigger } from '../../engine/api/windows/count-trigger.ts';
import { CountEvictor, TimeEvictor } from '../../engine/api/windows/evictors.ts';
import { GlobalWindows } from '../../engine/api/windows/global-windows.ts';
import { ProcessWindowFunction, type WindowContext } from '../../engine/api/windows/process-window-function.ts';
import { PurgingTrigger } from '../../engine/api/windows/purging-trigger.ts';
import { EventTimeSessionWindows, ProcessingTimeSessionWindows } from '../../engine/api/windows/session-windows.ts';
import { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from '../../engine/api/windows/sliding-windows.ts';
import { EventTimeTrigger, ProcessingTimeTrigger } from '../../engine/api/windows/time-triggers.ts';
import type { Trigger } from '../../engine/api/windows/trigger.ts';
import { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from '../../engine/api/windows/tumbling-windows.ts';
import type { WindowAssigner } from '../../engine/api/windows/window-assigner.ts';
import type { Window } from '../../engine/api/windows/window.ts';
import { KeyedStreamTestHarness } from '../../engine/runtime/harness/stream-harnesses.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces } from './traces.ts';

interface Element {
  readonly key: string;
  readonly value: number;
}
type Result = readonly [string, number, number, number, number, string];
type Out =
  | { readonly record: readonly unknown[]; readonly ts: number | null }
  | { readonly watermark: number }
  | { readonly exception: string };

interface Scenario {
  readonly name: string;
  readonly assigner: string;
  readonly size?: number;
  readonly slide?: number;
  readonly gap?: number;
  readonly offset?: number;
  readonly trigger?: string;
  readonly evictor?: string;
  readonly allowedLateness: number;
  readonly lateSideOutput: boolean;
  readonly steps: readonly Step[];
}
type Step = {
  readonly out: readonly Out[];
  readonly late: readonly Out[];
  readonly timers: { readonly event: number; readonly processing: number };
  readonly exception?: string;
} & (
  | { readonly op: 'element'; readonly key: string; readonly value: number; readonly ts: number }
  | { readonly op: 'watermark' | 'processingTime'; readonly ts: number }
  | { readonly op: 'snapshotAndRestore' }
);

const LATE = new OutputTag<Element>('late');

/** Key, window, how many, their sum, and the values. */
class Summary extends ProcessWindowFunction<Element, Result, string, Window> {
  process(key: string, { window }: WindowContext<Window>, elements: readonly Element[], out: Collector<Result>): void {
    const values = elements.map(({ value }) => value);
    const sum = values.reduce((total, value) => total + value, 0);
    out.collect([key, window.start, window.end, values.length, sum, values.join(',')]);
  }
}

function assignerOf({ assigner, size = 0, slide = 0, gap = 0, offset = 0 }: Scenario): WindowAssigner<unknown, Window> {
  switch (assigner) {
    case 'tumblingEventTime':
      return TumblingEventTimeWindows.of(size, offset);
    case 'tumblingProcessingTime':
      return TumblingProcessingTimeWindows.of(size, offset);
    case 'slidingEventTime':
      return SlidingEventTimeWindows.of(size, slide, offset);
    case 'slidingProcessingTime':
      return SlidingProcessingTimeWindows.of(size, slide, offset);
    case 'eventTimeSession':
      return EventTimeSessionWindows.withGap(gap);
    case 'processingTimeSession':
      return ProcessingTimeSessionWindows.withGap(gap);
    case 'global':
    case 'globalWindows':
      return GlobalWindows.create();
    default:
      throw new Error(`The trace has an assigner that this test does not know: ${assigner}.`);
  }
}

/** `purging(count(2))` and the like. */
function triggerOf(text: string): Trigger<unknown, Window> {
  const [, name, argument = ''] = /^(\w+)(?:\((.*)\))?$/.exec(text) ?? [];
  switch (name) {
    case 'eventTime':
      return EventTimeTrigger.create();
    case 'processingTime':
      return ProcessingTimeTrigger.create();
    case 'count':
      return CountTrigger.of(Number(argument));
    case 'purging':
      return PurgingTrigger.of(triggerOf(argument));
    case 'continuousEventTime':
      return ContinuousEventTimeTrigger.of(Number(argument));
    case 'continuousProcessingTime':
      return ContinuousProcessingTimeTrigger.of(Number(argument));
    default:
      throw new Error(`The trace has a trigger that this test does not know: ${text}.`);
  }
}

function describeWindows(
  scenario: Scenario,
): (stream: KeyedStream<string, Element>) => SingleOutputStreamOperator<Result> {
  return (stream) => {
    const windows = stream.window(assignerOf(scenario)).allowedLateness(scenario.allowedLateness);
    if (scenario.trigger !== undefined) windows.trigger(triggerOf(scenario.trigger));
    if (scenario.lateSideOutput) windows.sideOutputLateData(LATE);
    const [, evictor, argument] = /^(\w+)\((\d+)\)$/.exec(scenario.evictor ?? '') ?? [];
    if (evictor === 'count') windows.evictor(CountEvictor.of(Number(argument)));
    if (evictor === 'time') windows.evictor(TimeEvictor.of(Number(argument)));
    return windows.process(new Summary());
  };
}

type Harness = KeyedStreamTestHarness<string, Element, Result>;

function apply(harness: Harness, step: Step, create: () => Harness): Harness {
  switch (step.op) {
    case 'element':
      harness.processElement({ key: step.key, value: step.value }, step.ts);
      return harness;
    case 'watermark':
      harness.processWatermark(step.ts);
      return harness;
    case 'processingTime':
      harness.setProcessingTime(step.ts);
      return harness;
    case 'snapshotAndRestore': {
      const restored = create();
      restored.initializeState(structuredClone(harness.snapshot()));
      return restored;
    }
  }
}

/** Values after a merge have no order of their own, records of one timestamp none between them. */
function inAnyOrder(outputs: readonly Out[]): readonly string[] {
  const texts = outputs.map((one) => {
    if (!('record' in one) || one.record.length !== 6) return [null, JSON.stringify(one)] as const;
    const values = String(one.record[5]).split(',').sort().join(',');
    return [one.ts, JSON.stringify({ record: [...one.record.slice(0, 5), values], ts: one.ts })] as const;
  });
  return texts
    .map(([time, text], index) => ({ time, text, index }))
    .sort((left, right) =>
      left.time !== null && left.time === right.time ? (left.text < right.text ? -1 : 1) : left.index - right.index,
    )
    .map(({ text }) => text);
}

describeWithSharedData('windows fire as recorded from Flink', ['conformance/window-operator.json'], ([file]) => {
  const { scenarios } = readTraces<{ scenarios: readonly Scenario[] }>(file);
  test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', (_, scenario) => {
    const create = (): Harness => new KeyedStreamTestHarness(describeWindows(scenario), 'key');
    let harness = create();
    let lateSeen = 0;
    for (const [index, step] of scenario.steps.entries()) {
      const restored = apply(harness, step, create);
      if (restored !== harness) lateSeen = 0;
      harness = restored;
      const place = `step ${index}: ${JSON.stringify(step)}`;
      const late = harness.getSideOutput(LATE).slice(lateSeen);
      lateSeen += late.length;
      const lateOut = late.map(({ value, timestamp }) => ({ record: [value.key, value.value], ts: timestamp }));
      const found = harness
        .takeOutput()
        .map((one): Out =>
          one.kind === 'record'
            ? { record: one.value, ts: one.timestamp }
            : { watermark: one.kind === 'watermark' ? one.timestamp : NaN },
        );
      // Flink raises an exception where a session would have to end in the past, at each restart again; here the record is
      // late, which is the kinder rule and the one this engine promises.
      if (step.exception !== undefined || step.out.some((one) => 'exception' in one)) {
        expect(found, place).toEqual([]);
        expect(lateOut, place).toHaveLength(1);
        return;
      }
      expect(inAnyOrder(found), place).toEqual(inAnyOrder(step.out));
      expect(lateOut, place).toEqual(step.late);
      const timers = { event: harness.numEventTimeTimers(), processing: harness.numProcessingTimeTimers() };
      expect(timers, place).toEqual(step.timers);
    }
  });
});
