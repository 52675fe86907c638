import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { inputToCsv } from '../../engine/connectors/simulator/quotes-to-csv.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { formatPrice, formatShares } from '../../engine/core/decimal.ts';
import { waitMs } from '../../engine/core/machine.node.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { serveFeed } from '../support/served-feed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { CLI, flinktrade, put, type Report } from './cli-kit.ts';

interface LedgerLine {
  readonly order: { readonly id: string; readonly session: string; readonly shares: string; readonly price: string };
  readonly answer: { readonly state: string };
}

let session = '';
let positions = '';
const children = new Set<ChildProcess>();

beforeAll(() => {
  const symbols = new SymbolTable();
  const market = new MarketSimulator(createRandom(9), symbols, { durationMs: 60_000 });
  positions = `symbol,shares,buyPrice\n${market
    .positions()
    .map(({ symbol, shares, buyPrice }) => `${symbol},${formatShares(shares)},${formatPrice(buyPrice)}\n`)
    .join('')}`;
  session = [...inputToCsv(market, symbols)].join('');
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

function folderWithSession(): string {
  const folder = temporaryFolder('orders');
  put(folder, { 's.csv': session, 'p.csv': positions });
  return folder;
}

/** The gateway as users start it. @returns its address, once it listens */
function startGateway(folder: string, words: readonly string[]): Promise<{ url: string; child: ChildProcess }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, 'gateway', ...words], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve({ url: text.trim(), child }));
    child.once('exit', (code) => reject(new Error(`The gateway ended with ${String(code)}: ${stderr}`)));
  });
}

const TROUBLE = [
  '--seed',
  '3',
  '--latency-ms',
  '4',
  '--error-rate',
  '0.1',
  '--partial-rate',
  '0.1',
  '--reject-rate',
  '0.1',
];
const WORDS = ['replay', 's.csv', '--positions', 'p.csv'];
const STATE = ['--state', 'state', '--checkpoint-interval-ms', '50'];

