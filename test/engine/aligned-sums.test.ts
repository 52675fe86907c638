import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AlignedSums } from '../../engine/api/functions.ts';
import { WideInteger } from '../../engine/core/wide-integer.ts';
import { AlignmentGroup, createAlignedSumsMemory } from '../../engine/runtime/operators/aligned-sums.ts';

const SUBTASKS = 3;
const SUMS = 2;

function createSubtasks(): { readonly groups: AlignmentGroup[]; readonly sums: AlignedSums[] } {
  const memory = createAlignedSumsMemory(SUBTASKS);
  const groups = Array.from({ length: SUBTASKS }, (_, index) => new AlignmentGroup(memory, index));
  return { groups, sums: groups.map((group) => group.register('sums', SUMS, () => undefined)) };
}

function align(groups: readonly AlignmentGroup[], timestampMs: number): void {
  for (const group of groups) group.arrive();
  for (const group of groups) group.complete(timestampMs);
}

describe('aligned sums', () => {
  it('are the same to the last digit, however amounts were added and by whom', () => {
    const amount = fc.record({
      subtask: fc.integer({ min: 0, max: SUBTASKS - 1 }),
      sum: fc.integer({ min: 0, max: SUMS - 1 }),
      amount: fc.bigInt({ min: -(2n ** 105n), max: 2n ** 105n }),
      isWide: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(amount, { maxLength: 30 }), { maxLength: 4 }), (rounds) => {
        const { groups, sums } = createSubtasks();
        const shares = sums.map(() => Array.from({ length: SUMS }, () => 0n));

        rounds.forEach((additions, round) => {
          for (const { subtask, sum, amount: added, isWide } of additions) {
            if (isWide) sums[subtask].addWide(sum, WideInteger.of(added));
            else sums[subtask].add(sum, added);
            shares[subtask][sum] += added;
          }
          align(groups, round);

          for (let sum = 0; sum < SUMS; sum += 1) {
            const total = shares.reduce((whole, share) => whole + share[sum], 0n);
            expect(sums.map((each) => each.total(sum))).toEqual(sums.map(() => total));
            expect(sums.map((each) => each.share(sum))).toEqual(shares.map((share) => share[sum]));
          }
        });
      }),
      { numRuns: 500 },
    );
  });

  it('a share that is reset begins anew, and the total of the last alignment stays until the next', () => {
    const { groups, sums } = createSubtasks();
    for (const each of sums) each.addWide(0, WideInteger.of(-(2n ** 100n)));
    align(groups, 0);

    sums[1].reset(0);

    expect(sums[1].share(0)).toBe(0n);
    expect(sums[1].total(0)).toBe(-3n * 2n ** 100n);
    align(groups, 1);
    expect(sums[1].total(0)).toBe(-2n * 2n ** 100n);
  });

  it('a sum that was not registered is refused by name', () => {
    const { sums } = createSubtasks();
    const [first] = sums;

    for (const use of [() => first.add(2, 1n), () => first.share(-1), () => first.total(2), () => first.reset(2)])
      expect(use).toThrow(/Aligned sums 'sums' have sums 0 to 1; found/);
  });
});
