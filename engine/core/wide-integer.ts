import { assert } from './assert.ts';

const LOW_BITS = 53;
const LOW_COUNT = 2 ** LOW_BITS;
const ONE_OVER_LOW_COUNT = 2 ** -LOW_BITS;
/** Veltkamp's splitter for numbers of 53 bits: halves of 26 bits, whose products are exact. */
const SPLITTER = 2 ** 27 + 1;
/** While no `high` is larger, a sum of two is exact. */
const HIGH_MAX = 2 ** 52;

/**
 * A whole number of 105 bits and a sign, without the objects that bigint arithmetic makes: high x 2^53 + low, where
 * 0 <= low < 2^53. For the record path, where one object is filled again and again; elsewhere bigint reads better.
 *
 * Every operation is exact. Nothing is checked: who calls sees to the bounds that each states.
 */
export class WideInteger {
  high = 0;
  low = 0;

  /** @throws BugError beyond 105 bits */
  static of(value: bigint): WideInteger {
    const wide = new WideInteger();
    wide.high = Number(value >> BigInt(LOW_BITS));
    wide.low = Number(BigInt.asUintN(LOW_BITS, value));
    assert(Math.abs(wide.high) <= HIGH_MAX, `A wide integer has at most 105 bits; found ${value}.`);
    return wide;
  }

  /**
   * Becomes a x b. A product rounded to 53 bits and what the rounding took away are both exact numbers (Dekker's product).
   * @param a @param b safe integers; only their product's size is bounded, by 2^106
   */
  setProduct(a: number, b: number): void {
    // Adding 0 makes 0 of -0, which would be other bits in a snapshot.
    const rounded = a * b + 0;
    const aSplit = SPLITTER * a;
    const aHigh = aSplit - (aSplit - a);
    const aLow = a - aHigh;
    const bSplit = SPLITTER * b;
    const bHigh = bSplit - (bSplit - b);
    const bLow = b - bHigh;
    const lost = aLow * bLow - (rounded - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
    const high = Math.floor(rounded * ONE_OVER_LOW_COUNT);
    // Below 2^53: the part of `rounded` is a multiple of its last place, and less than half of that was lost.
    const low = rounded - high * LOW_COUNT + lost;
    this.high = low < 0 ? high - 1 : high;
    this.low = low < 0 ? low + LOW_COUNT : low;
  }

  /** Becomes a + b. @param a @param b their `high` is within 2^52; either may be this one */
  setSum(a: WideInteger, b: WideInteger): void {
    // What a.low has above the room that b.low leaves: the plain sum of both could take 54 bits.
    const above = a.low - (LOW_COUNT - b.low);
    const high = a.high + b.high;
    this.low = above >= 0 ? above : a.low + b.low;
    this.high = above >= 0 ? high + 1 : high;
  }

  isAbove(other: WideInteger): boolean {
    return this.high > other.high || (this.high === other.high && this.low > other.low);
  }

  toBigInt(): bigint {
    return (BigInt(this.high) << BigInt(LOW_BITS)) + BigInt(this.low);
  }
}

/**
 * A sum of any size of wide integers and bigints. What does not fit a wide integer moves on into a bigint, which no sum of
 * money that anybody has seen does; so adding makes no objects.
 */
export class WideSum {
  readonly #recent = new WideInteger();
  #settled = 0n;

  /** @param amount its `high` is within 2^52 */
  add(amount: WideInteger): void {
    const recent = this.#recent;
    recent.setSum(recent, amount);
    if (recent.high >= HIGH_MAX || recent.high < -HIGH_MAX) this.#settle();
  }

  addBigInt(amount: bigint): void {
    this.#settled += amount;
  }

  clear(): void {
    this.#recent.high = 0;
    this.#recent.low = 0;
    this.#settled = 0n;
  }

  toBigInt(): bigint {
    return this.#settled + this.#recent.toBigInt();
  }

  #settle(): void {
    const sum = this.toBigInt();
    this.clear();
    this.#settled = sum;
  }
}
