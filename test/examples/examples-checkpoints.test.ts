import { describe, expect, test } from 'vitest';
import type { JobDefinition } from '../../engine/api/job.ts';
import { LocalExecutor } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { clickSessions } from './click-sessions.ts';
import { CommittingSink, run, STILL_WORLD } from './cut-runs.ts';
import { clickInput, sensorInput, tollRoadInput, wordCountInput } from './example-inputs.ts';
import { sensorAlarm } from './sensor-alarm.ts';
import { tollRoad, TOLL_ROAD_SINKS } from './toll-road.ts';
import { wordCount } from './word-count.ts';

describe.each([
  ['word count', wordCount as JobDefinition<never>, wordCountInput(1), ['totals']],
  ['sensor alarms', sensorAlarm as JobDefinition<never>, sensorInput(2), ['alarms']],
  ['click sessions', clickSessions as JobDefinition<never>, clickInput(3), ['sessions', 'late', 'pages']],
  ['toll road', tollRoad as JobDefinition<never>, tollRoadInput(4), TOLL_ROAD_SINKS],
] as const)('%s', (_, job, parameters, sinkNames) => {
  test('gives each result once, however often it is cut off and gone on with', async () => {
    const expected = Object.fromEntries(sinkNames.map((name) => [name, new CollectingSink<unknown>()]));
    await new LocalExecutor(job, {
      parameters: parameters as never,
      sinks: expected,
      random: seededRandom(1),
      clock: STILL_WORLD.clock,
    }).run();
    let completed = 0;
    let cuts = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const sinks = Object.fromEntries(sinkNames.map((name) => [name, new CommittingSink()]));
      const state = { restore: null, completed: 0, nextId: 1 };
      const random = seededRandom(1000 + seed);
      for (let life = 0; ; life += 1) {
        const cutAtStep = life < 6 ? 1 + Math.floor(random() * 120) : Infinity;
        if (await run(job, parameters as never, sinks, seed * 100 + life, state, cutAtStep)) break;
        cuts += 1;
      }
      completed += state.completed;
      for (const name of sinkNames)
        expect([...sinks[name].final, ...sinks[name].pending].sort(), `seed ${seed}, ${name}`).toEqual(
          expected[name].sorted(),
        );
    }
    expect(completed).toBeGreaterThan(30);
    expect(cuts).toBeGreaterThan(10);
  });
});
