import { expect, test } from 'vitest';
import { KeyedOneInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { repartitionOperatorLists, type RedistributionMode } from '../../engine/state/operator-lists.ts';
import { assignKeyToParallelOperator } from '../../engine/state/key-groups.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { ScriptFunction, type ScriptElement } from './script-function.ts';
import { inAnyOrderOfEqualTimes, readTraces, toTrace, type TraceOutput } from './traces.ts';

interface KeyedScenario {
  readonly maxParallelism: number;
  readonly oldParallelism: number;
  readonly newParallelism: number;
  readonly input: readonly (ScriptElement & { readonly ts: number; readonly subtask: number })[];
  readonly timersBefore: readonly { readonly subtask: number; readonly event: number; readonly processing: number }[];
  readonly afterRescale: readonly {
    readonly subtask: number;
    readonly keyGroupRange: readonly [number, number];
    readonly keys: readonly string[];
    readonly eventTimers: number;
    readonly processingTimers: number;
    readonly outAtWatermark1000: TraceOutput[];
    readonly outAtProcessingTime5000: TraceOutput[];
  }[];
}

interface ListScenario {
  readonly mode: RedistributionMode;
  readonly oldSubtaskLists: string[][];
  readonly newParallelism: number;
  readonly newSubtaskLists_sorted: string[][];
}

type Harness = KeyedOneInputStreamOperatorTestHarness<string, ScriptElement, string>;
function create(maxParallelism: number, parallelism: number, subtaskIndex: number): Harness {
  return new KeyedOneInputStreamOperatorTestHarness(new ScriptFunction(), 'key', {
    maxParallelism,
    parallelism,
    subtaskIndex,
  });
}

describeWithSharedData(
  'state moves with its key group as recorded from Flink',
  ['conformance/rescale.json'],
  ([file]) => {
    const traces = readTraces<{ keyedScenarios: KeyedScenario[]; operatorStateScenarios: ListScenario[] }>(file);

    test.each(
      traces.keyedScenarios.map((scenario) => [scenario.oldParallelism, scenario.newParallelism, scenario] as const),
    )('keyed state and timers, %i to %i subtasks', (oldParallelism, newParallelism, scenario) => {
      const { maxParallelism } = scenario;
      const before = Array.from({ length: oldParallelism }, (_, index) =>
        create(maxParallelism, oldParallelism, index),
      );
      for (const { ts, subtask, ...element } of scenario.input) {
        expect(assignKeyToParallelOperator(element.key, maxParallelism, oldParallelism)).toBe(subtask);
        before[subtask].processElement(element, ts);
      }
      for (const { subtask, event, processing } of scenario.timersBefore) {
        expect([before[subtask].numEventTimeTimers(), before[subtask].numProcessingTimeTimers()]).toEqual([
          event,
          processing,
        ]);
      }
      const snapshots = structuredClone(before.map((harness) => harness.snapshot()));

      for (const expected of scenario.afterRescale) {
        const harness = create(maxParallelism, newParallelism, expected.subtask);
        harness.initializeState(snapshots);
        const { start, end } = harness.operator.environment.keyGroupRange;
        expect([start, end]).toEqual(expected.keyGroupRange);
        expect(
          Array.from({ length: harness.operator.keyTable.count }, (_, slot) =>
            harness.operator.keyTable.keyAt(slot),
          ).sort(),
        ).toEqual(expected.keys);
        expect([harness.numEventTimeTimers(), harness.numProcessingTimeTimers()]).toEqual([
          expected.eventTimers,
          expected.processingTimers,
        ]);
        harness.processWatermark(1000);
        expect(inAnyOrderOfEqualTimes(harness.takeOutput().map(toTrace))).toEqual(
          inAnyOrderOfEqualTimes(expected.outAtWatermark1000),
        );
        harness.setProcessingTime(5000);
        expect(inAnyOrderOfEqualTimes(harness.takeOutput().map(toTrace))).toEqual(
          inAnyOrderOfEqualTimes(expected.outAtProcessingTime5000),
        );
      }
    });

    test.each(traces.operatorStateScenarios.map((scenario, index) => [index, scenario.mode, scenario] as const))(
      'operator lists %i, %s',
      (_, mode, scenario) => {
        const lists = repartitionOperatorLists(mode, scenario.oldSubtaskLists, scenario.newParallelism);
        expect(lists.map((list) => [...list].sort())).toEqual(scenario.newSubtaskLists_sorted);
      },
    );
  },
);
