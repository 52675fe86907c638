import fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { MemoryBytes } from '../../engine/connectors/decode/byte-source.ts';
import { bindProfile } from '../../engine/connectors/profiles/bind-profile.ts';
import { InputError } from '../../engine/connectors/sources/input-error.ts';
import { MemoryQuotes } from '../../engine/connectors/sources/memory-quotes.ts';
import { createQuoteBatch } from '../../engine/connectors/sources/quote-batch.ts';
import * as records from '../../engine/connectors/sources/session-records.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import * as trading from '../../engine/trading/records.ts';
import { ManualClock, playAll, profileNamed, quotesAt, readerOf, RecordedOutput } from './session-kit.ts';

test('the records of a session are the records of the trading job', () => {
  expectTypeOf<records.SessionQuote>().toExtend<trading.Quote>();
  expectTypeOf<records.SessionPosition>().toExtend<trading.StartingPosition>();
  expect(records.NO_PRICE).toBe(trading.NO_PRICE);
  expect(records.SIZE_UNKNOWN).toBe(trading.SIZE_UNKNOWN);
});

describe('several inputs', () => {
  test('are merged by the event time of their next quote, ties in the order they were named', async () => {
    const symbols = new SymbolTable();
    const one = quotesAt(symbols, 'one', [
      ['A', 10],
      ['A', 20],
      ['A', 5],
      ['A', 30],
    ]);
    const two = quotesAt(symbols, 'two', [
      ['B', 10],
      ['B', 19],
      ['B', 20],
      ['B', 40],
    ]);
    const output = new RecordedOutput();
    await playAll(readerOf([one, two], symbols), output);

    expect(output.quotes.map(({ symbol, time, sequence }) => `${sequence}${symbol}${time}`)).toEqual([
      '0A10',
      '1B10',
      '2B19',
      '3A20',
      '4A5',
      '5B20',
      '6A30',
      '7B40',
    ]);
  });

  test('of any number and order are merged as a list sorted by hand would be', async () => {
    const times = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 5 }), async (inputs) => {
        const symbols = new SymbolTable();
        const output = new RecordedOutput();
        await playAll(
          readerOf(
            inputs.map((each, index) =>
              quotesAt(
                symbols,
                `${index}`,
                each.map((time) => [`S${index}`, time] as const),
              ),
            ),
            symbols,
            { maxFutureMs: 1e9 },
          ),
          output,
        );

        const expected: string[] = [];
        const queues = inputs.map((each) => [...each]);
        while (queues.some((queue) => queue.length > 0)) {
          const next = queues.map((queue) => queue[0] ?? Infinity);
          const index = next.indexOf(Math.min(...next));
          expected.push(`S${index}@${String(queues[index]?.shift())}`);
        }
        expect(output.quotes.map(({ symbol, time }) => `${symbol}@${time}`)).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });
});

describe('an input that cannot be read to its end', () => {
  test('gives everything before the damage, then fails, and sends no final watermark', async () => {
    const symbols = new SymbolTable();
    const text = 'symbol,eventTimeMs,bid,bidSize,ask,askSize\nA,1000,1,1,2,1\nA,2000,1,1,2,1\nA,3000,1,1,2';
    const failure = new InputError(
      'unreadable',
      'input-truncated',
      { input: 'x.csv', byte: 77 },
      'x.csv is cut short.',
    );
    const source = new MemoryBytes('x.csv', new TextEncoder().encode(text), 10, failure);
    const output = new RecordedOutput();
    const error = await playAll(
      readerOf([bindProfile(profileNamed('csv'), source, 'x.csv', symbols)], symbols),
      output,
    );

    expect(output.log).toEqual(['watermark 999', 'quote 0 A@1000', 'watermark 1999', 'quote 1 A@2000']);
    expect(error).toMatchObject({ place: { input: 'x.csv', line: 3, byte: 77 } });
    expect(error?.message).toBe(
      'x.csv is cut short. Everything up to line 3 was read whole; what came after it was not used.',
    );
  });
});

