import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { disturbed, undisturbed, writeMarket, type Kills } from '../support/kill-rounds.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const desktop = inject('desktop');
/** More by `npm run test:kill -- --kills N`. */
const kills = Number(process.env['FLINKTRADE_KILLS'] ?? 50);
const seed = Number(process.env['FLINKTRADE_SEED'] ?? 20_261_122);
/** Kills that one session goes through. */
const KILLS_A_ROUND = 10;
/** A life plays for some seconds at five times the market's pace, and loses up to a second of it. */
const EVENT_SECONDS_A_KILL = 25;

test(
  `whoever is killed, and whenever: the same trades, each once, and the same rows (${kills} kills, seed ${seed})`,
  { timeout: 60_000 * (kills + 10) },
  async () => {
    const random = seededRandom(seed);
    const tally: Kills = { program: 0, recovery: 0, window: 0, vault: 0, worker: 0 };
    let trades = 0;
    for (let done = 0; done < kills; done += KILLS_A_ROUND) {
      const folder = temporaryFolder('app-kills');
      const count = Math.min(KILLS_A_ROUND, kills - done);
      const files = writeMarket(join(folder, 'market'), seed + done, count * EVENT_SECONDS_A_KILL);

      const expected = await undisturbed(folder, files);
      const found = await disturbed(desktop, folder, files, { kills: count, random, tally });

      expect(new Set(found.trades).size).toBe(found.trades.length);
      expect(found.trades).toEqual(expected.trades);
      expect(found.rows).toEqual(expected.rows);
      trades += found.trades.length - 1;
      console.info(`after ${done + count} kills: ${JSON.stringify(tally)}, ${trades} trades, all as undisturbed`);
    }
  },
);
