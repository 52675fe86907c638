import { describe, expect, test } from 'vitest';
import type { TradeMessage } from '../../engine/contract/window.ts';
import { KEPT_MAX, TradeStore } from '../../renderer/stores/trade-store.ts';

function trades(first: number, count: number): TradeMessage[] {
  return Array.from({ length: count }, (_, index) => trade(first + index));
}

function trade(number: number): TradeMessage {
  return {
    id: `${number}-AAPL`,
    symbol: 'AAPL',
    shares: '1',
    price: '10.00',
    profit: '0.10',
    eventTimeMs: number,
    quoteSequence: number,
    askBefore: '9.90',
    askAfter: '10.10',
  };
}

describe('the trade store', () => {
  test('shows the newest first and numbers them as the session does', () => {
    const store = new TradeStore();

    store.add(0, trades(0, 3));

    expect(store.newest(0)?.id).toBe('2-AAPL');
    expect(store.numberOf(0)).toBe(3);
    expect(store.total).toBe(3);
  });

  test('keeps a trade once that is sent again after a hello', () => {
    const store = new TradeStore();
    store.add(0, trades(0, 5));

    store.add(0, trades(0, 7));

    expect(store.kept).toBe(7);
    expect(store.all().map((one) => one.quoteSequence)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('puts older trades of a hello before the ones it has', () => {
    const store = new TradeStore();
    store.add(4, trades(4, 2));

    store.add(0, trades(0, 6));

    expect(store.all().map((one) => one.quoteSequence)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('after a gap the total is still that of the session', () => {
    const store = new TradeStore();
    store.add(0, trades(0, 2));

    store.add(10, trades(10, 1));

    expect(store.total).toBe(11);
    expect(store.kept).toBe(1);
  });

  test('memory is bounded, the total is not', () => {
    const store = new TradeStore();
    for (let first = 0; first < 2 * KEPT_MAX + 10; first += 1000) store.add(first, trades(first, 1000));

    expect(store.kept).toBeLessThanOrEqual(2 * KEPT_MAX);
    expect(store.total).toBe(Math.ceil((2 * KEPT_MAX + 10) / 1000) * 1000);
  });
});
