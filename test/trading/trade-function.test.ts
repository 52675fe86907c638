import { describe, expect, test } from 'vitest';
import { ROW, ROW_WORDS, STATUS_NO_POSITION, STATUS_OPEN } from '../../engine/contract/frames.ts';
import { Desk } from '../support/trading-desk.ts';

const NEW_YORK = 'America/New_York';

describe('a position', () => {
  test('asks its buying price plus the offset, has traded nothing and lives for its time', () => {
    const desk = new Desk().opens('IBM', '100', '181.50', { at: 1_000 });

    expect(desk.row('IBM')).toEqual({
      symbol: 'IBM',
      shares: '100',
      buyPrice: '181.50',
      askPrice: '181.60',
      lastTradePrice: '181.50',
      profit: '0.00',
      status: 'open',
      openedAt: 1_000,
      expiresAt: 61_000,
      nextDecayAt: 64_000,
      trades: 0,
    });
  });

  test('replaces the earlier one of its symbol, its timer too', () => {
    const desk = new Desk()
      .opens('IBM', '100', '181.50', { at: 0 })
      .quote('IBM', '181.70', { size: '10', at: 1 })
      .opens('IBM', '7', '10', { at: 100 });

    expect(desk.row('IBM')).toMatchObject({
      shares: '7',
      buyPrice: '10.00',
      askPrice: '10.10',
      lastTradePrice: '10.00',
      profit: '0.00',
      trades: 0,
      openedAt: 100,
    });
    expect(desk.run.timers).toBe(1);
  });

  test('with its own time to live keeps it, 0 for ever', () => {
    const desk = new Desk().opens('A', '1', '10', { ttlMs: 5 }).opens('B', '1', '10', { ttlMs: 0 });

    expect(desk.row('A')).toMatchObject({ expiresAt: 5, nextDecayAt: 3_005 });
    expect(desk.row('B')).toMatchObject({ expiresAt: null, nextDecayAt: null });
    expect(desk.run.timers).toBe(1);
  });

  test('of a million shares at 750,000 dollars earns to the last digit', () => {
    const desk = new Desk()
      .opens('BRK.A', '1000000', '750000')
      .quote('BRK.A', '750000.12345678', { size: '333333.333333', at: 1 })
      .quote('BRK.A', '40000000', { at: 2 });

    expect(desk.row('BRK.A')).toMatchObject({ status: 'closed', shares: '0', profit: '26166666707832.00999995884774' });
  });
});

