import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, pageOf, writeSession, type WorkstationPage } from './workstation-page.ts';

/** Rows and trades must be those of the engine, not remembered by the page. */
async function showsTheRunningSession(desk: WorkstationPage, tradesBefore: number): Promise<void> {
  await desk.waitForRows();
  await desk.waitForState('Playing');
  expect(await desk.text('mode')).toBe('SIMULATED');
  await desk.waitForNumber('total-trades', tradesBefore);
  await desk.page.locator('.trades-grid .grid-row').first().waitFor();
}

async function playSample(): Promise<WorkstationPage> {
  const desk = await openWorkstation({ args: ['--sample'] });
  await desk.waitForRows();
  await desk.button('\u00d710').click();
  await desk.waitForNumber('total-trades', 3);
  return desk;
}

describe('the window may come and go, the engine plays on', () => {
  test('a reloaded window shows the true state at once, chart and all', async () => {
    const desk = await playSample();
    await using _app = desk.app;
    const symbol = (await desk.listed())[2] ?? '';
    await desk.row(symbol).click();
    await expect.poll(() => desk.text('chart-symbol')).toBe(symbol);
    const trades = await desk.number('total-trades');

    await desk.page.reload();

    await showsTheRunningSession(desk, trades);
    await expect.poll(() => desk.text('chart-symbol')).toBe(symbol);
    await desk.page.locator('[data-reading=bid]:not(:empty)').waitFor();
  });

  test('a page that crashes is loaded again, and trading went on meanwhile', async () => {
    const desk = await playSample();
    await using _app = desk.app;
    const trades = await desk.number('total-trades');
    const window = await desk.app.application.browserWindow(desk.page);

    await window.evaluate((browserWindow) => browserWindow.webContents.forcefullyCrashRenderer());

    // The page object of the crashed page is dead; the window shows a new one.
    const found = await readWindow(desk, trades);
    expect(found.mode).toBe('SIMULATED');
    expect(found.trades).toBeGreaterThanOrEqual(trades);
    expect(desk.app.output()).toMatch(/The page died: crashed|The page died: killed/);
  });

  test('a page that crashes again and again gives way to a safe page, and the engine still plays', async () => {
    const desk = await playSample();
    await using _app = desk.app;
    const crash = () =>
      desk.app.application.evaluate(async ({ BrowserWindow }) => {
        const window = BrowserWindow.getAllWindows().find((one) =>
          one.webContents.getURL().startsWith('app://workstation/'),
        );
        if (window === undefined) throw new Error('There is no window.');
        const reloaded = new Promise<void>((done) => window.webContents.once('did-finish-load', () => done()));
        window.webContents.forcefullyCrashRenderer();
        await reloaded;
        return window.webContents.getURL();
      });

    const urls = [await crash(), await crash(), await crash(), await crash()];

    expect(urls.map((url) => url.split('/').at(-1))).toEqual(['index.html', 'index.html', 'index.html', 'safe.html']);
  });

  test('closing the window leaves the session running; a second start brings the window back', async () => {
    const desk = await playSample();
    await using _app = desk.app;
    const trades = await desk.number('total-trades');

    await desk.page.close();
    await expect
      .poll(() =>
        desk.app.application.evaluate(
          ({ BrowserWindow }) => BrowserWindow.getAllWindows().filter((window) => window.isVisible()).length,
        ),
      )
      .toBe(0);
    await new Promise((done) => setTimeout(done, 1500));
    await desk.app.application.evaluate(({ app }) => app.emit('second-instance', {}, [], '/'));

    const again = await pageOf(desk.app);
    await showsTheRunningSession(again, trades);
  });

  test('a second program on the same data gives way to the first', async () => {
    const desk = await playSample();
    await using _app = desk.app;
    const { file, args } = await desk.app.application.evaluate(({ app }) => ({
      file: app.getPath('exe'),
      args: process.argv
        .slice(1)
        .filter((argument) => !argument.includes('inspect') && !argument.includes('remote-debugging')),
    }));

    const second = spawn(file, args, { stdio: 'ignore', env: { ...process.env, DISPLAY: await displayOf(desk) } });
    const code = await new Promise<number | null>((done) => second.once('exit', done));

    expect(code).toBe(0);
    expect(await desk.text('session-state')).toBe('Playing');
  });

  test('without a session, closing the last window ends the program', async () => {
    const desk = await openWorkstation();
    await using _app = desk.app;
    await desk.page.getByText('No session is open').waitFor();
    const exited = new Promise<void>((done) => desk.app.application.once('close', () => done()));

    await desk.page.close();

    await exited;
  });
});

