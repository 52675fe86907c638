import { expect, test } from 'vitest';
import { Desk } from '../support/trading-desk.ts';
import type { Explanation } from '../../engine/trading/explain.ts';

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
