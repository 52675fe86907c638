import { cpSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { storeDamages } from '../support/store-damages.ts';
import { openWorkstation, type WorkstationPage } from './workstation-page.ts';

const partition = (profile: string, copy: 'a' | 'b'): string => join(profile, 'Partitions', `vault-${copy}`);

function inflict(what: string, profile: string, copies: readonly ('a' | 'b')[]): void {
  const damage = storeDamages.find((one) => one.what === what);
  if (damage === undefined) throw new Error(`No such damage: ${what}.`);
  for (const copy of copies) damage.inflict(partition(profile, copy));
}

/** A profile whose store was born and at rest when the program was killed. */
async function usedProfile(): Promise<string> {
  const profile = temporaryFolder('vault-profile');
  const desk = await openWorkstation({ userDataFolder: profile });
  await desk.page.locator('[data-storage=kept]').waitFor();
  await desk.app.kill();
  return profile;
}

/** Writes another format number into the database of one copy, strictly. */
async function setFormat(vault: Page, format: number): Promise<void> {
  await vault.evaluate(
    (value) =>
      new Promise<void>((done, fail) => {
        const opening = indexedDB.open('flinktrade-vault');
        opening.onerror = () => fail(opening.error);
        opening.onsuccess = () => {
          const writing = opening.result.transaction('facts', 'readwrite', { durability: 'strict' });
          writing.objectStore('facts').put({ name: 'format', value });
          writing.oncomplete = () => done();
          writing.onerror = () => fail(writing.error);
        };
      }),
    format,
  );
}

const notes = (desk: WorkstationPage): Promise<string[]> =>
  desk.page.locator('[data-note]').evaluateAll((all) => all.map((one) => one.getAttribute('data-note') ?? ''));

describe('what is kept, as the window says it', () => {
  test('a new store begins once, and only once', async () => {
    const profile = temporaryFolder('vault-profile');
    const desk = await openWorkstation({ userDataFolder: profile });
    await desk.page.locator('[data-storage=kept]').waitFor();
    await desk.page.getByTestId('storage').click();
    expect(await desk.text('storage-notes')).toMatch(/in the vault, each in vault A and vault B.*a new store begins/s);
    await desk.app.kill();

    const again = await openWorkstation({ userDataFolder: profile });
    await using _app = again.app;
    await again.page.locator('[data-storage=kept]').waitFor();
    expect(await notes(again)).toEqual(['opened']);
  });

  test('a copy whose log was emptied is rebuilt from the other, which is said', async () => {
    const profile = await usedProfile();
    inflict('log emptied', profile, ['a']);
    const desk = await openWorkstation({ userDataFolder: profile });
    await using _app = desk.app;
    await desk.page.locator('[data-note=copy-rebuilt]').waitFor({ state: 'attached' });
    expect(await desk.page.getByTestId('storage').getAttribute('data-storage')).toBe('kept');
    expect(await notes(desk)).not.toContain('fresh-start');
  });

  test('both copies gone is said loudly, is no fresh start, and nothing is written over', async () => {
    const profile = await usedProfile();
    const elsewhere = temporaryFolder('vault-aside');
    cpSync(profile, elsewhere, { recursive: true, filter: (path) => !path.includes('Singleton') });
    inflict('the whole folder deleted', profile, ['a', 'b']);
    for (const attempt of [1, 2]) {
      const desk = await openWorkstation({ userDataFolder: profile });
      await desk.page.locator('[data-storage=not-kept]').waitFor();
      expect(await desk.text('storage-notes'), `start ${attempt}`).toMatch(
        /the vault is lost. Expected: .*Found: .*backup/s,
      );
      expect(await notes(desk)).not.toContain('fresh-start');
      await desk.app.kill();
    }

    // The files brought back are the store again: nothing has taken their place.
    for (const copy of ['a', 'b'] as const) {
      cpSync(partition(elsewhere, copy), partition(profile, copy), { recursive: true, force: true });
    }
    expect(existsSync(join(profile, 'store.mark'))).toBe(true);
    const desk = await openWorkstation({ userDataFolder: profile });
    await using _app = desk.app;
    await desk.page.locator('[data-storage=kept]').waitFor();
  });

  test('a store of a newer version is refused and left untouched', async () => {
    const profile = temporaryFolder('vault-profile');
    const desk = await openWorkstation({ userDataFolder: profile });
    await desk.page.locator('[data-storage=kept]').waitFor();
    await setFormat(await desk.app.window('app://vault/'), 99);
    await desk.app.kill();

    const older = await openWorkstation({ userDataFolder: profile });
    await older.page.locator('[data-storage=not-kept]').waitFor();
    expect(await older.text('storage-notes')).toMatch(/newer FlinkTrade.*untouched/s);
    expect(readdirSync(join(profile, 'Partitions')).sort()).toEqual(['vault-a', 'vault-b']);
    for (const page of older.app.application.windows()) {
      if (page.url().startsWith('app://vault/')) await setFormat(page, 1);
    }
    await older.app.kill();

    const again = await openWorkstation({ userDataFolder: profile });
    await using _app = again.app;
    await again.page.locator('[data-storage=kept]').waitFor();
  });

  test('a vault whose process is killed comes back, and both copies serve', async () => {
    const desk = await openWorkstation();
    await using _app = desk.app;
    await desk.page.locator('[data-storage=kept]').waitFor();
    await desk.app.application.evaluate(({ BrowserWindow }) => {
      const vaults = BrowserWindow.getAllWindows().filter((window) =>
        window.webContents.getURL().startsWith('app://vault/'),
      );
      for (const window of vaults) process.kill(window.webContents.getOSProcessId(), 'SIGKILL');
    });
    await desk.page.locator('[data-note=copy-restarted]').nth(1).waitFor({ state: 'attached' });
    await expect
      .poll(() => desk.app.application.windows().filter((page) => page.url().startsWith('app://vault/')).length)
      .toBe(2);
    expect(await desk.text('storage')).toBe('state kept');
    expect(readdirSync(join(desk.app.userDataFolder, 'Partitions')).sort()).toEqual(['vault-a', 'vault-b']);
  });

  test('a page of a vault has no door: no Node, no function of ours, no network', async () => {
    const desk = await openWorkstation();
    await using _app = desk.app;
    const page = await desk.app.window('app://vault/');
    const found = await page.evaluate(async () => ({
      node: [typeof Reflect.get(window, 'process'), typeof Reflect.get(window, 'require')],
      api: typeof Reflect.get(window, 'flinktrade'),
      network: await fetch('https://example.com/').then(
        () => 'reached',
        () => 'refused',
      ),
      strict: document.location.origin,
    }));
    expect(found).toEqual({
      node: ['undefined', 'undefined'],
      api: 'undefined',
      network: 'refused',
      strict: 'app://vault',
    });
  });
});