describe('a quote', () => {
  test('above the ask sells what the bid takes, at the bid', () => {
    const desk = new Desk().opens('IBM', '100', '181.50').quote('IBM', '181.75', { size: '30', ask: '181.80', at: 7 });

    expect(desk.trades).toEqual([
      {
        id: '0-IBM',
        symbol: 'IBM',
        shares: '30',
        price: '181.75',
        profit: '7.50',
        eventTimeMs: 7,
        quoteSequence: 0,
        askBefore: '181.60',
        askAfter: '181.85',
      },
    ]);
    expect(desk.row('IBM')).toMatchObject({
      shares: '70',
      lastTradePrice: '181.75',
      profit: '7.50',
      askPrice: '181.85',
      trades: 1,
    });
  });

  test('at the ask trades only where the rules say at-or-above', () => {
    expect(new Desk().opens('A', '9', '10').quote('A', '10.10', { at: 1 }).fills).toEqual([]);
    expect(
      new Desk({ defaults: { tradeWhen: 'at-or-above' } }).opens('A', '9', '10').quote('A', '10.10', { at: 1 }).fills,
    ).toEqual(['9@10.10']);
  });

  test('that sells the last shares closes the position: row and ask stay, the timer goes', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .quote('A', '11', { at: 1 })
      .quote('A', '99', { at: 2 })
      .quote('A', '99', { at: 100_000 });

    expect(desk.row('A')).toEqual({
      symbol: 'A',
      shares: '0',
      buyPrice: '10.00',
      askPrice: '10.10',
      lastTradePrice: '11.00',
      profit: '9.00',
      status: 'closed',
      openedAt: 0,
      expiresAt: 60_000,
      nextDecayAt: null,
      trades: 1,
    });
    expect(desk.trades[0]).toMatchObject({ askBefore: '10.10', askAfter: '10.10' });
    expect(desk.run.timers).toBe(0);
    expect(desk.reasons('A')).toEqual({});
  });

  test('without an open position is no reason for anything', () => {
    expect(new Desk().quote('A', '11', { at: 1 }).reasons('A')).toEqual({});
  });

  test('says the first check that fails, each counted by symbol', () => {
    const desk = new Desk({ limits: { maxNotionalPerTrade: '100' } }).opens('A', '9', '10');
    desk
      .quote('A', '', { at: 1 })
      .quote('A', '0', { at: 1 })
      .quote('A', '20', { ask: '19.99', at: 1 })
      .quote('A', '10.10', { at: 1 })
      .quote('A', '20', { size: '0', ask: '20', at: 1 })
      .quote('A', '20', { at: 1 });
    desk.halts().quote('A', '', { at: 2 });

    expect(desk.reasons('A')).toEqual({
      'no-bid': 2,
      crossed: 1,
      'bid-not-above-ask': 1,
      size: 1,
      'limit:maxNotionalPerTrade': 1,
      halted: 1,
    });
    expect(desk.fills).toEqual([]);
  });

  test('with a locked market or without an ask is not crossed', () => {
    expect(
      new Desk()
        .opens('A', '9', '10')
        .quote('A', '11', { ask: '11', size: '1', at: 1 })
        .quote('A', '12', { size: '1', at: 1 }).fills,
    ).toEqual(['1@11.00', '1@12.00']);
  });

  test('that is crossed trades where the rules do not ignore it', () => {
    expect(
      new Desk({ defaults: { ignoreCrossedQuotes: false } })
        .opens('A', '9', '10')
        .quote('A', '11', { ask: '10', at: 1 }).fills,
    ).toEqual(['9@11.00']);
  });
});

describe('fill', () => {
  test('partial sells the least of shares held, bid size and bound; an unknown size is no bound', () => {
    const desk = new Desk({ defaults: { maxSharesPerTrade: '4' } }).opens('A', '10', '10');
    desk.quote('A', '11', { size: '3', at: 1 }).quote('A', '12', { size: '9', at: 2 }).quote('A', '13', { at: 3 });

    expect(desk.fills).toEqual(['3@11.00', '4@12.00', '3@13.00']);
  });

  test('partial takes fractions of a share', () => {
    expect(new Desk().opens('A', '1', '10').quote('A', '11', { size: '0.000001', at: 1 }).row('A').shares).toBe(
      '0.999999',
    );
  });

  test('all-or-none sells exactly the bid size or nothing', () => {
    const desk = new Desk({ defaults: { fill: 'all-or-none', maxSharesPerTrade: '6' } }).opens('A', '10', '10');
    desk
      .quote('A', '20', { at: 1 })
      .quote('A', '20', { size: '7', at: 2 })
      .quote('A', '20', { size: '0', at: 3 })
      .quote('A', '20', { size: '6', at: 4 })
      .quote('A', '30', { size: '5', at: 5 })
      .quote('A', '30', { size: '4', at: 6 });

    expect(desk.fills).toEqual(['6@20.00', '4@30.00']);
    expect(desk.reasons('A')).toEqual({ size: 4 });
  });
});

