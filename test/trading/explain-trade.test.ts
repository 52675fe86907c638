import { expect, test } from 'vitest';
import type { TradeExplanation } from '../../engine/contract/explanations.ts';
import { explainTrade } from '../../engine/trading/explain-trade.ts';
import { Desk, type DeskRules } from '../support/trading-desk.ts';

/** The desk's latest trade, explained with its rules. */
function explained(desk: Desk, rules: DeskRules = {}): TradeExplanation {
  const { trade, decision } = desk.run.decided.at(-1) ?? expect.fail('nothing traded');
  return explainTrade(trade, decision, { version: 1, ...rules });
}

test('a trade is explained by its quote, the rules, and what stood before and after', () => {
  const desk = new Desk().opens('A', '10', '10').quote('A', '10.20', { size: '4', ask: '10.30', at: 7 });

  expect(explained(desk)).toMatchObject({
    id: '0-A',
    why: 'The bid 10.20 was above our ask price 10.10: 4 of 10 shares were sold at it, as many as the bid was for. Our ask price went from 10.10 to 10.30: the trade price and 0.10.',
    quote: { sequence: 0, eventTimeMs: 7, bid: '10.20', bidSize: '4', ask: '10.30', askSize: null },
    buyPrice: '10.00',
    rulesVersion: 1,
    rules: { tradeWhen: 'above', ttlMs: 60_000 },
    limits: { maxTradesPerDay: null },
    askPrice: { before: '10.10', after: '10.30' },
    sharesHeld: { before: '10', after: '6' },
    expiresAtMs: { before: 60_000, after: 60_000 },
    nextDecayAtMs: { before: 63_000, after: 63_000 },
  });
});

test('the last trade says that all was sold, and that its timer is gone', () => {
  const desk = new Desk().opens('A', '10', '10').quote('A', '10.20', { at: 7 });

  const { why, sharesHeld, nextDecayAtMs, quote } = explained(desk);
  expect(why).toBe(
    'The bid 10.20 was above our ask price 10.10: 10 of 10 shares were sold at it, all that were held. Nothing was left: the position was closed.',
  );
  expect([sharesHeld?.after, nextDecayAtMs, quote.ask]).toEqual(['0', { before: 63_000, after: null }, null]);
});

test('a trade at the ask, in parts, in percent, that starts the time to live anew says so', () => {
  const rules: DeskRules = {
    defaults: {
      tradeWhen: 'at-or-above',
      tradeResetsTtl: true,
      askIncrease: { from: 'ask', amount: { percent: '1' } },
    },
    symbols: { A: { maxSharesPerTrade: '3' } },
  };
  const desk = new Desk(rules).opens('A', '10', '10').quote('A', '10.10', { at: 7 });

  expect(explained(desk, rules)).toMatchObject({
    why: 'The bid 10.10 was at our ask price 10.10: 3 of 10 shares were sold at it, as many as one trade may sell. Our ask price went from 10.10 to 10.20: the ask before and 1 %. It started the time to live anew, and the next decay moved with it.',
    expiresAtMs: { before: 60_000, after: 60_007 },
    nextDecayAtMs: { before: 63_000, after: 63_007 },
  });
});

test('a trade that wakes the decay of an ask at its floor says so', () => {
  const rules: DeskRules = { defaults: { askFloor: { price: '10.05' } } };
  const desk = new Desk(rules).opens('A', '10', '10').time(80_000).quote('A', '10.06', { size: '1', at: 80_001 });

  const { why, nextDecayAtMs } = explained(desk, rules);
  expect(why).toContain('It woke the decay of the ask price, which had reached its floor.');
  expect(nextDecayAtMs).toEqual({ before: null, after: 83_001 });
});

test('a trade is decided by the rules in force, and keeps their version', () => {
  const desk = new Desk().opens('A', '10', '10').quote('A', '10.20', { size: '4', at: 7 });
  desk.changes({ defaults: { tradeWhen: 'at-or-above' } }).quote('A', '10.30', { size: '1', at: 8 });

  expect(desk.run.decided.map(({ decision }) => decision?.rulesVersion)).toEqual([1, 2]);
});

test('of a trade that was stored without it the decision is not made up', () => {
  const { trade } = new Desk().opens('A', '10', '10').quote('A', '10.20', { at: 7 }).run.decided[0];

  const explanation = explainTrade(trade, null, null);
  expect(explanation.why).toContain('It was stored by an earlier version of the program');
  expect(explanation).toMatchObject({ rules: null, sharesHeld: null, askPrice: { before: '10.10', after: '10.10' } });
});
