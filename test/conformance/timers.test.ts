import { expect, test } from 'vitest';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { ScriptFunction, type ScriptElement } from './script-function.ts';
import { inAnyOrderOfEqualTimes, readTraces, toTrace, type TraceOutput } from './traces.ts';

type Step = {
  readonly out: TraceOutput[];
  readonly timers: { readonly event: number; readonly processing: number };
} & (
  | { readonly op: 'element'; readonly key: string; readonly commands: string; readonly ts: number }
  | { readonly op: 'watermark' | 'processingTime'; readonly ts: number }
  | { readonly op: 'snapshotAndRestore'; readonly processingTimeAfterRestore: number }
);
type Harness = KeyedOneInputStreamOperatorTestHarness<string, ScriptElement, string>;

const create = (): Harness => new KeyedOneInputStreamOperatorTestHarness(new ScriptFunction(), 'key');

function apply(harness: Harness, step: Step): Harness {
  switch (step.op) {
    case 'element':
      harness.processElement({ key: step.key, commands: step.commands }, step.ts);
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
      restored.setProcessingTime(step.processingTimeAfterRestore);
      return restored;
    }
  }
}

describeWithSharedData('timers behave as recorded from Flink', ['conformance/timers.json'], ([file]) => {
  const { scenarios } = readTraces<{ scenarios: { name: string; steps: Step[] }[] }>(file);
  test.each(scenarios.map((scenario) => [scenario.name, scenario.steps] as const))('%s', (_, steps) => {
    let harness = create();
    steps.forEach((step, index) => {
      harness = apply(harness, step);
      const found = inAnyOrderOfEqualTimes(harness.takeOutput().map(toTrace));
      expect(found, `step ${index}: ${JSON.stringify(step)}`).toEqual(inAnyOrderOfEqualTimes(step.out));
      const timers = { event: harness.numEventTimeTimers(), processing: harness.numProcessingTimeTimers() };
      expect(timers, `timers after step ${index}: ${JSON.stringify(step)}`).toEqual(step.timers);
    });
  });
});
