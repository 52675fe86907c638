import { expect, test } from 'vitest';
import { openWorkstation } from './workstation-page.ts';

test('the state line says that state is kept, and where', async () => {
  const desk = await openWorkstation();
  await using _app = desk.app;
  await desk.page.locator('[data-storage=kept]').waitFor();
  await desk.page.getByTestId('storage').click();
  expect(await desk.text('storage-notes')).toMatch(/in the vault, each in vault A and vault B.*a new store begins/s);
});
