import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { computeDefaultMaxParallelism } from '../../engine/api/parallelism.ts';
import { hashDouble, hashString, javaHash, type Key } from '../../engine/state/java-hash.ts';
import {
  assignToKeyGroup,
  computeKeyGroupRangeForOperatorIndex,
  computeOperatorIndexForKeyGroup,
  murmurHash,
} from '../../engine/state/key-groups.ts';

const bounds = fc
  .integer({ min: 1, max: 32_768 })
  .chain((maxParallelism) =>
    fc.tuple(fc.constant(maxParallelism), fc.integer({ min: 1, max: Math.min(maxParallelism, 512) })),
  );

describe('key groups', () => {
  test('ranges of all subtasks cover every key group once, and agree with the operator index', () => {
    fc.assert(
      fc.property(bounds, ([maxParallelism, parallelism]) => {
        let next = 0;
        for (let index = 0; index < parallelism; index += 1) {
          const { start, end } = computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, index);
          expect(start).toBe(next);
          expect(computeOperatorIndexForKeyGroup(maxParallelism, parallelism, start)).toBe(index);
          expect(computeOperatorIndexForKeyGroup(maxParallelism, parallelism, end)).toBe(index);
          next = end + 1;
        }
        expect(next).toBe(maxParallelism);
      }),
      { numRuns: 200 },
    );
  });

  test('every key falls into one of them', () => {
    const keys: fc.Arbitrary<Key> = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double(),
      fc.bigInt(),
      fc.boolean(),
      fc.array(fc.oneof(fc.string(), fc.integer())),
    );
    fc.assert(
      fc.property(keys, fc.integer({ min: 1, max: 32_768 }), (key, maxParallelism) => {
        const group = assignToKeyGroup(key, maxParallelism);
        expect(Number.isInteger(group) && group >= 0 && group < maxParallelism).toBe(true);
      }),
    );
  });

  // Java's own documentation gives the formulas; these values were worked out by hand from them.
  test('hash codes are those of Java', () => {
    expect([hashString(''), hashString('a'), hashString('ab'), hashString('Aa'), hashString('BB')]).toEqual([
      0, 97, 3105, 2112, 2112,
    ]);
    expect([
      javaHash(5),
      javaHash(-1),
      javaHash(-1n),
      javaHash(4_294_967_296n),
      javaHash(true),
      javaHash(false),
    ]).toEqual([5, -1, 0, 1, 1231, 1237]);
    expect([hashDouble(0), hashDouble(-0), hashDouble(1), hashDouble(NaN)]).toEqual([
      0, -2_147_483_648, 1_072_693_248, 2_146_959_360,
    ]);
    expect(javaHash(['a', 1])).toBe(97 * 31 + 1);
  });

  test('murmur never gives a negative number', () => {
    fc.assert(fc.property(fc.integer(), (code) => murmurHash(code) >= 0 && murmurHash(code) <= 0x7fffffff));
  });

  test('the default max parallelism is half as much again, a power of two, between 128 and 32768', () => {
    expect([1, 85, 86, 1000, 32_768].map(computeDefaultMaxParallelism)).toEqual([128, 128, 256, 2048, 32_768]);
  });

  test('null keys and objects are refused', () => {
    expect(() => javaHash(null as never)).toThrow('Assigned key must not be null!');
    expect(() => javaHash({ a: 1 } as never)).toThrow(
      'A key must be a string, number, bigint, boolean or a tuple of these; found [object Object].',
    );
  });
});
