import { describe, expect, test } from 'vitest';
import { StoreError } from '../../engine/contract/durable-store.ts';
import type { StoreFault } from '../support/memory-store.ts';
import { MemoryDisk } from '../support/memory-store.ts';
import { bytesOf, contentOf, quiet, textOf, TwoDisks } from './mirror-kit.ts';

const at = (call: number, fault: StoreFault): ReadonlyMap<number, StoreFault> => new Map([[call, fault]]);

async function errorOf(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StoreError)) throw new Error(`expected a StoreError, found ${String(error)}`);
  return error;
}

/** A store with three values, closed in order. */
async function filled(): Promise<TwoDisks> {
  const disks = new TwoDisks();
  const store = await disks.open();
  await store.put('journal/1', bytesOf('one'));
  await store.put('journal/2', bytesOf('two'));
  await store.put('settings/x', bytesOf('first'));
  await store.put('settings/x', bytesOf('second'));
  await store.put('gone', bytesOf('gone'));
  await store.remove(['gone', 'never there']);
  await store.close();
  return disks;
}
const FILLED = { 'journal/1': 'one', 'journal/2': 'two', 'settings/x': 'second' };

/** Names, within a copy, of what belongs to a value. */
const rawOf = (disk: MemoryDisk, name: string): string =>
  [...disk.values.keys()].find((raw) => raw.startsWith(`values/${name}.`)) ?? '';

function flip(disk: MemoryDisk, raw: string): void {
  const bytes = disk.values.get(raw) ?? new Uint8Array(1);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 4;
}

describe('a store that was closed in order', () => {
  test('has every value when it is opened again, and both copies are the same', async () => {
    const disks = await filled();
    const store = await disks.open();
    expect(await contentOf(store)).toEqual(FILLED);
    expect(disks.kinds).toEqual(['opened']);
    expect([...disks.disks[0].values.keys()].sort()).toEqual([...disks.disks[1].values.keys()].sort());
    await store.close();
  });

  test('keeps no record that nobody needs', async () => {
    const disks = await filled();
    // Birth, three values, and the removal that is the newest writing.
    expect(disks.disks[0].values.size).toBe(5);
    const store = await disks.open();
    await store.put('journal/3', bytesOf('three'));
    await store.close();
    expect(disks.disks[0].values.size).toBe(5);
  });

  test('says that it begins anew only where nothing ever was', async () => {
    const disks = new TwoDisks();
    await (await disks.open()).close();
    expect(disks.kinds).toEqual(['fresh-start']);
    await (await disks.open()).close();
    expect(disks.kinds).toEqual(['opened']);
  });
});

