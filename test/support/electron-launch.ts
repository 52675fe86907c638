import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { _electron } from 'playwright-core';
import type { ElectronApplication, Page } from 'playwright-core';
import { electronFlags, runsWithoutSandbox } from '../../build/runtime/display.mjs';
import type { Desktop } from './desktop.ts';

const repositoryRoot = resolve(import.meta.dirname, '..', '..');
const screenshotFolder = join(repositoryRoot, 'test-results', 'screenshots');

/** Two cores and a cold cache; far above the two seconds it takes. */
const launchLimitMs = 60_000;
/** Twice what starting and attaching took on a machine with eight programs for each core. */
const attachLimitMs = 12_000;
const attachAttempts = 4;
const copyAttempts = 5;
/** A window that does not close by itself in that time is a failure of its own, but must not hang the run. */
const closeLimitMs = 10_000;
const windowPollMs = 50;

/** The two sizes that every screen is looked at in. */
export const windowSizes = { large: { width: 1440, height: 900 }, small: { width: 1024, height: 700 } } as const;

export interface LaunchOptions {
  /** After the application folder. */
  readonly args?: readonly string[];
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Kept when given, to start a second time on the same data; otherwise a fresh one, removed on close. */
  readonly userDataFolder?: string;
  /** Another build of the application than the one in dist. */
  readonly appFolder?: string;
  /** A packaged application to start instead of the bundles in dist. */
  readonly packagedExecutable?: string;
}

export interface RunningApp extends AsyncDisposable {
  readonly application: ElectronApplication;
  readonly userDataFolder: string;
  /** What main printed so far, both streams. */
  output(): string;
  /** The first window whose address contains `part`; waits for it. The vault's hidden window is one, too. */
  window(part?: string): Promise<Page>;
  /** Kills the whole application, as a crash or the system would. */
  kill(): Promise<void>;
  /** Closes it, and kills it when it does not. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts the application on a desktop, with a data folder of its own, so that runs side by side never meet each other or
 * the user's data. Tests use `launchApp` of electron-app.ts; this one is for benchmarks, which run without vitest.
 */
export async function launchOn(desktop: Desktop, options: LaunchOptions = {}): Promise<RunningApp> {
  const ownFolder = options.userDataFolder === undefined;
  const userDataFolder = options.userDataFolder ?? mkdtempSync(join(tmpdir(), 'flinktrade-e2e-'));
  const printed: string[] = [];
  let application: ElectronApplication;
  try {
    application = await launchSurely(userDataFolder, {
      executablePath: options.packagedExecutable ?? desktop.executable,
      args: [
        ...electronFlags(),
        '--disable-gpu',
        `--user-data-dir=${userDataFolder}`,
        ...(options.packagedExecutable === undefined ? [options.appFolder ?? repositoryRoot] : []),
        ...(options.args ?? []),
      ],
      env: environment(desktop.display, options.env),
      cwd: repositoryRoot,
      // Playwright leaves the sandbox out unless told; a test in a weaker process than the user's proves less.
      chromiumSandbox: !runsWithoutSandbox(),
    });
  } catch (error) {
    if (ownFolder) rmSync(userDataFolder, { recursive: true, force: true });
    throw error;
  }
  const child = application.process();
  child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => printed.push(chunk.toString()));
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;

