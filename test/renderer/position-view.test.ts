import { describe, expect, test } from 'vitest';
import { PositionView } from '../../renderer/stores/position-view.ts';
import { RowStore, STATUS_CLOSED, STATUS_NO_POSITION, STATUS_OPEN } from '../../renderer/stores/row-store.ts';
import { makeFrame } from './frame-maker.ts';

function setUp() {
  const rows = new RowStore();
  rows.setNames(0, ['MSFT', 'AAPL', 'IBM', 'BAC']);
  rows.apply(
    makeFrame([
      { symbol: 0, status: STATUS_OPEN, profit: 5n * 10n ** 30n, bid: 30 },
      { symbol: 1, status: STATUS_OPEN, profit: -(10n ** 30n), bid: 10 },
      { symbol: 2, status: STATUS_CLOSED, profit: 1n },
      { symbol: 3, status: STATUS_NO_POSITION, bid: 20 },
    ]),
  );
  const view = new PositionView(rows);
  const names = (): string[] => Array.from({ length: view.length }, (_, place) => rows.name(view.symbolAt(place)));
  return { rows, view, names };
}

describe('the position view', () => {
  test('lists positions by symbol, without symbols that are only quoted', () => {
    const { view, names } = setUp();

    view.refresh(0);

    expect(names()).toEqual(['AAPL', 'IBM', 'MSFT']);
  });

  test('sorts by exact profit, the other way round on the second click', () => {
    const { view, names } = setUp();

    view.setSort({ column: 'profit', direction: 'descending' });
    view.refresh(0);
    expect(names()).toEqual(['MSFT', 'IBM', 'AAPL']);

    view.setSort({ column: 'profit', direction: 'ascending' });
    view.refresh(0);
    expect(names()).toEqual(['AAPL', 'IBM', 'MSFT']);
  });

  test('keeps rows without a value at the end, whichever way the column is sorted', () => {
    const { view, names } = setUp();
    view.setFilter('', 'all');

    for (const direction of ['ascending', 'descending'] as const) {
      view.setSort({ column: 'bid', direction });
      view.refresh(0);
      expect(names().at(-1)).toBe('IBM');
    }
  });

  test('filters by part of the symbol, in any case, and by status', () => {
    const { view, names } = setUp();

    view.setFilter(' a', 'positions');
    view.refresh(0);
    expect(names()).toEqual(['AAPL']);

    view.setFilter('', 'closed');
    view.refresh(0);
    expect(names()).toEqual(['IBM']);
  });

  test('a column that moves by itself is sorted again at a calm rate only', () => {
    const { rows, view, names } = setUp();
    view.setSort({ column: 'bid', direction: 'descending' });
    view.refresh(0);
    expect(names()).toEqual(['MSFT', 'AAPL', 'IBM']);

    rows.apply(makeFrame([{ symbol: 1, status: STATUS_OPEN, bid: 99 }]));
    expect(view.refresh(500)).toBe(false);
    expect(view.refresh(1000)).toBe(true);

    expect(names()).toEqual(['AAPL', 'MSFT', 'IBM']);
  });

  test('a row that closes leaves the list of open ones', () => {
    const { rows, view, names } = setUp();
    view.setFilter('', 'open');
    view.refresh(0);

    rows.apply(makeFrame([{ symbol: 0, status: STATUS_CLOSED }]));
    view.refresh(1000);

    expect(names()).toEqual(['AAPL']);
  });
});
