/**
 * How the list state of an operator (not of its keys) is dealt out after a change of parallelism (Flink:
 * RoundRobinOperatorStateRepartitioner).
 *
 * SPLIT_DISTRIBUTE: all elements, in the order of the old subtasks, in contiguous runs; the first total % p subtasks get
 * one more. With the parallelism unchanged everybody keeps their own. UNION: everybody gets all. BROADCAST: everybody
 * gets one old subtask's copy.
 */
export type RedistributionMode = 'SPLIT_DISTRIBUTE' | 'UNION' | 'BROADCAST';

export function repartitionOperatorLists<T>(
  mode: RedistributionMode,
  oldLists: readonly (readonly T[])[],
  newParallelism: number,
): T[][] {
  const subtasks = Array.from({ length: newParallelism }, (_, index) => index);
  const all = oldLists.flat();
  switch (mode) {
    case 'UNION':
      return subtasks.map(() => [...all]);
    case 'BROADCAST':
      return subtasks.map((index) => [...(oldLists[index % Math.max(1, oldLists.length)] ?? [])]);
    case 'SPLIT_DISTRIBUTE':
      if (oldLists.length === newParallelism) return oldLists.map((list) => [...list]);
      return deal(all, subtasks);
  }
}

function deal<T>(all: readonly T[], subtasks: readonly number[]): T[][] {
  const base = Math.floor(all.length / subtasks.length);
  const withOneMore = all.length % subtasks.length;
  let start = 0;
  return subtasks.map((index) => {
    const end = start + base + (index < withOneMore ? 1 : 0);
    const run = all.slice(start, end);
    start = end;
    return run;
  });
}