  const kill = async (): Promise<void> => {
    if (!hasExited()) child.kill('SIGKILL');
    await exited;
  };
  const close = async (): Promise<void> => {
    if (!hasExited()) {
      await Promise.race([application.close().catch(() => undefined), after(closeLimitMs)]);
      await kill();
    }
    if (ownFolder) rmSync(userDataFolder, { recursive: true, force: true, maxRetries: 5 });
  };
  return {
    application,
    userDataFolder,
    output: () => printed.join(''),
    window: (part = '') => windowOf(application, part),
    kill,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Playwright attaches to the window while the window is being made, and now and then (about one start in twenty, more on
 * a busy machine) waits for ever for an answer that went to a renderer which was not there yet. The program itself runs
 * well then, and keeps what it does; so it is ended by Playwright and started again on the data it found.
 */
async function launchSurely(
  userDataFolder: string,
  options: Parameters<typeof _electron.launch>[0] & object,
): Promise<ElectronApplication> {
  const asFound = mkdtempSync(join(tmpdir(), 'flinktrade-found-'));
  try {
    copyData(userDataFolder, asFound);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await _electron.launch({ ...options, timeout: attachLimitMs });
      } catch (error) {
        const isStuck = error instanceof Error && /Timeout \d+ms exceeded/.test(error.message);
        if (!isStuck || attempt === attachAttempts) throw error;
        console.error(`Playwright could not attach within ${attachLimitMs} ms (attempt ${attempt}); starting again`);
        rmSync(userDataFolder, { recursive: true, force: true, maxRetries: 5 });
        copyData(asFound, userDataFolder);
      }
    }
  } finally {
    rmSync(asFound, { recursive: true, force: true });
  }
}

/**
 * Copies what a program keeps, without the links by which a running one is known to the next and without Chromium's
 * files of a moment. The last processes of a program that was just ended may still take files away: then once more.
 */
function copyData(from: string, to: string): void {
  if (!existsSync(from)) return;
  const isKept = (path: string): boolean => !/Singleton|\.org\.chromium\./.test(basename(path));
  for (let attempt = 1; ; attempt += 1) {
    try {
      cpSync(from, to, { recursive: true, filter: isKept });
      return;
    } catch (error) {
      const hasVanished = (error as NodeJS.ErrnoException).code === 'ENOENT';
      if (!hasVanished || attempt === copyAttempts) throw error;
      rmSync(to, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/**
 * @param part of the address
 * @returns a window that is open, or the next one that opens and shows such a page
 */
async function windowOf(application: ElectronApplication, part: string): Promise<Page> {
  const startedMs = performance.now();
  while (performance.now() - startedMs < launchLimitMs) {
    for (const page of application.windows()) {
      if (!page.url().includes(part) || page.url() === 'about:blank') continue;
      await page.waitForLoadState('domcontentloaded');
      return page;
    }
    // A window is announced before it has an address, so asking again beats waiting for the announcement.
    await new Promise((done) => setTimeout(done, windowPollMs));
  }
  const open = application.windows().map((page) => page.url());
  throw new Error(
    `no window shows an address with "${part}" after ${launchLimitMs} ms; open are: ${open.join(', ') || 'none'}`,
  );
}

/**
 * Takes pictures of a window in both sizes, for people to look at: test-results/screenshots/<name>-1440x900.png ...
 * @returns the paths
 */
export async function takeScreenshots(app: RunningApp, page: Page, name: string): Promise<string[]> {
  mkdirSync(screenshotFolder, { recursive: true });
  const paths: string[] = [];
  for (const size of Object.values(windowSizes)) {
    await resizeWindow(app, page, size);
    const path = join(screenshotFolder, `${name}-${size.width}x${size.height}.png`);
    await page.screenshot({ path });
    paths.push(path);
  }
  return paths;
}

/** Gives the content of a window this size, and waits until the page has it. */
export async function resizeWindow(
  app: RunningApp,
  page: Page,
  size: { width: number; height: number },
): Promise<void> {
  const browserWindow = await app.application.browserWindow(page);
  await browserWindow.evaluate((window, wanted) => window.setContentSize(wanted.width, wanted.height), size);
  await page.waitForFunction((wanted) => innerWidth === wanted.width && innerHeight === wanted.height, size);
}

function environment(display: string, added: Readonly<Record<string, string>> = {}): Record<string, string> {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  // Set by test runners and editors; either would turn Electron into a plain Node.
  const withoutNode = inherited.filter(([name]) => name !== 'ELECTRON_RUN_AS_NODE' && name !== 'NODE_OPTIONS');
  return { ...Object.fromEntries(withoutNode), ...(display === '' ? {} : { DISPLAY: display }), ...added };
}

function after(delayMs: number): Promise<void> {
  return new Promise((done) => setTimeout(done, delayMs).unref());
}