describe('one copy was damaged while the program was off:', () => {
  const damages: readonly (readonly [string, (disk: MemoryDisk, before: MemoryDisk) => void])[] = [
    ['it is empty', (disk) => disk.values.clear()],
    ['it lost one value', (disk) => disk.values.delete(rawOf(disk, 'journal/1'))],
    [
      'it lost its newest record',
      (disk) => disk.values.delete([...disk.values.keys()].find((raw) => raw.startsWith('removals/')) ?? ''),
    ],
    [
      'it lost the record of its birth',
      (disk) => disk.values.delete([...disk.values.keys()].find((raw) => raw.startsWith('birth/')) ?? ''),
    ],
    [
      'it was set back to an older day',
      (disk, before) => {
        disk.values.clear();
        for (const [name, bytes] of before.values) disk.values.set(name, bytes);
      },
    ],
  ];

  for (const index of [0, 1] as const) {
    test.each(damages)(`%s (copy ${index})`, async (_what, damage) => {
      const disks = new TwoDisks();
      const young = await disks.open();
      await young.put('journal/1', bytesOf('one'));
      await young.close();
      const before = new MemoryDisk();
      for (const [name, bytes] of disks.disks[index].values) before.values.set(name, bytes);
      const old = await disks.open();
      for (const [name, text] of Object.entries(FILLED)) await old.put(name, bytesOf(text));
      await old.put('gone', bytesOf('gone'));
      await old.remove(['gone']);
      await old.close();

      damage(disks.disks[index], before);
      const wasEmpty = disks.disks[index].values.size === 0;
      const store = await disks.open();
      expect(await contentOf(store)).toEqual(FILLED);
      await store.put('journal/3', bytesOf('written meanwhile'));
      await store.settled();

      expect(disks.kinds).toContain('copy-rebuilt');
      expect(disks.aside).toHaveLength(wasEmpty ? 0 : 1);
      expect(store.status.copies.every(({ serves }) => serves)).toBe(true);
      await store.close();
      // The rebuilt copy alone is enough now.
      disks.disks[1 - index] = new MemoryDisk();
      const again = await disks.open();
      expect(await contentOf(again)).toEqual({ ...FILLED, 'journal/3': 'written meanwhile' });
      await again.close();
    });
  }

  test('it is the copy of another store', async () => {
    const disks = await filled();
    const other = await filled();
    disks.disks[0] = other.disks[0];
    const store = await disks.open();
    await store.settled();
    expect(await contentOf(store)).toEqual(FILLED);
    expect(disks.kinds).toContain('copy-set-aside');
    expect(disks.aside).toEqual([other.disks[0]]);
    await store.close();
  });

  test('one value has a wrong bit: it is read from the other copy, repaired, and said', async () => {
    const disks = await filled();
    flip(disks.disks[0], rawOf(disks.disks[0], 'journal/2'));
    const store = await disks.open();
    expect(textOf(await store.get('journal/2'))).toBe('two');
    await store.settled();
    expect(disks.kinds).toEqual(['opened', 'value-repaired']);
    expect(disks.disks[0].values).toEqual(disks.disks[1].values);
    await store.close();
  });

  test('values with wrong bits that nobody reads are found and repaired by a scrub', async () => {
    const disks = await filled();
    flip(disks.disks[1], rawOf(disks.disks[1], 'journal/2'));
    disks.disks[1].values.set(rawOf(disks.disks[1], 'settings/x'), new Uint8Array(3));
    const store = await disks.open();
    expect(await store.scrub()).toEqual({ checked: 6, bad: 2 });
    expect(disks.disks[1].values).toEqual(disks.disks[0].values);
    expect(await store.scrub()).toEqual({ checked: 6, bad: 0 });
    await store.close();
  });

  test('a rebuild that was interrupted is finished without setting anything aside again', async () => {
    const disks = await filled();
    disks.disks[0].values.delete(rawOf(disks.disks[0], 'journal/1'));
    // Calls of a rebuilt copy: list, note of the rebuilding, list, and in the end list and the records one by one.
    await disks.open({ faultsWhenRebuilt: [at(6, 'hangs')] });
    await quiet();
    expect(disks.disks[0].values.size).toBeLessThan(disks.disks[1].values.size);

    const store = await disks.open();
    await store.settled();
    expect(await contentOf(store)).toEqual(FILLED);
    expect(disks.aside).toHaveLength(1);
    expect(disks.kinds).toContain('copy-rebuilt');
    await store.close();
  });
});

describe('both copies were damaged while the program was off:', () => {
  test('empty both: lost, said with what was expected and found, and never a fresh start', async () => {
    const disks = await filled();
    for (const disk of disks.disks) disk.values.clear();
    const error = await errorOf(disks.open());
    expect(error.kind).toBe('lost');
    expect(error.message).toMatch(/3 values.*writing 6.*copy a is empty; copy b is empty.*backup/s);
    expect(disks.disks.every((disk) => disk.values.size === 0)).toBe(true);
    // And again at the next start: nothing was written that would hide it.
    expect((await errorOf(disks.open())).kind).toBe('lost');
  });

  test('one empty, the other without a value: lost', async () => {
    const disks = await filled();
    disks.disks[0].values.clear();
    disks.disks[1].values.delete(rawOf(disks.disks[1], 'journal/1'));
    expect((await errorOf(disks.open())).kind).toBe('lost');
  });

  test('both set back to an older day: lost', async () => {
    const disks = await filled();
    const before = disks.disks.map((disk) => new Map(disk.values));
    const store = await disks.open();
    await store.put('journal/3', bytesOf('three'));
    await store.close();
    disks.disks.forEach((disk, index) => {
      disk.values.clear();
      for (const [name, bytes] of before[index] ?? []) disk.values.set(name, bytes);
    });
    expect((await errorOf(disks.open())).message).toMatch(/older/);
  });

  test('gaps in different places: together they are whole, and that is said', async () => {
    const disks = await filled();
    const writer = await disks.open();
    await writer.put('journal/3', bytesOf('three'));
    await writer.close();
    disks.disks[0].values.delete(rawOf(disks.disks[0], 'journal/1'));
    disks.disks[1].values.delete(rawOf(disks.disks[1], 'journal/2'));
    const store = await disks.open();
    expect(await contentOf(store)).toEqual({ ...FILLED, 'journal/3': 'three' });
    expect(disks.kinds).toContain('copies-joined');
    expect([...disks.disks[0].values.keys()].sort()).toEqual([...disks.disks[1].values.keys()].sort());
    await store.close();
  });

  test('one value with wrong bits in both: that one is damaged, the others are there', async () => {
    const disks = await filled();
    for (const disk of disks.disks) flip(disk, rawOf(disk, 'journal/2'));
    const store = await disks.open();
    expect((await errorOf(store.get('journal/2'))).kind).toBe('damaged');
    expect(textOf(await store.get('journal/1'))).toBe('one');
    expect(disks.kinds).toContain('value-lost');
    await store.close();
  });

  test('written by a newer version: refused, untouched', async () => {
    const disks = await filled();
    for (const disk of disks.disks) disk.values.set(`birth/99.${'0'.repeat(32)}`, new Uint8Array(1));
    const before = disks.disks.map((disk) => [...disk.values.keys()]);
    expect((await errorOf(disks.open())).kind).toBe('newer');
    expect(disks.disks.map((disk) => [...disk.values.keys()])).toEqual(before);
  });
});

