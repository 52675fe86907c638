import { describe, expect, test } from 'vitest';
import { POSITIONS_PROBLEMS_SHOWN_MAX, readPositions } from '../../engine/trading/positions.ts';

const HEADER = 'symbol,shares,buyPrice,ttlMs,openedAt';
/** The messages of the problems in a file called p.csv. */
function problemsOf(content: string | Uint8Array): string[] {
  const read = readPositions(content, 'p.csv');
  return read.ok ? [] : read.problem.map(({ message }) => message);
}
function rowsOf(content: string | Uint8Array): unknown {
  const read = readPositions(content, 'p.csv');
  return read.ok ? read.value.map(({ line: _line, ...row }) => row) : read.problem;
}
const ibm = { symbol: 'IBM', shares: 100_000_000, buyPrice: 18_150_000_000, ttlMs: null, openedAt: null };

describe('a positions file', () => {
  test('gives symbol, shares, price, time to live and opening', () => {
    const text = `${HEADER}\nIBM,100,181.50,60000,1381152600000\nAAPL,0.000001,45035996.27370495,0,2013-10-07T13:30:00.5Z\nBAC,9007199254.740991,0.00000001,,2013-10-07 09:30:00-04:00\n`;

    expect(rowsOf(text)).toEqual([
      { symbol: 'IBM', shares: 100_000_000, buyPrice: 18_150_000_000, ttlMs: 60_000, openedAt: 1_381_152_600_000 },
      { symbol: 'AAPL', shares: 1, buyPrice: 2 ** 52 - 1, ttlMs: 0, openedAt: 1_381_152_600_500 },
      { symbol: 'BAC', shares: Number.MAX_SAFE_INTEGER, buyPrice: 1, ttlMs: null, openedAt: 1_381_152_600_000 },
    ]);
  });

  test.each([
    ['LF', 'symbol,shares,buyPrice\nIBM,100,181.50\n'],
    ['CRLF', 'symbol,shares,buyPrice\r\nIBM,100,181.50\r\n'],
    ['CR only', 'symbol,shares,buyPrice\rIBM,100,181.50'],
    ['a byte order mark', '\ufeffsymbol,shares,buyPrice\nIBM,100,181.50'],
    ['blank lines', '\n\nsymbol,shares,buyPrice\n \nIBM,100,181.50\n\n\n'],
    ['columns in another order and blanks around', ' buyPrice , symbol,shares \n 181.50 , IBM ,100'],
    ['quoted fields', '"symbol","shares","buyPrice"\n"IBM" ,"100","181.50"'],
    ['empty optional fields', `${HEADER}\nIBM,100,181.50,,`],
  ])('is read with %s', (_name, text) => {
    expect(rowsOf(text)).toEqual([ibm]);
    expect(rowsOf(new TextEncoder().encode(text))).toEqual([ibm]);
  });

  test('may hold a quote, a comma and letters of any script in a symbol', () => {
    expect(rowsOf('symbol,shares,buyPrice\n"A,""B""",1,1\nÄΩ漢😀,1,1')).toMatchObject([
      { symbol: 'A,"B"' },
      { symbol: 'ÄΩ漢😀' },
    ]);
  });

  test('may name a symbol again with an opening of its own', () => {
    expect(rowsOf(`${HEADER}\nIBM,1,1,,1\nIBM,1,1,,2\nIBM,1,1,,`)).toHaveLength(3);
  });

  test('with the same symbol and opening twice names both lines', () => {
    expect(problemsOf('symbol,shares,buyPrice\nIBM,1,1\nAAPL,1,1\n IBM ,2,2')).toEqual([
      'p.csv:4: IBM stands on line 2 already without openedAt; allowed: once, or each with an openedAt of its own.',
    ]);
    expect(problemsOf(`${HEADER}\nIBM,1,1,,1381152600000\nIBM,1,1,,2013-10-07T13:30:00Z`)).toEqual([
      'p.csv:3: IBM stands on line 2 already with the same openedAt 1381152600000; allowed: once, or each with an openedAt of its own.',
    ]);
  });

  test('with wrong values says each with its line, what was found and what is allowed', () => {
    expect(problemsOf(`${HEADER}\n,0,-1,1.5,yesterday\nIBM,1e3,0.123456789,-1,2013-10-07T09:30:00\n`)).toEqual([
      'p.csv:2: symbol: found ""; allowed: a symbol of 1 to 64 characters.',
      'p.csv:2: shares: found "0"; allowed: a decimal above 0 and at most 9007199254.740991, up to 6 places.',
      'p.csv:2: buyPrice: found "-1"; allowed: a decimal above 0 and at most 45035996.27370495, up to 8 places.',
      'p.csv:2: ttlMs: found "1.5"; allowed: whole milliseconds from 0 to 3155760000000 (0: never expires), or nothing for the rules\' own.',
      expect.stringContaining('p.csv:2: openedAt: found "yesterday"; allowed: milliseconds since 1970-01-01 UTC'),
      'p.csv:3: shares: found "1e3"; allowed: a decimal above 0 and at most 9007199254.740991, up to 6 places.',
      'p.csv:3: buyPrice: found "0.123456789"; allowed: a decimal above 0 and at most 45035996.27370495, up to 8 places.',
      expect.stringContaining('p.csv:3: ttlMs: found "-1"'),
      expect.stringContaining('p.csv:3: openedAt: found "2013-10-07T09:30:00"'),
    ]);
  });

  test.each([
    '9007199254.740992',
    '45035996273704960000',
    'NaN',
    'Infinity',
    '1,000',
    '１００',
    '-0',
    '1.0000001',
    '0x10',
    '1_000',
  ])('refuses %s shares', (shares) => {
    expect(problemsOf(`symbol,shares,buyPrice\nIBM,"${shares}",1`)).toHaveLength(1);
  });

  test('refuses a price that cannot be held exactly and names the bound', () => {
    expect(problemsOf('symbol,shares,buyPrice\nBRK.A,1000000,45035996.27370496')[0]).toContain(
      'at most 45035996.27370495',
    );
    expect(rowsOf('symbol,shares,buyPrice\nBRK.A,1000000,750000')).toEqual([
      { symbol: 'BRK.A', shares: 1e12, buyPrice: 7.5e13, ttlMs: null, openedAt: null },
    ]);
  });

  test.each([
    '2013-02-30T00:00:00Z',
    '2013-13-01T00:00:00Z',
    '2013-10-07T24:00:00Z',
    '2013-10-07T23:59:60Z',
    '2013-10-07',
    '99999999999999999',
    '1.5',
    '2013-10-07T00:00:00+16:00',
  ])('refuses the opening %s', (openedAt) => {
    expect(problemsOf(`${HEADER}\nIBM,1,1,,${openedAt}`)).toHaveLength(1);
  });

  test('with a wrong header names the columns', () => {
    expect(problemsOf('symbol,quantity,buyPrice\nIBM,1,1')).toEqual([
      'p.csv:1: the unknown column "quantity"; allowed: symbol, shares, buyPrice, ttlMs, openedAt.',
    ]);
    expect(problemsOf('symbol,shares\nIBM,1')).toEqual([
      'p.csv:1: the header must name buyPrice; found: symbol,shares.',
    ]);
    expect(problemsOf('symbol,shares,buyPrice,shares\n')).toEqual([
      'p.csv:1: the column "shares" a second time; allowed: each column once.',
    ]);
    expect(problemsOf('IBM,100,181.50\n')).toHaveLength(3);
  });

  test('with too few or too many fields names the line', () => {
    expect(problemsOf('symbol,shares,buyPrice\nIBM,1\nBAC,1,1,1\n')).toEqual([
      'p.csv:2: 2 fields; allowed: 3, as in the header.',
      'p.csv:3: 4 fields; allowed: 3, as in the header.',
    ]);
  });

  test('that is empty is refused', () => {
    expect(problemsOf('')).toEqual([
      'p.csv: the file is empty; it must start with the header symbol,shares,buyPrice[,ttlMs][,openedAt].',
    ]);
    expect(problemsOf('\ufeff\n\n')).toHaveLength(1);
    expect(rowsOf('symbol,shares,buyPrice\n')).toEqual([]);
  });

  test('that is not text is refused as such', () => {
    expect(problemsOf('symbol,shares,buyPrice\nI\u0000M,1,1')).toEqual([
      'p.csv:2: a NUL byte; allowed: text (is this a binary or UTF-16 file?).',
    ]);
    for (const bytes of [
      [0xff, 0xfe, 0x49, 0x00],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf5, 0x80, 0x80, 0x80],
      [0xe2, 0x82],
      [0x80],
    ]) {
      expect(problemsOf(new Uint8Array(bytes))).toEqual([
        'p.csv: the file is not UTF-8 text; allowed: CSV saved as UTF-8.',
      ]);
    }
  });

  test('with a line of 100 MB, an open quote or text after one is refused', () => {
    expect(problemsOf(new Uint8Array(100 * 1024 * 1024).fill(0x41))).toEqual([
      'p.csv:1: a line of more than 10000 characters; allowed: one position per line.',
    ]);
    expect(problemsOf('symbol,shares,buyPrice\n"IBM,1,1\n')).toEqual([
      'p.csv:2: a field in double quotes that is not closed; allowed: a closing quote on the same row.',
    ]);
    expect(problemsOf('symbol,shares,buyPrice\n"IBM"x,1,1\n')).toEqual([
      'p.csv:2: text after a closing quote; allowed: a comma or the end of the line.',
    ]);
    expect(problemsOf(`symbol,shares,buyPrice\n${','.repeat(200)}\n`)).toHaveLength(1);
  });

  test('with very many problems shows the first and counts the rest', () => {
    const problems = problemsOf(`symbol,shares,buyPrice\n${'IBM,0,1\n'.repeat(120)}`);

    expect(problems).toHaveLength(POSITIONS_PROBLEMS_SHOWN_MAX + 1);
    expect(problems.at(-1)).toBe('p.csv: ... and 70 more problems.');
  });
});
