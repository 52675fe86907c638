import { seededRandom } from '../support/seeded-random.ts';

/** Everything a simulation decides by chance, from one seed: the same draws in the same order, always. */
export class Draws {
  /** 0 <= random() < 1 */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ (seed >>> 7));
  }

  /** A whole number, both ends included. */
  int(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1));
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  of<T>(values: readonly T[]): T {
    return values[this.int(0, values.length - 1)];
  }

  /** One of several, some likelier than others. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.random() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    return choices[choices.length - 1][1];
  }

  /** A seed for draws of their own: what one part draws then does not depend on how often another did. */
  seed(): number {
    return this.int(0, 2 ** 31 - 1);
  }
}
