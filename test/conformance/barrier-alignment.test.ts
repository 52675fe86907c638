import { expect, test } from 'vitest';
import { AlignedBarrierHandler } from '../../engine/runtime/checkpoint/aligned-barrier-handler.ts';
import { BarrierTracker } from '../../engine/runtime/checkpoint/barrier-tracker.ts';
import type { CheckpointBarrier } from '../../engine/runtime/checkpoint/checkpoint-barrier-handler.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces } from './traces.ts';

interface Scenario {
  readonly name: string;
  readonly mode: 'EXACTLY_ONCE aligned' | 'AT_LEAST_ONCE';
  readonly channels: number;
  readonly steps: readonly {
    readonly channel: number;
    /** `barrier 1`, `cancelBarrier 1` or `endOfInput` */
    readonly op: string;
    readonly events: readonly string[];
    readonly blockedChannels: readonly number[];
    readonly pending: boolean;
  }[];
}

describeWithSharedData(
  'barriers of several channels make one snapshot as recorded from Flink',
  ['conformance/barrier-alignment.json'],
  ([file]) => {
    const { scenarios } = readTraces<{ scenarios: Scenario[] }>(file);
    test.each(scenarios.map((scenario) => [scenario.mode, scenario.name, scenario] as const))(
      '%s: %s',
      (mode, _, { channels, steps }) => {
        const events: string[] = [];
        const Handler = mode === 'AT_LEAST_ONCE' ? BarrierTracker : AlignedBarrierHandler;
        const handler = new Handler<CheckpointBarrier>(channels, {
          triggerCheckpoint: ({ id }) => events.push(`SNAPSHOT ${id}`),
          abortCheckpoint: (id, reason) =>
            events.push(`ABORT ${id} (CHECKPOINT_${reason.toUpperCase().replaceAll('-', '_')})`),
        });
        for (const { channel, op, ...expected } of steps) {
          const [name, id] = op.split(' ');
          if (name === 'barrier') handler.processBarrier(channel, { id: Number(id) });
          else if (name === 'cancelBarrier') handler.processCancellation(channel, Number(id));
          else handler.processEndOfPartition(channel);
          const found = {
            events: events.splice(0),
            blockedChannels: Array.from({ length: channels }, (_unused, index) => index).filter((index) =>
              handler.isBlocked(index),
            ),
            pending: handler.isCheckpointPending(),
          };
          expect(found, `${op} on channel ${channel}`).toEqual(expected);
        }
      },
    );
  },
);
