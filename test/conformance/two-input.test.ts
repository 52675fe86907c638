import { expect, test } from 'vitest';
import type { Collector, KeyedContext, OnTimerContext } from '../../engine/api/functions.ts';
import { KeyedCoProcessFunction } from '../../engine/api/functions.ts';
import { KeyedTwoInputStreamOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { inAnyOrderOfEqualTimes, readTraces, toTrace, watermarkText, type TraceOutput } from './traces.ts';

/** Reports each element, and sets a timer 5 ms after it. */
class Reporter extends KeyedCoProcessFunction<string, string, string, string> {
  processElement1(_: string, context: KeyedContext<string>, out: Collector<string>): void {
    this.report(1, context, out);
  }
  processElement2(_: string, context: KeyedContext<string>, out: Collector<string>): void {
    this.report(2, context, out);
  }
  private report(input: number, context: KeyedContext<string>, out: Collector<string>): void {
    out.collect(`${input}:${context.getCurrentKey()} wm=${watermarkText(context.timerService().currentWatermark())}`);
    context.timerService().registerEventTimeTimer((context.timestamp() as number) + 5);
  }
  override onTimer(timestampMs: number, context: OnTimerContext<string>, out: Collector<string>): void {
    out.collect(`timer ${timestampMs} key=${context.getCurrentKey()}`);
  }
}

describeWithSharedData('two inputs combine as recorded from Flink', ['conformance/two-input.json'], ([file]) => {
  const { scenarios } = readTraces<{ scenarios: { steps: { op: string; out: TraceOutput[] }[] }[] }>(file);
  test.each(scenarios.map((scenario, index) => [index, scenario.steps] as const))('two-input trace %i', (_, steps) => {
    const harness = new KeyedTwoInputStreamOperatorTestHarness(
      new Reporter(),
      (key: string) => key,
      (key: string) => key,
    );
    for (const { op, out } of steps) {
      const [what = '', first = '', second = ''] = op.split(' ');
      const input = Number(what[1]) as 1 | 2;
      if (what.startsWith('e')) harness[`processElement${input}`](first, Number(second));
      else if (what.startsWith('w')) harness.processWatermark(input, Number(first));
      else harness.processWatermarkStatus(input, what.startsWith('i'));
      expect(inAnyOrderOfEqualTimes(harness.takeOutput().map(toTrace)), op).toEqual(inAnyOrderOfEqualTimes(out));
    }
  });
});
