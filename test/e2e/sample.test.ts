import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

describe('the sample', () => {
  let desk: WorkstationPage;
  beforeAll(async () => {
    desk = await openWorkstation({ args: ['--sample'] });
    await desk.waitForRows();
  });
  afterAll(() => desk.app.close());

  test('plays by itself, is called simulated, and names its columns as traders do', async () => {
    await desk.waitForState('Playing');

    expect(await desk.text('mode')).toBe('SIMULATED');
    expect(await desk.page.title()).toContain('SIMULATED');
    const headings = await desk.page.locator('.positions-grid .grid-heading-label').allTextContents();
    expect(headings.slice(0, 6)).toEqual(['SYMBOL', 'SHARES', 'BUY PRICE', 'ASK PRICE', 'LAST TRADE PRICE', 'PROFIT']);
    expect(headings).toContain('STATUS');
  });

  test('moves: quotes change, event time goes on, positions trade', async () => {
    const before = { bids: await desk.column('bid'), clock: await desk.text('event-clock') };

    await desk.page.waitForFunction(
      (clock) => document.querySelector('[data-testid=event-clock]')?.textContent !== clock,
      before.clock,
    );
    await desk.waitForNumber('total-trades', 1);

    expect(await desk.column('bid')).not.toEqual(before.bids);
    await desk.page.locator('.trades-grid .grid-row').first().waitFor();
    expect(await desk.number('rows-in')).toBeGreaterThan(0);
  });

  test('sorts by a click on a heading, the other way by a second', async () => {
    await desk.page.locator('.grid-heading[data-column=buyPrice] button').click();
    await desk.page.waitForFunction(
      () => document.querySelector('[data-column=buyPrice]')?.getAttribute('aria-sort') === 'descending',
    );
    await expect.poll(() => isSorted(desk, 'buyPrice', -1)).toBe(true);

    await desk.page.locator('.grid-heading[data-column=buyPrice] button').click();
    await expect.poll(() => isSorted(desk, 'buyPrice', 1)).toBe(true);

    await desk.page.locator('.grid-heading[data-column=symbol] button').click();
    // Both sides of one reading: rows that were read while the table was still drawn the old way are other rows.
    await expect
      .poll(async () => {
        const listed = await desk.listed();
        return { listed, sorted: listed.toSorted().join() === listed.join() };
      })
      .toMatchObject({ sorted: true });
  });

  test('filters by symbol and by status', async () => {
    const [, second = ''] = await desk.listed();
    await desk.page.getByLabel('Filter by symbol').fill(second.toLowerCase());
    await expect.poll(async () => (await desk.listed()).every((symbol) => symbol.includes(second))).toBe(true);

    await desk.page.getByLabel('Filter by symbol').fill('no such symbol');
    await desk.page.getByText('No position matches').waitFor();
    // The sums stay those of all positions, and say so.
    expect(await desk.text('totals')).toContain('sums are of all, 0 listed');
    await desk.page.getByLabel('Filter by symbol').fill('');

    await desk.button('Open').first().click();
    await expect.poll(async () => (await desk.column('status')).every((status) => status === 'Open')).toBe(true);
    await desk.button('All').first().click();
  });

  test('a chosen symbol shows its chart from the start of the session, with exact values at the crosshair', async () => {
    const symbol = (await desk.listed())[3] ?? '';
    await desk.row(symbol).click();

    await expect.poll(() => desk.text('chart-symbol')).toBe(symbol);
    await desk.page.locator('[data-reading=bid]:not(:empty)').waitFor();
    const reading = await desk.page.locator('[data-reading=bid]').textContent();
    expect(reading).toMatch(/^[\d,]+\.\d{2,}$/);
    expect(await desk.page.locator('[data-testid=chart] canvas').count()).toBeGreaterThan(0);
    const box = await desk.page.getByTestId('chart').boundingBox();
    if (box !== null) await desk.page.mouse.move(box.x + 40, box.y + box.height / 2);
    expect(await desk.page.locator('[data-reading=time]').textContent()).toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
  });

  test('the keyboard walks through the rows and takes the chart along', async () => {
    await desk.page.locator('.positions-grid').focus();
    await desk.page.keyboard.press('Home');
    const [first = '', second = ''] = await desk.listed();
    await expect.poll(() => desk.text('chart-symbol')).toBe(first);

    await desk.page.keyboard.press('ArrowDown');

    await expect.poll(() => desk.text('chart-symbol')).toBe(second);
  });

  test('pauses, stands still, and goes on faster', async () => {
    await desk.button('Pause').click();
    await desk.waitForState('Paused');
    await desk.page.waitForTimeout(600);
    const clock = await desk.text('event-clock');
    await desk.page.waitForTimeout(600);
    expect(await desk.text('event-clock')).toBe(clock);

    await desk.button('\u00d710').click();
    await desk.button('Play').click();
    await desk.waitForState('Playing');
    await expect.poll(() => desk.text('event-clock')).not.toBe(clock);
    expect(await desk.button('\u00d710').getAttribute('aria-pressed')).toBe('true');
  });

  test('says who works on which key groups', async () => {
    await desk.page.getByTestId('workers').click();

    await desk.page.getByTestId('worker-table').waitFor();
    expect(await desk.page.getByTestId('worker-table').locator('tbody tr').count()).toBeGreaterThanOrEqual(1);
    await desk.page.keyboard.press('Escape');
  });

  test('another session is opened only after a yes, while one plays', async () => {
    await desk.button('Session').click();
    await desk.page.getByRole('dialog').getByText('Play the sample').click();
    await desk.page.getByText('End the running session?').waitFor();

    await desk.button('Cancel').click();

    expect(await desk.text('session-state')).toBe('Playing');
    await desk.page.keyboard.press('Escape');
  });
});

async function isSorted(desk: WorkstationPage, column: string, sign: 1 | -1): Promise<boolean> {
  const values = (await desk.column(column)).map((text) => Number(text.replaceAll(',', '')));
  return values.every((value, index) => index === 0 || sign * (value - (values[index - 1] ?? value)) >= 0);
}
