import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { CheckpointStorage, type CheckpointParts } from '../../engine/runtime/checkpoint/checkpoint-storage.ts';
import { textsFrom } from '../../engine/memory/symbol-dictionary.ts';
import { encodeKeyGroup } from '../../engine/state/key-group-blob.ts';
import { MemoryStore } from '../support/memory-store.ts';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A checkpoint whose one key group is unlike that of any other. */
function partsOf(id: number): CheckpointParts {
  const none = { indexes: new Int32Array(0), times: new Float64Array(0) };
  const bytes = encodeKeyGroup({
    keyGroup: 0,
    keys: [`key ${id}`],
    structs: [],
    objects: [{ name: 'value', kind: 'value', version: 1, entries: [[0, id]] }],
    symbols: textsFrom([]),
    rows: {},
    eventTimers: none,
    processingTimers: none,
  });
  return {
    id,
    kind: 'checkpoint',
    createdAtMs: 0,
    parallelism: 1,
    maxParallelism: 8,
    operators: [
      {
        uid: 'keep',
        subtaskIndex: 0,
        keyGroups: [{ keyGroup: 0, bytes }],
        broadcast: '{}',
        operatorState: '{}',
        keys: 1,
      },
    ],
    source: { processingTimeMs: null, sources: {} },
    sinks: {},
    application: null,
    values: [],
  };
}

const nameOf = (id: number, part: string): string => `checkpoints/${String(id).padStart(10, '0')}/${part}`;

async function damage(store: MemoryStore, name: string): Promise<void> {
  const bytes = ((await store.get(name)) as Uint8Array).slice();
  bytes[bytes.length >> 1] ^= 0xff;
  await store.put(name, bytes);
}

async function resealed(store: MemoryStore, id: number, change: (text: string) => string): Promise<void> {
  const name = nameOf(id, 'manifest');
  const text = new TextDecoder().decode((await store.get(name)) as Uint8Array);
  const body = change(text.slice(0, -65));
  await store.put(name, new TextEncoder().encode(`${body}\n${sha256(new TextEncoder().encode(body))}`));
}

test.each(['manifest', 'state-0'])(
  'a checkpoint with a damaged %s goes once enough newer ones are whole',
  async (part) => {
    const store = new MemoryStore();
    const first = new CheckpointStorage(store, sha256, 2);
    await first.write(partsOf(1));
    await first.write(partsOf(2));
    await damage(store, nameOf(2, part));

    const storage = new CheckpointStorage(store, sha256, 2);
    expect(await storage.latest()).toMatchObject({ checkpoint: { id: 1 }, refused: [{ id: 2 }] });
    await storage.write(partsOf(3));
    expect(await storage.ids()).toEqual([1, 2, 3]);
    await storage.write(partsOf(4));

    expect(await store.list('')).toEqual([3, 4].flatMap((id) => [nameOf(id, 'manifest'), nameOf(id, 'state-0')]));
  },
);

test('a checkpoint of a newer program stays, with all that it may need', async () => {
  const store = new MemoryStore();
  const first = new CheckpointStorage(store, sha256, 2);
  await first.write(partsOf(1));
  await first.write(partsOf(2));
  await resealed(store, 2, (text) => text.replace(/"version":\d+/, '"version":999'));
  const before = await store.list('');

  const storage = new CheckpointStorage(store, sha256, 2);
  expect((await storage.latest()).refused).toMatchObject([{ id: 2, problem: expect.stringContaining('version 999') }]);
  for (const id of [3, 4, 5]) await storage.write(partsOf(id));

  expect(await store.list('')).toEqual(expect.arrayContaining([...before]));
});
