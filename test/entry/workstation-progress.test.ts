import { expect, test } from 'vitest';
import { DeskMaker } from '../support/workstation-desk.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';

test('progress is the part that was played, not what was read ahead of it', async () => {
  const maker = new DeskMaker({
    seed: 7,
    durationMs: 60_000,
    rules: { version: 1 },
    speed: { kind: 'times', factor: 1 },
  });
  const { state, request } = maker.desk();
  await using engine = new WorkstationEngine(state);
  engine.open(request);

  // The file is short: it has been read whole by the time its first quotes are played.
  await engine.until('quotes', ({ progress }) => (progress?.counts.rows ?? 0) > 0);
  engine.send({ kind: 'pause' });
  await engine.untilStatus('paused');
  expect(engine.known.progress?.fraction).toBeLessThan(0.5);

  engine.send({ kind: 'set-speed', speed: { kind: 'max' } });
  engine.send({ kind: 'play' });
  await engine.untilStatus('finished');
  expect(engine.known.progress?.fraction).toBe(1);
});
