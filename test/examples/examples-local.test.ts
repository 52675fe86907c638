import { describe, expect, test } from 'vitest';
import type { JobDefinition } from '../../engine/api/job.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { clickSessions } from './click-sessions.ts';
import { clickInput, sensorInput, tollRoadInput, wordCountInput } from './example-inputs.ts';
import { sensorAlarm } from './sensor-alarm.ts';
import { tollRoad, TOLL_ROAD_SINKS } from './toll-road.ts';
import { wordCount } from './word-count.ts';

const clock = { monotonicMs: () => 0, wallMs: () => 0 };

async function results<P>(
  job: JobDefinition<P>,
  parameters: P,
  sinkNames: readonly string[],
  parallelism: number,
  seed: number,
  ringSlots: number,
): Promise<Record<string, string[]>> {
  const sinks = Object.fromEntries(sinkNames.map((name) => [name, new CollectingSink<unknown>()]));
  await new LocalExecutor(job, { parameters, parallelism, sinks, random: seededRandom(seed), clock, ringSlots }).run();
  return Object.fromEntries(sinkNames.map((name) => [name, sinks[name].sorted()]));
}

describe.each([
  ['word count', wordCount as JobDefinition<never>, wordCountInput(1), ['totals']],
  ['sensor alarms', sensorAlarm as JobDefinition<never>, sensorInput(2), ['alarms']],
  ['click sessions', clickSessions as JobDefinition<never>, clickInput(3), ['sessions', 'late', 'pages']],
  ['toll road', tollRoad as JobDefinition<never>, tollRoadInput(4), TOLL_ROAD_SINKS],
] as const)('%s', (_, job, parameters, sinkNames) => {
  test('gives the same results with any number of subtasks, in any order of steps, with the smallest rings', async () => {
    const expected = await results(job, parameters as never, sinkNames, 1, 7, 2 ** 14);
    for (const name of sinkNames) expect(expected[name].length, name).toBeGreaterThan(5);
    for (let parallelism = 1; parallelism <= 8; parallelism += 1) {
      for (const seed of [1, 2, 3, 4]) {
        const found = await results(job, parameters as never, sinkNames, parallelism, seed, seed % 2 === 0 ? 4 : 64);
        expect(found, `parallelism ${parallelism}, seed ${seed}`).toEqual(expected);
      }
    }
  });
});
