import type { KeyGroupRange } from '../../state/key-groups.ts';
import { assignToKeyGroup } from '../../state/key-groups.ts';
import type { Key } from '../../state/java-hash.ts';
import type { CheckpointContents, StoredKey } from './checkpointed-state.ts';
import type { ServedJob } from './queryable-job.ts';
import { mortalPresenterOf, presenterOf, type QueryableDescriptor } from './queryable-states.ts';
import { FirstRows } from './row-order.ts';
import { StateQueryError } from './state-query-error.ts';
import type { ListedRow, ListQuestion, LookedUp, QueryableInfo } from './state-question.ts';

/** Questions about state as of a kept checkpoint: the tasks are not asked, its bytes are read. */
export class CheckpointQueries {
  /** @param descriptor knows the function of aggregating state; null: it is not asked for by descriptor */
  async lookUp(
    served: ServedJob,
    state: QueryableInfo,
    keys: readonly Key[],
    checkpointId: number,
    descriptor: QueryableDescriptor | null,
  ): Promise<LookedUp[]> {
    const contents = await openCheckpoint(served, checkpointId);
    const read = readerOf(served, state, descriptor);
    const found: LookedUp[] = [];
    for (const key of keys) {
      const group = await contents.keyGroup(state.uid, assignToKeyGroup(key, contents.maxParallelism));
      const stored = group?.key(key) ?? null;
      found.push(stored === null ? null : read(key, stored, contents.processingTimeMs));
    }
    return found;
  }

  /** @param pause between two key groups: others on this thread get their turn */
  async list(
    served: ServedJob,
    state: QueryableInfo,
    question: ListQuestion,
    range: KeyGroupRange,
    checkpointId: number,
    pause: () => Promise<void>,
  ): Promise<{ readonly rows: readonly ListedRow[]; readonly hasMore: boolean }> {
    const contents = await openCheckpoint(served, checkpointId);
    const read = readerOf(served, state, null);
    const rows = new FirstRows(question);
    for (let keyGroup = range.start; keyGroup <= range.end; keyGroup += 1) {
      const group = await contents.keyGroup(state.uid, keyGroup);
      if (group === null) continue;
      for (const key of group.keys) {
        const stored = rows.wants(key) ? group.key(key) : null;
        const found = stored === null ? null : read(key, stored, contents.processingTimeMs);
        if (found !== null) rows.add({ key, ...found });
      }
      await pause();
    }
    return rows.result();
  }
}

async function openCheckpoint({ checkpoints }: ServedJob, id: number): Promise<CheckpointContents> {
  if (checkpoints === null)
    throw new StateQueryError('unknown-checkpoint', `There is no checkpoint ${id}: the job keeps none.`);
  return checkpoints.open(id);
}

/** @returns what reads a key's value; null: it has none */
function readerOf(
  { checkpointedQueries }: ServedJob,
  { name, kind, stateName, ttlMs }: QueryableInfo,
  descriptor: QueryableDescriptor | null,
): (key: Key, stored: StoredKey, atMs: number) => LookedUp {
  if (Object.hasOwn(checkpointedQueries, name))
    return (key, stored) => {
      const value = checkpointedQueries[name].read(key, stored);
      return value === null || value === undefined ? null : { value };
    };
  if (stateName === null)
    throw new StateQueryError(
      'bad-question',
      `'${name}' is computed by the job as it runs; it can only be asked as of now.`,
    );
  if (kind === 'aggregating' && descriptor === null)
    throw new StateQueryError(
      'bad-question',
      `'${name}' is aggregating state, of which a checkpoint keeps the accumulator: ask with the descriptor, which knows the function.`,
    );
  const asked = descriptor ?? { kind };
  const present = ttlMs === null ? presenterOf(asked) : mortalPresenterOf(asked, ttlMs);
  return (_key, stored, atMs) => {
    const data = stored.state(stateName);
    return data === undefined ? null : present(data, atMs);
  };
}
