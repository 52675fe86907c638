import { beforeAll, expect, inject, test } from 'vitest';
import { disturbedLive, type Kills } from '../support/kill-rounds.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { bundleVaultProgram } from '../support/vault-runs.ts';

const desktop = inject('desktop');
/** One for every four kills in replays. */
const kills = Math.ceil(Number(process.env['FLINKTRADE_KILLS'] ?? 50) / 4);
const seed = Number(process.env['FLINKTRADE_SEED'] ?? 20_261_122);

beforeAll(bundleVaultProgram);

test(
  `a live session that is killed trades what a replay of its journal trades (${kills} kills, seed ${seed})`,
  { timeout: 60_000 * (kills + 5) },
  async () => {
    const tally: Kills = { program: 0, recovery: 0, window: 0, vault: 0, worker: 0 };

    const { traded, replayed } = await disturbedLive(desktop, temporaryFolder('live-kills'), {
      kills,
      random: seededRandom(seed + 1),
      tally,
    });

    expect(traded).toEqual(replayed);
    expect(new Set(traded).size).toBe(traded.length);
    expect(traded.length).toBeGreaterThan(20);
    console.info(`${kills} kills: ${JSON.stringify(tally)}, ${traded.length - 1} trades, all as replayed`);
  },
);
