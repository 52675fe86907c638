import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { SessionRequest } from '../../engine/contract/window.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';
import { flinktrade } from './cli-kit.ts';

const SAMPLE: SessionRequest = {
  inputs: { kind: 'sample', seed: 20_131_007 },
  profile: null,
  positionsPath: null,
  rules: { version: 1 },
  workers: 2,
  speed: { kind: 'times', factor: 60 },
  startPaused: false,
};

test('the workstation is asked by programs once its server is on, by its window always, and by nobody when it is off', async () => {
  const folder = temporaryFolder('workstation-queries');
  const state = join(folder, 'state');
  await using engine = new WorkstationEngine(state);
  const ask = (...words: string[]): ReturnType<typeof flinktrade> =>
    flinktrade([...words, '--user-data-dir', state], { folder });
  engine.open(SAMPLE);
  await engine.until('a trade', ({ trades }) => trades.length > 0);
  const { symbol } = engine.known.trades[0];

  expect((await ask('positions')).code).toBe(3);
  engine.send({ kind: 'show-server-token' });
  engine.send({ kind: 'set-server', on: true });
  await engine.until('the server', ({ server }) => server.kind === 'on');
  const { server } = engine.known;
  if (server.kind !== 'on') throw new Error('unreachable');
  expect(engine.known.serverToken).toBe(null);
  engine.send({ kind: 'show-server-token' });
  await engine.until('the token', ({ serverToken }) => serverToken !== null);
  expect(readFileSync(server.tokenPath, 'utf8')).toBe(engine.known.serverToken);

  const table = await ask('positions');
  expect(table.stdout).toContain('LAST TRADE PRICE');
  expect(table.stdout).toContain(symbol);
  const row = JSON.parse((await ask('query', 'position', symbol, '--json')).stdout) as { value: { trades: number } };
  expect(row.value.trades).toBeGreaterThan(0);

  await engine.until(
    'a checkpoint',
    ({ state: kept }) => kept?.history.some(({ status }) => status === 'completed') === true,
  );
  engine.send({ kind: 'pause' });
  await engine.untilStatus('paused');
  const askState = async (requestId: number): Promise<typeof engine.known.symbolState> => {
    engine.send({ kind: 'ask-symbol-state', requestId, symbol, asOf: null, since: null });
    await engine.until('the state of a symbol', ({ symbolState: known }) => known?.requestId === requestId);
    return engine.known.symbolState;
  };
  let symbolState = await askState(100);
  // What is under way at the pause is read first: until then the tasks hold the watermark back.
  for (let next = 101; symbolState?.known?.watermark?.heldBackBy === 'task'; next += 1)
    symbolState = await askState(next);
  expect(symbolState?.problem).toBe(null);
  expect(symbolState?.known?.position).toMatchObject({ symbol, status: expect.any(String) as string });
  expect(symbolState?.known?.explanation.why).toMatch(/last quote|closed/);
  expect(symbolState?.known?.watermark).toMatchObject({ heldBackBy: 'paused', isStale: false });
  const checkpoint = symbolState?.known?.checkpoints.at(-1) ?? NaN;
  engine.send({ kind: 'ask-symbol-state', requestId: 6, symbol, asOf: checkpoint, since: checkpoint });
  await engine.until('the state as of a checkpoint', (known) => known.symbolState?.requestId === 6);
  expect(engine.known.symbolState).toMatchObject({
    asOf: checkpoint,
    problem: null,
    known: { position: { symbol }, changes: {}, watermark: null },
  });
  engine.send({ kind: 'ask-symbol-state', requestId: 7, symbol: 'NOBODY', asOf: null, since: null });
  await engine.until('nothing known', (known) => known.symbolState?.requestId === 7);
  expect(engine.known.symbolState).toMatchObject({ known: null, problem: null });
  const [trade] = engine.known.trades;
  engine.send({ kind: 'ask-trade', requestId: 8, tradeId: trade.id });
  await engine.until('a trade explained', (known) => known.tradeExplained?.requestId === 8);
  expect(engine.known.tradeExplained).toMatchObject({
    problem: null,
    explanation: { id: trade.id, price: trade.price, askPrice: { before: trade.askBefore, after: trade.askAfter } },
  });
  engine.send({ kind: 'ask-trade', requestId: 9, tradeId: '0-NOBODY' });
  await engine.until('no such trade', (known) => known.tradeExplained?.requestId === 9);
  expect(engine.known.tradeExplained).toMatchObject({ explanation: null, problem: null });

  engine.send({ kind: 'watch-job', on: true });
  await engine.until('the job page', ({ jobPage }) => (jobPage?.checkpoints.numberOfCompletedCheckpoints ?? 0) > 0);
  expect(engine.known.jobPage).toMatchObject({ job: 'session', state: 'running', parallelism: 2, numRestarts: 0 });
  await engine.until('its latency', ({ jobPage }) =>
    ['trade', 'trades'].every((id) => jobPage?.vertices.find((vertex) => vertex.id === id)?.operators[0].latency[0]),
  );
  engine.send({ kind: 'watch-job', on: false });

  engine.send({ kind: 'set-server', on: false });
  await engine.until('the server off', (known) => known.server.kind === 'off');
  expect((await ask('positions')).code).toBe(3);
});
