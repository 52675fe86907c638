import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PlannedPosition } from '../../engine/connectors/sources/session-records.ts';
import type { StamperOptions } from '../../engine/connectors/sources/session-stamper.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import { playAll, quotesAt, readerOf, RecordedOutput } from './session-kit.ts';

const HOUR = 3_600_000;

function position(symbol: string, openedAt: number | null): PlannedPosition {
  return { symbol, shares: 1, buyPrice: 1, ttlMs: null, openedAt };
}

async function stamp(times: readonly number[], options: Partial<StamperOptions> = {}, recordsMax = 512) {
  const symbols = new SymbolTable();
  const reader = readerOf(
    [
      quotesAt(
        symbols,
        'memory',
        times.map((time) => ['A', time] as const),
      ),
    ],
    symbols,
    options,
  );
  const output = new RecordedOutput();
  const error = await playAll(reader, output, recordsMax);
  expect(error).toBeNull();
  return { log: output.log, totals: reader.totals(), reader };
}

describe('the session stamper', () => {
  test('sends ahead of each quote the watermark it meets, and the greatest time at the end', async () => {
    const { log } = await stamp([100, 100, 105]);

    expect(log).toEqual([
      'watermark 99',
      'quote 0 A@100',
      'quote 1 A@100',
      'watermark 104',
      'quote 2 A@105',
      'watermark 105',
    ]);
  });

  test('holds the watermark back by the out-of-orderness, and counts what is older as late', async () => {
    const { log, totals } = await stamp([100, 95, 90, 89, 101], { outOfOrdernessMs: 10 });

    expect(log).toEqual([
      'watermark 89',
      'quote 0 A@100',
      'quote 1 A@95',
      'quote 2 A@90',
      'quote 3 A@89',
      'watermark 90',
      'quote 4 A@101',
      'watermark 101',
    ]);
    expect(totals).toMatchObject({ late: 1, appliedRows: 4, quotes: 5 });
  });

  test('emits nothing at all for a session without quotes, and leaves its positions pending', async () => {
    const { log, reader, totals } = await stamp([], { positions: [position('A', null), position('B', 5)] });

    expect(log).toEqual([]);
    expect(reader.stamper.pendingPositions().map(({ symbol }) => symbol)).toEqual(['A', 'B']);
    expect(totals).toMatchObject({ firstEventTimeMs: null, lastEventTimeMs: null, rows: 0 });
  });

  test('lets positions enter ahead of the first quote at or after their time, in order of time, then of the file', async () => {
    const positions = [
      position('LATE', 151),
      position('FIRST', null),
      position('B', 120),
      position('OLD', 5),
      position('C', 120),
      position('NEVER', 999),
    ];
    const { log, reader } = await stamp([100, 110, 150], { positions });

    expect(log).toEqual([
      'position OLD@5',
      'position FIRST@100',
      'watermark 99',
      'quote 0 A@100',
      'watermark 109',
      'quote 1 A@110',
      'position B@120',
      'position C@120',
      'watermark 149',
      'quote 2 A@150',
      'watermark 150',
    ]);
    expect(reader.stamper.pendingPositions().map(({ symbol }) => symbol)).toEqual(['LATE', 'NEVER']);
  });

  test('emits no more records at a time than there is room for', async () => {
    const positions = Array.from({ length: 50 }, (_, index) => position(`P${index}`, null));
    const all = await stamp([1, 2, 3], { positions });
    const oneByOne = await stamp([1, 2, 3], { positions }, 1);

    expect(oneByOne.log).toEqual(all.log);
  });

  test('aligns at every full second that event time enters, once, also when seconds are skipped', async () => {
    const { log } = await stamp([1500, 1999, 2000, 1800, 2001, 7300], {
      alignFullSeconds: true,
      outOfOrdernessMs: 500,
    });

    expect(log.filter((line) => line.startsWith('align') || line.startsWith('quote'))).toEqual([
      'align 1000',
      'quote 0 A@1500',
      'quote 1 A@1999',
      'align 2000',
      'quote 2 A@2000',
      'quote 3 A@1800',
      'quote 4 A@2001',
      'align 7000',
      'quote 5 A@7300',
    ]);
  });

  test('drives the clock of processing time by the greatest event time', async () => {
    const { log } = await stamp([100, 90, 105], { drivesProcessingTime: true, outOfOrdernessMs: 50 });

    expect(log.filter((line) => line.startsWith('clock'))).toEqual(['clock 100', 'clock 105']);
  });
});

