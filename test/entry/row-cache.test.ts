import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  openFrame,
  ROW,
  rowOffset,
  rowProfit,
  ROW_WORDS,
  STATUS_NO_POSITION,
  STATUS_OPEN,
  STATUS_PENDING,
} from '../../engine/contract/frames.ts';
import { RowCache } from '../../engine/entry/workstation/row-cache.ts';

function published(rows: readonly { symbol: number; bid: number; profit: bigint }[]): ArrayBuffer {
  const buffer = new ArrayBuffer(rows.length * ROW_WORDS * 8);
  const numbers = new Float64Array(buffer);
  const bits = new BigInt64Array(buffer);
  rows.forEach((row, index) => {
    numbers[index * ROW_WORDS + ROW.symbol] = row.symbol;
    numbers[index * ROW_WORDS + ROW.bid] = row.bid;
    bits[index * ROW_WORDS + ROW.profitLow] = BigInt.asIntN(64, row.profit);
    bits[index * ROW_WORDS + ROW.profitHigh] = row.profit >> 64n;
  });
  return buffer;
}

function read(frame: ArrayBuffer): Map<number, { bid: number; profit: bigint }> {
  const opened = openFrame(frame);
  const rows = new Map<number, { bid: number; profit: bigint }>();
  for (let index = 0; index < opened.rowCount; index += 1) {
    const at = rowOffset(index);
    rows.set(opened.numbers[at + ROW.symbol], { bid: opened.numbers[at + ROW.bid], profit: rowProfit(opened, at) });
  }
  return rows;
}

const row = fc.record({
  symbol: fc.integer({ min: 0, max: 2_000 }),
  bid: fc.integer({ min: 0, max: 1_000 }),
  profit: fc.bigInt({ min: -(2n ** 120n), max: 2n ** 120n }),
});

describe('rows on their way to the window', () => {
  it('a frame holds the latest value of each symbol that changed, and a complete one of all', () => {
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 40 }), { maxLength: 12 }), (batches) => {
        const cache = new RowCache();
        const all = new Map<number, { bid: number; profit: bigint }>();
        for (const batch of batches) {
          const changed = new Map(batch.map(({ symbol, bid, profit }) => [symbol, { bid, profit }]));
          for (const [symbol, value] of changed) all.set(symbol, value);
          cache.update(published(batch), batch.length);
          expect(read(cache.cut(1, false))).toEqual(changed);
          expect(cache.hasChanges).toBe(false);
        }
        expect(read(cache.cut(1, true))).toEqual(all);
      }),
    );
  });

  it('a pending position is shown until a task publishes one that is open', () => {
    const cache = new RowCache();
    cache.addPending(3, { shares: 5, buyPrice: 7, openedAtMs: NaN, priceDecimals: 2 });
    const statusOf = (frame: ArrayBuffer): number => openFrame(frame).numbers[rowOffset(0) + ROW.status];

    const first = statusOf(cache.cut(1, false));
    const quoted = published([{ symbol: 3, bid: 9, profit: 0n }]);
    cache.update(quoted, 1);
    const fresh = cache.publishedCount;
    const afterQuote = statusOf(cache.cut(1, false));
    const opened = published([{ symbol: 3, bid: 9, profit: 0n }]);
    new Float64Array(opened)[ROW.status] = STATUS_OPEN;
    cache.update(opened, 1);
    cache.update(quoted, 1);

    expect([first, fresh, afterQuote]).toEqual([STATUS_PENDING, 1, STATUS_PENDING]);
    expect(statusOf(cache.cut(1, false))).toBe(STATUS_NO_POSITION);
  });

  it('a frame of another version is refused with what was found', () => {
    expect(() => openFrame(new ArrayBuffer(64))).toThrow(/must start with/);
  });
});
