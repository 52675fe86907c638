import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { resizeWindow, takeScreenshots, windowSizes } from '../support/electron-app.ts';
import { disturbed, undisturbed, writeMarket, type Kills } from '../support/kill-rounds.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, writeSession } from './workstation-page.ts';

test('the window says what was recovered, and shows every checkpoint', async () => {
  const folder = temporaryFolder('recovery');
  const files = writeSession(folder);
  const userDataFolder = join(folder, 'profile');
  const first = await openWorkstation({
    userDataFolder,
    args: ['--session', files.session, '--positions', files.positions],
  });
  await first.waitForNumber('total-trades', 3);
  await first.page.locator('[data-testid=last-checkpoint][data-checkpoint="3"]').waitFor();
  await first.button('KILL SWITCH').click();
  await first.page.getByText('TRADING HALTED').waitFor();
  await first.app.kill();

  // Started again as it was started before: the session is there already, and is not opened once more.
  const second = await openWorkstation({
    userDataFolder,
    args: ['--session', files.session, '--positions', files.positions],
  });
  await using _app = second.app;
  await second.page.getByTestId('recovery').waitFor({ timeout: 60_000 });
  expect(await second.text('recovery')).toMatch(/Went on from checkpoint \d+ of .*final trades?/);
  await second.waitForState('Playing');
  await second.page.getByText('TRADING HALTED').waitFor();
  await second.page.waitForFunction(() =>
    /^checkpoint \d+/.test(document.querySelector('[data-testid=last-checkpoint]')?.textContent ?? ''),
  );
  await takeScreenshots(second.app, second.page, 'recovered-dark');
  await second.page.getByTestId('last-checkpoint').click();
  await second.page.getByTestId('checkpoints').waitFor();
  expect(await second.page.getByTestId('checkpoints').locator('tbody tr').count()).toBeGreaterThan(0);
  await takeScreenshots(second.app, second.page, 'state-dark');
  await second.page.keyboard.press('Escape');
  await resizeWindow(second.app, second.page, windowSizes.large);
  await second.button('Light theme').click();
  await takeScreenshots(second.app, second.page, 'recovered-light');
  await second.page.getByTestId('last-checkpoint').click();
  await takeScreenshots(second.app, second.page, 'state-light');
});

test('killed a few times, it ends with the same trades and the same rows', async () => {
  const folder = temporaryFolder('few-kills');
  const files = writeMarket(join(folder, 'market'), 7, 100);
  const tally: Kills = { program: 0, recovery: 0, window: 0, vault: 0, worker: 0 };

  const expected = await undisturbed(folder, files);
  const found = await disturbed(inject('desktop'), folder, files, { kills: 3, random: seededRandom(7), tally });

  expect(found).toEqual(expected);
  expect(expected.trades.length).toBeGreaterThan(20);
});
