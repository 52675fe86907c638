import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { inputToCsv } from '../../engine/connectors/simulator/quotes-to-csv.ts';
import { formatBarPrice } from '../../engine/connectors/sinks/bars-csv.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import {
  BAR_PRICE_OFFSET,
  BAR_QUOTES_WORD,
  BAR_SHARES_WORD,
  BAR_VWAP_WORD,
  BAR_WORDS,
} from '../../engine/contract/bars.ts';
import type { SessionRequest, TradeMessage } from '../../engine/contract/window.ts';
import { formatPrice, formatShares } from '../../engine/core/decimal.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';
import { flinktrade } from './cli-kit.ts';

const DURATION_MS = 90_000;
let csv = '';
let positions = '';
let symbol = '';

beforeAll(() => {
  const symbols = new SymbolTable();
  const market = new MarketSimulator(createRandom(3), symbols, { durationMs: DURATION_MS, symbolCount: 8 });
  const starting = market.positions();
  symbol = starting[0].symbol;
  positions = `symbol,shares,buyPrice\n${starting
    .map((one) => `${one.symbol},${formatShares(one.shares)},${formatPrice(one.buyPrice)}\n`)
    .join('')}`;
  csv = [...inputToCsv(market, symbols)].join('');
});

function desk(bars: 'none' | 'built', speed: SessionRequest['speed'] = { kind: 'max' }) {
  const folder = temporaryFolder('bars');
  writeFileSync(join(folder, 's.csv'), csv);
  writeFileSync(join(folder, 'p.csv'), positions);
  const request: SessionRequest = {
    inputs: { kind: 'files', paths: [join(folder, 's.csv')] },
    profile: null,
    positionsPath: join(folder, 'p.csv'),
    rules: { version: 1, defaults: { askOffset: '0.01', maxSharesPerTrade: '100' } },
    workers: 2,
    speed,
    startPaused: false,
    bars,
  };
  return { folder, state: join(folder, 'state'), request };
}

/** What the command line makes of the same session, but for the last second, whose end no watermark has passed. */
async function barsOfFile(folder: string): Promise<string[]> {
  const run = await flinktrade(['bars', join(folder, 's.csv'), '--interval', '1s', '-o', '-'], { folder });
  const lines = run.stdout.trim().split('\n').slice(1);
  const lastMs = Math.max(...lines.map((line) => Number(line.split(',')[1])));
  return lines.filter((line) => line.startsWith(`${symbol},`) && Number(line.split(',')[1]) !== lastMs);
}

function linesOf(bars: readonly number[]): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bars.length; at += BAR_WORDS) {
    const mid = at + BAR_PRICE_OFFSET.mid;
    const prices = bars.slice(mid, mid + 4).map(formatBarPrice);
    lines.push(`${symbol},${bars[at]},${prices.join(',')},${bars[at + BAR_QUOTES_WORD]}`);
  }
  return lines;
}

/** By second: shares in 1e-6 and their volume-weighted price in 5e-9, of trades as the window knows them. */
function tradedIn(trades: readonly TradeMessage[]): Map<number, readonly [number, number]> {
  const bySecond = new Map<number, { shares: bigint; worth: bigint }>();
  const units = (text: string, places: number): bigint => {
    const [whole, fraction = ''] = text.split('.');
    return BigInt(whole + fraction.padEnd(places, '0'));
  };
  for (const trade of trades.filter((one) => one.symbol === symbol)) {
    const startMs = Math.floor(trade.eventTimeMs / 1000) * 1000;
    const sum = bySecond.get(startMs) ?? { shares: 0n, worth: 0n };
    const shares = units(trade.shares, 6);
    bySecond.set(startMs, { shares: sum.shares + shares, worth: sum.worth + shares * units(trade.price, 8) });
  }
  return new Map(
    [...bySecond].map(([startMs, { shares, worth }]) => [
      startMs,
      [Number(shares), Number((4n * worth + shares) / (2n * shares))],
    ]),
  );
}

function tradedOf(bars: readonly number[]): Map<number, readonly [number, number]> {
  const traded = new Map<number, readonly [number, number]>();
  for (let at = 0; at < bars.length; at += BAR_WORDS)
    if (bars[at + BAR_SHARES_WORD] > 0) traded.set(bars[at], [bars[at + BAR_SHARES_WORD], bars[at + BAR_VWAP_WORD]]);
  return traded;
}