describe('the ask after a trade', () => {
  const askAfter = (rules: object, bid = '11'): string =>
    new Desk({ defaults: rules }).opens('A', '10', '10').quote('A', bid, { size: '1', at: 1 }).ask('A');

  test('is the trade price or the ask, plus the amount', () => {
    expect(askAfter({ askIncrease: { from: 'trade-price', amount: '0.25' } })).toBe('11.25');
    expect(askAfter({ askIncrease: { from: 'ask', amount: '0.25' } })).toBe('10.35');
  });

  test('takes a percent of its base, rounded half up to the price step, at least one step', () => {
    expect(askAfter({ askIncrease: { from: 'trade-price', amount: { percent: '0.5' } } }, '11.00')).toBe('11.06');
    expect(askAfter({ askIncrease: { from: 'trade-price', amount: { percent: '0.5' } } }, '10.99')).toBe('11.04');
    expect(askAfter({ askIncrease: { from: 'ask', amount: { percent: '0.01' } } })).toBe('10.11');
    expect(askAfter({ priceStep: '0.05', askIncrease: { from: 'trade-price', amount: { percent: '0.01' } } })).toBe(
      '11.05',
    );
  });

  test('takes an amount as it is, finer than the step too', () => {
    expect(askAfter({ askIncrease: { from: 'trade-price', amount: '0.00000001' } })).toBe('11.00000001');
    expect(askAfter({ askIncrease: { from: 'ask', amount: '0' } })).toBe('10.10');
  });
});

describe('time to live and decay', () => {
  test('the ask first falls decayEveryMs after its time is over, then each decayEveryMs: before a quote one later, after a quote at that instant', () => {
    const desk = new Desk().opens('A', '9', '10', { at: 1_000, ttlMs: 5_000 });

    expect(desk.quote('A', '1', { at: 9_000 }).ask('A')).toBe('10.10');
    expect(desk.quote('A', '1', { at: 9_001 }).ask('A')).toBe('10.00');
    expect(desk.quote('A', '1', { at: 12_000 }).ask('A')).toBe('10.00');
    expect(desk.ends().ask('A')).toBe('9.90');
  });

  test('a decay never trades by itself: the next quote does', () => {
    const desk = new Desk().opens('A', '9', '10', { ttlMs: 1 }).quote('A', '10.05', { at: 10 }).time(4_000);

    expect(desk.fills).toEqual([]);
    expect(desk.quote('A', '10.05', { at: 4_000 }).fills).toEqual(['9@10.05']);
  });

  test('a percent decays by that part of the buying price, at least one step', () => {
    expect(
      new Desk({ defaults: { decayAmount: { percent: '1' } } })
        .opens('A', '9', '10', { ttlMs: 1 })
        .time(3_002)
        .ask('A'),
    ).toBe('10.00');
    expect(
      new Desk({ defaults: { decayAmount: { percent: '0.0001' } } })
        .opens('A', '9', '10', { ttlMs: 1 })
        .time(3_002)
        .ask('A'),
    ).toBe('10.09');
  });

  test('a night of millisecond decays ends on the floor', () => {
    const desk = new Desk({ defaults: { decayEveryMs: 1, decayAmount: '0.00000001', askFloor: { price: '5' } } }).opens(
      'A',
      '9',
      '10',
      { ttlMs: 1 },
    );

    expect(desk.time(60_000_002).ask('A')).toBe('9.50');
    expect(desk.time(1_000_000_000).row('A')).toMatchObject({ askPrice: '5.00', nextDecayAt: null });
    expect(desk.run.timers).toBe(0);
  });

  test('a decay that would cross the floor ends on it; one already below is left alone', () => {
    expect(
      new Desk({ defaults: { askFloor: { percentOfBuy: '99.5' } } })
        .opens('A', '9', '10', { ttlMs: 1 })
        .time(100_000)
        .ask('A'),
    ).toBe('9.95');
    expect(
      new Desk({ defaults: { askFloor: { price: '11' } } }).opens('A', '9', '10', { ttlMs: 1 }).time(100_000).ask('A'),
    ).toBe('10.10');
  });

  test('without a floor it stops once the ask is at or below zero', () => {
    expect(
      new Desk({ defaults: { askFloor: 'none', decayAmount: '3' } })
        .opens('A', '9', '10', { ttlMs: 1 })
        .time(100_000)
        .ask('A'),
    ).toBe('-1.90');
    expect(
      new Desk({ defaults: { askFloor: 'none' } }).opens('A', '9', '10', { ttlMs: 1 }).time(1_000_000).row('A'),
    ).toMatchObject({ askPrice: '0.00', nextDecayAt: null });
  });

  test('at the floor it sleeps, and the next trade that leaves the ask above wakes it', () => {
    const desk = new Desk().opens('A', '9', '10', { ttlMs: 1 }).time(100_000);
    expect(desk.row('A')).toMatchObject({ askPrice: '9.50', nextDecayAt: null });

    desk.quote('A', '9.60', { size: '1', at: 100_500 });

    expect(desk.row('A')).toMatchObject({ askPrice: '9.70', nextDecayAt: 103_500 });
  });

  test('a trade in between leaves the planned decay where it is', () => {
    expect(
      new Desk().opens('A', '9', '10', { ttlMs: 1 }).quote('A', '11', { size: '1', at: 3_500 }).row('A'),
    ).toMatchObject({ askPrice: '11.10', nextDecayAt: 6_001 });
  });

  test('a trade starts the time to live anew where the rules say so', () => {
    const desk = new Desk({ defaults: { tradeResetsTtl: true } })
      .opens('A', '9', '10')
      .quote('A', '11', { size: '1', at: 50_000 });

    expect(desk.row('A')).toMatchObject({ expiresAt: 110_000, nextDecayAt: 113_000 });
    expect(desk.run.timers).toBe(1);
  });

  test('on processing time it follows the clock, not the quotes', () => {
    const desk = new Desk({ defaults: { time: 'processing' } });
    desk.run.processingTime(1_000);
    desk.run.position('A', 9_000_000, 1_000_000_000, 5_000, 77);
    expect(desk.row('A')).toMatchObject({ openedAt: 77, expiresAt: 6_000, nextDecayAt: 9_000 });

    desk.run.watermark(1_000_000);
    expect(desk.ask('A')).toBe('10.10');
    desk.run.processingTime(12_000);

    expect(desk.row('A')).toMatchObject({ askPrice: '9.90', nextDecayAt: 15_000 });
  });
});

