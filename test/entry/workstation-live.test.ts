import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SessionRequest } from '../../engine/contract/window.ts';
import { copyJournal } from '../support/copied-journal.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { serveFeed } from '../support/served-feed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';
import { ofKind, toldAudit } from '../support/told-audit.ts';
import { flinktrade, replay } from './cli-kit.ts';

const requestOf = (folder: string, url: string): SessionRequest => ({
  inputs: { kind: 'live', url, anew: false },
  profile: null,
  positionsPath: join(folder, 'p.csv'),
  rules: { version: 1 },
  workers: 2,
  speed: { kind: 'max' },
  startPaused: false,
});

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const csvLine = (trade: WorkstationEngine['known']['trades'][number]): string =>
  [
    trade.id,
    trade.symbol,
    trade.shares,
    trade.price,
    trade.profit,
    trade.eventTimeMs,
    trade.quoteSequence,
    trade.askBefore,
    trade.askAfter,
  ].join(',');

const recovered = (engine: WorkstationEngine, count = 1): Promise<void> =>
  engine.until('recovered', ({ state }) => (state?.recoveries.length ?? 0) >= count);

describe('a live session of the workstation', { timeout: 120_000 }, () => {
  it('killed at any moment goes on from a checkpoint and the rest of its journal, with every trade once', async () => {
    const folder = temporaryFolder('workstation-live');
    const state = join(folder, 'state');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
    const random = seededRandom(17);
    const seen = new Map<string, string>();
    const first = new WorkstationEngine(state, 200);
    first.open(requestOf(folder, feed.url));
    await first.until('trades', ({ trades }) => trades.length > 20);
    await pause(3_000);
    // On a busy machine the first of them takes long, and holds nearly nothing.
    await first.until(
      'checkpoints',
      ({ state: kept }) => (kept?.history.filter(({ status }) => status === 'completed').length ?? 0) >= 5,
    );
    await first.kill();
    for (const { id, ...rest } of first.known.trades) seen.set(id, csvLine({ id, ...rest }));

    for (let life = 0; life < 8; life += 1) {
      const engine = new WorkstationEngine(state, 200);
      if (life % 3 === 0) await pause(200 + random() * 600);
      else {
        await recovered(engine);
        const recovery = engine.known.state?.recoveries[0];
        expect(recovery).toMatchObject({ why: 'program-ended', refused: [] });
        expect(recovery?.checkpointId).toBeGreaterThan(0);
        // A fifth of a second apart: of a session of many seconds little is played again.
        expect(recovery?.journalRecords).toBeLessThan(recovery?.quotes ?? 0);
        await pause(random() * 1_200);
      }
      await engine.kill();
      const lines = new Map(engine.known.trades.map((trade) => [trade.id, csvLine(trade)]));
      expect(lines.size).toBe(engine.known.trades.length);
      for (const [id, line] of lines) expect(seen.get(id) ?? line).toBe(line);
      for (const [id, line] of lines) seen.set(id, line);
    }

    const last = new WorkstationEngine(state, 200);
    await recovered(last);
    const before = last.known.trades.length;
    await last.until('it trades on', ({ trades }) => trades.length > before);
    last.send({ kind: 'close-session' });
    await last.untilStatus('none');
    await pause(500);
    await last.kill();
    const trades = new Map(last.known.trades.map((trade) => [trade.id, csvLine(trade)]));
    for (const [id, line] of seen) expect(trades.get(id)).toBe(line);

    await copyJournal(state, join(folder, 'copy'));
    await replay(['--journal', 'copy', '--positions', 'p.csv', '--workers', '3', '--trades', 'again.csv'], folder);
    const again = readFileSync(join(folder, 'again.csv'), 'utf8').trim().split('\n').slice(1);
    const known = new Map(again.map((line) => [line.split(',')[0], line]));
    for (const [id, line] of trades) expect(known.get(id)).toBe(line);

    const told = await toldAudit(folder, 'state');
    const sequences = ofKind(told, 'trade').map(({ sequence }) => sequence ?? -1);
    expect(sequences).toEqual([...new Set(sequences)].sort((left, right) => left - right));
    // Closing takes what has come: a few trades may be made after the window was last told.
    const ids = ofKind(told, 'trade').map(({ details }) => details.id);
    expect(ids.sort()).toEqual([...known.keys()].sort());
    expect(ofKind(told, 'session-end').map(({ details }) => details.outcome)).toEqual(['closed']);
  });

  it('goes on when a thread dies, with its kill switch and its rules', async () => {
    const folder = temporaryFolder('workstation-live');
    const state = join(folder, 'state');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
    await using engine = new WorkstationEngine(state, 100, { FLINKTRADE_FAULTS: '1' });
    engine.open(requestOf(folder, feed.url));
    await engine.until('trades', ({ trades }) => trades.length > 10);
    engine.send({ kind: 'apply-rules', requestId: 2, rules: { version: 1, defaults: { askOffset: '0.05' } } });
    await engine.until('rules', ({ rulesVersion }) => rulesVersion === 2);
    engine.send({ kind: 'halt', by: 'test' });
    await engine.until('halted', ({ progress }) => progress?.halted === true);
    await pause(500);
    // Those decided ahead of the halt may still wait for the journal.
    await engine.until('none is pending', ({ progress }) => progress?.feed?.pendingTrades === 0);
    const { length } = engine.known.trades;

    for (const [index, thread] of ['0', '-1'].entries()) {
      engine.breakThread(thread);
      await recovered(engine, index + 1);
      expect(engine.known.state?.recoveries.at(-1)).toMatchObject({ why: 'session-failed', refused: [] });
      expect(engine.known.rulesVersion).toBe(2);
      await engine.until('halted', ({ progress }) => progress?.halted === true);
      await pause(300);
    }
    expect(engine.known.trades).toHaveLength(length);
    engine.send({ kind: 'rearm-request' });
    await engine.until('token', ({ token }) => token !== null);
    engine.send({ kind: 'rearm-confirm', token: engine.known.token ?? '', by: 'test' });
    await engine.until('it trades on', ({ trades }) => trades.length > length);

    // What happened is told with the checkpoint that holds it.
    const newest = (): number => engine.known.state?.history.findLast(({ status }) => status === 'completed')?.id ?? 0;
    const before = newest();
    await engine.until('two checkpoints', () => newest() >= before + 2);
    engine.send({ kind: 'verify-audit' });
    await engine.until('verified', ({ audit }) => audit?.verdict?.isIntact === true);
    expect(engine.known.audit?.verdict?.text).toMatch(/^All \d+ records are what was written/);
    const path = join(folder, 'window.jsonl');
    engine.send({ kind: 'export-audit', path });
    await engine.until('exported', ({ notices }) => notices.some((text) => text.includes(path)));
    expect((await flinktrade(['audit', 'verify', path], { folder })).stdout).toContain('intact');
    await engine.kill();
    const told = await toldAudit(folder, 'state');
    const kinds = (['kill', 'rearm', 'rules', 'session-start'] as const).map((kind) => ofKind(told, kind).length);
    expect(kinds).toEqual([1, 1, 1, 1]);
    expect(
      ofKind(told, 'recovery')
        .map(({ details }) => details.reason)
        .join(),
    ).toMatch(/task 0.*source/s);
    expect(ofKind(told, 'rules')[0].details).toMatchObject({ version: 2 });
  });

  it('fails when its journal cannot be written, and the engine is there for the next one', async () => {
    const folder = temporaryFolder('workstation-live');
    const state = join(folder, 'state');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
    await using engine = new WorkstationEngine(state, 100);
    engine.open(requestOf(folder, feed.url));
    await engine.until('trades', ({ trades }) => trades.length > 10);

    renameSync(state, join(folder, 'gone'));

    await engine.untilStatus('failed');
    expect(engine.known.status).toMatchObject({ problem: { code: 'journal-failed' } });
    engine.send({ kind: 'close-session' });
    await engine.untilStatus('none');
  });

  it('tells of each session in one trail, and of the switch without a session', async () => {
    const folder = temporaryFolder('workstation-live');
    const state = join(folder, 'state');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
    const engine = new WorkstationEngine(state, 100);
    const liveRequest = requestOf(folder, feed.url);
    engine.open(liveRequest);
    await engine.until('trades', ({ trades }) => trades.length > 10);
    engine.open({ ...liveRequest, inputs: { kind: 'sample', seed: 5 }, positionsPath: null, speed: { kind: 'max' } });
    await engine.until('the sample trades', ({ finalTrades, progress }) => progress?.feed === null && finalTrades > 10);
    engine.open(liveRequest);
    await engine.until('live again', ({ progress }) => progress?.feed?.state === 'live');
    await pause(1_000);
    engine.send({ kind: 'close-session' });
    // Commands are done one after the other; the switch alone does not wait.
    engine.send({ kind: 'verify-audit' });
    await engine.until('closed', ({ audit }) => audit?.verdict?.isIntact === true);
    engine.send({ kind: 'halt', by: 'test' });
    await engine.until('halted', ({ halted }) => halted);
    await pause(500);
    await engine.kill();

    const told = await toldAudit(folder, 'state');
    const frame = told.filter(({ kind }) => ['session-start', 'recovery', 'session-end', 'kill'].includes(kind));
    expect(frame.map(({ kind }) => kind)).toEqual([
      'session-start',
      'session-end',
      'session-start',
      'session-end',
      'recovery',
      'session-end',
      'kill',
    ]);
    const [first, , sample, , again] = frame;
    expect(again.details).toMatchObject({ session: (first.details as { session: string }).session });
    const ofLive = ofKind(told, 'trade').filter(({ index }) => index < sample.index || index > again.index);
    const sequences = ofLive.map(({ sequence }) => sequence ?? -1);
    expect(sequences).toEqual([...new Set(sequences)].sort((left, right) => left - right));
    await copyJournal(state, join(folder, 'copy'));
    await replay(['--journal', 'copy', '--positions', 'p.csv', '--trades', 'again.csv'], folder);
    const whole = readFileSync(join(folder, 'again.csv'), 'utf8').trim().split('\n').slice(1);
    expect(ofLive.map(({ details }) => details.id).sort()).toEqual(whole.map((line) => line.split(',')[0]).sort());
  });
});
