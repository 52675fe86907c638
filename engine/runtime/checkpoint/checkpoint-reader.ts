import { decodePlain } from '../../memory/plain-text.ts';
import { decodeKeyGroup } from '../../state/key-group-blob.ts';
import {
  StoredKeyGroup,
  type BroadcastMaps,
  type CheckpointContents,
  type CheckpointedStates,
} from '../query/checkpointed-state.ts';
import { StateQueryError } from '../query/state-query-error.ts';
import type { SourceThreadState } from './acknowledgement.ts';
import type { CheckpointStorage } from './checkpoint-storage.ts';

/** Values of checkpoints kept in memory between two questions, 16 MiB each at most: pages of one list need the same ones. */
const VALUES_KEPT = 2;

/**
 * Reads the state of kept checkpoints, key group by key group, without touching the job that writes them (Flink: the State
 * Processor API). A checkpoint that goes while it is read is an answer, not a failure.
 */
export class CheckpointReader implements CheckpointedStates {
  private readonly storage: CheckpointStorage;
  private readonly values = new Map<string, Promise<Uint8Array>>();

  constructor(storage: CheckpointStorage) {
    this.storage = storage;
  }

  ids(): Promise<readonly number[]> {
    return this.storage.ids();
  }

  async open(checkpointId: number): Promise<CheckpointContents> {
    const ids = await this.storage.ids();
    if (!ids.includes(checkpointId)) {
      const kept = ids.length === 0 ? 'none is kept' : `kept are ${ids.join(', ')}`;
      throw new StateQueryError('unknown-checkpoint', `There is no checkpoint ${checkpointId}: ${kept}.`);
    }
    const manifest = await readable(checkpointId, () => this.storage.readManifest(checkpointId));
    const { id, createdAtMs, maxParallelism, operators } = manifest;
    const { processingTimeMs } = decodePlain(manifest.source) as SourceThreadState;
    return {
      id,
      createdAtMs,
      // Where no source drives it, it is the machine's.
      processingTimeMs: processingTimeMs ?? createdAtMs,
      maxParallelism,
      keyGroup: async (uid, keyGroup) => {
        const operator = Object.hasOwn(operators, uid) ? operators[uid] : undefined;
        const place = operator?.keyGroups.find(([number]) => number === keyGroup);
        if (operator === undefined || place === undefined) return null;
        const [, value] = place;
        const bytes = await readable(id, async () => this.storage.keyGroupBytes(place, await this.value(value)));
        return new StoredKeyGroup(decodeKeyGroup(bytes), decodePlain(operator.broadcast) as BroadcastMaps);
      },
    };
  }

  private value(name: string): Promise<Uint8Array> {
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const reading = this.storage.readValue(name);
    reading.catch(() => this.values.delete(name));
    this.values.set(name, reading);
    const [oldest] = this.values.keys();
    if (this.values.size > VALUES_KEPT) this.values.delete(oldest);
    return reading;
  }
}

async function readable<T>(id: number, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new StateQueryError('unknown-checkpoint', `Checkpoint ${id} cannot be read: ${(error as Error).message}`);
  }
}
