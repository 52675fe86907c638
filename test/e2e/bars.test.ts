import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

describe('bars on the chart', () => {
  let desk: WorkstationPage;
  beforeAll(async () => {
    desk = await openWorkstation({ args: ['--sample'] });
    await desk.waitForRows();
  });
  afterAll(() => desk.app.close());

  const choose = (group: string, name: string): Promise<void> =>
    desk.page.getByRole('group', { name: group }).getByRole('button', { name, exact: true }).click();
  const reading = (field: string): Promise<string> =>
    desk.page.locator(`[data-testid=candle-reading] [data-reading=${field}]`).innerText();

  test('a session that was opened without bars says so, and is opened again with them', async () => {
    await choose('Interval', '1s');
    await desk.page.getByTestId('bars-not-built').waitFor();

    await desk.page.getByRole('button', { name: 'Open it again with bars' }).click();
    await desk.page.getByRole('button', { name: 'End it and open' }).click();

    await desk.page.waitForFunction(
      () => (document.querySelector('[data-testid=candle-reading] [data-reading=close]')?.textContent ?? '') !== '',
    );
    expect(Number((await reading('quotes')).replaceAll(',', ''))).toBeGreaterThan(0);
  });

  test('open, high, low and close of the chosen price are in order, and move on', async () => {
    for (const price of ['Bid', 'Ask', 'Mid']) {
      await choose('Price', price);
      await expect
        .poll(async () => {
          const [open, high, low, close] = await Promise.all(
            ['open', 'high', 'low', 'close'].map(async (field) => Number((await reading(field)).replaceAll(',', ''))),
          );
          return low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close);
        })
        .toBe(true);
    }
    const before = await reading('time');
    await expect.poll(() => reading('time'), { timeout: 20_000 }).not.toBe(before);
  });

  test('longer bars and ticks are a click away', async () => {
    await choose('Interval', '1m');
    await expect.poll(() => reading('time'), { timeout: 20_000 }).toMatch(/:00(\.000)?$/);

    await choose('Interval', 'Ticks');
    await desk.page.getByTestId('chart').waitFor();
    await expect.poll(() => desk.page.getByTestId('chart-reading').innerText()).toContain('Bid');
  });
});
