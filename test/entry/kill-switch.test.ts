import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { EngineEvent } from '../../engine/contract/window.ts';
import { machineClock } from '../../engine/core/machine.node.ts';
import { KillLine } from '../../engine/entry/session/kill-line.ts';
import { KillFlag } from '../../engine/entry/workstation/kill-flag.node.ts';
import { KillSwitch } from '../../engine/entry/workstation/kill-switch.node.ts';
import type { ControlOutcome } from '../../engine/entry/workstation/session-controls.node.ts';
import { TIGHT_RULES } from '../support/simulated-market.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DeskMaker, finished } from '../support/workstation-desk.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';

interface Stand {
  readonly killSwitch: KillSwitch;
  readonly line: KillLine;
  readonly folder: string;
  /** What has entered the stream, in order. */
  readonly stream: string[];
  readonly problems: string[];
  /** The stream takes what waits; until then nothing enters. */
  readonly takeAll: () => Promise<void>;
}

function stand(folder = temporaryFolder('kill')): Stand {
  const stream: string[] = [];
  const problems: string[] = [];
  const waiting: (() => void)[] = [];
  const line = new KillLine();
  const flag = new KillFlag(folder);
  onTestFinished(() => flag.dispose());
  const killSwitch = new KillSwitch({
    clock: machineClock,
    emit: (_event: EngineEvent) => undefined,
    makeToken: () => 'token',
    line,
    flag,
    enter: ({ kind }) =>
      new Promise<ControlOutcome>((resolve) => {
        waiting.push(() => {
          stream.push(kind);
          resolve({ kind: 'kept' });
        });
      }),
    show: () => undefined,
    audit: () => undefined,
    problem: (code) => problems.push(code),
  });
  const takeAll = async (): Promise<void> => {
    for (const take of waiting.splice(0)) take();
    await new Promise((done) => setImmediate(done));
  };
  return { killSwitch, line, folder, stream, problems, takeAll };
}

test('a press that comes while the re-arming is on its way wins', async () => {
  const { killSwitch, line, folder, stream, problems, takeAll } = stand();
  killSwitch.press('first');
  await takeAll();
  killSwitch.requestRearm();
  const rearming = killSwitch.rearm('token', 'somebody');

  killSwitch.press('second');
  await takeAll();
  await rearming;

  expect(stream).toEqual(['halt', 'rearm', 'halt']);
  expect([killSwitch.isOn, line.isPressed, existsSync(join(folder, 'kill-switch'))]).toEqual([true, true, true]);
  expect(problems).toEqual(['rearm-refused']);
});

test('a switch whose file cannot be removed halts the stream again', async () => {
  const { killSwitch, line, folder, stream, problems, takeAll } = stand();
  killSwitch.press('somebody');
  await takeAll();
  // A folder of that name cannot be removed as a file is.
  rmSync(join(folder, 'kill-switch'));
  mkdirSync(join(folder, 'kill-switch', 'inside'), { recursive: true });
  killSwitch.requestRearm();

  const rearming = killSwitch.rearm('token', 'somebody');
  await takeAll();
  await rearming;
  await takeAll();

  expect(stream).toEqual(['halt', 'rearm', 'halt']);
  expect([killSwitch.isOn, line.isPressed]).toEqual([true, true]);
  expect(problems).toEqual(['rearm-refused']);
});

test('two presses are one halt, and a source that stands gets one when none is on its way', async () => {
  const { killSwitch, stream, takeAll } = stand();
  killSwitch.press('first');
  killSwitch.press('second');
  killSwitch.stands();
  await takeAll();
  expect(stream).toEqual(['halt']);

  // Something else re-armed the stream, as a recording that holds such a record does.
  killSwitch.stands();
  await takeAll();
  expect(stream).toEqual(['halt', 'halt']);
});

test('what was pressed while no engine ran holds for the next', () => {
  const folder = temporaryFolder('kill');
  const line = new KillLine();
  line.press();
  const dependencies = {
    clock: machineClock,
    emit: () => undefined,
    makeToken: () => '',
    line,
    enter: () => Promise.resolve<ControlOutcome>({ kind: 'ended' }),
    show: () => undefined,
    audit: () => undefined,
    problem: () => undefined,
  };
  expect(new KillSwitch({ ...dependencies, flag: null }).isOn).toBe(true);
  expect(new KillSwitch({ ...dependencies, line: new KillLine(), flag: new KillFlag(folder) }).isOn).toBe(false);
});

/** Every worker has come past where the source is now, and a little further. */
async function workersCatchUp(engine: WorkstationEngine): Promise<void> {
  const nowMs = engine.known.progress?.eventTimeMs ?? Infinity;
  await engine.until('workers', ({ progress }) => (progress?.watermarkMs ?? 0) > nowMs + 1_000);
}

test('the line alone halts the real engine, and what it decided is decided again after a crash', async () => {
  const maker = new DeskMaker({
    seed: 20_261_122,
    durationMs: 240_000,
    rules: TIGHT_RULES,
    speed: { kind: 'times', factor: 80 },
  });
  const { state, request } = maker.desk();
  const first = new WorkstationEngine(state, 600_000);
  first.open(request);
  await first.until('trades', ({ trades }) => trades.length > 20);

  first.pressKillLine();
  await first.until('halted', ({ halted, progress }) => halted && progress?.halted === true);
  await workersCatchUp(first);
  // What was decided ahead of the halt has been told.
  const halted = first.known.trades.length;
  await workersCatchUp(first);
  expect(first.known.trades).toHaveLength(halted);
  first.send({ kind: 'rearm-request' });
  await first.until('token', ({ token }) => token !== null);
  first.send({ kind: 'rearm-confirm', token: first.known.token ?? '', by: 'test' });
  // Only then is it kept: a crash before would have left the switch on.
  await first.until('armed', (known) => !known.halted);
  await first.until('it trades on', ({ trades }) => trades.length > halted + 20);
  await first.kill();

  // Played again from its beginning: there was no checkpoint but the halt and the re-arming are kept with their places.
  await using second = new WorkstationEngine(state, 50);
  const { trades } = await finished(second);
  const again = new Map(trades.map((trade) => [(trade as { id: string }).id, trade]));
  for (const trade of first.known.trades) expect(again.get(trade.id)).toEqual(trade);
});
