import { existsSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../engine/contract/durable-store.ts';
import type { StoreEvent } from '../../engine/contract/store-events.ts';
import { openStateFolder } from '../../engine/connectors/storage/state-folder.node.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bytesOf, contentOf } from './mirror-kit.ts';

const VALUES = { 'checkpoints/1/manifest': 'm', 'journal/0001': 'one', 'journal/0002': 'two' };

async function filledFolder(): Promise<string> {
  const folder = join(temporaryFolder('state'), 'state');
  const store = await openStateFolder(folder, () => undefined);
  for (const [name, text] of Object.entries(VALUES)) await store.put(name, bytesOf(text));
  await store.close();
  return folder;
}

describe('a state folder', () => {
  test('keeps its values, and lets nobody else in while it is open', async () => {
    const folder = await filledFolder();
    const store = await openStateFolder(folder, () => undefined);
    expect(await contentOf(store)).toEqual(VALUES);
    await expect(openStateFolder(folder, () => undefined)).rejects.toMatchObject({ kind: 'locked' });
    await store.put('journal/0003', bytesOf('three'));
    await store.close();
  });

  test.each([
    ['a copy that was deleted', (folder: string) => rmSync(join(folder, 'a'), { recursive: true })],
    [
      'a copy of which a folder was deleted',
      (folder: string) => rmSync(join(folder, 'b', 'values', 'values', 'journal'), { recursive: true }),
    ],
    ['a copy whose format is unreadable', (folder: string) => writeFileSync(join(folder, 'a', 'format'), '?')],
    [
      'a value that was cut short',
      (folder: string) => {
        const below = join(folder, 'a', 'values', 'values', 'journal');
        truncateSync(join(below, readdirSync(below)[0] ?? ''), 80);
      },
    ],
  ])('%s costs nothing, and is said', async (_what, damage) => {
    const folder = await filledFolder();
    damage(folder);
    const events: StoreEvent[] = [];
    const store = await openStateFolder(folder, (event) => events.push(event));
    expect(await contentOf(store)).toEqual(VALUES);
    await store.settled();
    expect(events.some(({ severity }) => severity === 'warning')).toBe(true);
    expect(events.some(({ kind }) => kind === 'copy-rebuilt' || kind === 'value-repaired')).toBe(true);
    await store.close();

    // Nothing of what was there is deleted, and the folder is whole again.
    const second: StoreEvent[] = [];
    const again = await openStateFolder(folder, (event) => second.push(event));
    expect(await contentOf(again)).toEqual(VALUES);
    expect(second.map(({ kind }) => kind)).toEqual(['opened']);
    await again.close();
  });

  test('both copies gone is lost, not a fresh start', async () => {
    const folder = await filledFolder();
    renameSync(join(folder, 'a'), join(folder, 'a-elsewhere'));
    renameSync(join(folder, 'b'), join(folder, 'b-elsewhere'));
    for (const attempt of [1, 2]) {
      const error = await openStateFolder(folder, () => undefined).catch((thrown: unknown) => thrown);
      expect(error, `attempt ${attempt}`).toBeInstanceOf(StoreError);
      expect(error).toMatchObject({ kind: 'lost' });
    }
    for (const copy of ['a', 'b']) rmSync(join(folder, copy), { recursive: true });
    for (const copy of ['a', 'b']) renameSync(join(folder, `${copy}-elsewhere`), join(folder, copy));
    const store = await openStateFolder(folder, () => undefined);
    expect(await contentOf(store)).toEqual(VALUES);
    await store.close();
    expect(existsSync(join(folder, 'mark'))).toBe(true);
  });

  test('a folder where a file stands is refused with a reason', async () => {
    const file = join(temporaryFolder('state'), 'file');
    writeFileSync(file, '');
    await expect(openStateFolder(file, () => undefined)).rejects.toMatchObject({ kind: 'failed' });
  });
});