describe('a quote stamped far in the future', () => {
  test('is quarantined when the next quote is not, and keeps its number', async () => {
    const { log, totals, reader } = await stamp([100, 100 + HOUR + 1, 101, 102]);

    expect(log.filter((line) => line.startsWith('quote'))).toEqual(['quote 0 A@100', 'quote 2 A@101', 'quote 3 A@102']);
    expect(totals).toMatchObject({ quotes: 4, quarantined: 1, quarantinedByReason: { future: 1 }, openRows: 0 });
    expect(reader.quarantinedRows()[0]).toMatchObject({
      line: 2,
      reason: 'future',
      text: 'A,3600101,10.00000001,100,10.01000001,100',
    });
  });

  test('at exactly the bound is taken', async () => {
    const { totals } = await stamp([100, 100 + HOUR, 101]);

    expect(totals).toMatchObject({ quarantined: 0, late: 1 });
  });

  test('is a real gap when the next three are as far ahead of the same mark: all four are taken in order', async () => {
    const far = 100 + 16 * HOUR;
    const { log, totals } = await stamp([100, far + 5, far, far + 20 * HOUR, far + 1, far + 2]);

    expect(log.filter((line) => line.startsWith('quote'))).toEqual([
      'quote 0 A@100',
      `quote 1 A@${far + 5}`,
      `quote 2 A@${far}`,
      `quote 3 A@${far + 20 * HOUR}`,
      `quote 4 A@${far + 1}`,
      `quote 5 A@${far + 2}`,
    ]);
    expect(totals).toMatchObject({ late: 3, quarantined: 0 });
  });

  test('takes the two held behind it along into quarantine when the third is not far ahead', async () => {
    const far = 100 + 2 * HOUR;
    const { totals } = await stamp([100, far, far, far, 101]);

    expect(totals).toMatchObject({ quotes: 5, quarantined: 3, appliedRows: 2 });
  });

  test('still held when the session ends is quarantined, and does not move the final watermark', async () => {
    const { log, totals } = await stamp([100, 100 + 2 * HOUR, 101 + 2 * HOUR]);

    expect(log.at(-1)).toBe('watermark 100');
    expect(totals).toMatchObject({ quarantined: 2, lastEventTimeMs: 100, openRows: 0 });
  });

  test('does not open the positions of its time', async () => {
    const { reader } = await stamp([100, 100 + 2 * HOUR, 101], { positions: [position('A', 200)] });

    expect(reader.stamper.pendingPositions()).toHaveLength(1);
  });

  test('is taken when it is the very first: there is nothing to compare it with', async () => {
    const { totals } = await stamp([4_000_000_000_000, 100]);

    expect(totals).toMatchObject({ quarantined: 0, late: 1 });
  });
});

/** trading-rules "Time" and "On a position", read literally and without a thought for speed. */
function model(
  times: readonly number[],
  options: { ooo: number; maxFuture: number; positions: readonly PlannedPosition[] },
): string[] {
  const log: string[] = [];
  let greatest = -Infinity;
  let watermark = -Infinity;
  const waiting = options.positions.map((each, order) => ({ ...each, order }));
  const take = (sequence: number, time: number): void => {
    const due = waiting
      .filter(({ openedAt }) => (openedAt ?? time) <= time)
      .sort((a, b) => (a.openedAt ?? time) - (b.openedAt ?? time) || a.order - b.order);
    for (const each of due) {
      log.push(`position ${each.symbol}@${each.openedAt ?? time}`);
      waiting.splice(waiting.indexOf(each), 1);
    }
    greatest = Math.max(greatest, time);
    if (greatest - options.ooo - 1 > watermark) {
      watermark = greatest - options.ooo - 1;
      log.push(`watermark ${watermark}`);
    }
    log.push(`quote ${sequence} A@${time}`);
  };
  const isFar = (time: number | undefined): boolean =>
    time !== undefined && greatest !== -Infinity && time > greatest + options.maxFuture;
  for (let index = 0; index < times.length;) {
    if (!isFar(times[index])) {
      take(index, times[index]);
      index += 1;
    } else if ([1, 2, 3].every((step) => isFar(times[index + step]))) {
      for (let step = 0; step < 4; step += 1) take(index + step, times[index + step]);
      index += 4;
    } else {
      index += 1;
    }
  }
  if (greatest !== -Infinity) log.push(`watermark ${greatest}`);
  return log;
}

test('the stamper does what the rules say, read literally, on any session', async () => {
  const time = fc.oneof(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 400 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(time, { maxLength: 40 }),
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.option(fc.integer({ min: 0, max: 300 })), { maxLength: 5 }),
      fc.integer({ min: 1, max: 7 }),
      async (times, ooo, maxFuture, openings, recordsMax) => {
        const positions = openings.map((openedAt, index) => position(`P${index}`, openedAt));
        const { log, totals } = await stamp(
          times,
          { outOfOrdernessMs: ooo, maxFutureMs: maxFuture, positions },
          recordsMax,
        );

        expect(log).toEqual(model(times, { ooo, maxFuture, positions }));
        expect(totals.rows).toBe(totals.appliedRows + totals.late + totals.quarantined + totals.ignored);
        expect(totals.quotes).toBe(times.length);
      },
    ),
    { numRuns: 400 },
  );
});
