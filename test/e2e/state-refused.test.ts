import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { POSITIONS } from '../../engine/trading/position-state.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { openWorkstation, writeSession } from './workstation-page.ts';

const ROOT = resolve(import.meta.dirname, '..', '..');
/** Where the bundles, in which blanks may be left out, say the schema version of positions. */
const POSITIONS_VERSION = /(?<=withSchema\(structState\("positions", ?POSITION_STATE\), ?)\d+(?=,)/;
const { version: VERSION } = POSITIONS.schema;

/** The same program, but for the schema version in which it stores positions: one that this one does not know. */
function newerProgram(): string {
  const folder = temporaryFolder('newer');
  mkdirSync(join(folder, 'dist'));
  for (const part of ['electron', 'engine', 'renderer'])
    cpSync(join(ROOT, 'dist', part), join(folder, 'dist', part), {
      recursive: true,
      filter: (path) => !path.endsWith('.map'),
    });
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  for (const bundle of ['flinktrade-task.js', 'flinktrade-worker.js', 'workstation.js']) {
    const path = join(folder, 'dist', 'engine', bundle);
    const code = readFileSync(path, 'utf8');
    expect(code).toMatch(POSITIONS_VERSION);
    writeFileSync(path, code.replace(POSITIONS_VERSION, String(VERSION + 1)));
  }
  return folder;
}

test('state of a newer program is said at once, with what to do, and the newer program still takes it', async () => {
  const folder = temporaryFolder('refused');
  const userDataFolder = join(folder, 'data');
  const appFolder = newerProgram();
  const { session, positions } = writeSession(folder, { quotesPerSymbol: 4_000 });
  const words = ['--session', session, '--positions', positions];
  {
    const desk = await openWorkstation({ userDataFolder, appFolder, args: words });
    await using app = desk.app;
    await desk.waitForNumber('total-trades', 3);
    // One that is complete holds their trades.
    await desk.page.waitForTimeout(2_500);
    await app.kill();
  }
  {
    const desk = await openWorkstation({ userDataFolder });
    await using app = desk.app;
    const banner = desk.page.locator('.banner.failure');
    await banner.waitFor();
    const text = (await banner.textContent()) ?? '';
    expect(text).toContain('This program cannot take over what is kept of the session, and has changed nothing of it.');
    expect(text).toContain(
      `State 'positions' was stored in schema version ${VERSION + 1}; this program knows version ${VERSION}.`,
    );
    expect(text).toContain('Opening another session gives it up.');
    // A restart would have been told as a problem of its own, with the time until the next attempt.
    expect(await desk.page.getByText('Going on from the last checkpoint in').count()).toBe(0);
    await desk.button('Try again').click();
    await banner.waitFor();
    await app.kill();
  }
  const desk = await openWorkstation({ userDataFolder, appFolder });
  await using _app = desk.app;
  await desk.waitForState('Playing');
  await desk.waitForNumber('total-trades', 3);
});
