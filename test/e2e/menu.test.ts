import { expect, test } from 'vitest';
import { clickMenu, openWorkstation } from './workstation-page.ts';

test('the menu does what the window does, and the kill switch needs no page', async () => {
  const desk = await openWorkstation();
  await using _app = desk.app;
  await desk.page.getByText('No session is open').waitFor();

  await clickMenu(desk, 'Play the Sample');
  await desk.waitForState('Playing');
  await clickMenu(desk, 'Play or Pause');
  await desk.waitForState('Paused');
  await clickMenu(desk, 'Faster');
  await expect.poll(() => desk.button('\u00d72').getAttribute('aria-pressed')).toBe('true');
  await clickMenu(desk, 'Dark or Light');
  await expect.poll(() => desk.page.evaluate(() => document.documentElement.dataset['theme'])).toBe('light');
  await clickMenu(desk, 'Rules\u2026');
  await desk.page.getByRole('dialog').getByText('Trading rules').waitFor();
  await clickMenu(desk, 'Play or Pause');
  await clickMenu(desk, 'Kill Switch: Halt All Trading');

  await desk.page.getByText('TRADING HALTED').waitFor();
});

test('files of a second start wait for a yes while a session plays', async () => {
  const desk = await openWorkstation({ args: ['--sample'] });
  await using _app = desk.app;
  await desk.waitForRows();

  await desk.app.application.evaluate(({ app }) =>
    app.emit('second-instance', {}, ['exe', '--session', 'x.csv'], '/nowhere'),
  );

  await desk.page.getByText('End the running session?').waitFor();
  await desk.page.getByText('Opening x.csv ends it').waitFor();
});
