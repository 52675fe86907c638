import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, writeSession } from './workstation-page.ts';

test('the window says why a symbol and a trade are as they are, and what holds the watermark back', async () => {
  const folder = temporaryFolder('explain');
  const files = writeSession(folder, { symbols: ['AAA', 'BBB'], quotesPerSymbol: 400 });
  const desk = await openWorkstation({
    userDataFolder: join(folder, 'profile'),
    args: ['--session', files.session, '--positions', files.positions],
  });
  await using _app = desk.app;
  const { page } = desk;
  await desk.waitForNumber('total-trades', 2);
  await desk.button('Pause').click();
  await desk.waitForState('Paused');

  const row = page.locator('.trades-grid .grid-row:not([hidden])').first();
  await row.dblclick();
  const dialog = page.getByRole('dialog');
  await page.getByTestId('trade-why').waitFor();
  expect(await page.getByTestId('trade-why').textContent()).toMatch(/^The bid \S+ was above our ask price \S+: /);
  expect(await page.getByTestId('trade-state').textContent()).toMatch(/our ask\d+\.\d\d\d+\.\d\d.*shares\d/);
  expect(await page.getByTestId('trade-quote').textContent()).toContain('bid, size');
  expect(await page.getByTestId('trade-rules').textContent()).toContain('tradeWhenabove');
  const title = await dialog.getByRole('heading', { level: 2 }).textContent();
  expect(title).toMatch(/^Trade \d+-(AAA|BBB)$/);
  await page.keyboard.press('Escape');

  await desk.button('State').click();
  await page.getByTestId('watermark-why').waitFor();
  expect(await page.getByTestId('watermark-why').getAttribute('data-held-back-by')).toBe('paused');
  expect(await page.getByTestId('symbol-why').textContent()).not.toBe('');
  const compared = page.getByLabel('Compared with');
  await compared.selectOption({ index: 1 });
  await page.getByTestId('symbol-changes').waitFor();

  await dialog
    .getByRole('button', { name: / at \d/ })
    .first()
    .click();
  await page.getByTestId('trade-why').waitFor();
});
