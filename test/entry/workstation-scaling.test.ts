import { beforeAll, describe, expect, it } from 'vitest';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { DeskMaker, finished, hasCheckpoint } from '../support/workstation-desk.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';

const RULES: RulesDocument = {
  version: 1,
  defaults: {
    ttlMs: 20_000,
    askOffset: '0.02',
    askIncrease: { from: 'ask', amount: '0.01' },
    maxSharesPerTrade: '100',
  },
  limits: { maxTradesPerSecond: 2, maxTradesPerDay: 20, maxNotionalPerDay: '30000000', maxLossPerDay: '2000' },
};

let maker: DeskMaker;

beforeAll(() => {
  // Slow enough to be changed and killed in the middle.
  maker = new DeskMaker({
    seed: 20_261_122,
    durationMs: 240_000,
    rules: RULES,
    speed: { kind: 'times', factor: 12 },
  });
});

describe('the number of workers in the workstation', { timeout: 90_000 }, () => {
  it('changes while quotes flow, is told with its history, and outlives the program', async () => {
    const { state, request } = maker.desk();
    const expected = await maker.undisturbed();
    const first = new WorkstationEngine(state);
    first.open(request);
    await hasCheckpoint(first, 2);

    for (const [index, workers] of [4, 3, 1, 5].entries()) {
      first.send({ kind: 'set-workers', workers });
      await first.until(`${workers} workers`, ({ scaling }) => scaling?.history.length === index + 1);
      await first.until('shown', ({ progress }) => progress?.workers.length === workers);
    }
    const history = first.known.scaling?.history ?? [];
    expect(history.map(({ from, to, cause, status }) => [from, to, cause, status])).toEqual([
      [2, 4, 'asked', 'completed'],
      [4, 3, 'asked', 'completed'],
      [3, 1, 'asked', 'completed'],
      [1, 5, 'asked', 'completed'],
    ]);
    for (const { movedKeys, movedKeyGroups, pauseMs } of history) {
      expect(movedKeys).toBeGreaterThan(0);
      expect(movedKeyGroups).toBeGreaterThan(0);
      expect(pauseMs).toBeGreaterThan(0);
    }
    const board = first.known.progress?.workers ?? [];
    const keys = board.reduce((sum, worker) => sum + worker.keys, 0);
    expect(keys).toBe(first.rows.size);
    await first.kill();

    await using second = new WorkstationEngine(state);
    await second.untilStatus('playing');
    await second.until('progress', ({ progress }) => progress !== null);
    expect(second.known.scaling).toMatchObject({ workers: 5, changingTo: null });
    expect(second.known.scaling?.history).toEqual(history);
    expect(second.known.progress?.workers).toHaveLength(5);
    // What was restored here and moves on now belongs to others, rows included.
    second.send({ kind: 'set-workers', workers: 3 });
    await second.until('three workers', ({ scaling }) => scaling?.workers === 3 && scaling.changingTo === null);
    second.send({ kind: 'set-speed', speed: { kind: 'max' } });

    expect(await finished(second)).toEqual(expected);
  });

  it('changes while the session is paused, and takes the newest wish when asked twice at once', async () => {
    const { state, request } = maker.desk({ startPaused: true });
    await using engine = new WorkstationEngine(state);
    engine.open(request);
    await engine.untilStatus('paused');

    for (const workers of [3, 4, 6]) engine.send({ kind: 'set-workers', workers });
    await engine.until('six', ({ scaling }) => scaling?.workers === 6 && scaling.changingTo === null);

    expect(engine.known.scaling?.history.map(({ to }) => to)).toEqual([3, 6]);
    engine.send({ kind: 'set-speed', speed: { kind: 'max' } });
    engine.send({ kind: 'play' });
    expect(await finished(engine)).toEqual(await maker.undisturbed());
  });

  it('is refused with a reason when nothing runs', async () => {
    const { state, request } = maker.desk({ speed: { kind: 'max' } });
    await using engine = new WorkstationEngine(state);
    engine.send({ kind: 'set-workers', workers: 3 });
    await engine.until('refused', ({ problems }) => problems.some((text) => text.startsWith('no-session')));
    engine.open(request);
    await finished(engine);

    engine.send({ kind: 'set-workers', workers: 3 });

    await engine.until('refused', ({ problems }) => problems.some((text) => text.startsWith('workers-not-changed')));
    expect(engine.known.scaling?.history).toEqual([]);
  });
});

describe('autoscaling in the workstation', { timeout: 90_000 }, () => {
  it('is off, goes down to what an easy session needs when switched on, and says why', async () => {
    const { state, request } = maker.desk({ workers: 4, speed: { kind: 'times', factor: 5 } });
    const first = new WorkstationEngine(state);
    first.open(request);
    await hasCheckpoint(first, 2);
    expect(first.known.scaling?.autoscale.on).toBe(false);

    first.send({ kind: 'set-autoscale', autoscale: { on: true, minWorkers: 1, maxWorkers: 4 } });
    await first.until('fewer', ({ scaling }) => (scaling?.history.length ?? 0) > 0);

    expect(first.known.scaling?.history[0]).toMatchObject({ from: 4, to: 2, cause: 'autoscale', status: 'completed' });
    expect(first.known.scaling?.history[0].reason).toMatch(/^4 workers are busy \d+ % of their time/);
    const worker = first.known.progress?.workers[0];
    const { busyMsPerSecond = 0, idleMsPerSecond = 0, backPressuredMsPerSecond = 0 } = worker ?? {};
    expect(busyMsPerSecond + idleMsPerSecond + backPressuredMsPerSecond).toBeCloseTo(1000, 6);
    expect(idleMsPerSecond).toBeGreaterThan(500);
    await first.kill();

    await using second = new WorkstationEngine(state);
    await second.untilStatus('playing');
    expect(second.known.scaling).toMatchObject({ workers: 2, autoscale: { on: true } });
  });

  it('refuses bounds that make no sense', async () => {
    const { state, request } = maker.desk();
    await using engine = new WorkstationEngine(state);
    engine.open(request);
    await engine.untilStatus('playing');

    engine.send({ kind: 'set-autoscale', autoscale: { on: true, minWorkers: 3, maxWorkers: 2 } });

    await engine.until('refused', ({ problems }) => problems.some((text) => text.includes('found 3 and 2')));
    expect(engine.known.scaling?.autoscale.on).toBe(false);
  });
});
