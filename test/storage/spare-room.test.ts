import { expect, test } from 'vitest';
import { SpareRoomStore } from '../../engine/connectors/storage/spare-room.ts';
import { MemoryStore } from '../support/memory-store.ts';

test('while the disk is nearly full the journal waits, and everything else is written', async () => {
  let isNearlyFull = true;
  const store = new SpareRoomStore(new MemoryStore(), () => isNearlyFull);
  const bytes = Uint8Array.of(1);

  await expect(store.put('live/session-1/journal/0001', bytes)).rejects.toMatchObject({ kind: 'full' });
  await expect(store.put('journal/0001', bytes)).rejects.toMatchObject({ kind: 'full' });
  await store.put('live/session-1/checkpoints/journal', bytes);
  await store.put('audit/0001', bytes);
  isNearlyFull = false;
  await store.put('journal/0001', bytes);

  expect(await store.list('')).toEqual(['audit/0001', 'journal/0001', 'live/session-1/checkpoints/journal']);
  expect(await store.get('journal/0001')).toEqual(bytes);
  await store.remove(['journal/0001']);
  await store.close();
});
