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
          expect(read(cache.cut(1, 'changed'))).toEqual(changed);
          expect(cache.hasChanges).toBe(false);
        }
        expect(read(cache.cut(1, 'complete'))).toEqual(all);
      }),
    );
  });

  it('a pending position is shown until a task publishes one that is open', () => {
    const cache = new RowCache();
    cache.addPending(3, { shares: 5, buyPrice: 7, openedAtMs: NaN, priceDecimals: 2 });
    const statusOf = (frame: ArrayBuffer): number => openFrame(frame).numbers[rowOffset(0) + ROW.status];

    const first = statusOf(cache.cut(1, 'changed'));
    const quoted = published([{ symbol: 3, bid: 9, profit: 0n }]);
    cache.update(quoted, 1);
    const fresh = cache.publishedCount;
    const afterQuote = statusOf(cache.cut(1, 'changed'));
    const opened = published([{ symbol: 3, bid: 9, profit: 0n }]);
    new Float64Array(opened)[ROW.status] = STATUS_OPEN;
    cache.update(opened, 1);
    cache.update(quoted, 1);

    expect([first, fresh, afterQuote]).toEqual([STATUS_PENDING, 1, STATUS_PENDING]);
    expect(statusOf(cache.cut(1, 'changed'))).toBe(STATUS_NO_POSITION);
  });

  it('rows in sight are in the next frame, however many others changed; those follow, oldest first, all within 15 frames', () => {
    const cache = new RowCache();
    const symbols = Array.from({ length: 5_000 }, (_, symbol) => symbol);
    const all = symbols.map((symbol) => ({ symbol, bid: 1, profit: -1n }));
    cache.update(published(all), all.length);
    cache.setInSight([4_998, 4_999, 7_000]);
    const second = { symbol: 4_999, bid: 2, profit: 5n };

    const first = read(cache.cut(1, 'in-sight-first'));
    cache.update(published([second]), 1);
    const next = read(cache.cut(2, 'in-sight-first'));
    const later: number[] = [];
    for (let frame = 0; cache.hasChanges; frame += 1) later.push(...read(cache.cut(3, 'in-sight-first')).keys());

    expect([...first.keys()].slice(0, 4)).toEqual([4_998, 4_999, 0, 1]);
    expect([...next.keys()].slice(0, 2)).toEqual([4_999, first.size - 2]);
    expect(next.get(4_999)).toEqual({ bid: 2, profit: 5n });
    expect([...first.keys(), ...next.keys(), ...later].sort((a, b) => a - b)).toEqual([...symbols, 4_999]);
  });

  it('few rows never wait, whoever sees them', () => {
    const cache = new RowCache();
    const rows = Array.from({ length: 200 }, (_, symbol) => ({ symbol, bid: 1, profit: 0n }));
    cache.update(published(rows), rows.length);
    cache.setInSight([0]);

    expect(read(cache.cut(1, 'in-sight-first')).size).toBe(200);
    expect(cache.hasChanges).toBe(false);
  });

  it('a frame of another version is refused with what was found', () => {
    expect(() => openFrame(new ArrayBuffer(64))).toThrow(/must start with/);
  });
});
