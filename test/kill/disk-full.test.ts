import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NEARLY_FULL_BYTES } from '../../electron/main/disk-watch.ts';
import { openWorkstation } from '../e2e/workstation-page.ts';
import { toTheEnd, undisturbed, writeMarket } from '../support/kill-rounds.ts';
import { fillUp, MB, smallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('trading in the window stands still on a disk that is nearly full, goes on by itself, and the kill switch works meanwhile', async ({
  skip,
}) => {
  const disk = smallDisk(480);
  if (disk === null) return skip('a small disk can only be mounted by root');
  const folder = temporaryFolder('disk-full');
  const files = writeMarket(join(folder, 'market'), 11, 120);
  const expected = await undisturbed(folder, files);
  const ballast = join(disk, 'ballast');
  const desk = await openWorkstation({
    userDataFolder: join(disk, 'profile'),
    args: ['--session', files.session, '--positions', files.positions],
  });
  await using _app = desk.app;
  await desk.waitForNumber('total-trades', 3);

  fillUp(ballast, NEARLY_FULL_BYTES - 20 * MB);
  await desk.page.getByText('disk nearly full').waitFor({ timeout: 60_000 });
  await desk.page.waitForTimeout(500);
  const clock = await desk.text('event-clock');
  await desk.page.waitForTimeout(1_500);
  expect(await desk.text('event-clock')).toBe(clock);
  await desk.button('KILL SWITCH').click();
  await desk.page.getByText('TRADING HALTED').waitFor();
  await desk.button('Re-arm\u2026').click();
  await desk.page.getByLabel('Reason').fill('nothing was taken between the two');
  await desk.button('Re-arm trading').click();
  await desk.page.getByText('TRADING HALTED').waitFor({ state: 'detached' });

  rmSync(ballast);
  await desk.page.getByText('disk nearly full').waitFor({ state: 'detached', timeout: 60_000 });
  await expect.poll(() => desk.text('event-clock')).not.toBe(clock);
  expect(await toTheEnd(desk, folder)).toEqual(expected);
});