function follow(engine: WorkstationEngine, interval: '1s' | '1m' | null): void {
  engine.send({ kind: 'select-symbol', symbol });
  engine.send({ kind: 'select-bars', interval });
}

describe('bars in the workstation', { timeout: 120_000 }, () => {
  it('are those of the command line, and of a minute those of its seconds', async () => {
    const { folder, state, request } = desk('built');
    const expected = await barsOfFile(folder);
    expect(expected.length).toBeGreaterThan(60);
    await using engine = new WorkstationEngine(state);
    engine.open(request);
    await engine.untilStatus('finished');

    follow(engine, '1s');
    await engine.until('all seconds', ({ bars }) => (bars?.length ?? 0) >= expected.length * BAR_WORDS);
    expect(linesOf(engine.known.bars ?? [])).toEqual(expected);
    const traded = tradedIn(engine.known.trades);
    expect(traded.size).toBeGreaterThan(3);
    await engine.until('what was traded', ({ bars }) => tradedOf(bars ?? []).size >= traded.size);
    expect(tradedOf(engine.known.bars ?? [])).toEqual(traded);

    follow(engine, '1m');
    await engine.until(
      'minutes',
      ({ bars }) => bars !== null && bars.length > 0 && bars[BAR_WORDS] === bars[0] + 60_000,
    );
    const quotes = (lines: readonly string[]): number =>
      lines.reduce((sum, line) => sum + Number(line.split(',').at(-1)), 0);
    expect(quotes(linesOf(engine.known.bars ?? []))).toBe(quotes(expected));
  });

  it('go on where they were after the program was killed', async () => {
    const { folder, state, request } = desk('built', { kind: 'times', factor: 20 });
    const expected = await barsOfFile(folder);
    const first = new WorkstationEngine(state);
    first.open(request);
    follow(first, '1s');
    await first.until('some bars', ({ bars }) => (bars?.length ?? 0) > 12 * BAR_WORDS);
    await first.until('a checkpoint', ({ state: kept }) => (kept?.history.at(-1)?.id ?? 0) > 3);
    await first.kill();

    await using engine = new WorkstationEngine(state);
    await engine.until('playing or done', ({ status }) => status.kind === 'playing' || status.kind === 'finished');
    engine.send({ kind: 'set-speed', speed: { kind: 'max' } });
    follow(engine, '1s');
    await engine.untilStatus('finished');
    await engine.until('all seconds', ({ bars }) => (bars?.length ?? 0) >= expected.length * BAR_WORDS);

    expect(linesOf(engine.known.bars ?? [])).toEqual(expected);
  });

  it('move with their symbols when the number of workers changes', async () => {
    const { folder, state, request } = desk('built', { kind: 'times', factor: 1 });
    const expected = await barsOfFile(folder);
    await using engine = new WorkstationEngine(state);
    engine.open(request);
    follow(engine, '1s');
    for (const workers of [4, 1]) {
      const before = engine.known.bars?.length ?? 0;
      await engine.until('more bars', ({ bars }) => (bars?.length ?? 0) > before + 3 * BAR_WORDS);
      engine.send({ kind: 'set-workers', workers });
      await engine.until('the change', ({ progress }) => progress?.workers.length === workers);
    }
    engine.send({ kind: 'set-speed', speed: { kind: 'max' } });
    await engine.untilStatus('finished');
    await engine.until('all seconds', ({ bars }) => (bars?.length ?? 0) >= expected.length * BAR_WORDS);

    expect(linesOf(engine.known.bars ?? [])).toEqual(expected);
  });

  it('change no trade, and are said not to be there in a session that was opened without', async () => {
    const outcomes: string[] = [];
    for (const bars of ['none', 'built'] as const) {
      const { state, request } = desk(bars);
      await using engine = new WorkstationEngine(state);
      engine.open(request);
      await engine.untilStatus('finished');
      await engine.until('every trade is final', ({ trades, finalTrades }) => trades.length === finalTrades);
      outcomes.push(JSON.stringify(engine.known.trades.map((trade) => JSON.stringify(trade)).sort()));
      if (bars === 'built') continue;
      follow(engine, '1s');
      await engine.until('none', ({ bars: told }) => told === null);
    }

    expect(outcomes[0].length).toBeGreaterThan(1000);
    expect(outcomes[1]).toBe(outcomes[0]);
  });
});
