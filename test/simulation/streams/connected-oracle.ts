import { HEARD_KEYS, LAST_LEFTS, RIGHT_KEYS } from './connected-streams.ts';
import type { StreamRecord } from './drawn-streams.ts';

/** Takes what is there away, and puts what is not. */
function toggle(map: Map<number, number>, key: number, value: number): void {
  if (!map.delete(key)) map.set(key, value);
}
const sorted = (map: Map<number, number>): unknown => [...map].sort(([left], [right]) => left - right);

/** What two inputs of a key tell, record by record. */
export function meetingsOf(records: readonly StreamRecord[]): unknown[] {
  const keys = new Map<string, { lefts: number[]; rights: Map<number, number>; sum: number }>();
  return records.map(({ key, side, sequence }) => {
    const kept = keys.get(key) ?? { lefts: [], rights: new Map<number, number>(), sum: 0 };
    keys.set(key, kept);
    kept.sum += sequence;
    if (side === 1) kept.lefts = [...kept.lefts, sequence].slice(-LAST_LEFTS);
    else toggle(kept.rights, sequence % RIGHT_KEYS, sequence);
    return [sequence, [...kept.lefts], sorted(kept.rights), kept.sum];
  });
}

/** What records of the first side tell of all those of the second before them, whatever the key. */
export function hearingsOf(records: readonly StreamRecord[]): unknown[] {
  const heard = new Map<number, number>();
  /** By key: how many it was there to hear. */
  const touched = new Map<string, number>();
  let count = 0;
  return records.flatMap(({ key, side, sequence }) => {
    if (side === 2) {
      toggle(heard, sequence % HEARD_KEYS, sequence);
      count += 1;
      for (const [one, times] of touched) touched.set(one, times + 1);
      return [];
    }
    if (!touched.has(key)) touched.set(key, 0);
    return [[sequence, touched.get(key), count, sorted(heard)]];
  });
}