describe('a paced replay', () => {
  const times: readonly (readonly [string, number])[] = [
    ['A', 1000],
    ['A', 1010],
    ['A', 1010],
    ['A', 1500],
    ['A', 3000],
  ];

  test('releases quotes when they are due, at the speed asked for', async () => {
    const symbols = new SymbolTable();
    const clock = new ManualClock();
    const reader = readerOf([quotesAt(symbols, 'm', times)], symbols, { speed: { kind: 'times', factor: 10 } }, clock);
    const output = new RecordedOutput();

    expect(reader.pollNext(output, 100)).toBe('nothing-available');
    expect(output.quotes).toHaveLength(1);
    const available = reader.isAvailable();
    expect(clock.timers).toEqual([1]);
    clock.advanceTo(1);
    await available;
    reader.pollNext(output, 100);
    expect(output.quotes).toHaveLength(3);
    clock.advanceTo(49);
    reader.pollNext(output, 100);
    expect(output.quotes).toHaveLength(3);
    expect(reader.lagMs()).toBe(0);
    clock.advanceTo(50);
    reader.pollNext(output, 100);
    expect(output.quotes).toHaveLength(4);
  });

  test('trails the pace by what is due and not yet out, and by nothing while the market is silent', () => {
    const symbols = new SymbolTable();
    const clock = new ManualClock();
    const input = quotesAt(symbols, 'm', [
      ['A', 1000],
      ['A', 1100],
      ['A', 1200],
      ['A', 11_000],
    ]);
    const reader = readerOf([input], symbols, { speed: { kind: 'times', factor: 1 } }, clock);
    const output = new RecordedOutput();

    reader.pollNext(output, 1);
    clock.advanceTo(300);
    reader.pollNext(output, 1);
    expect(reader.lagMs()).toBe(200);
    reader.pollNext(output, 10);
    expect(output.quotes).toHaveLength(3);
    expect(reader.lagMs()).toBe(0);
  });

  test('stands still while paused, lets controls in all the same, and goes on where it was', async () => {
    const symbols = new SymbolTable();
    const clock = new ManualClock();
    const reader = readerOf(
      [quotesAt(symbols, 'm', times)],
      symbols,
      { speed: { kind: 'times', factor: 1 }, startPaused: true },
      clock,
    );
    const output = new RecordedOutput();

    expect(reader.pollNext(output, 100)).toBe('nothing-available');
    const paused = reader.isAvailable();
    reader.insertControl({ kind: 'halt' });
    await paused;
    reader.pollNext(output, 100);
    expect(output.log).toEqual(['control {"kind":"halt"}@-Infinity']);
    clock.advanceTo(60_000);
    reader.resume();
    reader.pollNext(output, 100);
    expect(output.quotes).toHaveLength(1);
    clock.advanceTo(60_010);
    reader.pollNext(output, 100);
    reader.pause();
    clock.advanceTo(99_000);
    reader.pollNext(output, 100);
    expect(output.quotes).toHaveLength(3);
    reader.setSpeed({ kind: 'max' });
    reader.resume();
    reader.insertControl({ kind: 'rearm' });
    expect(reader.pollNext(output, 100)).toBe('end-of-input');
    expect(output.log.slice(-6)).toEqual([
      'control {"kind":"rearm"}@1010',
      'watermark 1499',
      'quote 3 A@1500',
      'watermark 2999',
      'quote 4 A@3000',
      'watermark 3000',
    ]);
  });

  test('does not wait for a wrong time stamp, nor through a night that it has been told is real', async () => {
    const symbols = new SymbolTable();
    const clock = new ManualClock();
    const far = 50_000_000;
    const reader = readerOf(
      [
        quotesAt(symbols, 'm', [
          ['A', 1000],
          ['A', far * 2],
          ['A', 1000],
          ['A', far],
          ['A', far],
          ['A', far],
          ['A', far],
          ['A', far + 5],
        ]),
      ],
      symbols,
      { speed: { kind: 'times', factor: 1 } },
      clock,
    );
    const output = new RecordedOutput();
    reader.pollNext(output, 100);

    expect(output.quotes.map(({ sequence }) => sequence)).toEqual([0, 2, 3, 4, 5, 6]);
    clock.advanceTo(5);
    expect(reader.pollNext(output, 100)).toBe('end-of-input');
  });

  test('gives the same records at any speed, with any pauses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 20 }),
        async (offsets, acts) => {
          const symbols = new SymbolTable();
          const list = offsets.map((time) => ['A', time] as const);
          const straight = new RecordedOutput();
          await playAll(readerOf([quotesAt(symbols, 'm', list)], symbols, { maxFutureMs: 1000 }), straight);
          const clock = new ManualClock();
          const reader = readerOf(
            [quotesAt(symbols, 'm', list)],
            symbols,
            { maxFutureMs: 1000, speed: { kind: 'times', factor: 3 } },
            clock,
          );
          const paced = new RecordedOutput();
          for (let step = 0; step < 10_000 && reader.pollNext(paced, 1 + (step % 4)) !== 'end-of-input'; step += 1) {
            const act = acts[step % Math.max(1, acts.length)] ?? 1;
            if (act === 2) reader.pause();
            if (act === 3) reader.setSpeed({ kind: 'times', factor: act + step });
            if (act === 4 || act === 2) reader.resume();
            clock.advanceTo(clock.nowMs + act * 7);
          }
          expect(paced.log).toEqual(straight.log);
        },
      ),
      { numRuns: 100 },
    );
  });
});

test('quotes in memory are played again and again with times that go on', async () => {
  const symbols = new SymbolTable();
  const batch = createQuoteBatch(3);
  batch.time.set([100, 101, 109]);
  batch.symbol.fill(symbols.intern('A'));
  const output = new RecordedOutput();
  const reader = readerOf([new MemoryQuotes('bench', batch, 7)], symbols);
  await playAll(reader, output);

  expect(output.quotes.map(({ time }) => time)).toEqual([100, 101, 109, 110, 111, 119, 120]);
  expect(reader.fraction()).toBe(1);
});

test('what goes wrong behind the reader is thrown by the poll at once, and is no damage of an input', () => {
  const symbols = new SymbolTable();
  const reader = readerOf([quotesAt(symbols, 'one', [['A', 10]])], symbols);
  const output = new RecordedOutput();
  output.collect = () => {
    throw new Error('the owner of the ring is gone');
  };

  expect(() => reader.pollNext(output, 10)).toThrow('the owner of the ring is gone');
});
