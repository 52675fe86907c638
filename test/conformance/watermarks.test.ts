import { expect, test } from 'vitest';
import { BoundedOutOfOrdernessWatermarks, type WatermarkOutput } from '../../engine/api/watermark-strategy.ts';
import { StatusWatermarkValve } from '../../engine/runtime/watermarks/status-watermark-valve.ts';
import { WatermarkOutputMultiplexer } from '../../engine/runtime/watermarks/watermark-output-multiplexer.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces, type TraceOutput } from './traces.ts';

interface ValveStep {
  readonly op: 'watermark' | 'idle' | 'active';
  readonly channel: number;
  readonly ts?: number;
  readonly out: TraceOutput[];
}

describeWithSharedData(
  'channels are combined as recorded from Flink',
  ['conformance/watermark-valve.json'],
  ([file]) => {
    const { scenarios } = readTraces<{ scenarios: { channels: number; steps: ValveStep[] }[] }>(file);
    test.each(scenarios.map((scenario, index) => [index, scenario] as const))(
      'valve trace %i',
      (_, { channels, steps }) => {
        const out: TraceOutput[] = [];
        const valve = new StatusWatermarkValve(channels, {
          processWatermark: (watermark) => out.push({ watermark }),
          processWatermarkStatus: (idle) => out.push({ status: idle ? 'IDLE' : 'ACTIVE' }),
        });
        for (const step of steps) {
          out.length = 0;
          if (step.op === 'watermark') valve.inputWatermark(step.ts as number, step.channel);
          else valve.inputWatermarkStatus(step.op === 'idle', step.channel);
          expect(out, JSON.stringify(step)).toEqual(step.out);
        }
      },
    );
  },
);

/** What an output receives, as traces write it; becoming active is silent. */
function recorder(out: TraceOutput[]): WatermarkOutput {
  return {
    emitWatermark: (watermark) => out.push({ watermark }),
    markIdle: () => out.push({ status: 'IDLE' }),
    markActive: () => undefined,
  };
}

interface GeneratorTrace {
  readonly generator: 'boundedOutOfOrderness';
  readonly maxOutOfOrdernessMillis: number;
  readonly steps: { readonly op: 'event' | 'periodicEmit'; readonly ts?: number; readonly out: TraceOutput[] }[];
}

interface MultiplexerTrace {
  readonly splits: number;
  readonly steps: {
    readonly op: 'watermark' | 'idle' | 'active' | 'deferredWatermarkThenPeriodicEmit';
    readonly split: string;
    readonly ts?: number;
    readonly out: TraceOutput[];
  }[];
}

describeWithSharedData(
  'generators behave as recorded from Flink',
  ['conformance/watermark-generators.json'],
  ([file]) => {
    const { generators, multiplexer } = readTraces<{ generators: GeneratorTrace[]; multiplexer: MultiplexerTrace[] }>(
      file,
    );

    test.each(generators.map((trace) => [trace.maxOutOfOrdernessMillis, trace] as const))(
      'bounded out-of-orderness of %i ms',
      (_, trace) => {
        const generator = new BoundedOutOfOrdernessWatermarks(trace.maxOutOfOrdernessMillis);
        for (const step of trace.steps) {
          const out: TraceOutput[] = [];
          if (step.op === 'event') generator.onEvent(step.ts as number);
          else generator.onPeriodicEmit(recorder(out));
          expect(out, JSON.stringify(step)).toEqual(step.out);
        }
      },
    );

    test.each(multiplexer.map((trace, index) => [index, trace] as const))('multiplexer trace %i', (_, trace) => {
      const out: TraceOutput[] = [];
      const combined = new WatermarkOutputMultiplexer(recorder(out));
      for (let split = 0; split < trace.splits; split += 1) combined.registerNewOutput(`s${split}`);
      for (const step of trace.steps) {
        out.length = 0;
        const immediate = combined.getImmediateOutput(step.split);
        if (step.op === 'watermark') immediate.emitWatermark(step.ts as number);
        else if (step.op === 'idle') immediate.markIdle();
        else if (step.op === 'active') immediate.markActive();
        else {
          combined.getDeferredOutput(step.split).emitWatermark(step.ts as number);
          combined.onPeriodicEmit();
        }
        expect(out, JSON.stringify(step)).toEqual(step.out);
      }
    });
  },
);
