import { describe, expect, test } from 'vitest';
import type { CheckpointRecord } from '../../engine/contract/checkpoint-record.ts';
import { CheckpointCoordinator, type CheckpointHost } from '../../engine/runtime/checkpoint/checkpoint-coordinator.ts';
import type { StoredCheckpoint } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';

const TIMEOUT_MS = 100;
const STORED: StoredCheckpoint = { id: 0, bytes: 1, newBytes: 1, keys: 0 };
const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A coordinator of one task, whose store answers when the test says so. */
class Stage {
  readonly stores: { readonly id: number; readonly answer: (stored: StoredCheckpoint) => void }[] = [];
  readonly completed: number[] = [];
  readonly told: CheckpointRecord[] = [];
  readonly coordinator: CheckpointCoordinator;
  nowMs = 0;
  private timers: { readonly atMs: number; readonly wake: () => void }[] = [];

  constructor() {
    const host: CheckpointHost = {
      clock: { monotonicMs: () => this.nowMs, wallMs: () => this.nowMs },
      parallelism: 1,
      maxParallelism: 8,
      startTimer: (delayMs, wake) => {
        const timer = { atMs: this.nowMs + delayMs, wake };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
      trigger: (checkpointId) => {
        const part = { checkpointId, alignmentMs: 0, pauseMs: 0, asyncMs: 0 };
        const state = { processingTimeMs: null, sources: {} };
        this.coordinator.acknowledge({ kind: 'source', checkpointId, state });
        this.coordinator.acknowledge({ kind: 'task', taskIndex: 0, operators: [], ...part });
        this.coordinator.acknowledge({ kind: 'sinks', checkpointId, states: {} });
      },
      store: ({ id }) =>
        new Promise((answer) => {
          this.stores.push({ id, answer });
        }),
      completed: (id) => this.completed.push(id),
      changed: (record) => this.told.push(record),
    };
    this.coordinator = new CheckpointCoordinator(host, { intervalMs: null, timeoutMs: TIMEOUT_MS }, 1);
  }

  get timersSet(): number {
    return this.timers.length;
  }

  async passMs(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const timer of this.timers.filter(({ atMs }) => atMs <= this.nowMs)) {
      this.timers = this.timers.filter((other) => other !== timer);
      timer.wake();
    }
    await settled();
  }
}

test('checkpoints and savepoints that are asked for in the same moment come one after the other', async () => {
  const stage = new Stage();
  const asked = [stage.coordinator.trigger('savepoint'), stage.coordinator.trigger(), stage.coordinator.trigger()];
  await settled();
  expect(stage.stores.map(({ id }) => id)).toEqual([1]);

  for (let next = 0; next < asked.length; next += 1) {
    stage.stores[next].answer(STORED);
    await settled();
  }

  expect((await Promise.all(asked)).map(({ id, kind, status }) => [id, kind, status])).toEqual([
    [1, 'savepoint', 'completed'],
    [2, 'checkpoint', 'completed'],
    [3, 'checkpoint', 'completed'],
  ]);
  expect(stage.timersSet).toBe(0);
});

test('nothing is triggered while something goes on that no checkpoint may cross', async () => {
  const stage = new Stage();
  let end = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    end = resolve;
  });
  const exclusive = stage.coordinator.exclusively(() => held);
  const checkpoint = stage.coordinator.trigger();
  const alsoExclusive = stage.coordinator.exclusively(() => Promise.resolve(stage.stores.length));
  await settled();
  expect(stage.stores).toEqual([]);

  end();
  await exclusive;
  await settled();
  stage.stores[0].answer(STORED);

  expect(await checkpoint).toMatchObject({ id: 2, status: 'completed' });
  expect(await alsoExclusive).toBe(1);
});

describe('a checkpoint whose store does not answer', () => {
  test('is given up when its time is over, and the next one goes its way', async () => {
    const stage = new Stage();
    const first = stage.coordinator.trigger();
    const second = stage.coordinator.trigger();
    await settled();
    await stage.passMs(TIMEOUT_MS - 1);
    expect(stage.stores.map(({ id }) => id)).toEqual([1]);

    await stage.passMs(1);

    expect(await first).toMatchObject({ id: 1, status: 'failed' });
    expect((await first).problem).toContain('it was still being stored');
    expect(stage.stores.map(({ id }) => id)).toEqual([1, 2]);
    stage.stores[1].answer(STORED);
    expect(await second).toMatchObject({ id: 2, status: 'completed' });
    expect(stage.timersSet).toBe(0);
  });

  test('is not complete when the store answers after all, and does not end the one that is under way', async () => {
    const stage = new Stage();
    void stage.coordinator.trigger();
    const second = stage.coordinator.trigger();
    await settled();
    await stage.passMs(TIMEOUT_MS);

    stage.stores[0].answer(STORED);
    await settled();

    expect(stage.completed).toEqual([]);
    expect(stage.told.filter(({ id }) => id === 1).map(({ status }) => status)).toEqual(['in-progress', 'failed']);
    stage.stores[1].answer(STORED);
    expect(await second).toMatchObject({ id: 2, status: 'completed' });
    expect(stage.completed).toEqual([2]);
  });

  test('keeps no timer when the job ends meanwhile', async () => {
    const stage = new Stage();
    void stage.coordinator.trigger();
    await settled();

    stage.coordinator.stop();

    expect(stage.timersSet).toBe(0);
  });
});