describe('a late quote', () => {
  test('is set aside and changes nothing that is shown', () => {
    const desk = new Desk({ defaults: { outOfOrdernessMs: 10 } })
      .opens('A', '9', '10')
      .quote('A', '5', { at: 100 })
      .quote('A', '20', { at: 89 });

    expect(desk.run.late).toEqual([1]);
    expect(desk.fills).toEqual([]);
    expect(desk.reasons('A')).toEqual({ 'bid-not-above-ask': 1 });
    expect(desk.quote('A', '20', { at: 90 }).fills).toEqual(['9@20.00']);
  });

  test('trades like any other where the rules process it', () => {
    expect(
      new Desk({ symbols: { A: { lateQuotes: 'process' } } })
        .opens('A', '9', '10')
        .quote('A', '5', { at: 100 })
        .quote('A', '20', { at: 1 }).trades,
    ).toMatchObject([{ eventTimeMs: 1, quoteSequence: 1 }]);
  });
});

describe('limits of a symbol', () => {
  test('trades per second count full seconds of event time', () => {
    const desk = new Desk({ limits: { maxTradesPerSecond: 2 } }).opens('A', '9', '10').opens('B', '9', '10');
    for (const at of [1_000, 1_500, 1_999, 2_000]) desk.quote('A', String(11 + at / 1_000), { size: '1', at });
    desk.quote('B', '11', { size: '1', at: 2_000 });

    expect(desk.trades.map(({ symbol, eventTimeMs }) => `${symbol} ${eventTimeMs}`)).toEqual([
      'A 1000',
      'A 1500',
      'A 2000',
      'B 2000',
    ]);
    expect(desk.reasons('A')).toEqual({ 'limit:maxTradesPerSecond': 1 });
  });

  test('trades per second count a second that is met again out of order', () => {
    const desk = new Desk({
      defaults: { outOfOrdernessMs: 5_000, askIncrease: { from: 'ask', amount: '0' } },
      limits: { maxTradesPerSecond: 1 },
    }).opens('A', '9', '10');
    for (const at of [1_900, 2_100, 1_950, 2_200, 1_000, 500]) desk.quote('A', '11', { size: '1', at });

    expect(desk.trades.map(({ eventTimeMs }) => eventTimeMs)).toEqual([500, 1_900, 2_100]);
  });

  test('trades per day count calendar days of the zone, through the nights the clocks change', () => {
    const desk = new Desk({
      defaults: { askIncrease: { from: 'ask', amount: '0' } },
      limits: { maxTradesPerDay: 1, timeZone: NEW_YORK },
    }).opens('A', '9', '10');
    const at = [
      '2013-11-02T23:59:59.999-04:00',
      '2013-11-03T00:00:00-04:00',
      '2013-11-03T23:59:59.999-05:00',
      '2013-11-04T00:00:00-05:00',
      '2014-03-09T23:30:00-04:00',
      '2014-03-10T00:00:00-04:00',
    ].map(Date.parse);
    for (const time of at) desk.quote('A', '11', { size: '1', at: time });

    expect(desk.trades.map(({ eventTimeMs }) => at.indexOf(eventTimeMs))).toEqual([0, 1, 3, 4, 5]);
  });

  test('go on counting over a replaced position and a limit that is set later', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .quote('A', '11', { at: 1 })
      .opens('A', '9', '10', { at: 2 })
      .changes({ limits: { maxTradesPerDay: 1 } });

    expect(desk.quote('A', '11', { at: 3 }).reasons('A')).toEqual({ 'limit:maxTradesPerDay': 1 });
  });

  test('value per trade refuses what is worth more, and takes what is worth as much', () => {
    const desk = new Desk({ limits: { maxNotionalPerTrade: '100' } })
      .opens('A', '10', '9')
      .quote('A', '10.00000001', { at: 1 })
      .quote('A', '10', { at: 2 });

    expect(desk.fills).toEqual(['10@10.00']);
    expect(desk.reasons('A')).toEqual({ 'limit:maxNotionalPerTrade': 1 });
  });
});

