import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resizeWindow, takeScreenshots, windowSizes } from '../support/electron-app.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, writeSession, type WorkstationPage } from './workstation-page.ts';

const rescales = (desk: WorkstationPage) => desk.page.getByTestId('rescales').locator('tbody tr');

async function changeTo(desk: WorkstationPage, workers: number, changes: number): Promise<void> {
  await desk.page.getByTitle(workers === 1 ? 'One worker' : `${workers} workers`, { exact: true }).click();
  await expect.poll(() => rescales(desk).count(), { timeout: 60_000 }).toBe(changes);
  await expect.poll(() => desk.text('workers'), { timeout: 60_000 }).toMatch(new RegExp(`^${workers} worker`));
}

/** The dialog's own scroll bar aside, nothing is cut off or reaches over its edge. */
async function isCutOff(desk: WorkstationPage): Promise<boolean> {
  return await desk.page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.workers-dialog .dialog-body, .workers-dialog .setting')].some(
      (part) => part.scrollWidth > part.clientWidth + 1,
    ),
  );
}

test('the number of workers changes in the window while quotes flow, and is there again after a crash', async () => {
  const folder = temporaryFolder('workers');
  const files = writeSession(folder, { symbols: ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF'], quotesPerSymbol: 4000 });
  const userDataFolder = join(folder, 'profile');
  const args = ['--session', files.session, '--positions', files.positions];
  const first = await openWorkstation({ userDataFolder, args });
  await first.waitForNumber('total-trades', 3);
  await first.page.getByTestId('workers').click();
  await first.page.getByTestId('worker-table').waitFor();

  await changeTo(first, 3, 1);
  await changeTo(first, 4, 2);
  const trades = await first.number('total-trades');
  await first.page.keyboard.press('Escape');
  await first.waitForNumber('total-trades', trades + 3);
  await first.page.getByTestId('workers').click();
  await first.page.getByLabel('Fewest workers').selectOption('2');
  await first.page.getByLabel('Most workers').selectOption('4');
  await first.page.getByLabel('Autoscale', { exact: false }).last().check();
  // The session is easy: the policy has seen enough after ten seconds, and takes two of the four away.
  await expect.poll(() => rescales(first).count(), { timeout: 60_000 }).toBe(3);
  const why = (await rescales(first).first().textContent()) ?? '';
  expect(why).toMatch(/4 \u2192 2.*done.*autoscale: 4 workers are busy \d+ %/);
  expect(await isCutOff(first)).toBe(false);
  await takeScreenshots(first.app, first.page, 'workers-dark');
  await resizeWindow(first.app, first.page, windowSizes.large);
  await first.button('Light theme').click();
  await takeScreenshots(first.app, first.page, 'workers-light');
  expect(await isCutOff(first)).toBe(false);
  await first.app.kill();

  const second = await openWorkstation({ userDataFolder, args });
  await using _app = second.app;
  await second.waitForState('Playing');
  await expect.poll(() => second.text('workers')).toMatch(/^2 worker/);
  await second.page.getByTestId('workers').click();
  expect(await rescales(second).count()).toBe(3);
  expect(await second.page.locator('#autoscale').isChecked()).toBe(true);
});