describe('the mark', () => {
  test('is written anew, and that is said, when it is gone and the copies agree', async () => {
    for (const left of [null, bytesOf('rubbish')]) {
      const disks = await filled();
      disks.mark = left;
      const store = await disks.open();
      expect(await contentOf(store)).toEqual(FILLED);
      expect(disks.kinds).toEqual(['mark-rewritten', 'opened']);
      await store.close();
      disks.disks[0].values.clear();
      disks.disks[1].values.clear();
      expect((await errorOf(disks.open())).kind).toBe('lost');
    }
  });

  test('gone together with one copy: the other is used, and what cannot be proven is said', async () => {
    const disks = await filled();
    disks.mark = null;
    disks.disks[1].values.clear();
    const store = await disks.open();
    expect(await contentOf(store)).toEqual(FILLED);
    expect(disks.events.find(({ kind }) => kind === 'mark-rewritten')?.message).toMatch(/cannot be proven/);
    await store.close();
  });

  test('damaged, with nothing else there, is no fresh start', async () => {
    const disks = new TwoDisks();
    disks.mark = bytesOf('rubbish');
    expect((await errorOf(disks.open())).kind).toBe('lost');
  });

  test('written lazily is at most four a second, and never ahead of the copies', async () => {
    const disks = new TwoDisks();
    const store = await disks.open({ markEveryMs: 250 });
    const first = disks.mark;
    for (let index = 0; index < 50; index += 1) await store.put(`journal/${index}`, bytesOf(`${index}`));
    expect(disks.mark).toBe(first);
    await disks.pass(250);
    expect(disks.mark).not.toBe(first);
    const second = disks.mark;
    await store.put('journal/50', bytesOf('50'));
    expect(disks.mark).toBe(second);
    // The program is killed here; one copy is lost, and so the last moment cannot be proven.
    disks.disks[0].values.clear();
    const again = await disks.open({ markEveryMs: 250 });
    expect(await again.list('')).toHaveLength(51);
    expect(disks.kinds).toContain('tail-unsure');
    await again.close();
  });
});

