import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Page } from 'playwright-core';
import { launchApp, type LaunchOptions, type RunningApp } from '../support/electron-app.ts';

/**
 * The workstation as a person meets it: what they see and do, in their words. Everything goes through the real window of
 * the real program; only the operating system's own dialogs are answered for them.
 */
export class WorkstationPage {
  readonly app: RunningApp;
  readonly page: Page;

  constructor(app: RunningApp, page: Page) {
    this.app = app;
    this.page = page;
  }

  row(symbol: string) {
    return this.page.locator('.positions-grid .grid-row', {
      has: this.page.locator(`[data-column=symbol]:text-is("${symbol}")`),
    });
  }

  cell(symbol: string, column: string) {
    return this.row(symbol).locator(`[data-column=${column}]`);
  }

  /** Symbols of the visible rows, top down. */
  async listed(): Promise<string[]> {
    return await this.page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('.positions-grid .grid-row:not([hidden])')]
        .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
        .map((row) => row.querySelector('[data-column=symbol]')?.textContent ?? ''),
    );
  }

  async column(name: string): Promise<string[]> {
    return await this.page.evaluate(
      (column) =>
        [...document.querySelectorAll<HTMLElement>('.positions-grid .grid-row:not([hidden])')]
          .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
          .map((row) => row.querySelector(`[data-column=${column}]`)?.textContent ?? ''),
      name,
    );
  }

  async text(testId: string): Promise<string> {
    return (await this.page.getByTestId(testId).textContent()) ?? '';
  }

  /** The number shown there, separators and signs taken away. */
  async number(testId: string): Promise<number> {
    return Number((await this.text(testId)).replaceAll(',', '').replace('\u2212', '-').replace('+', ''));
  }

  async waitForRows(): Promise<void> {
    await this.page.locator('.positions-grid .grid-row').first().waitFor();
  }

  async waitForNumber(testId: string, atLeast: number): Promise<void> {
    await this.page.waitForFunction(
      ([id, least]) => {
        const text = document.querySelector(`[data-testid="${id}"]`)?.textContent ?? '';
        return Number(text.replaceAll(/[,+]/g, '').replace('\u2212', '-')) >= least;
      },
      [testId, atLeast] as const,
      { timeout: 60_000 },
    );
  }

  async waitForState(state: 'Playing' | 'Paused' | 'Finished'): Promise<void> {
    await this.page.locator(`[data-testid=session-state]:text-is("${state}")`).waitFor({ timeout: 60_000 });
  }

  button(name: string | RegExp) {
    return this.page.getByRole('button', { name, exact: typeof name === 'string' });
  }

  /** Answers the next open dialogs of the operating system with these files; everything behind it is real. */
  async answerOpenDialog(paths: readonly string[]): Promise<void> {
    await this.app.application.evaluate(({ dialog }, filePaths) => {
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [...filePaths] });
    }, paths);
  }

  /** Begins a live session, or goes on with it. @param positions file; null: none */
  async connect(url: string, positions: string | null): Promise<void> {
    await this.button('Session').click();
    const dialog = this.page.getByRole('dialog');
    if (positions !== null) {
      await this.answerOpenDialog([positions]);
      await dialog.getByRole('button', { name: 'Choose\u2026' }).nth(1).click();
      await dialog.getByText(basename(positions)).first().waitFor();
    }
    await dialog.getByLabel('Live feed').fill(url);
    await dialog.getByRole('button', { name: 'Connect' }).click();
  }

  async answerSaveDialog(path: string): Promise<void> {
    await this.app.application.evaluate(({ dialog }, filePath) => {
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath });
    }, path);
  }
}

export async function openWorkstation(options: LaunchOptions = {}): Promise<WorkstationPage> {
  const app = await launchApp(options);
  return await pageOf(app);
}

/** The window that is open now, or opens next. */
export async function pageOf(app: RunningApp): Promise<WorkstationPage> {
  const page = await app.window('index.html');
  await page.locator('.session-bar').waitFor();
  return new WorkstationPage(app, page);
}

/** Clicks an entry of the real menu, which lives in the main process. */
export async function clickMenu(desk: WorkstationPage, label: string): Promise<void> {
  const found = await desk.app.application.evaluate(({ Menu }, wanted) => {
    for (const menu of Menu.getApplicationMenu()?.items ?? []) {
      const item = menu.submenu?.items.find((candidate) => candidate.label === wanted);
      if (item !== undefined) {
        item.click();
        return true;
      }
    }
    return false;
  }, label);
  if (!found) throw new Error(`The menu has no entry "${label}".`);
}

export const SESSION_START_MS = Date.UTC(2026, 2, 2, 14, 30);

export interface SessionFiles {
  readonly session: string;
  readonly positions: string;
  readonly quotes: number;
}

/**
 * Writes a session of our own making: each symbol rises by a cent with every quote, so that every position trades; and
 * two rows that no reader can take.
 */
export function writeSession(
  folder: string,
  { symbols = ['AAA', 'BBB', 'CCC'], quotesPerSymbol = 400, everyMs = 250 } = {},
): SessionFiles {
  const session = join(folder, 'session.csv');
  const positions = join(folder, 'positions.csv');
  const lines = ['symbol,eventTimeMs,bid,bidSize,ask,askSize'];
  for (let index = 0; index < quotesPerSymbol; index += 1) {
    for (const [place, symbol] of symbols.entries()) {
      const cents = 10_000 * (place + 1) + index;
      const price = (units: number): string => (units / 100).toFixed(2);
      lines.push(`${symbol},${SESSION_START_MS + index * everyMs},${price(cents)},100,${price(cents + 2)},100`);
      if (index === 5 && place === 0) lines.push(`${symbol},${SESSION_START_MS + index * everyMs},many,100,1.00,100`);
      if (index === 6 && place === 0) lines.push(`${symbol},when,100.00,100,100.02,100`);
    }
  }
  writeFileSync(session, `${lines.join('\n')}\n`);
  const held = symbols.map((symbol, place) => `${symbol},1000,${((10_000 * (place + 1)) / 100).toFixed(2)}`);
  writeFileSync(positions, `symbol,shares,buyPrice\n${held.join('\n')}\n`);
  return { session, positions, quotes: symbols.length * quotesPerSymbol };
}
