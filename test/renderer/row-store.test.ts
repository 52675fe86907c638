import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RowCache } from '../../engine/entry/workstation/row-cache.ts';
import { RowStore, STATUS_CLOSED, STATUS_NO_POSITION, STATUS_OPEN } from '../../renderer/stores/row-store.ts';
import { makeFrame, type TestRow } from './frame-maker.ts';
import { FRAME_HEADER_WORDS, ROW_WORDS } from '../../engine/contract/frames.ts';

const status = fc.integer({ min: 0, max: 3 });
const row: fc.Arbitrary<TestRow> = fc.record({
  symbol: fc.integer({ min: 0, max: 40 }),
  status,
  shares: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
  profit: fc.bigInt({ min: -(2n ** 120n), max: 2n ** 120n }),
  trades: fc.integer({ min: 0, max: 1000 }),
});

describe('the row store', () => {
  test('holds the latest row of each symbol, with its exact profit', () => {
    const rows = new RowStore();
    const loss = -123_456_789_012_345_678_901n;

    rows.apply(makeFrame([{ symbol: 3, status: STATUS_OPEN, bid: 5, profit: 7n }]));
    rows.apply(makeFrame([{ symbol: 3, status: STATUS_OPEN, bid: 6, profit: loss }]));

    expect(rows.symbols).toEqual([3]);
    expect(rows.get(3, 'bid')).toBe(6);
    expect(rows.profit(3)).toBe(loss);
    expect(rows.profitSize(3)).toBeLessThan(0);
  });

  test('says which rows changed, and only those', () => {
    const rows = new RowStore();
    rows.apply(makeFrame([{ symbol: 1 }, { symbol: 2 }]));
    const before = rows.version(2);

    rows.apply(makeFrame([{ symbol: 1, bid: 1 }]));

    expect(rows.version(2)).toBe(before);
    expect(rows.version(1)).toBeGreaterThan(before);
  });

  test('a complete frame replaces everything, so that a symbol it does not name is gone', () => {
    const rows = new RowStore();
    rows.apply(makeFrame([{ symbol: 1, status: STATUS_OPEN, shares: 5 }]));

    rows.apply(makeFrame([{ symbol: 2, status: STATUS_CLOSED }], { complete: true }));

    expect(rows.symbols).toEqual([2]);
    expect(rows.totals).toMatchObject({ positions: 1, open: 0, closed: 1, shares: 0n });
  });

  test('totals are the exact sums of the latest rows, after any frames', () => {
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 12 }), { maxLength: 12 }), (frames) => {
        const rows = new RowStore();
        const latest = new Map<number, TestRow>();
        for (const frame of frames) {
          rows.apply(makeFrame(frame));
          for (const one of frame) latest.set(one.symbol, one);
        }

        const all = [...latest.values()];
        expect(rows.totals.profit).toBe(all.reduce((sum, one) => sum + (one.profit ?? 0n), 0n));
        expect(rows.totals.shares).toBe(all.reduce((sum, one) => sum + BigInt(one.shares ?? 0), 0n));
        expect(rows.totals.trades).toBe(all.reduce((sum, one) => sum + (one.trades ?? 0), 0));
        expect(rows.totals.positions).toBe(all.filter((one) => one.status !== STATUS_NO_POSITION).length);
      }),
    );
  });

  test('reads what the engine cuts, bit for bit', () => {
    const cache = new RowCache();
    const published = makeFrame([{ symbol: 700, status: STATUS_OPEN, profit: -1n, bid: 123 }]).slice(
      FRAME_HEADER_WORDS * 8,
      (FRAME_HEADER_WORDS + ROW_WORDS) * 8,
    );
    cache.update(published, 1);
    const rows = new RowStore();

    const cutAtMs = rows.apply(cache.cut(42, 'changed'));

    expect(cutAtMs).toBe(42);
    expect(rows.profit(700)).toBe(-1n);
    expect(rows.get(700, 'bid')).toBe(123);
  });

  test('refuses bytes that are no frame', () => {
    expect(() => new RowStore().apply(new ArrayBuffer(64))).toThrow(/rows frame/);
  });

  test('finds a symbol by name, and calls an unnamed one by its number', () => {
    const rows = new RowStore();
    rows.setNames(5, ['AAPL', 'MSFT']);

    expect(rows.find('MSFT')).toBe(6);
    expect(rows.find('IBM')).toBeNull();
    expect(rows.name(9)).toBe('#9');
  });
});
