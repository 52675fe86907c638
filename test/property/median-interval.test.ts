import { expect, test } from 'vitest';
import { medianInterval } from '../performance/median-interval.ts';
import { seededRandom } from '../support/seeded-random.ts';

const countingUp = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

test.each([
  [6, 1, 6, 0.9688],
  [10, 2, 9, 0.9785],
  [25, 8, 18, 0.9567],
  [100, 40, 61, 0.9648],
])(
  'of %i values the interval of the median is from the %i. to the %i. (tables: Conover 1999, A3)',
  (count, k, l, p) => {
    const { low, high, confidence } = medianInterval(countingUp(count).reverse());

    expect([low, high]).toEqual([k, l]);
    expect(confidence).toBeCloseTo(p, 4);
  },
);

test('too few values are told with the confidence that they have', () => {
  expect(medianInterval([3, 1, 2])).toEqual({ low: 1, high: 3, confidence: 0.75 });
});

test('the interval holds the true median about as often as it says, however skewed the values are', () => {
  const random = seededRandom(3);
  const trueMedian = -Math.log(0.5);
  let held = 0;
  const rounds = 2_000;
  for (let round = 0; round < rounds; round += 1) {
    const { low, high } = medianInterval(countingUp(51).map(() => -Math.log(1 - random())));
    if (low <= trueMedian && trueMedian <= high) held += 1;
  }
  // 95.1 % by the law; four standard deviations of as many rounds.
  expect(held / rounds).toBeGreaterThan(0.932);
  expect(held / rounds).toBeLessThan(0.972);
});
