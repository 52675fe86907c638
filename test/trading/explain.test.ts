import { expect, test } from 'vitest';
import { Desk, type DeskRules } from '../support/trading-desk.ts';
import type { Explanation } from '../../engine/contract/explanations.ts';

const explained = (desk: Desk): Explanation => desk.run.query('explain', 'A') as Explanation;

test('an explanation names the reason of the last quote, with the numbers that were compared', () => {
  const desk = new Desk().opens('A', '10', '10');
  expect(explained(desk)).toMatchObject({ why: 'The position is open, and there was no quote yet.', reason: null });
  desk.quote('A', '10.10', { at: 1 });
  expect(explained(desk)).toMatchObject({
    why: 'The last quote did not trade: the bid 10.10 is not above our ask price 10.10.',
    reason: 'bid-not-above-ask',
    bid: '10.10',
    askPrice: '10.10',
    shares: '10',
    floor: '9.50',
    timerClock: 'event-time',
  });
  desk.quote('A', '10.11', { size: '4', at: 2 });
  expect(explained(desk)).toMatchObject({ why: 'The last quote traded, at 10.11.', reason: null, shares: '6' });
});

test('a bid that was too low and no longer is waits for the next quote, and is explained so', () => {
  const desk = new Desk().opens('A', '10', '10').quote('A', '10.05', { at: 1 });
  desk.time(64_000);
  expect(explained(desk)).toMatchObject({ askPrice: '10.00', reason: 'bid-not-above-ask' });
  expect(explained(desk).why).toContain(
    'the bid 10.05 was too low then. It no longer is: our ask price 10.00 has come down',
  );
});

test('a limit that was met is explained with what was counted and what is allowed', () => {
  const why = (limits: NonNullable<DeskRules['limits']>, after: (desk: Desk) => Desk): string =>
    explained(after(new Desk({ limits }).opens('A', '1000', '10'))).why.replace('The last quote did not trade: ', '');
  const twice = (desk: Desk): Desk =>
    desk.quote('A', '11', { size: '1', at: 1 }).quote('A', '12', { size: '1', at: 2 });

  expect(why({ maxTradesPerSecond: 1 }, twice)).toBe(
    'it had traded 1 times in that second, and maxTradesPerSecond is 1.',
  );
  expect(why({ maxTradesPerDay: 1 }, twice)).toBe('it had traded 1 times on that day, and maxTradesPerDay is 1.');
  expect(why({ maxNotionalPerTrade: '100' }, (desk) => desk.quote('A', '11.50', { size: '10', at: 1 }))).toBe(
    '10 shares at 11.50 come to 115.00, and maxNotionalPerTrade is 100.00.',
  );
  const nextSecond = (desk: Desk): Desk => twice(desk).quote('A', '13', { size: '1', at: 1_001 });
  expect(why({ maxNotionalPerDay: '20' }, nextSecond)).toBe(
    'the trades of all symbols came to 23.00 on that day, and maxNotionalPerDay is 20.00.',
  );
});

test('a bid of a size that may not be sold is explained with the sizes', () => {
  const desk = new Desk({ defaults: { fill: 'all-or-none', maxSharesPerTrade: '5' } }).opens('A', '10', '10');

  expect(explained(desk.quote('A', '11', { size: '6', at: 1 })).why).toContain(
    'a bid for 6 shares is above the 5 that one trade may sell',
  );
  expect(explained(desk.quote('A', '11', { at: 2 })).why).toContain(
    'a bid for an unknown size cannot be filled from 10 shares',
  );
});