describe.each([1, 2, 5])('circuit breakers over all symbols, on %i subtasks', (subtasks) => {
  test('refuse every trade from the next full second on, for the rest of the day', () => {
    const desk = new Desk(
      { defaults: { askIncrease: { from: 'ask', amount: '0' } }, limits: { maxNotionalPerDay: '30' } },
      subtasks,
    );
    for (const symbol of ['A', 'B', 'C']) desk.opens(symbol, '9', '10', { at: 500 });
    desk
      .quote('A', '11', { size: '1', at: 500 })
      .quote('B', '11', { size: '1', at: 501 })
      .quote('C', '11', { size: '1', at: 999 });
    desk
      .quote('A', '11', { size: '1', at: 1_000 })
      .quote('B', '11', { size: '1', at: 86_399_999 })
      .quote('C', '11', { size: '1', at: 86_400_000 });

    expect(desk.trades.map(({ id }) => id)).toEqual(['0-A', '1-B', '2-C', '5-C']);
    expect([desk.reasons('A'), desk.reasons('B')]).toEqual([
      { 'limit:maxNotionalPerDay': 1 },
      { 'limit:maxNotionalPerDay': 1 },
    ]);
  });

  test('compare strictly, and the loss of a day net of its gains', () => {
    const desk = new Desk(
      { defaults: { askFloor: 'none', decayAmount: '100' }, limits: { maxLossPerDay: '3' } },
      subtasks,
    );
    for (const symbol of ['A', 'B', 'C', 'D']) desk.opens(symbol, '9', '10', { ttlMs: 1 });
    desk.quote('A', '12', { size: '1', at: 10_000 }).quote('B', '5', { size: '1', at: 10_000 });
    desk.quote('C', '9', { size: '1', at: 11_000 }).quote('D', '9', { size: '1', at: 12_000 });

    expect(desk.fills).toEqual(['1@12.00', '1@5.00', '1@9.00']);
    expect(desk.reasons('D')).toEqual({ 'limit:maxLossPerDay': 1 });
  });

  test('count from the start of the day where the limit is set in its middle', () => {
    const desk = new Desk({ defaults: { askIncrease: { from: 'ask', amount: '0' } } }, subtasks)
      .opens('A', '9', '10')
      .opens('B', '9', '10');
    desk.quote('A', '11', { size: '1', at: 10 }).quote('B', '11', { size: '1', at: 20 });

    desk
      .changes({ defaults: { askIncrease: { from: 'ask', amount: '0' } }, limits: { maxNotionalPerDay: '20' } })
      .quote('A', '11', { size: '1', at: 900 })
      .quote('B', '11', { size: '1', at: 1_000 });

    expect(desk.trades.map(({ id }) => id)).toEqual(['0-A', '1-B', '2-A']);
  });

  test('are compared at the next full second also where the same limit is set twice', () => {
    const rules = {
      defaults: { askIncrease: { from: 'ask', amount: '0' } },
      limits: { maxNotionalPerDay: '20' },
    } as const;
    const desk = new Desk({ defaults: rules.defaults }, subtasks).opens('A', '9', '10').opens('B', '9', '10');
    desk.quote('A', '11', { size: '1', at: 10 }).quote('B', '11', { size: '1', at: 20 });

    desk
      .changes(rules)
      .changes(rules)
      .quote('A', '11', { size: '1', at: 900 })
      .quote('B', '11', { size: '1', at: 1_000 });

    expect(desk.trades.map(({ id }) => id)).toEqual(['0-A', '1-B', '2-A']);
  });
});

