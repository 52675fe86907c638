import type { AlignedSums } from '../../api/functions.ts';
import { assert } from '../../core/assert.ts';
import { IllegalArgumentError } from '../../core/errors.ts';
import { WideSum, type WideInteger } from '../../core/wide-integer.ts';

/** Sums one operator may register in all; its shared memory is laid out for as many. */
export const ALIGNED_SUMS_MAX = 256;
const PARITIES = 2;
const LIMBS = 2;
const HEADER_BYTES = 64;

/**
 * Memory in which the subtasks of one operator exchange their shares:
 *
 *   i32 [0]   arrivals: how many subtasks have written their share, counted over all alignments
 *   i64       share(parity, subtask, sum): low word, high word of a signed 128-bit number
 *
 * Alignment n uses parity n mod 2. A subtask writes alignment n + 2 over n only after every subtask arrived at n + 1, and
 * a subtask arrives at n + 1 only after it has read n.
 */
export interface AlignedSumsMemory {
  readonly buffer: SharedArrayBuffer;
  readonly parallelism: number;
}

export function createAlignedSumsMemory(parallelism: number): AlignedSumsMemory {
  const bytes = HEADER_BYTES + PARITIES * parallelism * ALIGNED_SUMS_MAX * LIMBS * 8;
  return { buffer: new SharedArrayBuffer(bytes), parallelism };
}

interface Registration {
  readonly first: number;
  readonly count: number;
  readonly onAligned: (timestampMs: number) => void;
}

/** What a function has in hand of its sums. */
class RegisteredSums implements AlignedSums {
  private readonly name: string;
  private readonly shares: readonly WideSum[];
  private readonly totalOf: (index: number) => bigint;

  constructor(name: string, shares: readonly WideSum[], totalOf: (index: number) => bigint) {
    this.name = name;
    this.shares = shares;
    this.totalOf = totalOf;
  }

  add(index: number, amount: bigint): void {
    this.at(index).addBigInt(amount);
  }

  addWide(index: number, amount: WideInteger): void {
    this.at(index).add(amount);
  }

  share(index: number): bigint {
    return this.at(index).toBigInt();
  }

  total(index: number): bigint {
    this.at(index);
    return this.totalOf(index);
  }

  reset(index: number): void {
    this.at(index).clear();
  }

  private at(index: number): WideSum {
    const share = this.shares[index] as WideSum | undefined;
    if (share !== undefined) return share;
    throw new IllegalArgumentError(
      `Aligned sums '${this.name}' have sums 0 to ${this.shares.length - 1}; found ${index}.`,
    );
  }
}

/** All aligned sums of one operator on one subtask. Task thread only. */
export class AlignmentGroup {
  private readonly registrations: Registration[] = [];
  private readonly names = new Set<string>();
  private readonly local: WideSum[] = [];
  private readonly totals: bigint[] = [];
  private alignment = 0;
  private arrivals: Int32Array;
  private shares: BigInt64Array;
  private memory: AlignedSumsMemory;
  private subtaskIndex: number;

  constructor(memory: AlignedSumsMemory, subtaskIndex: number) {
    this.memory = memory;
    this.subtaskIndex = subtaskIndex;
    this.arrivals = new Int32Array(memory.buffer, 0, 1);
    this.shares = new BigInt64Array(memory.buffer, HEADER_BYTES);
  }

  /** The parallelism has changed, between two alignments: new memory, in which nobody has arrived yet. */
  moveTo(memory: AlignedSumsMemory, subtaskIndex: number): void {
    this.memory = memory;
    this.subtaskIndex = subtaskIndex;
    this.arrivals = new Int32Array(memory.buffer, 0, 1);
    this.shares = new BigInt64Array(memory.buffer, HEADER_BYTES);
    this.alignment = 0;
  }

  /** Without sums there is nothing to wait for. */
  get isUsed(): boolean {
    return this.registrations.length > 0;
  }

  register(name: string, count: number, onAligned: (timestampMs: number) => void): AlignedSums {
    const first = this.local.length;
    if (this.names.has(name))
      throw new IllegalArgumentError(
        `Aligned sums '${name}' are registered twice in one operator; give each a name of its own.`,
      );
    if (!Number.isInteger(count) || count < 1 || first + count > ALIGNED_SUMS_MAX) {
      throw new IllegalArgumentError(
        `Aligned sums '${name}' want ${count} sums; an operator can have 1 to ${ALIGNED_SUMS_MAX} in all and has ${first}.`,
      );
    }
    this.names.add(name);
    this.registrations.push({ first, count, onAligned });
    for (let index = 0; index < count; index += 1) {
      this.local.push(new WideSum());
      this.totals.push(0n);
    }
    return new RegisteredSums(name, this.local.slice(first), (index) => this.totals[first + index]);
  }

  /** Writes this subtask's share. @returns true when it was the last to arrive, so that the others can be woken */
  arrive(): boolean {
    const base = this.shareOf(this.alignment & 1, this.subtaskIndex);
    this.local.forEach((share, index) => {
      const sum = share.toBigInt();
      assert(BigInt.asIntN(128, sum) === sum, `An aligned sum must fit a signed 128-bit number; found ${sum}.`);
      this.shares[base + index * LIMBS] = BigInt.asIntN(64, sum);
      this.shares[base + index * LIMBS + 1] = sum >> 64n;
    });
    const arrived = (Atomics.add(this.arrivals, 0, 1) + 1) | 0;
    return arrived === this.expected();
  }

  isComplete(): boolean {
    return ((Atomics.load(this.arrivals, 0) - this.expected()) | 0) >= 0;
  }

  /** Adds everybody's shares up and calls back. */
  complete(timestampMs: number): void {
    assert(this.isComplete(), 'An alignment must not complete before every subtask arrived.');
    this.totals.fill(0n);
    for (let subtask = 0; subtask < this.memory.parallelism; subtask += 1) {
      const base = this.shareOf(this.alignment & 1, subtask);
      for (let index = 0; index < this.totals.length; index += 1) {
        const low = BigInt.asUintN(64, this.shares[base + index * LIMBS]);
        this.totals[index] += (this.shares[base + index * LIMBS + 1] << 64n) | low;
      }
    }
    this.alignment += 1;
    for (const { onAligned } of this.registrations) onAligned(timestampMs);
  }

  /** Arrivals wrap as 32-bit numbers do. */
  private expected(): number {
    return Math.imul(this.alignment + 1, this.memory.parallelism);
  }

  private shareOf(parity: number, subtask: number): number {
    return (parity * this.memory.parallelism + subtask) * ALIGNED_SUMS_MAX * LIMBS;
  }
}
