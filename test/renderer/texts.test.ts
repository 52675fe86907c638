import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatMoney, formatPrice, formatShares } from '../../engine/core/decimal.ts';
import { readyProfiles } from '../../engine/connectors/profiles/ready-profiles.ts';
import { REASONS } from '../../engine/trading/records.ts';
import { csvCell, csvText } from '../../renderer/format/csv-text.ts';
import {
  moneyText,
  plainDecimal,
  priceDecimals,
  priceText,
  sharesText,
  shownDecimal,
  shownSignedDecimal,
  signedMoneyText,
} from '../../renderer/format/decimal-text.ts';
import { PROFILE_NAMES } from '../../renderer/features/session/profile-names.ts';
import { REASON_CODES } from '../../renderer/format/reason-text.ts';
import { ageText, dateText, timeText, zoneText } from '../../renderer/format/time-text.ts';

describe('numbers as a trader reads them', () => {
  test('prices are grouped, keep the decimals of the symbol, and lose no digit', () => {
    expect(priceText(75_000_000_000_000, 2)).toBe('750,000.00');
    expect(priceText(14_050_000_000, 2)).toBe('140.50');
    expect(priceText(12_345, 2)).toBe('0.00012345');
    expect(priceText(-10_000_000, 2)).toBe('\u22120.10');
    expect(priceText(0, 2)).toBe('0.00');
  });

  test('a price is told with as many decimals as it has, and no fewer than asked for', () => {
    expect(priceDecimals(2_187_000_000, 2)).toBe(2);
    expect(priceDecimals(2_187_500_000, 2)).toBe(3);
    expect(priceDecimals(12_345, 2)).toBe(8);
    expect(priceDecimals(0, 2)).toBe(2);
    expect(priceDecimals(-12_000, 0)).toBe(5);
  });

  test('any price, quantity or amount says the same as the engine writes', () => {
    const safe = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(
        safe,
        fc.integer({ min: 0, max: 8 }),
        fc.bigInt({ min: -(2n ** 127n), max: 2n ** 127n }),
        (units, decimals, money) => {
          expect(plainDecimal(priceText(units, decimals))).toBe(formatPrice(units, decimals));
          expect(plainDecimal(sharesText(units))).toBe(formatShares(units));
          expect(plainDecimal(moneyText(money))).toBe(formatMoney(money));
          expect(shownDecimal(formatMoney(money))).toBe(moneyText(money));
        },
      ),
    );
  });

  test('a gain has a plus, a loss a true minus, and nothing has neither', () => {
    expect(signedMoneyText(10n ** 14n)).toBe('+1.00');
    expect(signedMoneyText(-(10n ** 14n))).toBe('\u22121.00');
    expect(signedMoneyText(0n)).toBe('0.00');
    expect(shownSignedDecimal('1234.5')).toBe('+1,234.5');
    expect(shownSignedDecimal('-1234.5')).toBe('\u22121,234.5');
    expect(shownSignedDecimal('0.00')).toBe('0.00');
  });
});

describe('times', () => {
  test('are told in the chosen zone, which is named', () => {
    const at = Date.UTC(2013, 9, 7, 13, 30, 0, 7);

    expect(timeText(at, 'UTC')).toBe('13:30:00.007');
    expect(timeText(at, 'America/New_York')).toBe('09:30:00.007');
    expect(dateText(at, 'Asia/Tokyo')).toBe('Mon, 07 Oct 2013');
    expect(zoneText(at, 'UTC')).toBe('UTC');
  });

  test('ages are told in words of one glance', () => {
    expect([0, 950, 9_999, 59_999, 3_599_999, 86_399_999, 86_400_000].map(ageText)).toEqual([
      '0.0 s',
      '0.9 s',
      '9.9 s',
      '59 s',
      '59 m',
      '23 h',
      '1 d',
    ]);
  });
});

describe('exports', () => {
  test('a cell that a spreadsheet would run becomes text, a number stays a number', () => {
    expect(csvCell('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")"');
    expect(csvCell('@SUM(A1)')).toBe('"\'@SUM(A1)"');
    expect(csvCell('\uff1d1')).toBe('"\'\uff1d1"');
    expect(csvCell('-5.2')).toBe('-5.2');
    expect(csvCell('BRK.A')).toBe('BRK.A');
    expect(csvCell('a,b')).toBe('"a,b"');
  });

  test('lines end as spreadsheets expect', () => {
    expect(
      csvText([
        ['a', 'b'],
        ['1', '2'],
      ]),
    ).toBe('a,b\r\n1,2\r\n');
  });
});

test('the reasons of the window are the reasons of the rules, in the order of the wire', () => {
  expect(REASON_CODES).toEqual(REASONS);
});

test('the formats that the window offers are the ones the engine knows', () => {
  expect(PROFILE_NAMES).toEqual(readyProfiles().map((profile) => profile.name));
});
