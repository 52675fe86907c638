import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRICE_MAX } from '../../engine/core/decimal.ts';
import { WideInteger, WideSum } from '../../engine/core/wide-integer.ts';

const RUNS = 20_000;
const SAFE = Number.MAX_SAFE_INTEGER;

/** Where arithmetic in two parts goes wrong: at powers of two and next to them. */
const nearPower = fc
  .tuple(fc.integer({ min: 0, max: 53 }), fc.integer({ min: -3, max: 3 }), fc.boolean())
  .map(([power, step, isNegative]) => Math.min(SAFE, Math.max(0, 2 ** power + step)) * (isNegative ? -1 : 1) + 0);
const safeInteger = fc.oneof(nearPower, fc.maxSafeInteger(), fc.constantFrom(0, 1, -1, SAFE, -SAFE));
/** What `setSum` takes: 105 bits and a sign. */
const wideValue = fc.oneof(
  fc.bigInt({ min: -(2n ** 105n), max: 2n ** 105n }),
  fc
    .tuple(fc.integer({ min: 0, max: 104 }), fc.bigInt({ min: -3n, max: 3n }), fc.boolean())
    .map(([power, step, isNegative]) => (2n ** BigInt(power) + step) * (isNegative ? -1n : 1n)),
  fc.constantFrom(0n, 1n, -1n, 2n ** 105n, -(2n ** 105n), 2n ** 105n - 1n, 2n ** 53n, 2n ** 53n - 1n),
);

/** The one form that a value has: comparing and storing rely on it. */
function expectWellFormed({ high, low }: WideInteger): void {
  expect(Number.isInteger(high) && Math.abs(high) <= 2 ** 53).toBe(true);
  expect(Number.isSafeInteger(low) && low >= 0).toBe(true);
  expect(Object.is(high, -0) || Object.is(low, -0)).toBe(false);
}

function productOf(a: number, b: number): WideInteger {
  const product = new WideInteger();
  product.setProduct(a, b);
  return product;
}

describe('wide integers', () => {
  it('a product of two safe integers is exact', () => {
    fc.assert(
      fc.property(safeInteger, safeInteger, (a, b) => {
        const product = productOf(a, b);

        expect(product.toBigInt()).toBe(BigInt(a) * BigInt(b));
        expectWellFormed(product);
      }),
      { numRuns: RUNS },
    );
  });

  it('the largest prices and quantities multiply exactly', () => {
    for (const a of [0, 1, PRICE_MAX, SAFE - 1, SAFE]) {
      for (const b of [0, 1, PRICE_MAX, SAFE - 1, SAFE]) {
        for (const [left, right] of [
          [a, b],
          [-a, b],
          [a, -b],
          [-a, -b],
        ] as const) {
          expect(productOf(left, right).toBigInt()).toBe(BigInt(left) * BigInt(right));
          expectWellFormed(productOf(left, right));
        }
      }
    }
  });

  it('a sum is exact, also when it goes where one of its parts was', () => {
    fc.assert(
      fc.property(wideValue, wideValue, (a, b) => {
        const sum = new WideInteger();
        sum.setSum(WideInteger.of(a), WideInteger.of(b));
        const left = WideInteger.of(a);
        left.setSum(left, WideInteger.of(b));
        const right = WideInteger.of(b);
        right.setSum(WideInteger.of(a), right);
        const twice = WideInteger.of(a);
        twice.setSum(twice, twice);

        for (const each of [sum, left, right]) expect(each.toBigInt()).toBe(a + b);
        expect(twice.toBigInt()).toBe(2n * a);
        for (const each of [sum, left, right, twice]) expectWellFormed(each);
      }),
      { numRuns: RUNS },
    );
  });

  it('a bigint that fits comes back as it was, and one that does not is refused', () => {
    fc.assert(
      fc.property(wideValue, (value) => {
        expect(WideInteger.of(value).toBigInt()).toBe(value);
        expectWellFormed(WideInteger.of(value));
      }),
      { numRuns: RUNS },
    );
    expect(() => WideInteger.of(2n ** 106n)).toThrow('105 bits');
    expect(() => WideInteger.of(-(2n ** 106n))).toThrow('105 bits');
  });

  it('one is above another as bigints are', () => {
    fc.assert(
      fc.property(wideValue, fc.oneof(wideValue, fc.bigInt({ min: -2n, max: 2n })), fc.boolean(), (a, b, isNear) => {
        const other = isNear && a + b <= 2n ** 105n && a + b >= -(2n ** 105n) ? a + b : b;

        expect(WideInteger.of(a).isAbove(WideInteger.of(other))).toBe(a > other);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('wide sums', () => {
  it('a sum of any size is exact, bigints among what is added included', () => {
    const addition = fc.oneof(
      wideValue.map((amount) => ({ amount, isWide: true })),
      fc.bigInt({ min: -(2n ** 140n), max: 2n ** 140n }).map((amount) => ({ amount, isWide: false })),
    );
    fc.assert(
      fc.property(fc.array(addition, { maxLength: 40 }), (additions) => {
        const sum = new WideSum();
        let expected = 0n;
        for (const { amount, isWide } of additions) {
          if (isWide) sum.add(WideInteger.of(amount));
          else sum.addBigInt(amount);
          expected += amount;
          expect(sum.toBigInt()).toBe(expected);
        }
        sum.clear();
        expect(sum.toBigInt()).toBe(0n);
      }),
      { numRuns: 2000 },
    );
  });

  it('a million of the largest trades there can be are added up exactly', () => {
    const sum = new WideSum();
    const largest = productOf(PRICE_MAX, SAFE);
    for (let trade = 0; trade < 1_000_000; trade += 1) sum.add(largest);

    expect(sum.toBigInt()).toBe(1_000_000n * BigInt(PRICE_MAX) * BigInt(SAFE));
  });
});
