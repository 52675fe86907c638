import { sha256Of } from '../../engine/entry/session/session-identity.node.ts';
import { openStateStore } from '../../engine/entry/session/state-store.node.ts';
import { CheckpointStorage } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { decodeKeyGroup, encodeKeyGroup } from '../../engine/state/key-group-blob.ts';

/** Adds a checkpoint like the last one, whose struct states are of a schema version that nobody knows yet. */
export async function writtenByNewerProgram(folder: string): Promise<void> {
  const store = await openStateStore(folder);
  const storage = new CheckpointStorage(store, sha256Of, 10);
  const { checkpoint } = await storage.latest();
  if (checkpoint === null) throw new Error('The folder holds no checkpoint.');
  const { parallelism, maxParallelism, source, sinks, application, values } = checkpoint;
  const operators = Object.entries(checkpoint.operators).map(([uid, { keyGroups, broadcast, operatorStates }]) => ({
    uid,
    subtaskIndex: 0,
    keyGroups: keyGroups.map(({ keyGroup, bytes }) => {
      const state = decodeKeyGroup(bytes);
      const structs = state.structs.map((stored) => ({ ...stored, version: 99 }));
      return { keyGroup, bytes: encodeKeyGroup({ ...state, structs }) };
    }),
    broadcast,
    operatorState: operatorStates[0],
    keys: 8,
  }));
  const kept = { parallelism, maxParallelism, source, sinks, application, values };
  await storage.write({ id: checkpoint.id + 1, kind: 'checkpoint', createdAtMs: 0, ...kept, operators });
  await store.close();
}
