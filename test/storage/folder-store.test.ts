import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StoreError } from '../../engine/contract/durable-store.ts';
import { openFolderStore } from '../../engine/connectors/storage/folder-store.node.ts';
import { storeFailure } from '../../engine/connectors/storage/store-failure.node.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));
const textOf = (bytes: Uint8Array | null): string | null => (bytes === null ? null : Buffer.from(bytes).toString());

async function kindOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return error instanceof StoreError ? error.kind : `no StoreError: ${String(error)}`;
}

describe('values in a folder', () => {
  test('are there after the store was closed and opened again', async () => {
    const folder = join(temporaryFolder('store'), 'state');
    const store = await openFolderStore(folder);
    await store.put('journal/0001', bytesOf('one'));
    await store.put('journal/0002', bytesOf('two'));
    await store.put('journal/0002', bytesOf('two again'));
    await store.put('checkpoints/7/part-0', new Uint8Array(0));
    await store.close();

    const again = await openFolderStore(folder);
    expect(textOf(await again.get('journal/0002'))).toBe('two again');
    expect(await again.get('checkpoints/7/part-0')).toHaveLength(0);
    expect(await again.get('checkpoints/7')).toBeNull();
    expect(await again.list('')).toEqual(['checkpoints/7/part-0', 'journal/0001', 'journal/0002']);
    await again.close();
  });

  test('are listed by any prefix, in code-unit order, a value beside a folder of its name', async () => {
    const store = await openFolderStore(temporaryFolder('store'));
    for (const name of ['a', 'a/b', 'a/bc/d', 'a/b-', 'ab', 'b']) await store.put(name, bytesOf(name));

    expect(await store.list('a')).toEqual(['a', 'a/b', 'a/b-', 'a/bc/d', 'ab']);
    expect(await store.list('a/b')).toEqual(['a/b', 'a/b-', 'a/bc/d']);
    expect(await store.list('a/bc/')).toEqual(['a/bc/d']);
    expect(await store.list('nothing/here')).toEqual([]);
    expect(await store.list('../')).toEqual([]);
    await store.close();
  });

  test('can be removed, and names that are not there are no mistake', async () => {
    const store = await openFolderStore(temporaryFolder('store'));
    await store.put('a/b', bytesOf('x'));
    await store.remove(['a/b', 'a/c', 'x/y/z']);
    expect(await store.list('')).toEqual([]);
    await store.close();
  });

  test.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', 'A', 'a\\b', 'a\0', '.hidden', 'a@'])(
    'a name that could leave the folder is refused: "%s"',
    async (name) => {
      const store = await openFolderStore(temporaryFolder('store'));
      await expect(store.put(name, bytesOf('x'))).rejects.toThrow(/name/);
      await store.close();
    },
  );
});

