import { describe, expect, test } from 'vitest';
import { BAR_WORDS } from '../../engine/contract/bars.ts';
import { barPriceText } from '../../renderer/format/bar-text.ts';
import { BARS_SHOWN_MAX, BarStore } from '../../renderer/stores/bar-store.ts';

const bar = (startMs: number, close: number): number[] => [startMs, ...Array<number>(BAR_WORDS - 1).fill(close)];
const bars = (...list: readonly number[][]): Float64Array => Float64Array.from(list.flat());

function showing(): BarStore {
  const store = new BarStore();
  store.choose('A', '1m');
  store.take('A', '1m', 'all', bars(bar(0, 1), bar(60_000, 2)));
  return store;
}

describe('the store of bars', () => {
  test('shows what came for its choice, and nothing of an earlier one', () => {
    const store = showing();
    expect([store.phase, store.count]).toEqual(['showing', 2]);

    store.choose('B', '1m');
    store.take('A', '1m', 'newest', bars(bar(120_000, 3)));
    store.take('B', '5m', 'all', bars(bar(0, 3)));

    expect([store.phase, store.count]).toEqual(['loading', 0]);
  });

  test('a bar that grows takes its own place, and is not drawn anew', () => {
    const store = showing();
    const { generation, change } = store;

    store.take('A', '1m', 'newest', bars(bar(60_000, 5), bar(120_000, 6)));

    expect([store.count, store.word(1, 4), store.startMs(2)]).toEqual([3, 5, 120_000]);
    expect(store.generation).toBe(generation);
    expect(store.change).toBeGreaterThan(change);
  });

  test('the oldest go when there are too many', () => {
    const store = showing();
    for (let index = 2; index < BARS_SHOWN_MAX + 10; index += 1)
      store.take('A', '1m', 'newest', bars(bar(index * 60_000, 1)));

    expect(store.count).toBe(BARS_SHOWN_MAX);
    expect(store.startMs(0)).toBe(10 * 60_000);
  });

  test('says when a session builds none, and forgets with the session', () => {
    const store = showing();

    store.take('A', '1m', 'all', null);
    expect(store.phase).toBe('not-built');
    store.forget();
    expect(store.phase).toBe('loading');
    store.choose('A', null);
    expect(store.phase).toBe('none-chosen');
  });
});

test('a price of bars is exact, halves of the smallest unit included', () => {
  expect(barPriceText(0, 2)).toBe('\u2013');
  expect(barPriceText(28_100_000_000, 2)).toBe('140.50');
  expect(barPriceText(3, 2)).toBe('0.000000015');
  expect(barPriceText(Number.MAX_SAFE_INTEGER, 2)).toBe('45,035,996.273704955');
});
