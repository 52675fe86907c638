import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openWorkstation, type WorkstationPage } from '../e2e/workstation-page.ts';
import { flinktrade } from '../entry/cli-kit.ts';
import { AppLife } from './app-life.ts';
import { serveFeed, type ServedFeed } from './served-feed.ts';
import { runVault } from './vault-runs.ts';
import { simulatedMarket } from './simulated-market.ts';
import type { Desktop } from './desktop.ts';

/** Wall time to wait for a sign of life on a machine with better things to do. */
const SIGN_MS_MAX = 40_000;
/** A kill falls somewhere in this long after a sign of life. */
const KILL_WITHIN_MS = 1_500;
/** Of the program's start: before the session is back, while it comes back, and just after. */
const START_MS = 6_000;

const TRADES_EXPORT = '[title="Export the trades as CSV"]';

export interface Kills {
  program: number;
  recovery: number;
  window: number;
  vault: number;
  worker: number;
}

export interface Rounds {
  readonly kills: number;
  readonly random: () => number;
  /** Counts who was killed. */
  readonly tally: Kills;
}

export interface Outcome {
  readonly trades: readonly string[];
  readonly rows: readonly string[];
}

export interface RoundFiles {
  readonly session: string;
  readonly positions: string;
}

export function writeMarket(folder: string, seed: number, eventSeconds: number): RoundFiles {
  mkdirSync(folder, { recursive: true });
  const market = simulatedMarket(seed, eventSeconds * 1000);
  const files = { session: join(folder, 'session.csv'), positions: join(folder, 'positions.csv') };
  writeFileSync(files.positions, market.positions);
  writeFileSync(files.session, market.csv);
  return files;
}

const wordsOf = ({ session, positions }: RoundFiles): string[] => ['--session', session, '--positions', positions];

/** The session from its beginning to its end, without a disturbance. */
export async function undisturbed(folder: string, files: RoundFiles): Promise<Outcome> {
  const desk = await openWorkstation({ userDataFolder: join(folder, 'undisturbed'), args: wordsOf(files) });
  await using _app = desk.app;
  return await toTheEnd(desk, folder);
}

/** Kills something, again and again, and lets the last life play to the end. */
export async function disturbed(desktop: Desktop, folder: string, files: RoundFiles, rounds: Rounds): Promise<Outcome> {
  const userData = join(folder, 'killed');
  await begin(userData, files);
  await killAgainAndAgain(desktop, userData, rounds);
  const desk = await openWorkstation({ userDataFolder: userData });
  await using _app = desk.app;
  await desk.page.getByTestId('recovery').waitFor({ timeout: 60_000 });
  return await toTheEnd(desk, folder);
}

/** What a live session traded while it was killed, again and again, and what its journal gives when it is replayed. */
export interface LiveOutcome {
  readonly traded: readonly string[];
  readonly replayed: readonly string[];
}

/** A live session on a served feed: kills, then the journal out of the vault, and a replay of it in one go. */
export async function disturbedLive(desktop: Desktop, folder: string, rounds: Rounds): Promise<LiveOutcome> {
  const userData = join(folder, 'killed');
  const feed = await serveFeed(folder, ['--quotes-per-second', '1500']);
  await beginLive(userData, feed.url, join(folder, 'p.csv'));
  await killAgainAndAgain(desktop, userData, rounds);
  const traded = await lastLife(userData, folder, feed);
  const journal = join(folder, 'journal');
  await runVault(desktop, 'export', userData, { FLINKTRADE_JOURNAL: journal }).until(({ kind }) => kind === 'idle');
  const words = ['replay', '--journal', journal, '--positions', 'p.csv', '--workers', '1', '--trades', 'again.csv'];
  const run = await flinktrade(words, { folder });
  if (run.code !== 0) throw new Error(`The journal cannot be replayed: ${run.stderr}`);
  return { traded, replayed: linesOf(join(folder, 'again.csv')) };
}

