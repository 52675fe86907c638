import { expect, test } from 'vitest';
import type { BroadcastContext, Collector, KeyedReadOnlyContext, RuntimeContext } from '../../engine/api/functions.ts';
import { KeyedBroadcastProcessFunction } from '../../engine/api/functions.ts';
import { mapState, valueState, type ValueState } from '../../engine/api/state.ts';
import { KeyedBroadcastOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces, toTrace, type TraceOutput } from './traces.ts';

interface Deposit {
  readonly key: string;
  readonly value: number;
}

const SUM = valueState<number>('sum');
const RULES = mapState<string, number>('rules');

/** Sums per key; every rule NAME=THRESHOLD that the sum exceeds raises an alert; `bump` adds 100 to every sum. */
class Alerts extends KeyedBroadcastProcessFunction<string, Deposit, string, string> {
  private sum!: ValueState<number>;

  override open(context: RuntimeContext): void {
    this.sum = context.getState(SUM);
  }

  processElement(deposit: Deposit, context: KeyedReadOnlyContext<string>, out: Collector<string>): void {
    const sum = (this.sum.value() ?? 0) + deposit.value;
    this.sum.update(sum);
    for (const [name, threshold] of context.getBroadcastState(RULES).entries()) {
      if (sum > threshold) out.collect(`alert ${name} key=${deposit.key} sum=${sum}`);
    }
  }

  processBroadcastElement(rule: string, context: BroadcastContext<string>, out: Collector<string>): void {
    const rules = context.getBroadcastState(RULES);
    if (rule === 'bump') return this.bump(context, out);
    if (rule.startsWith('del ')) return rules.remove(rule.slice(4));
    const [name = '', threshold = ''] = rule.split('=');
    rules.put(name, Number(threshold));
  }

  private bump(context: BroadcastContext<string>, out: Collector<string>): void {
    const sums: string[] = [];
    context.applyToKeyedState<ValueState<number>>(SUM, (key, state) => {
      state.update((state.value() ?? 0) + 100);
      sums.push(`${key}=${state.value()}`);
    });
    out.collect(`bumped {${sums.sort().join(', ')}}`);
  }
}

type Harness = KeyedBroadcastOperatorTestHarness<string, Deposit, string, string>;
const create = (options = {}): Harness => new KeyedBroadcastOperatorTestHarness(new Alerts(), 'key', options);

function apply(harness: Harness, op: string): Harness {
  const [what = '', first = '', second = ''] = op.split(' ');
  if (what === 'snap') {
    const restored = create();
    restored.initializeState(structuredClone(harness.snapshot()));
    return restored;
  }
  if (what === 'd') harness.processElement({ key: first, value: Number(second) }, 1);
  else if (what === 'r') harness.processBroadcastElement(op.slice(2), 1);
  else harness.processWatermark((Number(first) + 1) as 1 | 2, Number(second));
  return harness;
}

interface Traces {
  readonly scenarios: [
    { readonly name: string; readonly steps: { readonly op: string; readonly out: TraceOutput[] }[] },
    { readonly name: string; readonly after: { readonly subtask: number; readonly rules: Record<string, number> }[] },
  ];
}

describeWithSharedData('broadcast state behaves as recorded from Flink', ['conformance/broadcast.json'], ([file]) => {
  const [steps, rescale] = readTraces<Traces>(file).scenarios;

  test(steps.name, () => {
    let harness = create();
    for (const { op, out } of steps.steps) {
      harness = apply(harness, op);
      expect(harness.takeOutput().map(toTrace), op).toEqual(out);
    }
  });

  test(rescale.name, () => {
    const snapshots = [0, 1].map((subtaskIndex) => {
      const harness = create({ parallelism: 2, subtaskIndex });
      for (const [name, threshold] of Object.entries(rescale.after[0].rules))
        harness.processBroadcastElement(`${name}=${threshold}`);
      return harness.snapshot();
    });
    for (const { subtask, rules } of rescale.after) {
      const harness = create({ parallelism: rescale.after.length, subtaskIndex: subtask });
      harness.initializeState(snapshots);
      expect(Object.fromEntries(harness.getBroadcastState(RULES).entries())).toEqual(rules);
    }
  });
});
