import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { seededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import {
  bundleVaultProgram,
  expectationOf,
  foundIn,
  mismatches,
  runVault,
  type VaultRun,
} from '../support/vault-runs.ts';
import type { VaultReport } from '../support/vault-program/report.ts';

const desktop = inject('desktop');
/** More by `FLINKTRADE_KILLS=50`. */
const kills = Number(process.env['FLINKTRADE_KILLS'] ?? 12);
const KILL_AFTER_MS_MAX = 1_500;

beforeAll(bundleVaultProgram);

/** Kills the whole program, or only one page of the vault, which must then come back. */
async function killSomething(run: VaultRun, whom: number): Promise<'program' | 'page'> {
  const opened = run.reports.find((report) => report.kind === 'opened');
  const pages = opened?.pids.filter(({ type }) => type === 'Tab') ?? [];
  const page = pages[Math.floor(whom * 2 * pages.length)];
  if (whom >= 0.5 || page === undefined) {
    await run.kill();
    return 'program';
  }
  process.kill(page.pid, 'SIGKILL');
  await run.until((report) => report.kind === 'event' && report.event.kind === 'copy-restarted');
  return 'page';
}

test(
  `whoever is killed, and whenever, in mid-writing: everything acknowledged is there (${kills} kills)`,
  { timeout: 1_200_000 },
  async () => {
    const seed = Number(process.env['FLINKTRADE_SEED'] ?? 20261122);
    const random = seededRandom(seed);
    const profile = join(temporaryFolder('vault-kills'), 'profile');
    let told: VaultReport[] = [];
    const killed = { program: 0, page: 0 };
    let stored = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const run = runVault(desktop, 'write', profile);
      // Every third time already while the store is opened, which is recovery.
      if (kill % 3 !== 2) await run.until(({ kind }) => kind === 'stored');
      await new Promise((done) => setTimeout(done, random() * KILL_AFTER_MS_MAX));
      const who = run.reports.some(({ kind }) => kind === 'stored')
        ? await killSomething(run, random())
        : await killSomething(run, 1);
      killed[who] += 1;
      if (who === 'page') {
        const before = run.reports.length;
        await run.until((report) => report.kind === 'stored' && run.reports.indexOf(report) > before + 4);
        await run.kill();
      }
      stored += run.reports.filter(({ kind }) => kind === 'stored').length;
      told = [...told, ...run.reports];

      const reading = runVault(desktop, 'read', profile);
      await reading.ended;
      const context = `seed ${seed}, kill ${kill}, ${who}`;
      expect(reading.reports.at(-1), context).toEqual({ kind: 'whole', copies: [true, true] });
      const may = expectationOf(told);
      const found = foundIn(reading.reports);
      expect(mismatches(may, found), context).toEqual([]);
      // What was read is what is known from now on.
      told = [...may.keys()].map((name) => ({ kind: 'stored', name, hash: found.get(name) ?? null }));
    }
    console.error(
      `killed: the program ${killed.program} times, a page of the vault ${killed.page} times; ${stored} writings acknowledged`,
    );
    expect(killed.program).toBeGreaterThan(0);
  },
);