const linesOf = (folder: string, file: string): string[] =>
  readFileSync(join(folder, file), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
const ledgerOf = (folder: string): LedgerLine[] =>
  linesOf(folder, 'ledger').map((line) => JSON.parse(line) as LedgerLine);

/** What a trade's order says, from the trades file. */
function ordersOf(folder: string): string[] {
  return linesOf(folder, 't.csv')
    .slice(1)
    .map((line) => line.split(','))
    .map(([id, , shares, price]) => `${id} ${shares} at ${price}`)
    .sort();
}

const executedOf = (ledger: readonly LedgerLine[]): string[] =>
  ledger.map(({ order: { id, shares, price } }) => `${id} ${shares} at ${price}`).sort();

interface OrdersPart {
  readonly orders: Record<'confirmed' | 'partlyConfirmed' | 'rejected' | 'timedOut' | 'refused', number> &
    Record<'occupancy' | 'throughputPerSecond' | 'latencyMs' | 'capacity', number>;
}
const reportOf = (folder: string): Report & OrdersPart =>
  JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report & OrdersPart;

function expectEachExecutedOnce(folder: string): void {
  const ledger = ledgerOf(folder);
  expect(ledger.length).toBeGreaterThan(50);
  expect(executedOf(ledger)).toEqual(ordersOf(folder));
  expect(new Set(ledger.map(({ order }) => order.session)).size).toBe(1);
  const { orders, totals } = reportOf(folder);
  const count = (state: string): number => ledger.filter(({ answer }) => answer.state === state).length;
  expect(orders).toMatchObject({
    confirmed: count('confirmed'),
    partlyConfirmed: count('partly-confirmed'),
    rejected: count('rejected'),
    timedOut: 0,
    refused: 0,
  });
  expect(totals.trades).toBe(ledger.length);
}

describe('order routing', () => {
  test('sends each trade once and tells how it ended; the trades themselves are those of paper trading', async () => {
    const folder = folderWithSession();
    const paper = await flinktrade([...WORDS, '--trades', 'paper.csv', '--report', 'paper.json'], { folder });
    expect(paper.code, paper.stderr).toBe(0);
    const { url } = await startGateway(folder, [
      '--port',
      '0',
      '--ledger',
      'ledger',
      ...TROUBLE,
      '--hang-rate',
      '0.01',
    ]);
    const run = await flinktrade(
      [...WORDS, ...STATE, '--gateway', url, '--trades', 't.csv', '--report', 'report.json'],
      { folder },
    );
    expect(run.code, run.stderr).toBe(0);
    expectEachExecutedOnce(folder);
    expect(readFileSync(join(folder, 't.csv'), 'utf8')).toBe(readFileSync(join(folder, 'paper.csv'), 'utf8'));
    expect(reportOf(folder).orders.partlyConfirmed).toBeGreaterThan(0);
    expect(reportOf(folder).orders.rejected).toBeGreaterThan(0);
    const { occupancy, throughputPerSecond, latencyMs, capacity } = reportOf(folder).orders;
    expect(occupancy).toBeLessThanOrEqual(capacity);
    // Rounded to three places, on both sides.
    expect(Math.abs((throughputPerSecond / 1000) * latencyMs - occupancy)).toBeLessThan(0.01 * (1 + occupancy));
    expect(readFileSync(join(folder, 'paper.json'), 'utf8')).not.toContain('"orders"');
  });

  test('executes no order twice when gateway and replay are killed at any moment, again and again', async () => {
    const folder = folderWithSession();
    const random = seededRandom(20_261_122);
    let gateway = await startGateway(folder, ['--port', '0', '--ledger', 'ledger', ...TROUBLE]);
    const port = new URL(gateway.url).port;
    const words = [...WORDS, ...STATE, '--gateway', gateway.url, '--trades', 't.csv', '--report', 'report.json'];
    for (let life = 0; life < 4; life += 1) {
      const child = spawn(process.execPath, [CLI, ...words, '--speed', 'x40'], { cwd: folder, stdio: 'ignore' });
      children.add(child);
      await waitMs(600 + 500 * random());
      gateway.child.removeAllListeners('exit');
      gateway.child.kill('SIGKILL');
      await waitMs(200 * random());
      if (life % 2 === 0) child.kill('SIGKILL');
      gateway = await startGateway(folder, ['--port', port, '--ledger', 'ledger', ...TROUBLE]);
      await waitMs(300 * random());
      child.kill('SIGKILL');
      await waitMs(50);
    }
    expect(readdirSync(folder)).toContain('state');
    const run = await flinktrade(words, { folder });
    expect(run.code, run.stderr).toBe(0);
    expectEachExecutedOnce(folder);
    // The session is over, and all of its orders are settled: nobody is asked any more.
    const before = ledgerOf(folder).length;
    const again = await flinktrade(words, { folder });
    expect(again.code, again.stderr).toBe(0);
    expect(ledgerOf(folder)).toHaveLength(before);
    expectEachExecutedOnce(folder);
  });

  test('live, each trade goes out as soon as it is final; a session that goes on sends none of them again', async () => {
    const folder = temporaryFolder('live-orders');
    const { url } = await startGateway(folder, ['--port', '0', '--ledger', 'ledger', ...TROUBLE]);
    const feed = await serveFeed(folder, ['--quotes-per-second', '2000']);
    const words = ['live', feed.url, '--positions', 'p.csv', '--state', 'state', '--gateway', url];
    const outputs = ['--trades', 't.csv', '--report', 'report.json', '--for', '3'];
    const child = spawn(process.execPath, [CLI, ...words, '--for', '60'], { cwd: folder, stdio: 'ignore' });
    children.add(child);
    while (!readdirSync(folder).includes('ledger') || ledgerOf(folder).length < 20) await waitMs(20);
    child.kill('SIGKILL');
    const run = await flinktrade([...words, ...outputs], { folder });
    expect(run.code, run.stderr).toBe(0);
    expectEachExecutedOnce(folder);
  });

  test('is refused without a state folder, and to an address that is none', async () => {
    const folder = folderWithSession();
    const stateless = await flinktrade([...WORDS, '--gateway', 'http://127.0.0.1:1'], { folder });
    expect([stateless.code, stateless.stderr]).toEqual([2, expect.stringContaining('--gateway needs --state DIR')]);
    const open = await flinktrade([...WORDS, ...STATE, '--gateway', 'http://example.com'], { folder });
    expect([open.code, open.stderr]).toEqual([2, expect.stringContaining('use https://')]);
  });
});
