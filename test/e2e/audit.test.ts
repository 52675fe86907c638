import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flinktrade } from '../entry/cli-kit.ts';
import { takeScreenshots } from '../support/electron-app.ts';
import { serveFeed } from '../support/served-feed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ofKind, readAudit } from '../support/told-audit.ts';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

const checkpointPast = (desk: WorkstationPage, past: number): Promise<unknown> =>
  desk.page.waitForFunction(
    (id) => Number(document.querySelector('[data-testid=last-checkpoint]')?.getAttribute('data-checkpoint') ?? 0) > id,
    past,
    { timeout: 60_000 },
  );

test('a live session that is killed goes on from a checkpoint, and its audit trail is verified and exported in the window', async () => {
  const folder = temporaryFolder('audit-window');
  const userDataFolder = join(folder, 'profile');
  const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
  const first = await openWorkstation({ userDataFolder });
  await first.connect(feed.url, join(folder, 'p.csv'));
  await first.waitForNumber('total-trades', 10);
  await checkpointPast(first, 3);
  await first.button('KILL SWITCH').click();
  await first.page.getByText('TRADING HALTED').waitFor();
  await first.page.waitForTimeout(1_500);
  const before = await first.number('total-trades');
  await first.app.kill();

  const desk = await openWorkstation({ userDataFolder });
  await using _app = desk.app;
  await desk.page.getByTestId('recovery').waitFor({ timeout: 60_000 });
  expect(await desk.text('recovery')).toMatch(
    /Went on from checkpoint \d+ of .*read from the journal \([\d,]+ records?\)/,
  );
  await desk.page.getByText('TRADING HALTED').waitFor();
  await checkpointPast(desk, 0);
  await desk.waitForNumber('total-trades', before);

  await desk.page.getByTestId('last-checkpoint').click();
  const line = desk.page.getByTestId('audit');
  await line.waitFor();
  await line.getByRole('button', { name: 'Verify' }).click();
  await desk.page.getByTestId('audit-verdict').waitFor();
  expect(await desk.text('audit-verdict')).toMatch(/All \d+ records are what was written/);
  expect(await line.getAttribute('data-head')).toMatch(/^[0-9a-f]{64}$/);
  expect(Number(await line.getAttribute('data-records'))).toBeGreaterThan(before);
  await takeScreenshots(desk.app, desk.page, 'audit-dark');
  const path = join(folder, 'audit.jsonl');
  await desk.answerSaveDialog(path);
  await line.getByRole('button', { name: 'Export\u2026' }).click();
  await desk.page.getByText(`The audit trail was saved to ${path}`).waitFor();

  const verified = await flinktrade(['audit', 'verify', path], { folder });
  expect(verified.stdout).toContain('intact');
  const records = readAudit(path);
  const sequences = ofKind(records, 'trade').map(({ sequence }) => sequence ?? -1);
  expect(sequences).toHaveLength(before);
  expect(sequences).toEqual([...new Set(sequences)].sort((left, right) => left - right));
  expect(ofKind(records, 'kill').map(({ details }) => details)).toEqual([{ by: 'window' }]);
  expect(ofKind(records, 'session-start')).toHaveLength(1);
  expect(ofKind(records, 'recovery')).toHaveLength(1);
  expect(ofKind(records, 'store').map(({ details }) => details.kind)).toContain('opened');
});
