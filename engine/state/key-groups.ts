import { checkParallelism } from '../api/parallelism.ts';
import { IllegalArgumentError } from '../core/errors.ts';
import type { Key } from './java-hash.ts';
import { javaHash } from './java-hash.ts';

/**
 * Which subtask owns a key (Flink: KeyGroupRangeAssignment). Keys fall into `maxParallelism` key groups for ever; a
 * subtask owns a contiguous range of them, which changes with the parallelism. State moves by key group.
 */
/** Inclusive at both ends, as Flink's KeyGroupRange. */
export interface KeyGroupRange {
  readonly start: number;
  readonly end: number;
}

/** 0 .. 2^31 - 1. */
export function murmurHash(code: number): number {
  let hash = Math.imul(code, 0xcc9e2d51);
  hash = (hash << 15) | (hash >>> 17);
  hash = Math.imul(hash, 0x1b873593);
  hash = (hash << 13) | (hash >>> 19);
  hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  hash ^= 4;
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  if (hash >= 0) return hash;
  return hash === -0x80000000 ? 0 : -hash;
}

/** @throws NullPointerError for a null key */
export function assignToKeyGroup(key: Key, maxParallelism: number): number {
  return computeKeyGroupForKeyHash(javaHash(key), maxParallelism);
}

export function computeKeyGroupForKeyHash(keyHash: number, maxParallelism: number): number {
  return murmurHash(keyHash) % maxParallelism;
}

export function computeOperatorIndexForKeyGroup(maxParallelism: number, parallelism: number, keyGroup: number): number {
  return Math.floor((keyGroup * parallelism) / maxParallelism);
}

export function assignKeyToParallelOperator(key: Key, maxParallelism: number, parallelism: number): number {
  return computeOperatorIndexForKeyGroup(maxParallelism, parallelism, assignToKeyGroup(key, maxParallelism));
}

/** @throws IllegalArgumentError for bounds that Flink refuses, with Flink's texts */
export function computeKeyGroupRangeForOperatorIndex(
  maxParallelism: number,
  parallelism: number,
  operatorIndex: number,
): KeyGroupRange {
  checkParallelism(parallelism);
  checkParallelism(maxParallelism);
  if (maxParallelism < parallelism)
    throw new IllegalArgumentError('Maximum parallelism must not be smaller than parallelism.');
  return {
    start: Math.floor((operatorIndex * maxParallelism + parallelism - 1) / parallelism),
    end: Math.floor(((operatorIndex + 1) * maxParallelism - 1) / parallelism),
  };
}
