import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

async function tradesStandStill(desk: WorkstationPage): Promise<void> {
  // The halt has a place in the stream: what was ahead of it may still arrive.
  await desk.page.waitForTimeout(500);
  const trades = await desk.number('total-trades');
  await desk.page.waitForTimeout(1500);
  expect(await desk.number('total-trades')).toBe(trades);
}

test('the kill switch stops trading at once, and only two deliberate acts bring it back', async () => {
  const desk = await openWorkstation({ args: ['--sample'] });
  await using _app = desk.app;
  await desk.waitForRows();
  await desk.button('\u00d710').click();
  await desk.waitForNumber('total-trades', 1);

  await desk.button('KILL SWITCH').click();

  await desk.page.getByText('TRADING HALTED').waitFor();
  await tradesStandStill(desk);
  const clock = await desk.text('event-clock');
  await expect.poll(() => desk.text('event-clock')).not.toBe(clock);

  await desk.button('Re-arm\u2026').click();
  const confirm = desk.button('Re-arm trading');
  expect(await confirm.isDisabled()).toBe(true);
  await desk.page.getByLabel('Reason').fill('checked');
  await confirm.click();

  await desk.page.getByText('TRADING HALTED').waitFor({ state: 'detached' });
  await desk.waitForNumber('total-trades', (await desk.number('total-trades')) + 1);
});

test('staying halted is the way out of the dialog', async () => {
  const desk = await openWorkstation({ args: ['--sample'] });
  await using _app = desk.app;
  await desk.waitForRows();
  await desk.waitForState('Playing');
  await desk.button('KILL SWITCH').click();
  await desk.button('Re-arm\u2026').click();
  await desk.page.getByLabel('Reason').fill('checked');

  await desk.page.keyboard.press('Escape');

  await desk.page.getByText('TRADING HALTED').waitFor();
  await tradesStandStill(desk);
});

test('the shortcut works while a dialog is open, and while the page hangs', async () => {
  const desk = await openWorkstation({ args: ['--sample'] });
  await using _app = desk.app;
  await desk.waitForRows();
  await desk.waitForState('Playing');
  await desk.button('Rules').click();
  const window = await desk.app.application.browserWindow(desk.page);
  // The page is busy for three seconds; the key goes to the main process all the same.
  const hang = desk.page.evaluate(() => {
    const endMs = performance.now() + 3000;
    while (performance.now() < endMs);
  });
  await window.evaluate((browserWindow) => {
    browserWindow.webContents.sendInputEvent({ type: 'keyDown', keyCode: 'K', modifiers: ['control', 'shift'] });
  });
  await hang;

  await desk.page.getByText('TRADING HALTED').waitFor();
});

test('flinktrade kill presses it from outside, while the page hangs', async () => {
  const desk = await openWorkstation({ args: ['--sample'] });
  await using _app = desk.app;
  await desk.waitForRows();
  await desk.button('\u00d710').click();
  await desk.waitForNumber('total-trades', 1);
  await desk.page.evaluate(() => {
    setTimeout(() => {
      const until = performance.now() + 3000;
      while (performance.now() < until);
    }, 0);
  });

  const cli = resolve(import.meta.dirname, '..', '..', 'dist', 'engine', 'cli.js');
  const run = spawnSync(process.execPath, [cli, 'kill', '--user-data-dir', join(desk.app.userDataFolder)]);

  expect(run.status).toBe(0);
  await desk.page.getByText('TRADING HALTED').waitFor();
  await tradesStandStill(desk);
});
