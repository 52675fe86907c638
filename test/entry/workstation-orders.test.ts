import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { inputToCsv } from '../../engine/connectors/simulator/quotes-to-csv.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import type { SessionRequest } from '../../engine/contract/window.ts';
import { formatPrice, formatShares } from '../../engine/core/decimal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';
import { CLI } from './cli-kit.ts';

let csv = '';
let positions = '';
const gateways = new Set<ChildProcess>();

beforeAll(() => {
  const symbols = new SymbolTable();
  const market = new MarketSimulator(createRandom(4), symbols, { durationMs: 60_000, symbolCount: 40 });
  positions = `symbol,shares,buyPrice\n${market
    .positions()
    .map(({ symbol, shares, buyPrice }) => `${symbol},${formatShares(shares)},${formatPrice(buyPrice)}\n`)
    .join('')}`;
  csv = [...inputToCsv(market, symbols)].join('');
});

afterEach(() => {
  for (const child of gateways) child.kill('SIGKILL');
  gateways.clear();
});

interface Ledgered {
  readonly order: { readonly id: string; readonly session: string };
}
const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

const ledgerOf = (folder: string): Ledgered[] =>
  existsSync(join(folder, 'ledger'))
    ? readFileSync(join(folder, 'ledger'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Ledgered)
    : [];

function startGateway(folder: string, words: readonly string[]): Promise<{ url: string; child: ChildProcess }> {
  return new Promise((resolve) => {
    const all = [
      'gateway',
      '--ledger',
      'ledger',
      '--seed',
      '5',
      '--partial-rate',
      '0.2',
      '--reject-rate',
      '0.2',
      ...words,
    ];
    const child = spawn(process.execPath, [CLI, ...all], { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
    gateways.add(child);
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve({ url: text.trim(), child }));
  });
}

function deskIn(folder: string, request: Partial<SessionRequest>): SessionRequest {
  writeFileSync(join(folder, 's.csv'), csv);
  writeFileSync(join(folder, 'p.csv'), positions);
  return {
    inputs: { kind: 'files', paths: [join(folder, 's.csv')] },
    profile: null,
    positionsPath: join(folder, 'p.csv'),
    rules: { version: 1, defaults: { maxSharesPerTrade: '100' } },
    workers: 2,
    speed: { kind: 'times', factor: 20 },
    startPaused: false,
    ...request,
  };
}

describe('a workstation with a gateway', () => {
  test('shows how each order ended, what each symbol is, and how busy the way is', async () => {
    const folder = temporaryFolder('orders');
    const { url } = await startGateway(folder, ['--port', '0', '--latency-ms', '10']);
    await using engine = new WorkstationEngine(join(folder, 'state'));
    engine.open(deskIn(folder, { gateway: url }));
    await engine.until('orders on their way', ({ routing }) => (routing?.latencyMs ?? null) !== null);
    const { occupancy, throughputPerSecond, latencyMs, capacity } = engine.known.routing as NonNullable<
      typeof engine.known.routing
    >;
    expect(occupancy).toBeLessThanOrEqual(capacity);
    expect(throughputPerSecond).toBeGreaterThan(0);
    expect(latencyMs).toBeGreaterThan(1);
    await engine.untilStatus('finished');
    await engine.until('every trade has an answer', ({ trades, orders }) => orders.size === trades.length);

    const { trades, orders, instruments, routing } = engine.known;
    expect(trades.length).toBeGreaterThan(50);
    expect(new Set(trades.map(({ id }) => orders.get(id)?.state))).toEqual(
      new Set(['confirmed', 'partly-confirmed', 'rejected']),
    );
    expect(new Set(trades.map(({ symbol }) => instruments.get(symbol)?.kind))).toEqual(new Set(['known']));
    await engine.until('the last count', (known) => known.routing?.routing === 0);
    expect(routing?.problem).toBeNull();
    expect(
      ledgerOf(folder)
        .map(({ order }) => order.id)
        .sort(),
    ).toEqual(trades.map(({ id }) => id).sort());
  });

  test('asks again after a crash for what had no answer, under the same ids, and for nothing else', async () => {
    const folder = temporaryFolder('orders');
    const { url, child } = await startGateway(folder, ['--port', '0', '--latency-ms', '30', '--hang-rate', '0.05']);
    const request = deskIn(folder, { gateway: url });
    for (let life = 0; life < 3; life += 1) {
      await using engine = new WorkstationEngine(join(folder, 'state'));
      if (life === 0) engine.open(request);
      const before = ledgerOf(folder).length;
      await engine.until('more orders', ({ orders }) => orders.size > 3 && ledgerOf(folder).length > before + 5);
      await engine.kill();
    }
    // The gateway dies, too, and comes back where it was.
    child.kill('SIGKILL');
    await startGateway(folder, ['--port', new URL(url).port, '--latency-ms', '1']);
    await using engine = new WorkstationEngine(join(folder, 'state'));
    await engine.untilStatus('finished');
    await engine.until('every trade has an answer', ({ trades, orders }) => orders.size === trades.length);
    const ids = ledgerOf(folder).map(({ order }) => order.id);
    expect(ids.sort()).toEqual(engine.known.trades.map(({ id }) => id).sort());
    expect(new Set(ledgerOf(folder).map(({ order }) => order.session)).size).toBe(1);
  });

  test('trades on while the gateway is away, and what waited goes out when it is there', async () => {
    const folder = temporaryFolder('orders');
    const { url, child } = await startGateway(folder, ['--port', '0']);
    child.kill('SIGKILL');
    await using engine = new WorkstationEngine(join(folder, 'state'));
    engine.open(deskIn(folder, { gateway: url, speed: { kind: 'max' } }));
    await engine.untilStatus('finished');
    await engine.until('orders wait', ({ routing, trades }) => routing?.routing === trades.length);
    expect(engine.known.trades.length).toBeGreaterThan(50);
    expect(engine.known.orders.size).toBe(0);
    await engine.until('orders are tried', ({ routing }) => (routing?.inFlight ?? 0) > 0);
    await startGateway(folder, ['--port', new URL(url).port, '--latency-ms', '1']);
    await engine.until('every trade has an answer', ({ trades, orders }) => orders.size === trades.length);
    expect(ledgerOf(folder)).toHaveLength(engine.known.trades.length);
  });

  test('sends no order from the press of the kill switch on, and the rest once it is re-armed', async () => {
    const folder = temporaryFolder('orders');
    const { url } = await startGateway(folder, ['--port', '0', '--latency-ms', '400']);
    await using engine = new WorkstationEngine(join(folder, 'state'));
    engine.open(deskIn(folder, { gateway: url, speed: { kind: 'max' } }));
    await engine.until('answers', ({ orders, trades }) => orders.size > 0 && trades.length > 50);

    engine.send({ kind: 'halt', by: 'test' });
    await engine.until('halted', ({ halted }) => halted);
    // What was on its way arrives, sooner or later; if more went out, it would go on to the last one.
    let sent = -1;
    for (let now = ledgerOf(folder).length; now !== sent; now = ledgerOf(folder).length) {
      sent = now;
      await pause(1_200);
    }
    await pause(1_500);
    expect(ledgerOf(folder)).toHaveLength(sent);
    expect(sent).toBeLessThan(engine.known.trades.length);

    engine.send({ kind: 'rearm-request' });
    await engine.until('token', ({ token }) => token !== null);
    engine.send({ kind: 'rearm-confirm', token: engine.known.token ?? '', by: 'test' });
    await engine.until('finished', ({ status }) => status.kind === 'finished');
    await engine.until('every trade has an answer', ({ trades, orders }) => orders.size === trades.length);
    const ids = ledgerOf(folder).map(({ order }) => order.id);
    expect(ids.sort()).toEqual(engine.known.trades.map(({ id }) => id).sort());
  });

  test('sends nothing where no gateway is named, and refuses an address that is none', async () => {
    const folder = temporaryFolder('orders');
    await using engine = new WorkstationEngine(join(folder, 'state'));
    engine.open(deskIn(folder, { gateway: 'http://example.com' }));
    await engine.until('a problem', ({ problems }) => problems.some((text) => text.startsWith('gateway-invalid')));
    engine.open(deskIn(folder, { speed: { kind: 'max' } }));
    await engine.untilStatus('finished');
    expect(engine.known.routing).toBeNull();
    expect(engine.known.orders.size).toBe(0);
  });
});
