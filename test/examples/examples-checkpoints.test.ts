import { describe, expect, test } from 'vitest';
import type { JobDefinition } from '../../engine/api/job.ts';
import type { SinkContext, SinkWriter } from '../../engine/api/sink.ts';
import { toObject } from '../../engine/api/struct.ts';
import type { Acknowledgement, TaskAcknowledgement } from '../../engine/runtime/checkpoint/acknowledgement.ts';
import { dealKeyGroups } from '../../engine/runtime/checkpoint/rescale.ts';
import { LocalExecutor, type LocalRestore } from '../../engine/runtime/local-executor.ts';
import { CollectingSink } from '../support/collecting-sink.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { clickSessions } from './click-sessions.ts';
import { clickInput, sensorInput, tollRoadInput, wordCountInput } from './example-inputs.ts';
import { sensorAlarm } from './sensor-alarm.ts';
import { tollRoad, TOLL_ROAD_SINKS } from './toll-road.ts';
import { wordCount } from './word-count.ts';

const clock = { monotonicMs: () => 0, wallMs: () => 0 };
const MAX_PARALLELISM = 128;

class PowerCut extends Error {}

/** Keeps what checkpoints made final; the rest is gone with a run that is cut off. */
class CommittingSink implements SinkWriter<unknown> {
  final: string[] = [];
  pending: string[] = [];
  private readonly prepared = new Map<number, number>();

  write(record: unknown, context: SinkContext): void {
    const plain = typeof record === 'object' && record !== null ? toObject(record) : record;
    this.pending.push(`${JSON.stringify(plain)} @${context.timestamp()}`);
  }
  prepareCommit(checkpointId: number): null {
    this.prepared.set(checkpointId, this.pending.length);
    return null;
  }
  commit(checkpointId: number): void {
    this.final.push(...this.pending.splice(0, this.prepared.get(checkpointId) ?? 0));
    this.prepared.clear();
  }
  cutOff(): void {
    this.pending = [];
    this.prepared.clear();
  }
}

/** One run until its end or until the power is cut. @returns whether it came to its end */
async function run(
  job: JobDefinition<never>,
  parameters: never,
  sinks: Readonly<Record<string, CommittingSink>>,
  seed: number,
  state: { restore: LocalRestore | null; completed: number; nextId: number },
  cutAtStep: number,
): Promise<boolean> {
  const random = seededRandom(seed);
  const parallelism = 1 + Math.floor(random() * 5);
  const parts: Acknowledgement[] = [];
  let step = 0;
  let isPending = false;
  const executor: LocalExecutor<never> = new LocalExecutor(job, {
    parameters,
    parallelism,
    maxParallelism: MAX_PARALLELISM,
    sinks,
    random,
    clock,
    pollRecords: 7,
    ringSlots: seed % 2 === 0 ? 8 : 64,
    restore: state.restore,
    onAcknowledge: (part) => {
      parts.push(part);
      if (parts.length < parallelism + 2) return;
      const tasks = parts.filter((one): one is TaskAcknowledgement => one.kind === 'task');
      const source = parts.find((one) => one.kind === 'source');
      if (source === undefined) throw new Error('A checkpoint was complete without its sources.');
      const operators = dealKeyGroups(tasks, 1, MAX_PARALLELISM)[0];
      state.restore = { operators: structuredClone(operators), source: structuredClone(source.state) };
      state.completed += 1;
      executor.notifyCheckpointComplete(source.checkpointId);
      parts.length = 0;
      isPending = false;
    },
    onStep: () => {
      step += 1;
      if (step === cutAtStep) throw new PowerCut();
      if (isPending || random() > 0.2) return null;
      const id = state.nextId;
      state.nextId += 1;
      isPending = executor.triggerCheckpoint(id);
      return null;
    },
  });
  try {
    await executor.run();
    return true;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
    for (const sink of Object.values(sinks)) sink.cutOff();
    return false;
  }
}

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
      clock,
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