describe('what is there after a restart', () => {
  test('display settings, rules, positions file, recent sessions and the window place', async () => {
    const userDataFolder = mkdtempSync(join(tmpdir(), 'flinktrade-e2e-memory-'));
    try {
      const files = writeSession(temporaryFolder('memory'));
      const first = await openWorkstation({
        userDataFolder,
        args: ['--session', files.session, '--positions', files.positions],
      });
      await first.waitForRows();
      await first.button('Light theme').click();
      await first.page.locator('.grid-heading[data-column=buyPrice] button').click();
      await first.button('Rules').click();
      await first.page.locator('[data-rule=askOffset] input').fill('0.33');
      await first.page.getByRole('button', { name: /^(Apply to the session|Save)$/ }).click();
      await expect
        .poll(() => first.page.getByRole('button', { name: /^(Apply to the session|Save)$/ }).isDisabled())
        .toBe(true);
      await first.page.keyboard.press('Escape');
      const window = await first.app.application.browserWindow(first.page);
      await window.evaluate((browserWindow) => browserWindow.setBounds({ x: 60, y: 40, width: 1200, height: 800 }));
      await first.page.waitForTimeout(1200);
      // A session that is not closed is there again after a restart.
      await first.button('Session').click();
      await first.button('Close session').click();
      await first.button('End it').click();
      await first.page.getByText('No session is open').waitFor();
      await first.app.close();

      const second = await openWorkstation({ userDataFolder });
      await using _app = second.app;
      await second.page.getByText('No session is open').waitFor();
      expect(await second.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('light');
      const place = await (
        await second.app.application.browserWindow(second.page)
      ).evaluate((browserWindow) => browserWindow.getBounds());
      expect(place).toMatchObject({ width: 1200, height: 800 });
      await second.button('Rules').click();
      expect(await second.page.locator('[data-rule=askOffset] input').inputValue()).toBe('0.33');
      await second.page.keyboard.press('Escape');

      await second.page.locator('.recent-open', { hasText: 'session.csv' }).first().click();
      await second.page.getByRole('dialog').getByText('positions.csv').first().waitFor();
      await second.button('Play session').click();
      await second.waitForRows();
      expect(await second.listed()).toEqual(['CCC', 'BBB', 'AAA']);
    } finally {
      rmSync(userDataFolder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});

test('a memory of another version is left alone, said, and the window goes on', async () => {
  const userDataFolder = temporaryFolder('memory');
  const first = await openWorkstation({ userDataFolder });
  await first.page.getByText('No session is open').waitFor();
  // The page connects after it has opened its memory: only then is its own format written.
  await first.page.locator('[data-storage=kept]').waitFor();
  const writeFormat = (format: number) =>
    first.page.evaluate(async (value) => {
      const database = await new Promise<IDBDatabase>((opened, failed) => {
        const request = indexedDB.open('flinktrade-window');
        request.onsuccess = () => opened(request.result);
        request.onerror = () => failed(request.error ?? new Error('The database could not be opened.'));
      });
      await new Promise<void>((done) => {
        const transaction = database.transaction('facts', 'readwrite', { durability: 'strict' });
        transaction.objectStore('facts').put({ name: 'format', value });
        transaction.oncomplete = () => done();
      });
      database.close();
    }, format);
  await writeFormat(99);
  await first.app.close();

  const second = await openWorkstation({ userDataFolder, args: ['--sample'] });
  await using _app = second.app;

  await second.page.getByText('was written by another version of FlinkTrade (format 99').waitFor();
  await second.waitForRows();
  await second.waitForState('Playing');
});

async function displayOf(desk: WorkstationPage): Promise<string> {
  return await desk.app.application.evaluate(() => process.env['DISPLAY'] ?? '');
}

/** What the window shows, asked through the main process: Playwright lets go of a page that crashed. */
async function readWindow(desk: WorkstationPage, tradesAtLeast: number): Promise<{ mode: string; trades: number }> {
  return await desk.app.application.evaluate(async ({ BrowserWindow }, least) => {
    const script = `({
      mode: document.querySelector('[data-testid=mode]')?.textContent ?? '',
      trades: Number((document.querySelector('[data-testid=total-trades]')?.textContent ?? '-1').replaceAll(',', '')),
    })`;
    for (;;) {
      await new Promise((done) => setTimeout(done, 200));
      const window = BrowserWindow.getAllWindows().find((one) =>
        one.webContents.getURL().startsWith('app://workstation/'),
      );
      if (window === undefined || window.webContents.isLoading() || window.webContents.isCrashed()) continue;
      const found = (await window.webContents.executeJavaScript(script)) as { mode: string; trades: number };
      if (found.trades >= least) return found;
    }
  }, tradesAtLeast);
}