describe('the kill switch', () => {
  test('stops all trades from its place on, until it is cleared', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .halts()
      .quote('A', '11', { size: '1', at: 1 })
      .rearms()
      .quote('A', '11', { size: '1', at: 2 });

    expect(desk.trades.map(({ id }) => id)).toEqual(['1-A']);
    expect(desk.reasons('A')).toEqual({ halted: 1 });
  });

  test('survives a restart and a rescale', () => {
    const desk = new Desk().opens('A', '9', '10').halts();
    desk.run.rescale(3);

    expect(desk.quote('A', '11', { at: 1 }).reasons('A')).toEqual({ halted: 1 });
  });
});

describe('a change of rules', () => {
  test('leaves asks as they are and decides from there on', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .quote('A', '10.10', { size: '1', at: 1 })
      .changes({ defaults: { askOffset: '5', tradeWhen: 'at-or-above' } });

    expect(desk.ask('A')).toBe('10.10');
    expect(desk.quote('A', '10.10', { size: '1', at: 2 }).fills).toEqual(['1@10.10']);
  });

  test('moves the next decay to the first instant that the new rules give and that is not in the past', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .opens('OWN', '9', '10', { ttlMs: 100_000 })
      .time(50_000)
      .changes({ defaults: { ttlMs: 10_000, decayEveryMs: 4_000 } });

    expect(desk.row('A')).toMatchObject({ expiresAt: 10_000, nextDecayAt: 50_000, askPrice: '10.10' });
    expect(desk.row('OWN')).toMatchObject({ expiresAt: 100_000, nextDecayAt: 104_000 });
    expect(desk.run.timers).toBe(2);
    expect(desk.time(50_001).ask('A')).toBe('10.00');
  });

  test('takes the decay away, and brings it back', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .time(50_000)
      .changes({ symbols: { A: { ttlMs: 0 } } });
    expect([desk.row('A').nextDecayAt, desk.run.timers]).toEqual([null, 0]);

    expect(desk.changes({}).row('A')).toMatchObject({ expiresAt: 60_000, nextDecayAt: 63_000 });
  });

  test('wakes a sleeping ask whose floor was lowered', () => {
    const desk = new Desk()
      .opens('A', '9', '10', { ttlMs: 1 })
      .time(100_000)
      .changes({ defaults: { askFloor: { percentOfBuy: '90' } } });

    expect(desk.row('A')).toMatchObject({ askPrice: '9.50', nextDecayAt: 102_001 });
    expect(desk.time(102_002).ask('A')).toBe('9.40');
  });

  test('moves a decay to the other clock', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .time(50_000)
      .changes({ defaults: { time: 'processing' } });

    expect(desk.run.timers).toBe(1);
    desk.run.watermark(70_000);
    expect(desk.ask('A')).toBe('10.10');
    desk.run.processingTime(63_000);
    expect(desk.ask('A')).toBe('10.00');
  });

  test('is still known after a restart', () => {
    const desk = new Desk()
      .opens('A', '9', '10')
      .time(10)
      .changes({ defaults: { tradeWhen: 'at-or-above', ttlMs: 7 } });
    desk.run.rescale(2);

    expect(desk.row('A')).toMatchObject({ expiresAt: 7 });
    expect(desk.quote('A', '10.10', { at: 11 }).fills).toEqual(['9@10.10']);
  });
});

