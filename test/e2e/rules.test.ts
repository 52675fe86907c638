import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

describe('the rules panel', () => {
  let desk: WorkstationPage;
  beforeAll(async () => {
    desk = await openWorkstation({ args: ['--sample'] });
    await desk.waitForRows();
    await desk.waitForState('Playing');
  });
  afterAll(() => desk.app.close());
  const rule = (name: string) => desk.page.locator(`[data-rule=${name}]`);
  const apply = () => desk.button('Apply to the session');

  test('names the field, what was found and what is allowed, while it is typed', async () => {
    await desk.button('Rules').click();

    await rule('askOffset').locator('input').fill('1O.5');

    const problem = await rule('askOffset').getByRole('alert').textContent();
    expect(problem).toContain('defaults.askOffset');
    expect(problem).toContain('1O.5');
    expect(problem).toContain('allowed: a decimal with a point');
    expect(await apply().isDisabled()).toBe(true);
  });

  test('asks before changes are thrown away', async () => {
    await desk.page.keyboard.press('Escape');
    await desk.page.getByText('Discard the changes?').waitFor();

    await desk.button('Cancel').click();

    expect(await rule('askOffset').locator('input').inputValue()).toBe('1O.5');
  });

  test('sends the rules to the running engine, which says which version they became and when', async () => {
    const version = async (): Promise<number> => Number(/Version (\d+)/.exec(await desk.text('rules-version'))?.[1]);
    const before = await version();

    await rule('askOffset').locator('input').fill('0.25');
    await rule('askIncrease').locator('input').fill('1');
    await rule('askIncrease').getByLabel('Amount of money or percent').selectOption('%');
    await apply().click();

    await expect.poll(version).toBe(before + 1);
    expect(await desk.text('rules-version')).toMatch(/applied at \d\d:\d\d:\d\d\.\d{3} event time/);
    expect(await apply().isDisabled()).toBe(true);
  });

  test('rules of one symbol show what they inherit, and go back to it', async () => {
    await desk.page.getByLabel('Symbol to set own rules for').fill('AAPL');
    await desk.button('Add the symbol').click();
    await desk.page.getByText('AAPL is not in this session').waitFor();

    expect(await rule('askOffset').locator('input').getAttribute('placeholder')).toBe('0.25');
    await rule('askOffset').locator('input').fill('3');
    await rule('askOffset').getByText('all symbols: 0.25').waitFor();
    await rule('askOffset').getByRole('button', { name: /Reset/ }).click();

    expect(await rule('askOffset').locator('input').inputValue()).toBe('');
  });

  test('a symbol that was typed in small letters is the one of the session', async () => {
    const [symbol = ''] = await desk.listed();
    await desk.page.getByLabel('Symbol to set own rules for').fill(symbol.toLowerCase());
    await desk.button('Add the symbol').click();

    const added = desk.page.getByRole('button', { name: symbol, exact: true });
    await added.waitFor();
    expect(await desk.page.getByText('is not in this session').count()).toBe(0);
    await desk.button(`Remove the rules of ${symbol}`).click();
  });

  test('limits take a number or none', async () => {
    await desk.page.getByRole('navigation').getByText('Limits').click();

    await rule('maxTradesPerSecond').getByRole('textbox').fill('2.5');
    await rule('maxTradesPerSecond').getByRole('alert').waitFor();
    await rule('maxTradesPerSecond').getByRole('textbox').fill('5');
    await rule('maxTradesPerSecond').getByRole('alert').waitFor({ state: 'detached' });
    await apply().click();

    await expect.poll(() => apply().isDisabled()).toBe(true);
  });

  test('exports what holds and reads it back; a file with a typo is refused by path', async () => {
    const folder = temporaryFolder('rules');
    const file = join(folder, 'rules.json');
    await desk.answerSaveDialog(file);
    await desk.button('Export\u2026').click();
    await desk.page.getByText(`Saved to ${file}`).waitFor();
    const written = JSON.parse(readFileSync(file, 'utf8')) as { defaults: object; limits: object };
    expect(written.defaults).toMatchObject({ askOffset: '0.25', askIncrease: { amount: { percent: '1' } } });
    expect(written.limits).toMatchObject({ maxTradesPerSecond: 5 });

    writeFileSync(file, '{"version": 1, "defaults": {"askOfset": "1"}}');
    await desk.answerOpenDialog([file]);
    await desk.button('Import\u2026').click();
    await desk.page.getByText('The file was not taken.').waitFor();
    expect(await desk.page.locator('.rules-notes').first().textContent()).toContain('askOfset');
  });

  test('a preset loads, and is applied like any other rules', async () => {
    await desk.page.getByLabel('Load a preset').selectOption('original-demo');
    await desk.page.getByRole('navigation').getByText('All symbols').click();

    expect(await rule('fill').locator('select').inputValue()).toBe('all-or-none');
    await apply().click();
    await expect.poll(() => apply().isDisabled()).toBe(true);
    await desk.page.keyboard.press('Escape');
    await desk.page.getByRole('dialog').waitFor({ state: 'detached' });
  });
});
