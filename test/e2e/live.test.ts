import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { serveFeed } from '../support/served-feed.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

const CONNECT_MS_MAX = 40_000;

const feedIs = (desk: WorkstationPage, state: string): Promise<void> =>
  desk.page.locator(`[data-testid=feed-state][data-state=${state}]`).waitFor({ timeout: CONNECT_MS_MAX });

describe('a live feed in the window', () => {
  test('trades while it is fresh, and says when it is away, asleep or back', async () => {
    const folder = temporaryFolder('live-window');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000', '--gap', '500']);
    const desk = await openWorkstation();
    await using _app = desk.app;
    await desk.connect(feed.url, join(folder, 'p.csv'));

    await feedIs(desk, 'live');
    expect(await desk.text('mode')).toBe('LIVE');
    expect(await desk.page.title()).toContain('LIVE');
    expect(await desk.text('session-state')).toBe('Trading');
    await desk.waitForNumber('total-trades', 5);
    await expect.poll(() => desk.page.getByTestId('feed-gaps').textContent()).toMatch(/\d+ gaps?/);

    // The machine slept: what was connected is given up and connected anew.
    await desk.app.application.evaluate(({ powerMonitor }) => {
      powerMonitor.emit('suspend');
      powerMonitor.emit('resume');
    });
    await expect
      .poll(async () => (await desk.page.getByTestId('feed-state').locator('..').getAttribute('title')) ?? '', {
        timeout: CONNECT_MS_MAX,
      })
      .toContain('Connections made: 2');
    await feedIs(desk, 'live');

    await feed.kill();
    await feedIs(desk, 'reconnecting');
    await expect.poll(() => desk.text('feed-state')).toMatch(/^reconnecting in \d+ s$/);
    const before = await desk.number('total-trades');
    await serveFeed(folder, ['--port', feed.port, '--quotes-per-second', '3000']);
    await feedIs(desk, 'live');
    await desk.waitForNumber('total-trades', before);

    await desk.button('Session').click();
    await desk.button('Close session').click();
    await desk.button('End it').click();
    await desk.page.getByText('No session is open').waitFor();
  });

  test('killed and opened again goes on with every trade, and with the kill switch as it was', async () => {
    const folder = temporaryFolder('live-window');
    const userDataFolder = temporaryFolder('live-profile');
    const feed = await serveFeed(folder, ['--quotes-per-second', '3000']);
    const first = await openWorkstation({ userDataFolder });
    await first.connect(feed.url, join(folder, 'p.csv'));
    await feedIs(first, 'live');
    await first.waitForNumber('total-trades', 5);
    const trades = await first.number('total-trades');
    await first.button('KILL SWITCH').click();
    await first.page.getByText('TRADING HALTED').waitFor();
    // What was thrown is in the journal before anything can trade after it.
    await first.page.waitForTimeout(300);
    await first.app.kill();

    const second = await openWorkstation({ userDataFolder });
    await using _app = second.app;
    await second.connect(feed.url, null);
    await feedIs(second, 'live');
    await second.page.getByText('TRADING HALTED').waitFor();
    await second.waitForNumber('total-trades', trades);
    const recovered = await second.number('total-trades');
    await expect.poll(() => second.number('rows-in')).toBeGreaterThan(1000);
    expect(await second.number('total-trades')).toBe(recovered);
  });

  test('that is no address of one is refused with what is wrong', async () => {
    const desk = await openWorkstation();
    await using _app = desk.app;
    await desk.connect('http://127.0.0.1/', null);

    await desk.page
      .getByText(/read from ws:\/\/ or wss:\/\//)
      .first()
      .waitFor();
  });
});