describe('what is shown', () => {
  test('a row frame holds position, last quote and reason of each symbol that changed', () => {
    const desk = new Desk({ symbols: { B: { priceStep: '0.005' } } })
      .opens('A', '9', '10')
      .quote('A', '5', { size: '3', ask: '6', at: 9 })
      .quote('B', '1', { at: 10 });

    const [{ rowCount, buffer }] = desk.run.takeRows();
    const numbers = new Float64Array(buffer);
    const shown = Array.from({ length: rowCount }, (_, index) =>
      numbers.subarray(index * ROW_WORDS, (index + 1) * ROW_WORDS),
    );

    expect(shown.map((row) => desk.run.symbolName(row[ROW.symbol]))).toEqual(['A', 'B']);
    expect(Object.fromEntries(Object.entries(ROW).map(([name, at]) => [name, shown[0][at]]))).toMatchObject({
      status: STATUS_OPEN,
      shares: 9_000_000,
      buyPrice: 1_000_000_000,
      askPrice: 1_010_000_000,
      lastTradePrice: 1_000_000_000,
      openedAtMs: 0,
      expiresAtMs: 60_000,
      nextDecayAtMs: 63_000,
      trades: 0,
      bid: 500_000_000,
      ask: 600_000_000,
      bidSize: 3_000_000,
      askSize: -1,
      quoteTimeMs: 9,
      lastReason: 3,
      priceDecimals: 2,
    });
    expect([
      shown[1][ROW.status],
      shown[1][ROW.openedAtMs],
      shown[1][ROW.lastReason],
      shown[1][ROW.priceDecimals],
    ]).toEqual([STATUS_NO_POSITION, NaN, -1, 3]);
    expect(desk.run.takeRows()[0].rowCount).toBe(0);
  });

  test('a negative profit fills both of its words', () => {
    const desk = new Desk({ defaults: { askFloor: 'none', decayAmount: '100' } })
      .opens('A', '2', '10', { ttlMs: 1 })
      .quote('A', '9.99', { size: '1', at: 10_000 });

    const integers = new BigInt64Array(desk.run.takeRows()[0].buffer);

    expect([integers[ROW.profitLow], integers[ROW.profitHigh]]).toEqual([-1_000_000_000_000n, -1n]);
    expect(desk.row('A').profit).toBe('-0.01');
  });

  test('the history of a symbol is sampled, and thinned when it is full', () => {
    const desk = new Desk({}, 1, 10).opens('A', '9', '10');
    for (let at = 1; at <= 20_000; at += 5) desk.quote('A', '5', { ask: '6', at });

    const samples = desk.run.query('history', 'A') as number[];

    expect(samples.length % 4).toBe(0);
    expect(samples.length / 4).toBeGreaterThan(256);
    expect(samples.length / 4).toBeLessThanOrEqual(512);
    expect(samples.slice(0, 4)).toEqual([1, 500_000_000, 600_000_000, 1_010_000_000]);
    expect(samples.at(-4)).toBeGreaterThan(19_900);
  });
});
