import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatMoney,
  formatPrice,
  formatScaled,
  notional,
  parsePrice,
  parseScaled,
  parseShares,
  percentOf,
  PRICE_DECIMALS,
  PRICE_MAX,
  SHARES_MAX,
} from '../../engine/core/decimal.ts';

const price = (text: string): number => {
  const parsed = parsePrice(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
  return parsed.value;
};

describe('exact decimals', () => {
  it('0.1 + 0.2 is 0.3', () => {
    expect(formatPrice(price('0.1') + price('0.2'))).toBe('0.30');
  });

  it('a million times 0.1 is exactly 100000', () => {
    let sum = 0;
    for (let index = 0; index < 1_000_000; index += 1) sum += price('0.1');
    expect(formatPrice(sum)).toBe('100000.00');
  });

  it('$750,000 x 1,000,000 shares does not overflow', () => {
    const shares = parseShares('1000000');
    expect(shares.ok && formatMoney(notional(price('750000'), shares.value))).toBe('750000000000.00');
  });

  it.each([
    ['', 'empty'],
    ['.', 'not-a-decimal'],
    ['1e5', 'not-a-decimal'],
    ['1,234.5', 'not-a-decimal'],
    ['NaN', 'not-a-decimal'],
    ['Infinity', 'not-a-decimal'],
    ['0x10', 'not-a-decimal'],
    ['١٢٣', 'not-a-decimal'],
    ['1.2.3', 'not-a-decimal'],
    [' 1', 'not-a-decimal'],
    ['12.5 USD', 'not-a-decimal'],
    ['0.000000001', 'too-many-decimals'],
    ['45035996.27370496', 'out-of-range'],
    ['9'.repeat(400), 'out-of-range'],
  ])('%j is refused as %s', (text, problem) => {
    expect(parsePrice(text)).toEqual({ ok: false, problem });
  });

  it.each([
    ['140.50', '140.50'],
    ['140.5000000000', '140.50'],
    ['.5', '0.50'],
    ['5.', '5.00'],
    ['+1.25', '1.25'],
    ['-0', '0.00'],
    ['-37.63', '-37.63'],
    ['0.00000001', '0.00000001'],
    ['429496.7296', '429496.7296'],
    ['45035996.27370495', '45035996.27370495'],
  ])('%s is read and written as %s', (text, written) => {
    expect(formatPrice(price(text))).toBe(written);
  });

  it('the sum of the two largest prices is still exact', () => {
    expect(Number.isSafeInteger(PRICE_MAX + PRICE_MAX)).toBe(true);
    expect(Number.isSafeInteger(SHARES_MAX)).toBe(true);
  });

  it('a percentage is rounded half up to the price step', () => {
    const cent = price('0.01');
    expect(formatPrice(percentOf(price('1.50'), price('1'), cent))).toBe('0.02');
    expect(formatPrice(percentOf(price('1.49'), price('1'), cent))).toBe('0.01');
    expect(formatPrice(percentOf(price('140.50'), price('95'), cent))).toBe('133.48');
    expect(formatPrice(percentOf(price('100'), price('0.5'), price('0.25')))).toBe('0.50');
    expect(percentOf(price('0.10'), price('0.1'), cent)).toBe(0);
  });

  it('what is written is read back as the same number', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -PRICE_MAX, max: PRICE_MAX }),
        fc.integer({ min: 0, max: PRICE_DECIMALS }),
        (units, decimalsMin) => {
          const read = parseScaled(formatScaled(units, PRICE_DECIMALS, decimalsMin), PRICE_DECIMALS);
          expect(read).toEqual({ ok: true, value: BigInt(units) });
        },
      ),
    );
  });
});
