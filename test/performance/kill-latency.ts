import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ElectronApplication, Page } from 'playwright-core';
import { prepareDesktop } from '../support/desktop.ts';
import { launchOn } from '../support/electron-launch.ts';

/**
 * How long after a press of the kill switch trades still come out of the engine: the real program, playing a session in
 * which every quote trades, with nothing and then with busy loops beside it. Pressed by the shortcut in the main process
 * while the page hangs, and by `flinktrade kill`.
 *
 * What counts is when the main process is handed the last trade, which is later than when it was decided: the engine cuts
 * what it tells a window sixty times a second. So the numbers are upper bounds.
 */
const cli = resolve(import.meta.dirname, '..', 'engine', 'cli.js');
const SYMBOLS = 20;
/** Of each symbol, 10 ms apart: ten minutes of 2,000 quotes a second. */
const QUOTES_EACH = 60_000;
const START_MS = Date.UTC(2026, 2, 2, 14, 30);
/** Nothing comes so long after a press that was heeded. */
const QUIET_MS = 1_000;
const HANG_MS = 600;
/** The promise. */
const PROMISED_MS = 100;

interface Press {
  /** From the press to the last trade, ms. */
  readonly lastTradeMs: number;
  /** `flinktrade kill`: from its start to the switch's file; null: pressed otherwise. */
  readonly startedMs: number | null;
}

interface SeenTrades {
  flinktradeLastTradeMs: number;
}

const { values } = parseArgs({
  options: { kills: { type: 'string', default: '30' }, busy: { type: 'string', default: '4' } },
});
const kills = Number(values.kills);
if (!(kills >= 2)) {
  console.error(`--kills must be 2 or more, for two ways to press; found ${values.kills}.`);
  process.exit(2);
}
const busyLoops = Number(values.busy);

function writeMarket(folder: string): string[] {
  const price = (cents: number): string => (cents / 100).toFixed(2);
  const lines = ['symbol,eventTimeMs,bid,bidSize,ask,askSize'];
  for (let index = 0; index < QUOTES_EACH; index += 1)
    for (let symbol = 0; symbol < SYMBOLS; symbol += 1) {
      // A step above what the ask rises by after each trade: every quote trades.
      const cents = 10_000 + index * 11;
      lines.push(`S${symbol},${START_MS + index * 10},${price(cents + 11)},1,${price(cents + 13)},100`);
    }
  const session = join(folder, 'session.csv');
  const positions = join(folder, 'positions.csv');
  writeFileSync(session, `${lines.join('\n')}\n`);
  const held = Array.from({ length: SYMBOLS }, (_, symbol) => `S${symbol},1000000,100.00,0`);
  writeFileSync(positions, `symbol,shares,buyPrice,ttlMs\n${held.join('\n')}\n`);
  return ['--session', session, '--positions', positions];
}

/** Has the main process note when the engine tells it of trades. */
async function noteTrades(application: ElectronApplication): Promise<void> {
  await application.evaluate(({ MessageChannelMain }) => {
    const seen = globalThis as unknown as SeenTrades;
    seen.flinktradeLastTradeMs = 0;
    const prototype = Object.getPrototypeOf(new MessageChannelMain().port1) as {
      postMessage: (message: unknown) => void;
    };
    const post = prototype.postMessage;
    prototype.postMessage = function (this: unknown, message: unknown, ...rest: unknown[]) {
      const told = JSON.stringify(message, (_key, value: unknown) => (ArrayBuffer.isView(value) ? null : value));
      if (told.includes('"kind":"trades"')) seen.flinktradeLastTradeMs = Date.now();
      return Reflect.apply(post, this, [message, ...rest]) as void;
    };
  });
}

const lastTradeMs = (application: ElectronApplication): Promise<number> =>
  application.evaluate(() => (globalThis as unknown as SeenTrades).flinktradeLastTradeMs);

const pause = (delayMs: number): Promise<void> => new Promise((done) => setTimeout(done, delayMs));