async function beginLive(userData: string, url: string, positions: string): Promise<void> {
  const desk = await openWorkstation({ userDataFolder: userData });
  await using _app = desk.app;
  await desk.connect(url, positions);
  await desk.waitForNumber('total-trades', 3);
  await desk.page.locator('[data-testid=last-checkpoint]:not([data-checkpoint=""])').waitFor();
  await desk.app.kill();
}

/** Goes on, trades once more, and has nothing pending any more when its feed is gone. */
async function lastLife(userData: string, folder: string, feed: ServedFeed): Promise<readonly string[]> {
  const desk = await openWorkstation({ userDataFolder: userData });
  await using _app = desk.app;
  await desk.page.getByTestId('recovery').waitFor({ timeout: 60_000 });
  await desk.page.locator('[data-testid=feed-state][data-state=live]').waitFor({ timeout: 60_000 });
  await desk.waitForNumber('total-trades', (await desk.number('total-trades')) + 3);
  await feed.kill();
  await desk.page.locator('[data-testid=feed-state][data-state=reconnecting]').waitFor({ timeout: 60_000 });
  // Longer than a part of the journal waits for more, and than the store takes.
  await desk.page.waitForTimeout(3_000);
  return await exported(desk, join(folder, 'trades-out.csv'), TRADES_EXPORT);
}

/** Opens the session at a pace at which it outlives many kills, and is killed itself once something is kept. */
async function begin(userData: string, files: RoundFiles): Promise<void> {
  const desk = await openWorkstation({ userDataFolder: userData, args: wordsOf(files) });
  await using _app = desk.app;
  await desk.waitForRows();
  await desk.button('\u00d75').click();
  await desk.page.locator('[data-testid=last-checkpoint]:not([data-checkpoint=""])').waitFor();
  await desk.app.kill();
}

async function killAgainAndAgain(desktop: Desktop, userData: string, { kills, random, tally }: Rounds): Promise<void> {
  for (let kill = 0; kill < kills; kill += 1) {
    const app = new AppLife(desktop, userData);
    try {
      await killOnce(app, random, tally);
    } finally {
      await app.kill();
    }
  }
}

async function killOnce(app: AppLife, random: () => number, tally: Kills): Promise<void> {
  const dice = random();
  if (dice < 0.25) {
    // Somewhere in the start: the store is being opened, the session looked for, its threads started.
    await pause(random() * START_MS);
    tally.recovery += 1;
    return;
  }
  if (!(await app.wrote(3, SIGN_MS_MAX))) throw new Error(`The program does not go on. It printed:\n${app.output}`);
  await pause(random() * KILL_WITHIN_MS);
  if (dice < 0.55) {
    tally.program += 1;
    return;
  }
  const whom = dice < 0.7 ? 'window' : dice < 0.85 ? 'vault' : 'worker';
  if (whom === 'worker') app.killThread(Math.floor(random() * 3) - 1);
  else if (app.killPage(whom, random()) === null) throw new Error(`There is no process of the ${whom} to be killed.`);
  tally[whom] += 1;
  // It goes on by itself, in the same program; then that is killed as well, to end the life.
  if (!(await app.wrote(4, SIGN_MS_MAX)))
    throw new Error(`After the ${whom} was killed nothing was kept any more. It printed:\n${app.output}`);
}

/** Plays what is left at once, and gives out what came of it. */
export async function toTheEnd(desk: WorkstationPage, folder: string): Promise<Outcome> {
  await desk.waitForRows();
  await desk.waitForState('Playing');
  await desk.button('max').click();
  await desk.waitForState('Finished');
  await desk.page.waitForTimeout(500);
  return {
    trades: await exported(desk, join(folder, 'trades-out.csv'), TRADES_EXPORT),
    rows: await exported(desk, join(folder, 'rows-out.csv'), '[aria-label=Positions] [title^="Export the listed"]'),
  };
}

/** Sorted: the window has trades in the order in which the workers handed them over. */
async function exported(desk: WorkstationPage, path: string, button: string): Promise<string[]> {
  rmSync(path, { force: true });
  await desk.answerSaveDialog(path);
  await desk.page.locator(button).click();
  await desk.page.getByText(`Saved to ${path}`).waitFor();
  return linesOf(path);
}

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').trim().split(/\r?\n/).sort();
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
