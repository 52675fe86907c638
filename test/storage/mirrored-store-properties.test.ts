import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoreError } from '../../engine/contract/durable-store.ts';
import type { MirroredStore } from '../../engine/connectors/storage/mirrored-store.ts';
import type { MemoryDisk, StoreFault } from '../support/memory-store.ts';
import { bytesOf, quiet, textOf, TwoDisks } from './mirror-kit.ts';

/**
 * A model beside the store: for each name the texts that may be there. What was acknowledged leaves one; what was refused,
 * or cut off by a crash, leaves what was and what was asked for.
 */
class Model {
  readonly may = new Map<string, Set<string | null>>();

  of(name: string): Set<string | null> {
    return this.may.get(name) ?? new Set([null]);
  }

  async put(store: MirroredStore, name: string, text: string): Promise<void> {
    await this.#attempt([name], text, store.put(name, bytesOf(text)));
  }

  async remove(store: MirroredStore, names: readonly string[]): Promise<void> {
    await this.#attempt(names, null, store.remove(names));
  }

  async #attempt(names: readonly string[], text: string | null, act: Promise<void>): Promise<void> {
    for (const name of names) this.may.set(name, new Set([...this.of(name), text]));
    await Promise.race([
      act.then(
        () => {
          for (const name of names) this.may.set(name, new Set([text]));
        },
        () => undefined,
      ),
      // A call that hangs: the program is killed while it waits.
      quiet(),
    ]);
  }

  /** What is read becomes what is known. */
  async check(store: MirroredStore): Promise<void> {
    const listed = new Set(await store.list(''));
    for (const name of listed) expect([...this.may.keys()]).toContain(name);
    for (const [name, may] of this.may) {
      const text = listed.has(name) ? textOf(await store.get(name)) : null;
      expect({ name, may: [...may] }).toEqual({ name, may: expect.arrayContaining([text]) as unknown });
      this.may.set(name, new Set([text]));
    }
  }
}

const name = fc.constantFrom('journal/1', 'journal/2', 'checkpoints/1/part', 'settings', 'a', 'a/b');
type Step =
  | { readonly kind: 'put'; readonly name: string; readonly text: string }
  | { readonly kind: 'remove'; readonly names: readonly string[] }
  | { readonly kind: 'pass'; readonly ms: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('put' as const),
      name,
      text: fc.string({ maxLength: 6, unit: 'grapheme-ascii' }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('remove' as const), names: fc.array(name, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(100, 300, 2_000) }) },
);

type Damage =
  | { readonly kind: 'none' | 'empty' | 'set-back' }
  | { readonly kind: 'lose' | 'flip'; readonly shares: readonly number[] };
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constantFrom('none' as const, 'empty' as const, 'set-back' as const) }),
  fc.record({
    kind: fc.constantFrom('lose' as const, 'flip' as const),
    shares: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 6 }),
  }),
);

function inflict(disk: MemoryDisk, what: Damage, before: ReadonlyMap<string, Uint8Array>): void {
  const names = [...disk.values.keys()];
  switch (what.kind) {
    case 'none':
      return;
    case 'empty':
      return disk.values.clear();
    case 'set-back':
      disk.values.clear();
      for (const [raw, bytes] of before) disk.values.set(raw, bytes.slice());
      return;
    case 'lose':
      for (const share of what.shares) disk.values.delete(names[Math.floor(share * names.length)] ?? '');
      return;
    case 'flip':
      for (const share of what.shares) {
        const bytes = disk.values.get(names[Math.floor(share * names.length)] ?? '');
        const index = Math.floor(share * (bytes?.length ?? 0));
        if (bytes !== undefined) bytes[index] = (bytes[index] ?? 0) ^ 16;
      }
  }
}

const fault = fc.constantFrom<StoreFault>('fails', 'full', 'hangs', 'stored-but-fails', 'stored-but-hangs', 'damaged');
const plan = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 40 }), fault), { maxLength: 3 })
  .map((pairs) => new Map(pairs));
const generation = fc.record({
  steps: fc.array(step, { maxLength: 15 }),
  markEveryMs: fc.constantFrom(0, 250),
  closes: fc.boolean(),
  copy: fc.constantFrom(0, 1),
  damage,
  plan,
});

