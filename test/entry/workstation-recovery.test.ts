import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SessionRequest, SessionStatus, Speed } from '../../engine/contract/window.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { newestCheckpoint } from '../support/damaged-checkpoints.ts';
import { writtenByNewerProgram } from '../support/newer-checkpoint.ts';
import { TIGHT_RULES } from '../support/simulated-market.ts';
import { DeskMaker, finished, hasCheckpoint, type Desk } from '../support/workstation-desk.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';
import { POSITIONS } from '../../engine/trading/position-state.ts';

const SEED = 20_261_122;
const DURATION_MS = 240_000;
/** Slow enough to be killed in the middle. */
const SLOW: Speed = { kind: 'times', factor: 80 };

let maker: DeskMaker;
const desk = (request: Partial<SessionRequest> = {}): Desk => maker.desk(request);

beforeAll(() => {
  maker = new DeskMaker({ seed: SEED, durationMs: DURATION_MS, rules: TIGHT_RULES, speed: SLOW });
});

const idIn = (path: string): number => Number(/checkpoints\D+(\d{10})/.exec(path)?.[1]);

describe('a workstation that is killed', () => {
  it('goes on by itself and ends with the same trades, each once, and the same rows', async () => {
    const { state, request } = desk();
    const expected = await maker.undisturbed();
    expect(expected.trades.length).toBeGreaterThan(100);

    for (let life = 0; life < 5; life += 1) {
      const engine = new WorkstationEngine(state);
      if (life === 0) engine.open(request);
      await engine.untilStatus('playing');
      await hasCheckpoint(engine, 2);
      await engine.kill();
    }
    await using engine = new WorkstationEngine(state);
    const found = await finished(engine);

    expect(engine.known.state?.recoveries).toHaveLength(1);
    expect(engine.known.state?.recoveries[0]).toMatchObject({ why: 'program-ended', refused: [] });
    expect(new Set(found.trades.map((trade) => (trade as { id: string }).id)).size).toBe(found.trades.length);
    expect(found).toEqual(expected);
  });

  it('shows trades as pending until a checkpoint holds them, and never takes back a final one', async () => {
    const { state, request } = desk();
    const first = new WorkstationEngine(state, 300);
    first.open(request);
    await first.until('pending trades', ({ trades, finalTrades }) => finalTrades > 10 && trades.length > finalTrades);
    await first.kill();
    const final = first.known.trades.slice(0, first.known.finalTrades);

    await using second = new WorkstationEngine(state, 300);
    await second.until('the trades', ({ trades }) => trades.length >= final.length);

    expect(second.known.trades.slice(0, final.length)).toEqual(final);
  });

  it('comes back paused when it was paused, at the speed it had', async () => {
    const { state, request } = desk();
    const first = new WorkstationEngine(state);
    first.open(request);
    await hasCheckpoint(first, 2);
    first.send({ kind: 'set-speed', speed: { kind: 'times', factor: 5 } });
    first.send({ kind: 'pause' });
    await first.untilStatus('paused');
    await new Promise((done) => setTimeout(done, 300));
    await first.kill();

    await using second = new WorkstationEngine(state);
    await second.untilStatus('paused');
    await second.until('progress', ({ progress }) => progress !== null);
    const rows = second.known.progress?.counts.rows;
    await new Promise((done) => setTimeout(done, 400));
    expect(second.known.progress?.counts.rows).toBe(rows);
    second.send({ kind: 'set-speed', speed: { kind: 'max' } });
    second.send({ kind: 'play' });

    expect(await finished(second)).toEqual(await maker.undisturbed());
  });

  it('does not bring back a session that was closed, or had ended', async () => {
    const { state, request } = desk({ speed: { kind: 'max' } });
    const first = new WorkstationEngine(state);
    first.open(request);
    await first.untilStatus('finished');
    await first.kill();
    const second = new WorkstationEngine(state);
    await second.untilStatus('none');
    second.open({ ...request, speed: SLOW });
    await hasCheckpoint(second);
    second.send({ kind: 'close-session' });
    // At once: what the window is told must be so.
    await second.until('closed', ({ statuses }) => statuses.at(-1) === 'none');
    await second.kill();

    await using third = new WorkstationEngine(state);
    await third.untilStatus('none');
    expect(third.known.statuses).not.toContain('playing');
  });

  it('keeps everything and starts nothing when an input is not what it was, and goes on when it is back', async () => {
    const { folder, state, request } = desk();
    const first = new WorkstationEngine(state);
    first.open(request);
    await hasCheckpoint(first, 3);
    await first.kill();
    writeFileSync(join(folder, 's.csv'), maker.csv.slice(0, -2000));

    const second = new WorkstationEngine(state);
    await second.untilStatus('failed');
    expect(second.known.status).toMatchObject({ isKept: true, problem: { code: 'inputs-changed' } });
    expect(JSON.stringify(second.known.status)).toContain('input 1');
    await second.kill();
    rmSync(join(folder, 's.csv'));
    await using third = new WorkstationEngine(state);
    await third.untilStatus('failed');
    writeFileSync(join(folder, 's.csv'), maker.csv);
    third.send({ kind: 'recover' });

    expect(await finished(third)).toEqual(await maker.undisturbed());
  });

  it('falls back one checkpoint when the newest is damaged in every copy, and says so', async () => {
    const { state, request } = desk();
    const first = new WorkstationEngine(state);
    first.open(request);
    await hasCheckpoint(first, 3);
    await first.kill();
    const manifests = readdirSync(state, { recursive: true, encoding: 'utf8' }).filter((path) =>
      /checkpoints.*manifest/.test(path),
    );
    const newestId = Math.max(...manifests.map(idIn));
    for (const path of manifests.filter((one) => idIn(one) === newestId)) {
      const bytes = readFileSync(join(state, path));
      bytes[bytes.length >> 1] ^= 1;
      writeFileSync(join(state, path), bytes);
    }

    await using second = new WorkstationEngine(state);
    await second.until('recovered', ({ state: found }) => (found?.recoveries.length ?? 0) > 0);
    const recovery = second.known.state?.recoveries[0];
    expect(recovery?.refused.map(({ id }) => id)).toEqual([newestId]);
    expect(recovery?.checkpointId).toBeLessThan(newestId);
    expect(await finished(second)).toEqual(await maker.undisturbed());
  });

  it('goes on when a thread dies', async () => {
    const { state, request } = desk();
    const expected = await maker.undisturbed();
    await using engine = new WorkstationEngine(state, 50, { FLINKTRADE_FAULTS: '1' });
    engine.open(request);
    for (const [index, thread] of [1, 0, -1].entries()) {
      await engine.untilStatus('playing');
      await hasCheckpoint(engine, 2);
      writeFileSync(join(state, 'fault'), String(thread));
      await engine.until('recovered', ({ state: found }) => found?.recoveries.length === index + 1);
    }
    expect(engine.known.state?.recoveries.at(-1)).toMatchObject({ why: 'session-failed' });
    const restored = engine.known.state?.recoveries.findLast(({ checkpointId }) => checkpointId !== null);
    engine.send({ kind: 'watch-job', on: true });
    await engine.until('the job page', ({ jobPage }) => jobPage?.numRestarts === 3);
    expect(engine.known.jobPage?.checkpoints.lastCheckpointRestoreTimestamp).toBe(restored?.atMs);
    for (const thread of ['task 1', 'task 0', 'source']) expect(engine.known.problems.join()).toContain(thread);

    expect(await finished(engine)).toEqual(expected);
  });

  it('stops with a notice after three failures without a checkpoint in between, and goes on when asked', async () => {
    const { state, request } = desk();
    await using engine = new WorkstationEngine(state, 50, { FLINKTRADE_FAULTS: '1' });
    engine.open(request);
    await hasCheckpoint(engine, 2);
    const fault = setInterval(() => writeFileSync(join(state, 'fault'), '0'), 10);
    await engine.untilStatus('failed');
    clearInterval(fault);
    expect(engine.known.status).toMatchObject({ isKept: true, problem: { code: 'failed-again' } });
    rmSync(join(state, 'fault'), { force: true });
    await new Promise((done) => setTimeout(done, 100));
    rmSync(join(state, 'fault'), { force: true });
    engine.send({ kind: 'recover' });

    expect(await finished(engine)).toEqual(await maker.undisturbed());
  });
});

