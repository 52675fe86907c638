import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resizeWindow, takeScreenshots, windowSizes } from '../support/electron-app.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { clickMenu, openWorkstation, writeSession, type WorkstationPage } from './workstation-page.ts';

const dialog = (desk: WorkstationPage) => desk.page.getByRole('dialog', { name: 'Job' });
const vertex = (desk: WorkstationPage, id: string) => desk.page.locator(`.job-vertex[data-vertex="${id}"]`);
const numberOf = (desk: WorkstationPage, id: string, name: string) =>
  vertex(desk, id).locator(`[data-number="${name}"]`);
const tab = (desk: WorkstationPage, name: string | RegExp) => dialog(desk).getByRole('tab', { name });

/** Nothing of the page is cut off or reaches over its edge; what scrolls, scrolls downwards only. */
async function cutOff(desk: WorkstationPage): Promise<string[]> {
  return await desk.page.evaluate(() =>
    ['.dialog-head', '.dialog-body', '.job-graph', '.job-vertex', '.job-vertex-numbers', '.panel-bar', '.job-details']
      .flatMap((selector) => [...document.querySelectorAll<HTMLElement>(`.job-dialog ${selector}`)])
      .filter((part) => part.scrollWidth > part.clientWidth + 1)
      .map((part) => `${part.className}: ${part.scrollWidth} in ${part.clientWidth}`),
  );
}

/** As the operating system gives a key to the window: the menu hears it. */
async function pressInWindow(desk: WorkstationPage, keyCode: string): Promise<void> {
  const browserWindow = await desk.app.application.browserWindow(desk.page);
  await browserWindow.evaluate((window, key) => {
    window.focus();
    window.webContents.sendInputEvent({ type: 'keyDown', keyCode: key, modifiers: ['control'] });
    window.webContents.sendInputEvent({ type: 'keyUp', keyCode: key, modifiers: ['control'] });
  }, keyCode);
}

/** A window that has just come up on a busy machine may not have its keys yet: it is pressed again, as a person would. */
async function openByKey(desk: WorkstationPage): Promise<void> {
  await expect
    .poll(
      async () => {
        if ((await dialog(desk).count()) === 0) await pressInWindow(desk, 'J');
        return await dialog(desk).count();
      },
      { timeout: 30_000, interval: 2_000 },
    )
    .toBe(1);
}

async function setTheme(desk: WorkstationPage, theme: 'dark' | 'light'): Promise<void> {
  await desk.page.keyboard.press('Escape');
  await resizeWindow(desk.app, desk.page, windowSizes.large);
  await desk.button(theme === 'light' ? 'Light theme' : 'Dark theme').click();
  await desk.button('Job').click();
}

test('the job page shows the graph with numbers that move, and every history, in both sizes and themes', async () => {
  const desk = await openWorkstation();
  await using _app = desk.app;
  await desk.page.getByText('No session is open').waitFor();
  await openByKey(desk);
  await dialog(desk).getByText('No session is open').waitFor();
  await takeScreenshots(desk.app, desk.page, 'job-none-dark');
  await desk.page.keyboard.press('Escape');
  expect(await dialog(desk).count()).toBe(0);

  await desk.page.getByText('Play the sample').first().click();
  await desk.waitForRows();
  await desk.button('\u00d710').click();
  await desk.button('Job').click();
  await vertex(desk, 'trade').waitFor();
  expect(await desk.text('job-facts')).toMatch(/running.*1 worker.*128 key groups/);
  await expect.poll(() => numberOf(desk, 'trade', 'busy').textContent()).not.toBe('0 %');
  await expect.poll(() => numberOf(desk, 'trade', 'in').textContent()).toMatch(/^[1-9].*\/s$/);
  const cells = desk.page.getByTestId('subtasks').locator('tbody tr').first().locator('td');
  const counted = async (): Promise<number> => Number((await cells.nth(2).textContent())?.replaceAll(',', ''));
  const [before, watermark] = [await counted(), await cells.last().textContent()];
  await expect.poll(counted).toBeGreaterThan(before);
  await expect.poll(() => cells.last().textContent()).not.toBe(watermark);

  // By keyboard alone: along the records, and one up or down.
  await vertex(desk, 'session').focus();
  await desk.page.keyboard.press('ArrowRight');
  await desk.page.keyboard.press('ArrowRight');
  await desk.page.keyboard.press('Enter');
  const focused = await desk.page.evaluate(() => (document.activeElement as HTMLElement).dataset['vertex']);
  expect(['trades', 'late-quotes']).toContain(focused);
  expect(await vertex(desk, focused ?? '').getAttribute('aria-pressed')).toBe('true');
  await tab(desk, `Vertex: ${focused ?? ''}`).waitFor();
  await desk.page.keyboard.press('ArrowLeft');
  await desk.page.keyboard.press('Enter');
  await tab(desk, 'Vertex: trade').waitFor();
  expect(await vertex(desk, 'trade').getAttribute('aria-label')).toMatch(/^trade, 1 subtask; .*; feeds .*trades/);

  await tab(desk, 'Rescales').click();
  await dialog(desk).getByText('Change the number').click();
  await desk.page.getByTitle('3 workers', { exact: true }).click();
  await expect.poll(() => desk.text('workers'), { timeout: 60_000 }).toMatch(/^3 workers/);
  await desk.page.keyboard.press('Escape');
  await desk.button('Job').click();
  await vertex(desk, 'trade').getByText('\u00d73').waitFor();
  expect(await desk.page.getByTestId('subtasks').locator('tbody tr').count()).toBe(3);

  for (const theme of ['dark', 'light'] as const) {
    if (theme === 'light') await setTheme(desk, theme);
    for (const name of [/^Vertex/, 'Checkpoints', 'Rescales', 'Key groups']) {
      await tab(desk, name).click();
      const label = String(name).replaceAll(/\W/g, '').toLowerCase();
      await takeScreenshots(desk.app, desk.page, `job-${label}-${theme}`);
      expect(await cutOff(desk), `${label}, ${theme}`).toEqual([]);
    }
  }
  expect(await desk.page.getByTestId('key-group-shares').locator('tbody tr').count()).toBe(3);
  await tab(desk, 'Checkpoints').click();
  expect(await desk.page.getByTestId('checkpoints').locator('tbody tr').count()).toBeGreaterThan(1);
  await tab(desk, 'Rescales').click();
  expect(await desk.page.getByTestId('rescales').locator('tbody tr').textContent()).toMatch(/1 \u2192 3.*done/);
  await dialog(desk).getByLabel('Close').click();
  expect(await dialog(desk).count()).toBe(0);
});