/** Trades flow: some were told just now. */
async function trading(application: ElectronApplication): Promise<void> {
  const from = Date.now();
  while ((await lastTradeMs(application)) < from + 100) {
    if (Date.now() - from > 30_000) throw new Error('No trades come.');
    await pause(20);
  }
}

async function rearm(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Re-arm\u2026', exact: true }).click();
  await page.getByLabel('Reason').fill('measured');
  await page.getByRole('button', { name: 'Re-arm trading', exact: true }).click();
  await page.getByText('TRADING HALTED').waitFor({ state: 'detached' });
}

async function byShortcut(application: ElectronApplication, page: Page): Promise<Press> {
  const hung = page.evaluate((hangMs) => {
    const endMs = performance.now() + hangMs;
    while (performance.now() < endMs);
  }, HANG_MS);
  const window = await application.browserWindow(page);
  const pressedMs = await window.evaluate((browserWindow) => {
    const nowMs = Date.now();
    browserWindow.webContents.sendInputEvent({ type: 'keyDown', keyCode: 'K', modifiers: ['control', 'shift'] });
    return nowMs;
  });
  await hung;
  await pause(QUIET_MS);
  return { lastTradeMs: (await lastTradeMs(application)) - pressedMs, startedMs: null };
}

async function byCommand(application: ElectronApplication, userData: string): Promise<Press> {
  const startMs = Date.now();
  const child = spawn(process.execPath, [cli, 'kill', '--user-data-dir', userData], { stdio: 'ignore' });
  await new Promise((done) => child.once('exit', done));
  const pressedMs = statSync(join(userData, 'kill-switch')).birthtimeMs;
  await pause(QUIET_MS);
  return { lastTradeMs: (await lastTradeMs(application)) - pressedMs, startedMs: pressedMs - startMs };
}

function tell(what: string, numbers: readonly number[]): void {
  const sorted = [...numbers].sort((left, right) => left - right);
  const at = (share: number): string =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
  const above = sorted.filter((each) => each > PROMISED_MS).length;
  console.log(
    `${what.padEnd(58)} median ${at(0.5).padStart(4)}  p90 ${at(0.9).padStart(4)}  max ${at(1).padStart(4)} ms   above ${PROMISED_MS} ms: ${above} of ${sorted.length}`,
  );
}

async function measure(application: ElectronApplication, page: Page, userData: string, title: string): Promise<void> {
  const shortcut: Press[] = [];
  const command: Press[] = [];
  for (let index = 0; index < kills; index += 1) {
    await trading(application);
    // Not in step with anything that happens at an interval.
    await pause(37 * (index % 7));
    const press = index % 2 === 0 ? await byShortcut(application, page) : await byCommand(application, userData);
    (press.startedMs === null ? shortcut : command).push(press);
    await page.getByText('TRADING HALTED').waitFor();
    await rearm(page);
  }
  tell(
    `${title}: shortcut, page hung -> last trade`,
    shortcut.map((press) => press.lastTradeMs),
  );
  tell(
    `${title}: command's file -> last trade`,
    command.map((press) => press.lastTradeMs),
  );
  tell(
    `${title}: start of the command -> its file`,
    command.map((press) => press.startedMs ?? 0),
  );
}

const folder = mkdtempSync(join(tmpdir(), 'flinktrade-kill-'));
const loops: ChildProcess[] = [];
const { desktop, stop } = await prepareDesktop((message) => console.error(`measure:kill: ${message}`));
try {
  await using app = await launchOn(desktop, { args: writeMarket(folder) });
  const page = await app.window('index.html');
  await noteTrades(app.application);
  for (const busy of busyLoops > 0 ? [0, busyLoops] : [0]) {
    for (let loop = 0; loop < busy; loop += 1)
      loops.push(spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    await measure(app.application, page, app.userDataFolder, `${busy} busy loops`);
  }
} finally {
  for (const loop of loops) loop.kill('SIGKILL');
  await stop();
  rmSync(folder, { recursive: true, force: true });
}