describe('a copy that fails while the store is used', () => {
  test.each(['fails', 'stored-but-fails'] as const)(
    '%s: the value is stored, the copy set aside and rebuilt',
    async (fault) => {
      const disks = await filled();
      // Calls when opened: list, the removal record; then the put.
      const store = await disks.open({ faults: [at(3, fault)] });
      await store.put('journal/3', bytesOf('three'));
      expect(disks.stores[0]?.fired).toHaveLength(1);
      expect(disks.kinds).toContain('copy-failed');
      expect(store.status.copies.map(({ serves }) => serves)).toEqual([false, true]);

      await store.put('journal/4', bytesOf('four'));
      await disks.pass(2_000);
      await store.settled();

      expect(disks.kinds).toContain('copy-rebuilt');
      await store.close();
      disks.disks[1] = new MemoryDisk();
      const again = await disks.open();
      expect(await contentOf(again)).toEqual({ ...FILLED, 'journal/3': 'three', 'journal/4': 'four' });
      await again.close();
    },
  );

  test('hangs: after its time it has failed like any other', async () => {
    const disks = await filled();
    const store = await disks.open({ faults: [new Map(), at(3, 'hangs')] });
    const put = store.put('journal/3', bytesOf('three'));
    await disks.pass(20_000);
    await put;
    await disks.pass(2_000);
    await store.settled();
    expect(store.status.copies.every(({ serves }) => serves)).toBe(true);
    await store.close();
  });

  test('and the program dies before it is rebuilt: the copy that went on is the store, whatever the other holds', async () => {
    const disks = await filled();
    const store = await disks.open({ faults: [at(3, 'stored-but-fails')], markEveryMs: 250 });
    await store.put('journal/3', bytesOf('three'));
    await store.put('journal/4', bytesOf('four'));
    const again = await disks.open();
    expect(await contentOf(again)).toEqual({ ...FILLED, 'journal/3': 'three', 'journal/4': 'four' });
    await again.settled();
    await again.close();
  });

  test('and then the other copy is lost: lost is said, not the older state given', async () => {
    const disks = await filled();
    const store = await disks.open({ faults: [at(3, 'fails')], markEveryMs: 250 });
    await store.put('journal/3', bytesOf('three'));
    disks.disks[1].values.clear();
    expect((await errorOf(disks.open())).kind).toBe('lost');
  });

  test('is not acknowledged for as long as the mark cannot say which copy counts', async () => {
    const disks = await filled();
    const store = await disks.open({ faults: [at(3, 'fails')], markEveryMs: 250 });
    disks.markFails = true;
    await expect(store.put('journal/3', bytesOf('three'))).rejects.toThrow(/mark/);
    disks.markFails = false;
    await store.put('journal/4', bytesOf('four'));
    expect(await contentOf(store)).toEqual({ ...FILLED, 'journal/4': 'four' });
    await store.close();
  });

  test.each(['fails', 'stored-but-fails', 'full'] as const)(
    'both copies (%s): refused, nothing is lost, the next one works',
    async (fault) => {
      const disks = await filled();
      const store = await disks.open({ faults: [at(3, fault), at(3, fault)] });
      const error = await errorOf(store.put('journal/3', bytesOf('three')));
      expect(error.kind).toBe(fault === 'full' ? 'full' : 'failed');
      await store.put('journal/4', bytesOf('four'));
      await store.close();
      const again = await disks.open();
      expect(await contentOf(again)).toEqual({ ...FILLED, 'journal/4': 'four' });
      expect(disks.kinds).toEqual(['opened']);
      await again.close();
    },
  );

  test('a value that was refused does not come back after it was removed', async () => {
    const disks = await filled();
    const store = await disks.open({ faults: [at(3, 'full')] });
    await errorOf(store.put('journal/3', bytesOf('three')));
    await store.remove(['journal/3']);
    const again = await disks.open();
    expect(await contentOf(again)).toEqual(FILLED);
    await again.close();
  });

  test('a disk that is full in one copy refuses the value in both, and none is set aside', async () => {
    const disks = await filled();
    const store = await disks.open();
    disks.disks[1].isFull = true;
    expect((await errorOf(store.put('journal/3', bytesOf('three')))).kind).toBe('full');
    expect(await contentOf(store)).toEqual(FILLED);
    disks.disks[1].isFull = false;
    await store.put('journal/3', bytesOf('three'));
    await store.close();
    expect(disks.aside).toHaveLength(0);
  });
});

test('a light value does not wait for heavy ones that were asked for before it; one name keeps its order', async () => {
  const disks = new TwoDisks();
  const store = await disks.open();
  const order: string[] = [];
  const put = (name: string, bytes: number): Promise<void> =>
    store.put(name, new Uint8Array(bytes)).then(() => void order.push(name));
  const heavy = 1024 * 1024;
  await Promise.all([
    put('part/0', heavy),
    put('part/1', heavy),
    put('part/2', heavy),
    put('journal/1', 10),
    put('part/2', 5),
  ]);
  expect(order).toEqual(['part/0', 'journal/1', 'part/1', 'part/2', 'part/2']);
  expect(await store.get('part/2')).toHaveLength(5);
  await store.close();
});