async function run(store: MirroredStore, steps: readonly Step[], model: Model, disks: TwoDisks): Promise<void> {
  for (const one of steps) {
    if (one.kind === 'put') await model.put(store, one.name, one.text);
    else if (one.kind === 'remove') await model.remove(store, one.names);
    else await disks.pass(one.ms);
  }
}

const snapshot = (disk: MemoryDisk): Map<string, Uint8Array> =>
  new Map([...disk.values].map(([raw, bytes]) => [raw, bytes.slice()]));

describe('whatever is done, and whenever the program is killed,', () => {
  test('damage to one copy loses nothing that was acknowledged', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(generation, { minLength: 1, maxLength: 5 }), async (generations) => {
        const disks = new TwoDisks();
        const model = new Model();
        for (const { steps, markEveryMs, closes, copy, damage: what } of generations) {
          const store = await disks.open({ markEveryMs });
          await model.check(store);
          await store.settled();
          // Without it a wrong bit that nobody read would meet damage to the other copy later: two faults, not one.
          await store.scrub();
          const before = snapshot(disks.disks[copy] ?? disks.disks[0]);
          await run(store, steps, model, disks);
          if (closes) await store.close();
          inflict(disks.disks[copy] ?? disks.disks[0], what, before);
        }
        const last = await disks.open();
        await model.check(last);
        await last.settled();
        await last.close();
      }),
      { numRuns: 400 },
    );
  });

  test(
    'calls of one copy that fail, hang or lie lose nothing that was acknowledged',
    { timeout: 120_000 },
    async () => {
      let fired = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(0, 1),
          fc.array(generation, { minLength: 1, maxLength: 4 }),
          async (faulty, generations) => {
            const disks = new TwoDisks();
            const model = new Model();
            for (const { steps, markEveryMs, plan: faults } of generations) {
              const opening = disks.open({ markEveryMs, faults: faulty === 0 ? [faults] : [new Map(), faults] });
              const passing = disks.pass(60_000);
              // A birth needs both copies: with a fault in it nothing begins, and nothing is lost.
              const store = await opening.catch((error: unknown) =>
                error instanceof StoreError ? null : Promise.reject(error as Error),
              );
              await passing;
              if (store === null) continue;
              await Promise.all([model.check(store), disks.pass(200_000)]);
              await run(store, steps, model, disks);
              for (const memory of disks.stores) fired += memory.fired.length;
            }
            const last = await disks.open();
            await disks.pass(5_000);
            await model.check(last);
          },
        ),
        { numRuns: 250 },
      );
      expect(fired).toBeGreaterThan(100);
    },
  );

  test('damage to both copies is never silent', { timeout: 120_000 }, async () => {
    const outcomes = { lost: 0, damaged: 0, whole: 0 };
    const both = fc.record({ steps: fc.array(step, { minLength: 1, maxLength: 20 }), first: damage, second: damage });
    await fc.assert(
      fc.asyncProperty(both, async ({ steps, first, second }) => {
        const disks = new TwoDisks();
        const model = new Model();
        const young = await disks.open();
        const before = disks.disks.map(snapshot);
        await run(young, steps, model, disks);
        await young.close();
        inflict(disks.disks[0], first, before[0] ?? new Map());
        inflict(disks.disks[1], second, before[1] ?? new Map());

        try {
          const store = await disks.open();
          for (const [raw, may] of model.may) {
            const text = await store.get(raw).then(textOf, (error: unknown) => {
              if (error instanceof StoreError && error.kind === 'damaged') return 'damaged';
              throw error;
            });
            if (text === 'damaged') outcomes.damaged += 1;
            else expect([...may]).toContain(text);
          }
          outcomes.whole += 1;
        } catch (error) {
          if (!(error instanceof StoreError) || error.kind !== 'lost') throw error;
          outcomes.lost += 1;
        }
      }),
      { numRuns: 400 },
    );
    // Each of the three really happened.
    expect(Math.min(...Object.values(outcomes))).toBeGreaterThan(0);
  });
});
