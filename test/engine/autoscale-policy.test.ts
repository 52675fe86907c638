import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ThreadTimes } from '../../engine/runtime/metrics/thread-times.ts';
import {
  AutoscalePolicy,
  type AutoscaleDecision,
  type AutoscaleOptions,
} from '../../engine/runtime/scaling/autoscale-policy.ts';

/** A job in which every worker can do 1.0 of work; what is more makes the source wait. */
class Desk {
  readonly policy: AutoscalePolicy;
  atMs = 0;
  workers: number;
  rescales: number[] = [];
  private source = { busyMs: 0, idleMs: 0, backPressuredMs: 0 };
  private tasks: { busyMs: number; idleMs: number; backPressuredMs: number }[] = [];

  constructor(workers: number, options: Partial<AutoscaleOptions> = {}) {
    this.workers = workers;
    this.policy = new AutoscalePolicy({ minWorkers: 1, maxWorkers: 8, ...options });
    this.start(workers);
  }

  /** @param load how many workers' full work there is; @param shares of it, by worker; evenly when absent */
  second(load: number, shares?: readonly number[]): AutoscaleDecision {
    const parts = this.tasks.map((_, index) => load * (shares?.[index] ?? 1 / this.workers));
    const slowest = Math.max(...parts);
    const pace = slowest > 1 ? 1 / slowest : 1;
    this.tasks.forEach((task, index) => {
      task.busyMs += parts[index] * pace * 1000;
      task.idleMs += (1 - parts[index] * pace) * 1000;
    });
    this.source.backPressuredMs += (1 - pace) * 1000;
    this.source.idleMs += pace * 1000;
    this.atMs += 1000;
    return this.policy.observe(
      this.atMs,
      { ...this.source },
      this.tasks.map((task): ThreadTimes => ({ ...task })),
    );
  }

  run(seconds: number, load: number, shares?: readonly number[]): AutoscaleDecision {
    let decision: AutoscaleDecision | undefined;
    for (let second = 0; second < seconds; second += 1) {
      decision = this.second(load, shares);
      if (decision.kind === 'rescale') this.start(decision.to);
    }
    return decision as AutoscaleDecision;
  }

  private start(workers: number): void {
    if (this.tasks.length > 0) {
      this.policy.rescaled(this.atMs);
      this.rescales.push(workers);
    }
    this.workers = workers;
    this.tasks = Array.from({ length: workers }, () => ({ busyMs: 0, idleMs: 0, backPressuredMs: 0 }));
  }
}

describe('the autoscale policy', () => {
  test('watches a whole window before it decides anything', () => {
    const desk = new Desk(1);
    for (let second = 0; second < 10; second += 1) {
      expect(desk.second(1)).toEqual({ kind: 'keep', reason: 'watching', utilization: null });
    }
    expect(desk.second(1)).toMatchObject({ kind: 'rescale', to: 2, utilization: 1 });
  });

  test('says why, in numbers', () => {
    const desk = new Desk(2);
    expect(desk.run(11, 2.5)).toMatchObject({
      reason:
        '2 workers are busy 100 % of their time, the source waits for them 20 % of its time; wanted are 70 %, with 4 it would be about 63 %.',
    });
  });

  test('leaves a job alone that is near its target', () => {
    const desk = new Desk(4);
    for (const load of [2.1, 2.8, 3.5]) desk.run(60, load);
    expect(desk.rescales).toEqual([]);
  });

  test('grows step by step to a load that is much larger, and not beyond the maximum', () => {
    const desk = new Desk(1, { maxWorkers: 6 });
    expect(desk.run(200, 20)).toMatchObject({ kind: 'keep', reason: 'at-limit' });
    expect(desk.rescales).toEqual([2, 4, 6]);
  });

  test('shrinks when there is little to do, more slowly than it grows, and not below the minimum', () => {
    const desk = new Desk(8, { minWorkers: 2 });
    desk.run(11, 0.1);
    expect(desk.rescales).toEqual([4]);
    expect(desk.run(110, 0.1)).toMatchObject({ reason: 'cooling-down' });
    desk.run(300, 0.1);
    expect(desk.rescales).toEqual([4, 2]);
  });

  test('adds again soon after it took away', () => {
    const desk = new Desk(8);
    desk.run(11, 0.5);
    expect(desk.rescales).toEqual([4]);
    desk.run(16, 4);
    expect(desk.rescales.length).toBe(2);
    expect(desk.workers).toBeGreaterThan(4);
  });

  test('a burst that is shorter than the window changes little', () => {
    const desk = new Desk(4);
    desk.run(30, 2.8);
    desk.run(2, 4);
    desk.run(30, 2.8);
    expect(desk.rescales).toEqual([]);
  });

  test('does not add workers when one key is the trouble', () => {
    const desk = new Desk(4);
    expect(desk.run(30, 2, [0.85, 0.05, 0.05, 0.05])).toMatchObject({ kind: 'keep', reason: 'skewed' });
  });

  test('goes back inside its limits when it is outside of them', () => {
    expect(new Desk(1, { minWorkers: 3 }).run(11, 0.7)).toMatchObject({ kind: 'rescale', to: 3 });
    expect(new Desk(8, { maxWorkers: 4 }).run(11, 5.6)).toMatchObject({ kind: 'rescale', to: 4 });
  });

  test('whatever the load, it settles, inside its limits, with enough workers for it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.double({ min: 0, max: 5, noNaN: true }), (workers, load) => {
        const desk = new Desk(workers);
        desk.run(1_500, load);
        const settled = desk.rescales.length;
        desk.run(600, load);
        expect(desk.rescales.length, 'no swinging').toBe(settled);
        expect(desk.workers).toBeGreaterThanOrEqual(1);
        expect(desk.workers).toBeLessThanOrEqual(8);
        expect(load / desk.workers).toBeLessThanOrEqual(0.9 + 1e-9);
      }),
      { numRuns: 150 },
    );
  });

  test('refuses limits that make no sense', () => {
    expect(() => new AutoscalePolicy({ minWorkers: 3, maxWorkers: 2 })).toThrow('found 3 and 2');
    expect(() => new AutoscalePolicy({ minWorkers: 1, maxWorkers: 2, targetUtilization: 1 })).toThrow(
      'between 0 and 1',
    );
    expect(() => new AutoscalePolicy({ minWorkers: 1, maxWorkers: 2, windowMs: 0 })).toThrow('found 0');
  });
});