test('what is back-pressured and what is busy is painted and told, also in a job of eight vertices', async () => {
  const desk = await openWorkstation();
  await using _app = desk.app;
  await desk.page.getByText('Play the sample').first().click();
  await desk.waitForRows();
  await desk.page.getByRole('group', { name: 'Interval' }).getByText('5s').click();
  await desk.page.getByText('Open it again with bars').click();
  await desk.page.getByText('End it and open').click();
  await desk.waitForState('Playing');
  await desk.button('max').click();
  await desk.button('Job').click();

  // One worker builds every bar: the source has to wait for it.
  await expect.poll(() => vertex(desk, 'session').getAttribute('data-level'), { timeout: 30_000 }).toBe('high');
  const colorOf = (id: string): Promise<string> =>
    vertex(desk, id)
      .locator('.job-vertex-name')
      .evaluate((head) => getComputedStyle(head).backgroundColor);
  const parts = async (id: string): Promise<readonly number[]> => {
    const color = await colorOf(id);
    const numbers = (/srgb (.*)\)/.exec(color)?.[1] ?? '').split(' ').map(Number);
    expect(numbers, color).toHaveLength(3);
    return numbers;
  };
  const [sourceRed = 1, sourceGreen = 1, sourceBlue = 1] = await parts('session');
  const [red = 0, , blue = 1] = await parts('trade');
  expect(Math.max(sourceRed, sourceGreen, sourceBlue)).toBeLessThan(0.5);
  expect(red).toBeGreaterThan(blue);
  await expect.poll(() => desk.text('job-warnings')).toMatch(/waiting for room/);
  expect(await desk.page.locator('.job-vertex').count()).toBe(8);
  await takeScreenshots(desk.app, desk.page, 'job-bars-dark');
  expect(await cutOff(desk)).toEqual([]);

  await desk.button('Pause').click();
  await expect.poll(() => vertex(desk, 'session').getAttribute('data-level'), { timeout: 30_000 }).toBe('ok');
});

test('the job page is there again by itself when the engine was started again, and reached from the menu', async () => {
  const folder = temporaryFolder('job-page');
  const files = writeSession(folder, { quotesPerSymbol: 4000 });
  const userDataFolder = join(folder, 'profile');
  const desk = await openWorkstation({
    userDataFolder,
    args: ['--session', files.session, '--positions', files.positions],
    env: { FLINKTRADE_FAULTS: '1' },
  });
  await using _app = desk.app;
  await desk.waitForRows();
  await desk.page.locator('[data-testid=last-checkpoint]:not([data-checkpoint=""])').waitFor();
  await clickMenu(desk, 'Job');
  await vertex(desk, 'trade').waitFor();

  writeFileSync(join(userDataFolder, 'fault'), 'engine');

  await desk.page.getByTestId('no-job').waitFor();
  await vertex(desk, 'trade').waitFor({ timeout: 60_000 });
  await expect.poll(() => desk.text('job-facts')).toMatch(/running/);
  await desk.page.reload();
  await desk.page.locator('.session-bar').waitFor();
  expect(await dialog(desk).count()).toBe(0);
  await desk.waitForState('Playing');
  await desk.button('Job').click();
  await vertex(desk, 'trade').waitFor();
});

test('records that all have one key are said to be skewed, and no number of workers to help', async () => {
  const folder = temporaryFolder('job-skew');
  const files = writeSession(folder, { symbols: ['AAA'], quotesPerSymbol: 100_000 });
  const desk = await openWorkstation({ args: ['--session', files.session, '--positions', files.positions] });
  await using _app = desk.app;
  await desk.waitForRows();
  await desk.button('\u00d7600').click();
  await desk.page.getByTestId('workers').click();
  await desk.page.getByTitle('2 workers', { exact: true }).click();
  await expect.poll(() => desk.text('workers'), { timeout: 60_000 }).toMatch(/^2 workers/);
  await desk.page.keyboard.press('Escape');
  await desk.button('Job').click();
  await tab(desk, 'Key groups').click();

  await expect.poll(() => desk.text('skew'), { timeout: 30_000 }).toMatch(/^Worker \d .*'trade'.*alone brings 100 %/);
  expect(await desk.text('job-warnings')).toMatch(/alone brings 100 %/);
  expect(await desk.page.getByTestId('key-group-bars').locator('.hottest').count()).toBe(1);
  await takeScreenshots(desk.app, desk.page, 'job-skew-dark');
  expect(await cutOff(desk)).toEqual([]);
});
