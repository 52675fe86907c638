import type { OracleRules } from '../support/oracle/session.ts';
import type { Draws } from './draws.ts';

type Rules = Record<string, unknown>;

/**
 * What stays the same through a session: its own rules, the zone, and whose late quotes are dropped. (Where they are, trades
 * of a second that is over are not counted any longer, so a change finds none of them: engine/trading/README.md.)
 */
export function drawSessionRules(draws: Draws, symbols: readonly string[]): OracleRules {
  const own: Record<string, Rules> = {};
  while (draws.chance(0.2)) own[draws.of(symbols)] = { lateQuotes: draws.of(['drop', 'process']) };
  return {
    version: 1,
    defaults: {
      lateQuotes: draws.of(['drop', 'drop', 'process']),
      outOfOrdernessMs: draws.of([0, 0, 0, 5, 1_500]),
      maxFutureMs: draws.of([100_000, 100_000, 3_600_000, 2_000, 50]),
    },
    symbols: own,
    limits: { timeZone: draws.of(['UTC', 'UTC', 'America/New_York']) },
  };
}

/** Rules of the session, or a change of them. */
export function drawRules(draws: Draws, ofSession: OracleRules, symbols: readonly string[]): OracleRules {
  const own: Record<string, Rules> = {};
  while (draws.chance(0.25)) own[draws.of(symbols)] = drawSymbolRules(draws);
  for (const [symbol, rules] of Object.entries(ofSession.symbols ?? {})) own[symbol] = { ...own[symbol], ...rules };
  return {
    version: 1,
    defaults: { ...drawSymbolRules(draws), ...ofSession.defaults },
    symbols: own,
    limits: { ...(draws.chance(0.5) ? drawLimits(draws) : {}), ...ofSession.limits },
  };
}

function some(draws: Draws, probability: number, all: Record<string, () => unknown>): Rules {
  const drawn: Rules = {};
  for (const [name, draw] of Object.entries(all)) if (draws.chance(probability)) drawn[name] = draw();
  return drawn;
}

function drawSymbolRules(draws: Draws): Rules {
  const amount = (...amounts: string[]): unknown =>
    draws.chance(0.7) ? draws.of(amounts) : { percent: draws.of(['0.5', '0.01', '1', '0.125']) };
  return some(draws, 0.5, {
    priceStep: () => draws.of(['0.01', '0.05', '1', '0.00000001']),
    tradeWhen: () => draws.of(['above', 'at-or-above']),
    askOffset: () => draws.of(['0.10', '0', '0.05', '1']),
    askIncrease: () => ({
      from: draws.of(['trade-price', 'ask']),
      amount: amount('0.10', '0.01', '0.125', '0'),
    }),
    fill: () => draws.of(['partial', 'partial', 'all-or-none']),
    maxSharesPerTrade: () => draws.of([null, '10', '3.5']),
    ttlMs: () => draws.of([0, 1, 1, 50, 50, 1_000]),
    decayEveryMs: () => draws.of([1, 7, 7, 100, 3_000]),
    decayAmount: () => amount('0.10', '0.01', '0.5'),
    askFloor: () =>
      draws.of<unknown>([
        'none',
        { price: '99.95' },
        { percentOfBuy: '95' },
        { percentOfBuy: '99.97' },
        { percentOfBuy: '100' },
        { percentOfBuy: '101' },
      ]),
    tradeResetsTtl: () => draws.chance(0.5),
    ignoreCrossedQuotes: () => draws.chance(0.5),
    time: () => draws.of(['event', 'event', 'processing']),
  });
}

function drawLimits(draws: Draws): Rules {
  return some(draws, 0.45, {
    maxTradesPerSecond: () => draws.of([0, 1, 2, 3, 5]),
    maxTradesPerDay: () => draws.of([1, 3, 10, 20]),
    maxNotionalPerTrade: () => draws.of(['500', '2000.5']),
    maxNotionalPerDay: () => draws.of(['0', '500', '2000', '5000', '10000', '20000']),
    maxLossPerDay: () => draws.of(['0', '0.05', '2', '10']),
  });
}
