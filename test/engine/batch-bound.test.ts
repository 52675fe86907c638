import { expect, test } from 'vitest';
import { BATCH_SLOTS, BatchBound } from '../../engine/runtime/task/batch-bound.ts';

/** Batches of a function that takes so long for each record. @returns the longest of the last ten, ms */
function play(bound: BatchBound, msPerRecord: number, batches: number): number {
  const took: number[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    took.push(bound.slots * msPerRecord);
    if (bound.isWatched) bound.took(bound.slots * msPerRecord);
  }
  return Math.max(...took.slice(-10));
}

test('batches are whole while nobody asks, however long they take', () => {
  const bound = new BatchBound();

  expect(play(bound, 0.1, 100)).toBeCloseTo(25.6, 10);
  expect(bound.slots).toBe(BATCH_SLOTS);
});

test('a slow function makes batches short while somebody asks, and whole again when nobody does any more', () => {
  const bound = new BatchBound();
  bound.asked();

  expect(play(bound, 0.1, 20)).toBeLessThanOrEqual(1);
  expect(play(bound, 0.1, 1_000)).toBeCloseTo(25.6, 10);
  expect([bound.slots, bound.isWatched]).toEqual([BATCH_SLOTS, false]);
});

test('a fast function keeps whole batches, also after one that was held up', () => {
  const bound = new BatchBound();
  bound.asked();
  bound.took(40);
  expect(bound.slots).toBe(BATCH_SLOTS / 2);

  play(bound, 0.0005, 10);
  expect(bound.slots).toBe(BATCH_SLOTS);
});
