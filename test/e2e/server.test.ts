import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flinktrade } from '../entry/cli-kit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, writeSession } from './workstation-page.ts';

test('the local server is off until a person turns it on, and then the command line reads the running workstation', async () => {
  const folder = temporaryFolder('server');
  const userDataFolder = join(folder, 'profile');
  const files = writeSession(folder, { symbols: ['AAA', 'BBB'], quotesPerSymbol: 4000 });
  const desk = await openWorkstation({
    userDataFolder,
    args: ['--session', files.session, '--positions', files.positions],
  });
  await using _app = desk.app;
  await desk.waitForNumber('total-trades', 2);
  const ask = (...words: string[]): ReturnType<typeof flinktrade> =>
    flinktrade([...words, '--user-data-dir', userDataFolder], { folder });
  expect((await ask('positions')).code).toBe(3);

  await desk.page.getByLabel('Display settings').click();
  await desk.page.getByTestId('server-switch').check();
  const address = desk.page.getByTestId('server-address');
  await address.waitFor();
  expect(await address.textContent()).toMatch(/http:\/\/127\.0\.0\.1:\d+.*query-token/);
  await desk.page.getByRole('button', { name: 'Show token' }).click();
  expect(await desk.page.getByTestId('server-token').getAttribute('data-characters')).toBe('43');

  const table = await ask('positions', '--symbols', 'AAA,BBB,NOPE');
  expect(table.stdout).toMatch(/^SYMBOL +SHARES +BUY PRICE +ASK PRICE +LAST TRADE PRICE +PROFIT\nAAA /);
  expect(table.stderr).toBe('No position: NOPE.\n');

  await desk.page.getByTestId('server-switch').uncheck();
  await expect.poll(async () => (await ask('positions')).code).toBe(3);
});
