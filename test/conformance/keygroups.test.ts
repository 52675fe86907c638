import { expect, test } from 'vitest';
import {
  hashBoolean,
  hashDouble,
  hashInt,
  hashLong,
  hashString,
  hashTuple,
  type PrimitiveKey,
} from '../../engine/state/java-hash.ts';
import { computeDefaultMaxParallelism } from '../../engine/api/parallelism.ts';
import {
  assignKeyToParallelOperator,
  computeKeyGroupForKeyHash,
  computeKeyGroupRangeForOperatorIndex,
  computeOperatorIndexForKeyGroup,
  murmurHash,
} from '../../engine/state/key-groups.ts';
import { describeWithSharedData } from '../support/shared-data.ts';
import { readTraces } from './traces.ts';

interface KeyRow {
  readonly type: string;
  readonly key: unknown;
  readonly javaHashCode: number;
  readonly maxParallelism: number;
  readonly keyGroup: number;
}
interface KeyGroupTraces {
  readonly stringKeys: KeyRow[];
  readonly intKeys: KeyRow[];
  readonly longKeys: KeyRow[];
  readonly otherKeys: KeyRow[];
  readonly murmur: { hash: number; murmur: number }[];
  readonly ranges: {
    maxParallelism: number;
    parallelism: number;
    rangesByOperatorIndex_inclusive: [number, number][];
    operatorIndexByKeyGroup?: number[];
    'operatorIndexSample_[keyGroup,operatorIndex]'?: [number, number][];
  }[];
  readonly assignKeyToParallelOperator: {
    key: string;
    maxParallelism: number;
    parallelism: number;
    operatorIndex: number;
  }[];
  readonly defaultMaxParallelism: { parallelism: number; defaultMaxParallelism?: number; error?: string }[];
  readonly argumentErrors: { maxParallelism: number; parallelism: number; operatorIndex: number; error: string }[];
  readonly rescalingITCase_intKeys_maxParallelism13: {
    key: number;
    keyGroup: number;
    operatorIndexP2: number;
    operatorIndexP4: number;
  }[];
}

function hashOf({ type, key }: KeyRow): number {
  switch (type) {
    case 'string':
      return hashString(key as string);
    case 'int':
      return hashInt(key as number);
    case 'long':
      return hashLong(BigInt(key as string));
    case 'double':
      return hashDouble(Number(key));
    case 'boolean':
      return hashBoolean(key as boolean);
    default:
      return hashTuple(key as PrimitiveKey[]);
  }
}

describeWithSharedData('keys are assigned as recorded from Flink', ['conformance/keygroups.json'], ([file]) => {
  const traces = readTraces<KeyGroupTraces>(file);

  test.each(['stringKeys', 'intKeys', 'longKeys', 'otherKeys'] as const)('%s: hash code and key group', (name) => {
    for (const row of traces[name]) {
      const hash = hashOf(row);
      expect({ hash, group: computeKeyGroupForKeyHash(hash, row.maxParallelism) }, JSON.stringify(row)).toEqual({
        hash: row.javaHashCode,
        group: row.keyGroup,
      });
    }
  });

  test('raw murmur hashes', () => {
    expect(traces.murmur.map(({ hash }) => ({ hash, murmur: murmurHash(hash) }))).toEqual(traces.murmur);
  });

  test('ranges and operator indexes', () => {
    for (const {
      maxParallelism,
      parallelism,
      rangesByOperatorIndex_inclusive,
      operatorIndexByKeyGroup,
      ...rest
    } of traces.ranges) {
      const ranges = rangesByOperatorIndex_inclusive.map((_, index) => {
        const { start, end } = computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, index);
        return [start, end];
      });
      expect(ranges).toEqual(rangesByOperatorIndex_inclusive);
      const sample =
        operatorIndexByKeyGroup?.map((index, group) => [group, index] as const) ??
        rest['operatorIndexSample_[keyGroup,operatorIndex]'] ??
        [];
      expect(
        sample.map(([group]) => [group, computeOperatorIndexForKeyGroup(maxParallelism, parallelism, group)]),
      ).toEqual(sample);
    }
  });

  test('a key goes to the same subtask', () => {
    for (const row of traces.assignKeyToParallelOperator) {
      expect(assignKeyToParallelOperator(row.key, row.maxParallelism, row.parallelism), JSON.stringify(row)).toBe(
        row.operatorIndex,
      );
    }
    for (const row of traces.rescalingITCase_intKeys_maxParallelism13) {
      expect(
        [assignKeyToParallelOperator(row.key, 13, 2), assignKeyToParallelOperator(row.key, 13, 4)],
        JSON.stringify(row),
      ).toEqual([row.operatorIndexP2, row.operatorIndexP4]);
    }
  });

  test('default max parallelism', () => {
    for (const { parallelism, defaultMaxParallelism, error } of traces.defaultMaxParallelism) {
      if (error === undefined) expect(computeDefaultMaxParallelism(parallelism)).toBe(defaultMaxParallelism);
      else
        expect(() => computeDefaultMaxParallelism(parallelism)).toThrow(error.split('IllegalArgumentException: ')[1]);
    }
  });

  test.each(traces.argumentErrors)(
    'max parallelism $maxParallelism with parallelism $parallelism: $error',
    ({ maxParallelism, parallelism, operatorIndex, error }) => {
      const [, text = ''] = error.split('IllegalArgumentException: ');
      expect(() => computeKeyGroupRangeForOperatorIndex(maxParallelism, parallelism, operatorIndex)).toThrow(text);
    },
  );
});
