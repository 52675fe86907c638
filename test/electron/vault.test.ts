import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { VaultMessage, VaultQuestion } from '../../engine/contract/vault-messages.ts';
import { VaultLink } from '../../engine/entry/workstation/vault-client.ts';
import { DiskWatch, NEARLY_FULL_BYTES, ROOM_AGAIN_BYTES } from '../../electron/main/disk-watch.ts';
import { VaultPartition } from '../../electron/main/vault-partition.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

describe('the partition of a vault', () => {
  test('is the first one until it is set aside; what was set aside stays, and the newest folder counts after a restart', async () => {
    const userData = temporaryFolder('partition');
    const partition = new VaultPartition(userData, 'a');
    expect(await partition.name()).toBe('vault-a');
    mkdirSync(await partition.folder(), { recursive: true });

    expect(await partition.advance()).toBe(join(userData, 'Partitions', 'vault-a'));
    expect(await partition.name()).toBe('vault-a-2');
    expect(await new VaultPartition(userData, 'a').name()).toBe('vault-a-2');
    expect(await new VaultPartition(userData, 'b').name()).toBe('vault-b');

    await partition.advance();
    expect(await new VaultPartition(userData, 'a').name()).toBe('vault-a-3');
    expect(readdirSync(join(userData, 'Partitions')).sort()).toEqual(['vault-a', 'vault-a-2', 'vault-a-3']);
  });
});

describe('the room on the disk', () => {
  test('is told once when it gets scarce, and once when it is back, with a distance between', async () => {
    let freeBytes = ROOM_AGAIN_BYTES * 2;
    const told: string[] = [];
    const watch = new DiskWatch(
      () => (freeBytes < 0 ? Promise.reject(new Error('no disk')) : Promise.resolve(freeBytes)),
      (room) => told.push(room),
    );
    const readings = [
      ROOM_AGAIN_BYTES,
      NEARLY_FULL_BYTES,
      NEARLY_FULL_BYTES - 1,
      -1,
      0,
      ROOM_AGAIN_BYTES,
      ROOM_AGAIN_BYTES + 1,
    ];
    for (const reading of readings) {
      freeBytes = reading;
      await watch.look();
    }
    expect(told).toEqual(['nearly-full', 'enough']);
  });
});

describe('the way to the vault', () => {
  function linked(): { link: VaultLink; asked: VaultQuestion[]; say: (message: VaultMessage) => void } {
    const asked: VaultQuestion[] = [];
    const link = new VaultLink(
      (question) => asked.push(question),
      () => undefined,
    );
    return { link, asked, say: (message) => link.receive(message) };
  }

  test('answers find their questions, in any order', async () => {
    const { link, asked, say } = linked();
    const opening = link.copy('b').open();
    say({ kind: 'answer', id: asked[0]?.id ?? 0, result: { kind: 'done' } });
    const store = await opening;
    const first = store.get('x');
    const second = store.list('');
    expect(asked.map(({ vault, call }) => [vault, call.kind])).toEqual([
      ['b', 'open'],
      ['b', 'get'],
      ['b', 'list'],
    ]);
    say({ kind: 'answer', id: asked[2]?.id ?? 0, result: { kind: 'names', names: ['x'] } });
    say({ kind: 'answer', id: asked[1]?.id ?? 0, result: { kind: 'value', bytes: Uint8Array.of(7) } });
    expect(await first).toEqual(Uint8Array.of(7));
    expect(await second).toEqual(['x']);
  });

  test('a refusal is an error with its reason; an answer that does not fit is one, too; a late one is dropped', async () => {
    const { link, asked, say } = linked();
    const opening = link.copy('a').open();
    say({
      kind: 'answer',
      id: asked[0]?.id ?? 0,
      result: { kind: 'refused', reason: 'newer', where: 'vault A', message: 'too new' },
    });
    await expect(opening).rejects.toMatchObject({ kind: 'newer', where: 'vault A', message: 'too new' });
    const again = link.copy('a').open();
    say({ kind: 'answer', id: asked[1]?.id ?? 0, result: { kind: 'names', names: [] } });
    await expect(again).rejects.toMatchObject({ kind: 'failed' });
    say({ kind: 'answer', id: 99, result: { kind: 'done' } });
  });
});
