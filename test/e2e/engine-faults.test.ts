import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toTheEnd, undisturbed, writeMarket } from '../support/kill-rounds.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

const HANG_MS = 2_000;

async function hasCheckpoints(desk: WorkstationPage, more: number): Promise<void> {
  const newest = async (): Promise<number> =>
    Number((await desk.page.getByTestId('last-checkpoint').getAttribute('data-checkpoint')) ?? 0);
  await desk.page.locator('[data-testid=last-checkpoint]:not([data-checkpoint=""])').waitFor({ timeout: 60_000 });
  const before = await newest();
  await expect.poll(newest, { timeout: 60_000 }).toBeGreaterThanOrEqual(before + more);
}

/** The notice of a recovery that came after the one before, closed so that the next one is new. */
async function readRecovery(desk: WorkstationPage): Promise<string> {
  await desk.page.getByTestId('recovery').waitFor({ timeout: 60_000 });
  const text = await desk.text('recovery');
  await desk.page.getByTestId('recovery').getByLabel('Close').click();
  return text;
}

test('the engine of the real program dies, a worker hangs, and the session goes on to the same end', async () => {
  const folder = temporaryFolder('engine-faults');
  const files = writeMarket(join(folder, 'market'), 11, 100);
  const expected = await undisturbed(folder, files);
  const userDataFolder = join(folder, 'disturbed');
  const disturb = (fault: string): void => writeFileSync(join(userDataFolder, 'fault'), fault);
  const desk = await openWorkstation({
    userDataFolder,
    args: ['--session', files.session, '--positions', files.positions],
    env: { FLINKTRADE_FAULTS: '1', FLINKTRADE_HANG_MS: String(HANG_MS) },
  });
  await using _app = desk.app;
  await desk.waitForRows();
  await hasCheckpoints(desk, 2);

  disturb('engine');
  await desk.page.getByText('The engine has stopped', { exact: false }).first().waitFor();
  expect(await readRecovery(desk)).toMatch(/Went on from checkpoint \d+/);
  await desk.waitForState('Playing');
  await hasCheckpoints(desk, 2);

  disturb('hang 0');
  await desk.page.getByText('it has hung', { exact: false }).first().waitFor({ timeout: 60_000 });
  expect(await readRecovery(desk)).toMatch(/Went on from checkpoint \d+/);
  await desk.waitForState('Playing');

  const found = await toTheEnd(desk, folder);
  expect(found).toEqual(expected);
  expect(expected.trades.length).toBeGreaterThan(20);
});
