import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

const CLI = resolve(import.meta.dirname, '..', '..', 'dist', 'engine', 'cli.js');

function startGateway(): Promise<{ url: string; child: ChildProcess }> {
  return new Promise((done) => {
    const words = ['gateway', '--port', '0', '--latency-ms', '15', '--partial-rate', '0.3', '--reject-rate', '0.3'];
    const child = spawn(process.execPath, [CLI, ...words], { stdio: ['ignore', 'pipe', 'ignore'] });
    child.stdout.setEncoding('utf8').once('data', (text: string) => done({ url: text.trim(), child }));
  });
}

describe('orders in the window', () => {
  let desk: WorkstationPage;
  let gateway: { url: string; child: ChildProcess };
  beforeAll(async () => {
    gateway = await startGateway();
    desk = await openWorkstation();
  });
  afterAll(async () => {
    await desk.app.close();
    gateway.child.kill('SIGKILL');
  });

  test('go to the gateway that the settings name, and the blotter shows how each ended', async () => {
    const { page } = desk;
    await page.getByLabel('Display settings').click();
    await page.getByLabel('Execution gateway').fill(gateway.url);
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Play the sample' }).click();
    await desk.waitForRows();

    const headings = page.locator('.trades-grid .grid-heading-label');
    await expect.poll(() => headings.allTextContents()).toContain('ORDER');
    const states = page.locator('.trades-grid .grid-row [data-column=order]');
    await expect
      .poll(async () => (await states.allTextContents()).join(' '), { timeout: 60_000 })
      .toMatch(/confirmed|partly|rejected/);
    await page.getByRole('tab', { name: /Orders/ }).click();
    const law = page.getByTestId('littles-law');
    await expect.poll(() => law.getAttribute('data-latency-ms'), { timeout: 30_000 }).not.toBe('');
    const [occupancy, perSecond, latencyMs] = await Promise.all(
      ['data-occupancy', 'data-throughput-per-second', 'data-latency-ms'].map(async (name) =>
        Number(await law.getAttribute(name)),
      ),
    );
    expect(latencyMs).toBeGreaterThan(0);
    expect(occupancy).toBeLessThanOrEqual(32);
    expect(perSecond).toBeGreaterThan(0);
    await expect.poll(() => desk.text('instrument')).toMatch(/tick/);
  });
});
