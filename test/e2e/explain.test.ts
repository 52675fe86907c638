import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, writeSession, type WorkstationPage } from './workstation-page.ts';

function openTraded(name: string, symbols: string[]): Promise<WorkstationPage> {
  const folder = temporaryFolder(name);
  const files = writeSession(folder, { symbols, quotesPerSymbol: 400 });
  return openWorkstation({
    userDataFolder: join(folder, 'profile'),
    args: ['--session', files.session, '--positions', files.positions],
  });
}

async function pauseAfterTrades(desk: WorkstationPage): Promise<void> {
  await desk.waitForNumber('total-trades', 2);
  await desk.button('Pause').click();
  await desk.waitForState('Paused');
}

test('the window says why a symbol and a trade are as they are, and what holds the watermark back', async () => {
  const desk = await openTraded('explain', ['AAA', 'BBB']);
  await using _app = desk.app;
  const { page } = desk;
  await pauseAfterTrades(desk);

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

test('a click on the mark of a trade in the chart, or Enter on it, tells why that trade was made', async () => {
  const desk = await openTraded('explain-marks', ['AAA']);
  await using _app = desk.app;
  const { page } = desk;
  await pauseAfterTrades(desk);
  await desk.row('AAA').click();
  await desk.button('Ticks').click();
  const heading = page.getByRole('dialog').getByRole('heading', { level: 2 });

  const mark = await markIn(page);
  await page.mouse.click(mark.x, mark.y);
  await page.getByTestId('trade-why').waitFor();
  const clicked = await heading.textContent();
  expect(clicked).toMatch(/^Trade \d+-AAA$/);
  expect(mark.hint).toMatch(/^\d\d:\d\d:\d\d.*: sold 100 at \d+\.\d\d\. Click or Enter: why$/);
  expect(await page.getByTestId('trade-why').textContent()).toContain(/at (\d+\.\d\d)/.exec(mark.hint)?.[1]);
  await page.keyboard.press('Escape');
  await page.mouse.move(1, 1);

  await page.getByTestId('chart').focus();
  await page.keyboard.press('Home');
  const first = await desk.text('chart-trade');
  await page.keyboard.press('ArrowRight');
  expect(await desk.text('chart-trade')).not.toBe(first);
  await page.keyboard.press('ArrowLeft');
  expect(await desk.text('chart-trade')).toBe(first);
  await page.keyboard.press('Enter');
  await page.getByTestId('trade-why').waitFor();
  expect(await heading.textContent()).toMatch(/^Trade \d+-AAA$/);
  await page.keyboard.press('Escape');
  await page.getByTestId('trade-why').waitFor({ state: 'detached' });
  await page.keyboard.press('Escape');
  expect(await desk.text('chart-trade')).toBe('');

  // Candles have the same marks.
  await page.getByRole('group', { name: 'Interval' }).getByRole('button', { name: '1s', exact: true }).click();
  await page.getByRole('button', { name: 'Open it again with bars' }).click();
  await page.getByRole('button', { name: 'End it and open' }).click();
  await desk.waitForNumber('total-trades', 1);
  await expect
    .poll(
      async () => {
        await page.getByTestId('candles').press('End');
        return await desk.text('chart-trade');
      },
      { timeout: 30_000 },
    )
    .toContain('sold 100 at');
  await page.keyboard.press('Enter');
  await page.getByTestId('trade-why').waitFor();
});

/** Moves the mouse over the chart until it is on a mark, which the pointer tells. */
async function markIn(page: Page): Promise<{ x: number; y: number; hint: string }> {
  const chart = page.getByTestId('chart');
  const box = await chart.boundingBox();
  if (box === null) throw new Error('The chart is not in the page.');
  // A mark is met within ten pixels, whatever the direction.
  const stepPx = 14;
  for (let x = box.x + box.width; x > box.x; x -= stepPx) {
    for (let y = box.y + stepPx; y < box.y + box.height; y += stepPx) {
      await page.mouse.move(x, y);
      const pointer = await chart.evaluate((host) => {
        const under = host.querySelector('canvas:last-of-type');
        return under === null ? '' : getComputedStyle(under).cursor;
      });
      if (pointer === 'pointer') return { x, y, hint: (await page.getByTestId('chart-trade').textContent()) ?? '' };
    }
  }
  throw new Error('No mark was found under the mouse.');
}
