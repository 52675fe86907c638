import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resizeWindow, windowSizes } from '../support/electron-app.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { clickMenu, openWorkstation, SESSION_START_MS, type WorkstationPage } from './workstation-page.ts';

/** The smallest that the window can be made, and what is left of a small window where all is larger by half. */
const SIZES = [
  { width: 900, height: 560, zoom: 1 },
  { width: 1440, height: 900, zoom: 1.5 },
  { width: 1024, height: 700, zoom: 1.5 },
];

describe('what a trader sees', () => {
  let desk: WorkstationPage;
  beforeAll(async () => {
    desk = await openWorkstation({ args: ['--sample'] });
    await desk.waitForRows();
    await desk.button('\u00d710').click();
    await desk.waitForNumber('total-trades', 20);
  });
  afterAll(() => desk.app.close());

  test('no control and no sum is cut off in the smallest window, nor where all is larger by half', async () => {
    try {
      for (const size of SIZES) {
        await showAt(desk, size);
        await expect.poll(() => cutOff(desk), { message: JSON.stringify(size) }).toEqual([]);
      }
    } finally {
      await showAt(desk, { ...windowSizes.large, zoom: 1 });
    }
  });

  test('the display settings show every choice', async () => {
    await clickMenu(desk, 'Display Settings\u2026');
    const choices = desk.page.getByRole('dialog').locator('.segmented');
    await choices.first().waitFor();

    const cut = await choices.evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).length);

    expect(cut).toBe(0);
    await desk.page.keyboard.press('Escape');
  });

  test('the chart shows the same span when the window is resized, also while nothing plays', async () => {
    await desk.button('Pause').click();
    await desk.waitForState('Paused');
    const [wide, narrow] = [await leftmostTime(desk, windowSizes.large), await leftmostTime(desk, windowSizes.small)];

    // A pixel more or less is some samples more or less.
    expect(Math.abs(narrow - wide)).toBeLessThan(5000);
  });
});

test('a number that does not fit is cut visibly, and can be read whole', async () => {
  const folder = temporaryFolder('look');
  const symbol = 'A-SYMBOL-OF-MORE-THAN-THIRTY-CHARACTERS';
  const [session, positions] = [join(folder, 'session.csv'), join(folder, 'positions.csv')];
  const quote = (index: number): string => `${symbol},${SESSION_START_MS + index * 250},0.00012345,5,0.00012346,5`;
  const header = 'symbol,eventTimeMs,bid,bidSize,ask,askSize';
  writeFileSync(session, [header, ...Array.from({ length: 40 }, (_, index) => quote(index)), ''].join('\n'));
  writeFileSync(positions, `symbol,shares,buyPrice\n${symbol},123456789.123456,0.00012345\n`);
  const desk = await openWorkstation({ args: ['--session', session, '--positions', positions] });
  await using _app = desk.app;
  await desk.waitForRows();
  await expect.poll(() => desk.cell(symbol, 'bid').textContent()).toBe('0.00012345');

  for (const column of ['symbol', 'shares', 'bid']) {
    const [title, text, isCut] = await desk
      .cell(symbol, column)
      .evaluate((cell: HTMLElement) => [cell.title, cell.textContent, getComputedStyle(cell).overflow === 'hidden']);
    expect(title).toBe(text);
    expect(isCut).toBe(true);
  }
  expect(await desk.page.getByTestId('total-shares').locator('..').getAttribute('title')).toContain(
    '123,456,789.123456',
  );
});

async function showAt(desk: WorkstationPage, size: { width: number; height: number; zoom: number }): Promise<void> {
  const browserWindow = await desk.app.application.browserWindow(desk.page);
  await browserWindow.evaluate((window, { width, height, zoom }) => {
    window.setContentSize(width, height);
    window.webContents.setZoomFactor(zoom);
  }, size);
  await desk.page.waitForFunction(
    ({ width, zoom }) => Math.abs(innerWidth - width / zoom) <= 1 && document.fonts.status === 'loaded',
    size,
  );
}

/** What of the controls and sums lies outside the window, or outside a part of it that cuts off. */
async function cutOff(desk: WorkstationPage): Promise<string[]> {
  return await desk.page.evaluate(() => {
    const wanted =
      '.session-bar button, .event-clock .time, .panel-bar button, .panel-bar input, .totals dd:not(.long *)';
    const names: string[] = [];
    for (const one of document.querySelectorAll<HTMLElement>(wanted)) {
      const box = one.getBoundingClientRect();
      if (box.width === 0) continue;
      let isCut =
        box.left < 0 || box.right > innerWidth || box.bottom > innerHeight || one.scrollWidth > one.clientWidth + 1;
      for (let around = one.parentElement; around !== null; around = around.parentElement) {
        if (getComputedStyle(around).overflow === 'visible') continue;
        const room = around.getBoundingClientRect();
        isCut ||= box.left < room.left - 1 || box.right > room.right + 1 || box.bottom > room.bottom + 1;
      }
      if (isCut) names.push(one.textContent === '' ? (one.ariaLabel ?? one.className) : one.textContent);
    }
    return names;
  });
}

/** Event time at the left edge of the chart, ms of its day. */
async function leftmostTime(desk: WorkstationPage, size: { width: number; height: number }): Promise<number> {
  await resizeWindow(desk.app, desk.page, size);
  // The library draws with its next frame, and the crosshair is where the mouse was moved to after it.
  await desk.page.waitForTimeout(300);
  const box = await desk.page.getByTestId('chart').boundingBox();
  if (box === null) throw new Error('The chart has no place in the window.');
  await desk.page.mouse.move(box.x + 30, box.y + box.height / 2);
  await desk.page.mouse.move(box.x + 30, box.y + box.height / 2 + 1);
  const text = (await desk.page.locator('[data-reading=time]').textContent()) ?? '';
  return Date.parse(`1970-01-01T${text}Z`);
}
