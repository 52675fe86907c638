import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resizeWindow, windowSizes } from '../support/electron-app.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, SESSION_START_MS, writeSession, type WorkstationPage } from './workstation-page.ts';

/** Lets the browser's own input machinery drop files from the disk, as a file manager would. */
async function dropFile(desk: WorkstationPage, path: string, zone: 'session' | 'positions'): Promise<void> {
  const client = await desk.page.context().newCDPSession(desk.page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  const over = async (x: number, y: number, type: 'dragEnter' | 'dragOver' | 'drop'): Promise<void> => {
    await client.send('Input.dispatchDragEvent', { type, x, y, data });
  };
  await over(200, 300, 'dragEnter');
  const target = desk.page.getByTestId(`drop-${zone}`);
  await target.waitFor();
  const box = await target.boundingBox();
  if (box === null) throw new Error(`The drop zone "${zone}" has no place on the screen.`);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await over(x, y, 'dragOver');
  await over(x, y, 'drop');
}

describe('opening files', () => {
  test('session and positions chosen in dialogs are replayed to the end, exactly', async () => {
    const files = writeSession(temporaryFolder('files'));
    const desk = await openWorkstation();
    await using _app = desk.app;
    await desk.page.getByText('No session is open').waitFor();

    await desk.answerOpenDialog([files.session]);
    await desk.button(/^Open session/).click();
    await desk.page.getByRole('dialog').getByText('session.csv').first().waitFor();
    await desk.answerOpenDialog([files.positions]);
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Choose\u2026' }).nth(1).click();
    await desk.page.getByRole('dialog').getByText('positions.csv').waitFor();
    await desk.page.keyboard.press('Escape');
    await desk.button('max').click();
    await desk.button('Session').click();
    await desk.button('Play session').click();

    await desk.waitForState('Finished');
    expect(await desk.text('mode')).toBe('REPLAY');
    // The table is drawn with the next frame, the state as soon as it is told.
    await expect.poll(() => desk.listed()).toEqual(['AAA', 'BBB', 'CCC']);
    // A bid that rises a cent a quote trades once it is above buyPrice + 0.10, and again above each new ask.
    await desk.waitForNumber('total-trades', 1);
    await expect.poll(() => desk.number('rows-in')).toBe(files.quotes + 2);
    const profits = await Promise.all(['AAA', 'BBB', 'CCC'].map((symbol) => desk.cell(symbol, 'profit').textContent()));
    expect(new Set(profits).size).toBe(1);
    expect(profits[0]).toMatch(/^\+[\d,]+\.\d\d$/);

    // A finished session still answers: its charts from the start, until it is closed.
    await desk.row('CCC').click();
    await expect.poll(() => desk.text('chart-symbol')).toBe('CCC');
    await desk.page.locator('[data-reading=bid]:not(:empty)').waitFor();
    await desk.button('Session').click();
    await desk.button('Close session').click();
    await desk.page.getByText('No session is open').waitFor();
  });

  test('three workers show what one shows, and say which key groups each owns', async () => {
    const files = writeSession(temporaryFolder('files'), { symbols: ['AAA', 'BBB', 'CCC', 'DDD', 'EEE', 'FFF'] });
    const desk = await openWorkstation();
    await using _app = desk.app;
    await desk.page.getByText('No session is open').waitFor();
    await desk.answerOpenDialog([files.positions]);
    await desk.button('Session').click();
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Choose\u2026' }).nth(1).click();
    await desk.page.getByRole('dialog').getByText('positions.csv').waitFor();
    await desk.answerOpenDialog([files.session]);
    await desk.page.getByRole('dialog').getByRole('button', { name: 'Choose\u2026' }).first().click();
    await desk.page.getByRole('dialog').getByText('session.csv').first().waitFor();
    await desk.button('max').click();
    const replay = async (workers: number) => {
      await desk.page.getByLabel('Workers').fill(String(workers));
      await desk.button('Play session').click();
      await desk.waitForState('Finished');
      await expect.poll(() => desk.text('workers')).toMatch(new RegExp(`^${workers} worker`));
      await desk.waitForNumber('total-trades', 1);
      await desk.page.waitForTimeout(400);
      return {
        symbols: await desk.listed(),
        profits: await desk.column('profit'),
        asks: await desk.column('askPrice'),
      };
    };

    const one = await replay(1);
    await desk.button('Session').click();
    const three = await replay(3);

    expect(three).toEqual(one);
    expect(one.symbols).toHaveLength(6);
    expect(await desk.text('workers')).toContain('0\u201342 \u00b7 43\u201385 \u00b7 86\u2013127');
  });

  test('rows that cannot be read are counted by reason and located', async () => {
    const files = writeSession(temporaryFolder('files'));
    const desk = await openWorkstation({ args: ['--session', files.session, '--positions', files.positions] });
    await using _app = desk.app;
    await desk.waitForRows();
    await desk.button('max').click();
    await desk.waitForState('Finished');

    await desk.page.getByRole('tab', { name: /Problems/ }).click();

    await desk.page.getByText('Rows set aside').waitFor();
    await desk.page.locator('.located tbody tr').first().waitFor();
    const located = await desk.page.locator('.located tbody tr').allTextContents();
    expect(located).toHaveLength(2);
    expect(located.join(' ')).toContain('session.csv');
    expect(located.join(' ')).toContain('many');
  });

  test('late quotes are told in the smallest window, too, and what they are', async () => {
    const files = writeSession(temporaryFolder('files'));
    appendFileSync(files.session, `AAA,${SESSION_START_MS},100.00,100,100.02,100\n`);
    const desk = await openWorkstation({ args: ['--session', files.session, '--positions', files.positions] });
    await using _app = desk.app;
    await desk.waitForRows();
    await resizeWindow(desk.app, desk.page, windowSizes.small);
    await desk.button('max').click();
    await desk.waitForState('Finished');

    await expect.poll(() => desk.number('rows-late')).toBe(1);
    const cell = await desk.page.getByTestId('rows-late').boundingBox();
    expect(cell?.x ?? Infinity).toBeLessThan(windowSizes.small.width / 2);
    await desk.page.getByRole('tab', { name: 'Problems 3' }).click();
    await desk.page.getByText('Late: behind event time when they came').waitFor();
    await desk.button('Job').click();
    await desk.page.locator('[data-vertex="trade"]').getByText('1 late').waitFor();
  });

  test('dropped files go where they are dropped', async () => {
    const files = writeSession(temporaryFolder('files'));
    const desk = await openWorkstation();
    await using _app = desk.app;
    await desk.page.getByText('No session is open').waitFor();

    await dropFile(desk, files.positions, 'positions');
    await desk.page.getByRole('dialog').getByText('positions.csv').waitFor();
    await desk.page.keyboard.press('Escape');
    await dropFile(desk, files.session, 'session');
    await desk.page.getByRole('dialog').getByText('session.csv').first().waitFor();
    await desk.button('Play session').click();

    await desk.waitForRows();
    expect(await desk.text('mode')).toBe('REPLAY');
    // The table is drawn with the next frame, the state as soon as it is told.
    await expect.poll(() => desk.listed()).toEqual(['AAA', 'BBB', 'CCC']);
  });

  test('a file that is no session fails with its reason, and the window goes on', async () => {
    const folder = temporaryFolder('files');
    const broken = join(folder, 'broken.csv');
    writeFileSync(broken, 'this,is,not\na,session,file\n');
    const desk = await openWorkstation({ args: ['--session', broken] });
    await using _app = desk.app;

    const failure = desk.page.getByRole('alert').filter({ hasText: 'Session failed' });
    await failure.waitFor();
    expect(await failure.textContent()).toContain('broken.csv');
    expect(await failure.textContent()).not.toMatch(/\bat .*:\d+:\d+/);

    await failure.getByRole('button', { name: /Open another/ }).click();
    await desk.page.getByRole('dialog').getByText('Play the sample').click();
    await desk.waitForRows();
  });

  test('a positions file with a mistake is refused by line', async () => {
    const files = writeSession(temporaryFolder('files'));
    writeFileSync(files.positions, 'symbol,shares,buyPrice\nAAA,-5,1.00\n');
    const desk = await openWorkstation({ args: ['--session', files.session, '--positions', files.positions] });
    await using _app = desk.app;

    const failure = desk.page.getByRole('alert').filter({ hasText: 'positions.csv' });
    await failure.waitFor();
    expect(await failure.textContent()).toContain('-5');
  });

  test('a position whose symbol is never quoted says so, in the table and on the chart', async () => {
    const files = writeSession(temporaryFolder('files'));
    appendFileSync(files.positions, 'ZZZ.SILENT,10,1.00\n');
    const desk = await openWorkstation({ args: ['--session', files.session, '--positions', files.positions] });
    await using _app = desk.app;
    await desk.row('ZZZ.SILENT').click();

    await desk.page.getByText('Waiting for its quotes').waitFor();
    expect(await desk.cell('ZZZ.SILENT', 'bid').textContent()).toBe('\u2013');

    await desk.button('max').click();
    await desk.waitForState('Finished');
    await desk.page.getByText('This session had no quotes of it').waitFor();
  });

  test('the listed rows are exported as CSV, numbers exact', async () => {
    const folder = temporaryFolder('files');
    const files = writeSession(folder);
    const desk = await openWorkstation({ args: ['--session', files.session, '--positions', files.positions] });
    await using _app = desk.app;
    await desk.waitForRows();
    await desk.button('max').click();
    await desk.waitForState('Finished');
    await desk.waitForRows();
    const target = join(folder, 'out.csv');
    await desk.answerSaveDialog(target);

    await desk.page.locator('[aria-label=Positions] [title^="Export the listed"]').click();
    await desk.page.getByText(`Saved to ${target}`).waitFor();

    const { readFileSync } = await import('node:fs');
    const lines = readFileSync(target, 'utf8').trim().split('\r\n');
    expect(lines[0]).toBe(
      'symbol,shares,buyPrice,askPrice,lastTradePrice,profit,status,bid,ask,lastQuote,reason,trades',
    );
    expect(lines).toHaveLength(4);
    const shown = (await desk.cell('BBB', 'profit').textContent()) ?? '';
    expect(lines[2]?.split(',')[5]).toBe(shown.replace('+', '').replaceAll(',', ''));
  });
});