describe('opening', () => {
  test('removes what a killed process was still writing', async () => {
    const folder = temporaryFolder('store');
    await (await openFolderStore(folder)).close();
    writeFileSync(join(folder, 'temporary', 'half'), 'half a value');

    const store = await openFolderStore(folder);

    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);
    await store.close();
  });

  test('a second time is refused while the first lives, and possible after it was closed', async () => {
    const folder = temporaryFolder('store');
    const first = await openFolderStore(folder);
    expect(await kindOf(openFolderStore(folder))).toBe('locked');
    await first.close();
    await first.close();
    await (await openFolderStore(folder)).close();
  });

  test('takes over the lock of a process that is dead, and one that nobody can read', async () => {
    const folder = temporaryFolder('store');
    const dead = spawnSync(process.execPath, ['-e', 'console.log(process.pid)']);
    const pid = Number(dead.stdout.toString());
    const lock = join(folder, 'lock');
    for (const left of [JSON.stringify({ host: hostname(), pid, started: '1', token: 'x' }), '', '{"pid":']) {
      writeFileSync(lock, left);
      const store = await openFolderStore(folder);
      await store.put('a', bytesOf('mine'));
      expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid });
      await store.close();
      expect(existsSync(lock)).toBe(false);
    }
  });

  test('a process number that was given to another program since does not lock', async ({ skip }) => {
    if (process.platform !== 'linux') skip('the start time of a process is known on Linux only');
    const folder = temporaryFolder('store');
    writeFileSync(
      join(folder, 'lock'),
      JSON.stringify({ host: hostname(), pid: process.pid, started: '1', token: 'x' }),
    );
    await (await openFolderStore(folder)).close();
  });

  test('a lock of another machine is respected, and says what to delete', async () => {
    const folder = temporaryFolder('store');
    writeFileSync(join(folder, 'lock'), JSON.stringify({ host: 'elsewhere', pid: 1, started: null, token: 'x' }));
    await expect(openFolderStore(folder)).rejects.toThrow(/elsewhere.*delete/s);
  });

  test('of ten openings at once one succeeds, also over a dead lock', async () => {
    const folder = temporaryFolder('store');
    writeFileSync(join(folder, 'lock'), 'dead');
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => openFolderStore(folder)));
    const opened = all.filter((one) => one.status === 'fulfilled');
    expect(opened).toHaveLength(1);
    await opened[0]?.value.close();
  });

  test('a newer format is refused and left untouched', async () => {
    const folder = temporaryFolder('store');
    writeFileSync(join(folder, 'format'), '{"what":"FlinkTrade folder store","format":99}\n');
    mkdirSync(join(folder, 'values'));
    expect(await kindOf(openFolderStore(folder))).toBe('newer');
    expect(readdirSync(folder).sort()).toEqual(['format', 'values']);
  });

  test('values without a format are not taken for a new store', async () => {
    const folder = temporaryFolder('store');
    const store = await openFolderStore(folder);
    await store.put('a', bytesOf('x'));
    await store.close();
    writeFileSync(join(folder, 'format'), 'garbage');
    expect(await kindOf(openFolderStore(folder))).toBe('damaged');
  });
});

describe('a store whose disk refuses', () => {
  test.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('%s is "full"', (code) => {
    const error = Object.assign(new Error(`${code}: no`), { code });
    expect(storeFailure(error, '/x', 'store 1 bytes')).toMatchObject({ kind: 'full', where: '/x' });
  });

  test('anything else is "failed"', () => {
    const error = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    expect(storeFailure(error, '/x', 'store 1 bytes').kind).toBe('failed');
  });

  test('a full disk fails the put, loses nothing, and is used again when there is room', async ({ skip }) => {
    const folder = temporaryFolder('small-disk');
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]).status === 0;
    if (!mounted) skip('a small disk can only be mounted by root');
    onTestFinished(() => void spawnSync('umount', [folder]));
    const store = await openFolderStore(folder);
    await store.put('kept', bytesOf('here'));
    await store.put('large', new Uint8Array(150_000));

    expect(await kindOf(store.put('too/much', new Uint8Array(200_000)))).toBe('full');
    expect(await store.list('')).toEqual(['kept', 'large']);
    expect(textOf(await store.get('kept'))).toBe('here');
    expect(readdirSync(join(folder, 'temporary'))).toEqual([]);

    await store.remove(['large']);
    await store.put('too/much', new Uint8Array(200_000));
    await store.close();
  });
});

test('everything a killed process was told is stored is there', async () => {
  const folder = temporaryFolder('store');
  const source = join(import.meta.dirname, 'folder-writer.mjs');
  const child = spawn(process.execPath, [source, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  await new Promise<void>((resolve) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split('\n').length > 20) child.kill('SIGKILL');
    });
    child.on('close', () => {
      acknowledged.push(...text.split('\n').slice(0, -1));
      resolve();
    });
  });

  const store = await openFolderStore(folder);
  expect(acknowledged.length).toBeGreaterThanOrEqual(20);
  for (const name of acknowledged)
    expect(await store.get(name)).toEqual(new Uint8Array(5000).fill(Number(name.slice(8))));
  await store.close();
});
