import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
/** Far beyond what a loaded machine takes between two batches, far below what a test can wait. */
const HANG_MS = 2_000;
const FAULTS = { FLINKTRADE_FAULTS: '1', FLINKTRADE_HANG_MS: String(HANG_MS) };

let maker: DeskMaker;

beforeAll(() => {
  maker = new DeskMaker({ seed: 77, durationMs: 240_000, rules: RULES, speed: { kind: 'times', factor: 12 } });
});

const disturb = (state: string, fault: string): void => writeFileSync(join(state, 'fault'), fault);
const recoveries = (engine: WorkstationEngine): number => engine.known.state?.recoveries.length ?? 0;

describe('a thread that hangs', { timeout: 120_000 }, () => {
  it('is found, and the session goes on from its last checkpoint to the same end', async () => {
    const { state, request } = maker.desk();
    await using engine = new WorkstationEngine(state, 50, FAULTS);
    engine.open(request);
    for (const [index, thread] of [1, 0, -1].entries()) {
      await engine.untilStatus('playing');
      await hasCheckpoint(engine, 2);
      disturb(state, `hang ${thread}`);
      await engine.until('recovered', () => recoveries(engine) === index + 1);
    }
    const problems = engine.known.problems.join('\n');
    for (const thread of ['task 1', 'task 0', 'source']) expect(problems).toContain(thread);
    expect(problems).toContain('it has hung');
    engine.send({ kind: 'set-speed', speed: { kind: 'max' } });

    expect(await finished(engine)).toEqual(await maker.undisturbed());
  });
});

describe('a change of workers that a dying thread comes into', { timeout: 120_000 }, () => {
  it('does not happen or has happened, and the session goes on to the same end', async () => {
    const { state, request } = maker.desk();
    await using engine = new WorkstationEngine(state, 50, FAULTS);
    engine.open(request);
    const disturbances = [
      { workers: 4, fault: '0', delayMs: 0 },
      { workers: 1, fault: '0', delayMs: 0 },
      { workers: 5, fault: '-1', delayMs: 60 },
      { workers: 3, fault: '0', delayMs: 100 },
      // A thread that is only being started, and one that hangs.
      { workers: 6, fault: '5', delayMs: 30 },
      { workers: 2, fault: 'hang 0', delayMs: 0 },
    ];
    for (const [index, { workers, fault, delayMs }] of disturbances.entries()) {
      await engine.untilStatus('playing');
      await hasCheckpoint(engine, 2);
      engine.send({ kind: 'set-workers', workers });
      await new Promise((done) => setTimeout(done, delayMs));
      disturb(state, fault);
      await engine.until('recovered', () => recoveries(engine) === index + 1);
    }
    await engine.untilStatus('playing');
    await engine.until('settled', ({ scaling }) => scaling?.changingTo === null);
    const shown = engine.known.scaling;
    console.info(`changes: ${shown?.history.map(({ from, to, status }) => `${from}-${to} ${status}`).join(', ')}`);
    const last = shown?.history.findLast(({ status }) => status === 'completed');
    expect(shown?.workers).toBe(last?.to ?? 2);
    engine.send({ kind: 'set-speed', speed: { kind: 'max' } });

    expect(await finished(engine)).toEqual(await maker.undisturbed());
  });
});
