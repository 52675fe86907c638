import { describe, expect, test } from 'vitest';
import { InputError } from '../../engine/connectors/sources/input-error.ts';
import { decode, profileWith } from './session-kit.ts';

const HEADER = 'symbol,eventTimeMs,bid,bidSize,ask,askSize';

async function rows(...lines: string[]): ReturnType<typeof decode> {
  return decode(`${[HEADER, ...lines].join('\n')}\n`, 'csv');
}

/** The reason of the one row, given as its last four columns. */
async function reasonOf(line: string): Promise<string | undefined> {
  const { quarantined, quotes } = await rows(line, 'A,2000,1,1,2,1');
  expect(quotes, 'reading goes on with the next row').toHaveLength(1);
  return quarantined[0]?.reason;
}

describe('a CSV session', () => {
  test('becomes quotes with exact prices and sizes', async () => {
    const { quotes, ledger } = await rows('AAPL,1381132800054,140.50,300,140.52000001,0.5');

    expect(quotes).toEqual([
      {
        symbol: 'AAPL',
        time: 1381132800054,
        bid: '140.50',
        bidSize: '300',
        ask: '140.52000001',
        askSize: '0.5',
        rows: 1,
      },
    ]);
    expect(ledger.rowsRead).toBe(1);
  });

  test('has a missing side where the price is absent, zero or negative, and an unknown size where none is told', async () => {
    const { quotes } = await rows('A,1000,,,1.5,', 'A,1000,0,100,1.5,0', 'A,1000,-1.25,100,1.5,100', 'A,1000,,,,');

    expect(quotes.map(({ bid, bidSize, ask, askSize }) => [bid, bidSize, ask, askSize])).toEqual([
      [null, null, '1.50', null],
      [null, null, '1.50', '0'],
      [null, null, '1.50', '100'],
      [null, null, null, null],
    ]);
  });

  test('may name its columns in any order, with others between and other spellings', async () => {
    const { quotes } = await decode('x,Ask_Size,ASK,ts_ms,bid size,Bid,Symbol\n1,5,2.5,1000,7,2.25, IBM \n', 'csv');

    expect(quotes[0]).toMatchObject({
      symbol: 'IBM',
      time: 1000,
      bid: '2.25',
      bidSize: '7',
      ask: '2.50',
      askSize: '5',
    });
  });

  test.each([
    ['line feeds', '\n'],
    ['carriage returns and line feeds', '\r\n'],
    ['carriage returns alone', '\r'],
  ])('is read with %s at the line ends, and counts lines alike', async (_, end) => {
    const text = [HEADER, 'A,1000,1,1,2,1', '', 'A,1001,x,1,2,1', 'A,1002,1,1,2,1'].join(end);
    const { quotes, quarantined } = await decode(text, 'csv');

    expect(quotes.map(({ time }) => time)).toEqual([1000, 1002]);
    expect(quarantined).toEqual([{ input: 'session.csv', line: 4, reason: 'bad-number', text: 'A,1001,x,1,2,1' }]);
  });

  test('may begin with a byte order mark and with comments, and may end without a line end', async () => {
    const { quotes } = await decode(`\ufeff# made by hand\n${HEADER}\n#\nA,1000,1,1,2,1`, 'csv');

    expect(quotes).toHaveLength(1);
  });

  test('in UTF-16 is refused by name of the encoding', async () => {
    const { error } = await decode(Uint8Array.from(Buffer.from(`\ufeff${HEADER}\n`, 'utf16le')), 'csv');

    expect(error?.message).toContain('UTF-16');
  });

  test('that is empty is refused; one with only a header has no rows', async () => {
    const empty = await decode('', 'csv');
    const headerOnly = await decode(`${HEADER}\n`, 'csv');

    expect(empty.error).toMatchObject({ code: 'input-empty', kind: 'unreadable' });
    expect(headerOnly.error).toBeNull();
    expect(headerOnly.ledger.rowsRead).toBe(0);
  });

  test('without a column that the profile uses is refused with what was looked for and what was found', async () => {
    const { error } = await decode('symbol,eventTimeMs,bid,ask\n', 'csv');

    expect(error).toBeInstanceOf(InputError);
    expect(error).toMatchObject({ code: 'columns-missing', kind: 'wrong-usage' });
    expect(error?.message).toMatch(/profile "csv".*"bidSize".*"askSize".*found "symbol", "eventTimeMs", "bid", "ask"/s);
  });

  test('with a column twice is refused, unless nobody uses that column', async () => {
    const { error } = await decode('symbol,eventTimeMs,bid,bidSize,bid,ask,askSize\n', 'csv');
    const unused = await decode(`${HEADER},x,x\nA,1,1,1,2,1,,\n`, 'csv');

    expect(error?.message).toMatch(/has the column "bid" twice \(columns 3 and 5\)/);
    expect(unused.quotes).toHaveLength(1);
  });

  test.each([
    ['NaN', 'bad-number'],
    ['Infinity', 'bad-number'],
    ['-Infinity', 'bad-number'],
    ['1e308', 'bad-number'],
    ['0x10', 'bad-number'],
    ['١٢٣', 'bad-number'],
    ['1.2.3', 'bad-number'],
    ['--1', 'bad-number'],
    ['-', 'bad-number'],
    ['.', 'bad-number'],
    ['1 2', 'bad-number'],
    ['0.123456789', 'too-many-decimals'],
    ['45035996.27370496', 'out-of-range'],
    ['99999999999999999999999', 'out-of-range'],
  ])('quarantines the price %s as %s', async (text, reason) => {
    expect(await reasonOf(`A,1000,${text},1,2,1`)).toBe(reason);
  });

  test.each(['1.10000000000000000000', '+1.1', ' 1.1 ', '0001.1', '1.1'])(
    'reads %s as the price it is',
    async (text) => {
      const { quotes } = await rows(`A,1000,${text},1,2,1`);

      expect(quotes[0]?.bid).toBe('1.10');
    },
  );

  test('quarantines a negative size, a size with too many places and one too large to count', async () => {
    expect(await reasonOf('A,1000,1,-5,2,1')).toBe('negative-size');
    expect(await reasonOf('A,1000,1,-0.000001,2,1')).toBe('negative-size');
    expect(await reasonOf('A,1000,,-5,2,1')).toBe('negative-size');
    expect(await reasonOf('A,1000,1,1.0000001,2,1')).toBe('too-many-decimals');
    expect(await reasonOf('A,1000,1,9007199254.740992,2,1')).toBe('out-of-range');
  });

  test('quarantines a row with a thousands separator as one with a column too many', async () => {
    expect(await reasonOf('A,1000,1,234.5,1,2,1')).toBe('wrong-column-count');
    expect(await reasonOf('A,1000,"1,234.5",1,2,1')).toBe('bad-number');
    expect(await reasonOf('A,1000,1,1,2')).toBe('wrong-column-count');
  });

  test('quarantines rows without a symbol, with control characters in it, or with one too long', async () => {
    expect(await reasonOf(',1000,1,1,2,1')).toBe('missing-symbol');
    expect(await reasonOf('  ,1000,1,1,2,1')).toBe('missing-symbol');
    expect(await reasonOf(`${'A'.repeat(65)},1000,1,1,2,1`)).toBe('bad-symbol');
    expect(await reasonOf('A\u0007B,1000,1,1,2,1')).toBe('bad-symbol');
  });

  test('keeps symbols that differ in case or by a look-alike letter apart, and trims blanks', async () => {
    const { quotes } = await rows(
      'AAPL,1,1,1,2,1',
      ' AAPL ,1,1,1,2,1',
      'aapl,1,1,1,2,1',
      'ААРL,1,1,1,2,1',
      '\u00a0AAPL,1,1,1,2,1',
    );

    expect(quotes.map(({ symbol }) => symbol)).toEqual(['AAPL', 'AAPL', 'aapl', 'ААРL', 'AAPL']);
  });

  test.each(['', 'x', '2013-10-07', '1e12', '12:00', '99999999999999999999'])(
    'quarantines the time "%s"',
    async (text) => {
      expect(await reasonOf(`A,${text},1,1,2,1`)).toBe('bad-time');
    },
  );

  test('floors fractions of a millisecond, before 1970 too', async () => {
    const { quotes } = await rows('A,1381132800054.999,1,1,2,1', 'A,-0.5,1,1,2,1', 'A,-7,1,1,2,1');

    expect(quotes.map(({ time }) => time)).toEqual([1381132800054, -1, -7]);
  });

  test('quarantines single times in another unit, and is refused when all of them are', async () => {
    expect(await reasonOf('A,1381132800,1,1,2,1')).toBe('time-unit');
    expect(await reasonOf('A,1381132800054000,1,1,2,1')).toBe('time-unit');
    expect(await reasonOf('A,1381132800054000000,1,1,2,1')).toBe('time-unit');
    const all = await rows(...Array.from({ length: 30 }, () => 'A,1381132800054000,1,1,2,1'));
    const few = await rows('A,1381132800,1,1,2,1');

    expect(all.error).toMatchObject({ code: 'time-unit', kind: 'wrong-usage' });
    expect(all.error?.message).toContain('"us"');
    expect(few.error?.message).toContain('"s"');
  });

  test('quarantines NUL bytes wherever they stand', async () => {
    expect(await reasonOf('A,1000,1\0,1,2,1')).toBe('nul-byte');
    expect(await reasonOf('\0\0\0')).toBe('nul-byte');
    expect(await reasonOf('"A\0",1000,1,1,2,1')).toBe('nul-byte');
  });

  test('skips a line of megabytes, says which, and goes on behind it', async () => {
    const long = 'x'.repeat(5_000_000);
    const { quotes, quarantined, ledger } = await decode(
      `${HEADER}\nA,1,1,1,2,1\n${long}\nA,2,1,1,2,1\n${long}`,
      'csv',
    );

    expect(quotes.map(({ time }) => time)).toEqual([1, 2]);
    expect(quarantined.map(({ line, reason, text }) => [line, reason, text.length])).toEqual([
      [3, 'line-too-long', 200],
      [5, 'line-too-long', 200],
    ]);
    expect(ledger.rowsRead).toBe(4);
  });

  test('reads quoted fields as RFC 4180 says: delimiters, doubled quotes and line ends inside', async () => {
    const text = `"symbol",eventTimeMs,bid,bidSize,ask,askSize,note\n"A",1000,"1.5",1,"2",1,"a ""b"", c\nd"\nB,2000,1,1,2,1,x"y\nC,3000,?,1,2,1,\n`;
    const { quotes, quarantined } = await decode(text, 'csv');

    expect(quotes.map(({ symbol, bid }) => [symbol, bid])).toEqual([
      ['A', '1.50'],
      ['B', '1.00'],
    ]);
    expect(quarantined[0]?.line, 'lines inside quotes are lines').toBe(5);
  });

  test('quarantines a quote mark that is never closed without losing the rows behind it', async () => {
    const { quotes, quarantined } = await rows('"A,1000,1,1,2,1', 'B,2000,1,1,2,1', 'C,3000,1,1,2,1');

    expect(quarantined.map(({ line, reason }) => [line, reason])).toEqual([[2, 'unclosed-quote']]);
    expect(quotes.map(({ symbol }) => symbol)).toEqual(['B', 'C']);
  });

  test('shows no control characters of a quarantined row', async () => {
    const { quarantined } = await rows('A,\u001b[31mred\u0007,1,1,2,1');

    expect(quarantined[0]?.text).toBe('A,\ufffd[31mred\ufffd,1,1,2,1');
  });

  test('keeps the first thousand quarantined rows and counts all', async () => {
    const { ledger, quarantined } = await rows(...Array.from({ length: 1500 }, () => 'A,1000,x,1,2,1'));

    expect(quarantined).toHaveLength(1000);
    expect(ledger.quarantinedByReason()).toEqual({ 'bad-number': 1500 });
  });

  test('takes other delimiters, absent words, scales and lots from its profile', async () => {
    const profile = profileWith({ delimiter: ';', absent: ['n/a'], priceUnit: '0.0001', sizeUnit: '100' });
    const { quotes } = await decode('symbol;time;bid;bidSize;ask;askSize\nA;1000;1836300;3;n/a;n/a\n', profile);

    expect(quotes[0]).toMatchObject({ bid: '183.63', bidSize: '300', ask: null, askSize: null });
  });

  test('scales by units that are no power of ten, exactly', async () => {
    const { quotes, quarantined } = await decode(
      'symbol,time,bid,bidSize,ask,askSize\nA,1000,3,1,4.5,1\nA,1000,0.0000001,1,4,1\n',
      profileWith({ priceUnit: '0.25' }),
    );

    expect(quotes[0]).toMatchObject({ bid: '0.75', ask: '1.125' });
    expect(quarantined[0]?.reason).toBe('too-many-decimals');
  });

  test('ignores rows that the profile filters out, whatever is wrong with them', async () => {
    const profile = profileWith({
      where: [
        { field: 'type', in: ['Quote', 'BBO'] },
        { field: 'bid', present: true },
      ],
    });
    const { quotes, ledger } = await decode(
      'symbol,time,bid,bidSize,ask,askSize,type\nA,1000,1,1,2,1,Quote\nA,x,,,,,Trade\nA,1000,,,2,1,Quote\nA,1001,1,1,2,1, BBO \n',
      profile,
    );

    expect(quotes).toHaveLength(2);
    expect(ledger.ignoredRows).toBe(2);
    expect(ledger.rowsRead).toBe(4);
  });

  test('pairs a bid row with the ask row behind it at the same time, and nothing else', async () => {
    const profile = profileWith({ pairSides: true });
    const lines = [
      'A,1000,1,10,0,0',
      'A,1000,0,0,2,20',
      'A,1001,1,10,0,0',
      'A,1002,0,0,2,20',
      'A,1003,1,1,2,2',
      'B,1004,1,1,,',
      'A,1004,,,2,2',
      'A,1005,3,1,,',
    ];
    const { quotes } = await decode(`symbol,time,bid,bidSize,ask,askSize\n${lines.join('\n')}`, profile);

    expect(quotes.map(({ time, bid, ask, rows: count }) => [time, bid, ask, count])).toEqual([
      [1000, '1.00', '2.00', 2],
      [1001, '1.00', null, 1],
      [1002, null, '2.00', 1],
      [1003, '1.00', '2.00', 1],
      [1004, '1.00', null, 1],
      [1004, null, '2.00', 1],
      [1005, '3.00', null, 1],
    ]);
  });
});