describe('state that cannot be taken over', () => {
  it('is refused once, without a restart, with what to do; nothing of it changes, and another session can be opened', async () => {
    const { state, request } = desk();
    const first = new WorkstationEngine(state);
    first.open(request);
    await hasCheckpoint(first, 2);
    await first.kill();
    await writtenByNewerProgram(state);
    const before = newestCheckpoint(state);

    await using second = new WorkstationEngine(state);
    await second.untilStatus('failed');

    const { status, statuses, problems } = second.known;
    expect(status).toMatchObject({ isKept: true, problem: { code: 'state-refused' } });
    const { message } = (status as Extract<SessionStatus, { kind: 'failed' }>).problem;
    expect(message).toContain(
      `State 'positions' was stored in schema version 99; this program knows version ${POSITIONS.schema.version}.`,
    );
    expect(message).toContain('use the program that wrote it, or a newer one');
    expect(message).toContain('Opening another session gives it up.');
    // Each of them would be a restart.
    expect(statuses.filter((kind) => kind === 'recovering')).toHaveLength(1);
    expect(problems).toEqual([]);
    expect(newestCheckpoint(state)).toBe(before);
    second.send({ kind: 'recover' });
    await second.until('refused again', (known) => known.statuses.filter((kind) => kind === 'failed').length === 2);

    second.open({ ...request, speed: { kind: 'max' } });
    expect(await finished(second)).toEqual(await maker.undisturbed());
  });
});

