import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { takeScreenshots } from '../support/electron-app.ts';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

async function take(desk: WorkstationPage, name: string): Promise<void> {
  for (const path of await takeScreenshots(desk.app, desk.page, name)) expect(existsSync(path)).toBe(true);
}

/** Nothing may be cut off or reach over its panel, in either size. */
async function overflowing(desk: WorkstationPage): Promise<string[]> {
  return await desk.page.evaluate(() => {
    const bars = [
      '.session-bar',
      '.panel-bar',
      '.totals',
      '.dialog-body',
      '.dialog-foot',
      '.dialog-head',
      '.segmented',
    ];
    return bars.flatMap((selector) =>
      [...document.querySelectorAll<HTMLElement>(selector)]
        .filter((bar) => bar.scrollWidth > bar.clientWidth + 1)
        .map((bar) => `${selector}: ${bar.scrollWidth} in ${bar.clientWidth}`),
    );
  });
}

test('every screen, in both sizes and themes, holds its content', async () => {
  const desk = await openWorkstation();
  await using _app = desk.app;
  await desk.page.getByText('No session is open').waitFor();
  await take(desk, 'welcome-dark');
  await desk.page.getByText('Play the sample').first().click();
  await desk.waitForRows();
  await desk.row((await desk.listed())[2] ?? '').click();
  await desk.button('\u00d710').click();
  await desk.page.waitForTimeout(4000);
  for (const theme of ['dark', 'light'] as const) {
    if ((await desk.page.evaluate(() => document.documentElement.dataset['theme'])) !== theme) {
      await desk.page.getByLabel('Display settings').click();
      await desk.button('Light').click();
      await desk.page.keyboard.press('Escape');
    }
    await take(desk, `desk-${theme}`);
    expect(await overflowing(desk)).toEqual([]);
    await desk.button('Rules').click();
    await take(desk, `rules-${theme}`);
    expect(await overflowing(desk)).toEqual([]);
    await desk.page.keyboard.press('Escape');
    await desk.button('Session').click();
    await take(desk, `session-${theme}`);
    await desk.page.keyboard.press('Escape');
    await desk.page.getByRole('tab', { name: /Problems/ }).click();
    await take(desk, `problems-${theme}`);
    await desk.page.getByRole('tab', { name: /Trades/ }).click();
    await desk.page.getByTestId('last-checkpoint').click();
    await take(desk, `state-${theme}`);
    expect(await overflowing(desk)).toEqual([]);
    await desk.page.keyboard.press('Escape');
  }
  await desk.button('KILL SWITCH').click();
  await desk.page.getByText('TRADING HALTED').waitFor();
  await take(desk, 'halted-light');
});
