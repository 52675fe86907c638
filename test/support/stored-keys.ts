import type { Key } from '../../engine/state/java-hash.ts';
import { areSymbols, type KeyGroupState } from '../../engine/state/key-group-blob.ts';

/** The keys of a stored key group, as they are. */
export function keysOf({ keys }: KeyGroupState): readonly Key[] {
  if (!areSymbols(keys)) return keys;
  const { ends, units } = keys;
  return Array.from(ends, (end, index) => String.fromCharCode(...units.subarray(ends[index - 1] ?? 0, end)));
}
