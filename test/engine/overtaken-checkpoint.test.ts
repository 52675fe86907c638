import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DurableStore } from '../../engine/contract/durable-store.ts';
import { CheckpointStorage, type CheckpointParts } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { textsFrom } from '../../engine/memory/symbol-dictionary.ts';
import { encodeKeyGroup } from '../../engine/state/key-group-blob.ts';
import { MemoryStore } from '../support/memory-store.ts';

const settled = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** One operator with one key group for each text. */
function partsOf(id: number, texts: readonly string[]): CheckpointParts {
  const none = { indexes: new Int32Array(0), times: new Float64Array(0) };
  const keyGroups = texts.map((text, keyGroup) => ({
    keyGroup,
    bytes: encodeKeyGroup({
      keyGroup,
      keys: [text],
      structs: [],
      objects: [{ name: 'value', kind: 'value', version: 1, entries: [[0, text]] }],
      symbols: textsFrom([]),
      rows: {},
      eventTimers: none,
      processingTimers: none,
    }),
  }));
  return {
    id,
    kind: 'checkpoint',
    createdAtMs: 0,
    parallelism: 1,
    maxParallelism: 8,
    operators: [{ uid: 'keep', subtaskIndex: 0, keyGroups, broadcast: '{}', operatorState: '{}', keys: texts.length }],
    source: { processingTimeMs: null, sources: {} },
    sinks: {},
    application: null,
    values: [],
  };
}

describe('a write that another one overtakes', () => {
  /** Puts of one name wait until they are let go. */
  function heldUp(store: MemoryStore, name: string): { store: DurableStore; letGo: () => void } {
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const put = async (which: string, bytes: Uint8Array): Promise<void> => {
      if (which === name) await held;
      return store.put(which, bytes);
    };
    return {
      store: {
        put,
        get: (which) => store.get(which),
        list: (prefix) => store.list(prefix),
        remove: (names) => store.remove(names),
        close: () => store.close(),
      },
      letGo,
    };
  }

  test('does not take away what the other one builds on', async () => {
    const disk = new MemoryStore();
    const { store, letGo } = heldUp(disk, 'checkpoints/0000000002/manifest');
    const storage = new CheckpointStorage(store, sha256, 1);
    await storage.write(partsOf(1, ['kept', 'kept as well']));
    const overtaken = storage.write(partsOf(2, ['changed', 'changed as well']));
    await settled();

    // Builds on checkpoint 1, the last one that is complete, and is in the middle when checkpoint 2 goes on.
    const pauses: (() => void)[] = [];
    const overtaking = storage.write(partsOf(3, ['kept', 'kept as well']), () => new Promise((go) => pauses.push(go)));
    letGo();
    await overtaken.catch(() => undefined);
    for (let turn = 0; turn < 4; turn += 1) {
      await settled();
      for (const go of pauses.splice(0)) go();
    }
    await overtaking;

    const found = await new CheckpointStorage(disk, sha256, 1).latest();
    expect(found).toMatchObject({ checkpoint: { id: 3 }, refused: [] });
  });

  test('goes no further when its state is stored at last', async () => {
    const disk = new MemoryStore();
    const { store, letGo } = heldUp(disk, 'checkpoints/0000000001/state-0');
    const storage = new CheckpointStorage(store, sha256, 2);
    const overtaken = storage.write(partsOf(1, ['one']));
    await storage.write(partsOf(2, ['two']));

    letGo();

    await expect(overtaken).rejects.toThrow(/Checkpoint 1 was overtaken by checkpoint 2/);
    expect(await storage.ids()).toEqual([2]);
  });
});
