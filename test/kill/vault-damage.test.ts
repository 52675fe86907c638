import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { storeDamages, type StoreDamage } from '../support/store-damages.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bundleVaultProgram, expectationOf, foundIn, mismatches, runVault } from '../support/vault-runs.ts';
import type { VaultReport } from '../support/vault-program/report.ts';

const desktop = inject('desktop');
let original = '';
let may: ReadonlyMap<string, ReadonlySet<string | null>> = new Map();

beforeAll(async () => {
  await bundleVaultProgram();
  original = join(mkdtempSync(join(tmpdir(), 'flinktrade-vault-damage-')), 'profile');
  const filling = runVault(desktop, 'fill', original);
  await filling.until(({ kind }) => kind === 'idle');
  await filling.kill();
  may = expectationOf(filling.reports);
  // A second run, so that tables are there as well as a log.
  const reading = runVault(desktop, 'read', original);
  await reading.ended;
  expect(mismatches(may, foundIn(reading.reports))).toEqual([]);
}, 180_000);

afterAll(() => rmSync(join(original, '..'), { recursive: true, force: true }));

/** Opens a copy of the filled profile, once for each of `times`, with the damage done before the first. */
async function openAfter(damage: StoreDamage, copies: readonly ('a' | 'b')[], times: number): Promise<VaultReport[][]> {
  const profile = join(temporaryFolder('vault-damage'), 'profile');
  cpSync(original, profile, { recursive: true, filter: (path) => !/Singleton/.test(path) });
  for (const copy of copies) damage.inflict(join(profile, 'Partitions', `vault-${copy}`));
  const runs: VaultReport[][] = [];
  for (let time = 0; time < times; time += 1) {
    const run = runVault(desktop, 'read', profile);
    await run.ended;
    runs.push(run.reports);
  }
  return runs;
}

const kindsOf = (reports: readonly VaultReport[]): string[] =>
  reports.flatMap((report) => (report.kind === 'event' ? [report.event.kind] : []));
const said = ['copy-set-aside', 'copy-rebuilt', 'value-repaired', 'copy-caught-up', 'copy-failed', 'log-trimmed'];

describe('damage to one copy loses nothing and is said:', () => {
  for (const copy of ['a', 'b'] as const) {
    test.each(storeDamages)(`$what (vault ${copy})`, async (damage) => {
      const [first = [], second = []] = await openAfter(damage, [copy], 2);
      for (const reports of [first, second]) {
        expect(reports.find(({ kind }) => kind === 'refused' || kind === 'broken')).toBeUndefined();
        expect(mismatches(may, foundIn(reports))).toEqual([]);
        expect(reports.at(-1)).toEqual({ kind: 'whole', copies: [true, true] });
      }
      if (damage.harmless !== true) expect(kindsOf(first).filter((kind) => said.includes(kind))).not.toEqual([]);
      expect(kindsOf(second)).toEqual(['opened']);
    });
  }
});

describe('damage to both copies is said loudly, and never a fresh start:', () => {
  test.each(storeDamages)('$what', async (damage) => {
    for (const [time, reports] of (await openAfter(damage, ['a', 'b'], 2)).entries()) {
      expect(kindsOf(reports)).not.toContain('fresh-start');
      expect(reports.find(({ kind }) => kind === 'broken')).toBeUndefined();
      const refused = reports.find((report) => report.kind === 'refused');
      if (refused === undefined) {
        const found = foundIn(reports);
        const bad = [...found].filter(([, hash]) => hash === 'damaged');
        const wrong = mismatches(may, new Map([...found].filter(([, hash]) => hash !== 'damaged')));
        // Whatever cannot be had back was said by name.
        expect(wrong.filter((line) => !bad.some(([name]) => line.startsWith(`${name}:`)))).toEqual([]);
        // A torn tail may hold nothing but Chromium's own sweeping up: then all is there, and the cut is said.
        const isSaid = bad.length > 0 || kindsOf(reports).some((kind) => said.includes(kind));
        expect(damage.harmless === true || isSaid || time > 0).toBe(true);
      } else {
        expect(damage.onlyValues).toBeUndefined();
        expect(refused).toMatchObject({ reason: 'lost' });
      }
    }
  });
});