describe('rule changes and the kill switch', () => {
  const change = (amount: string): RulesDocument => ({
    ...TIGHT_RULES,
    defaults: { ...TIGHT_RULES.defaults, askOffset: amount },
  });

  it('hold from the same place again after a crash between two checkpoints', async () => {
    const { state, request } = desk();
    // No checkpoint but the first: what was said since must come from what was kept of it.
    const first = new WorkstationEngine(state, 600_000);
    first.open(request);
    await first.until('trades', ({ trades }) => trades.length > 20);
    first.send({ kind: 'apply-rules', requestId: 7, rules: change('0.30') });
    await first.until('rules', ({ rulesVersion }) => rulesVersion === 2);
    const applied = first.known.trades.length;
    first.send({ kind: 'halt', by: 'test' });
    await first.until('halted', ({ progress }) => progress?.halted === true);
    await new Promise((done) => setTimeout(done, 300));
    first.send({ kind: 'rearm-request' });
    await first.until('token', ({ token }) => token !== null);
    first.send({ kind: 'rearm-confirm', token: first.known.token ?? '', by: 'test' });
    await first.until('armed', ({ halted }) => !halted);
    await first.until('more trades', ({ trades }) => trades.length > applied + 20);
    await first.kill();
    const seen = first.known.trades;

    await using second = new WorkstationEngine(state, 50);
    await second.untilStatus('finished');
    expect(second.known.rulesVersion).toBe(2);
    expect(second.known.state?.recoveries[0]).toMatchObject({ controls: 3 });
    const again = new Map(second.known.trades.map((trade) => [trade.id, trade]));
    for (const trade of seen) expect(again.get(trade.id)).toEqual(trade);
  });

  it('a pressed kill switch is still on after a crash at any moment, and lets nothing trade', async () => {
    for (const delayMs of [0, 10]) {
      const { state, request } = desk();
      const first = new WorkstationEngine(state, 200);
      first.open(request);
      await hasCheckpoint(first);
      first.send({ kind: 'halt', by: 'test' });
      // The word was said; before it has reached the engine nobody can know of it.
      await first.until('halted', ({ halted }) => halted);
      await new Promise((done) => setTimeout(done, delayMs));
      await first.kill();

      await using second = new WorkstationEngine(state, 200);
      await second.untilStatus('playing');
      expect(second.known.halted).toBe(true);
      second.send({ kind: 'set-speed', speed: { kind: 'max' } });
      await second.untilStatus('finished');
      const times = second.known.trades.map(({ eventTimeMs }) => eventTimeMs);
      const end = second.known.progress?.eventTimeMs ?? 0;
      expect(Math.max(0, ...times)).toBeLessThan(end - 30_000);
    }
  });

  it('is pressed by the file that flinktrade kill makes, within 100 ms and without a session', async () => {
    const { state, request } = desk();
    await using engine = new WorkstationEngine(state);
    engine.open(request);
    await hasCheckpoint(engine);
    const sinceMs = performance.now();
    writeFileSync(join(state, 'kill-switch'), '');
    await engine.until('halted', ({ halted }) => halted);
    console.info(`kill switch by file: ${(performance.now() - sinceMs).toFixed(0)} ms`);
    expect(readdirSync(state)).toContain('kill-switch');
    engine.send({ kind: 'rearm-confirm', token: 'guessed', by: 'test' });
    await engine.until('refused', ({ problems }) => problems.some((text) => text.startsWith('rearm-refused')));
    expect(engine.known.halted).toBe(true);
  });
});
