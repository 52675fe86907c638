import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { sha256Of } from '../../engine/entry/session/session-identity.node.ts';
import { writtenByNewerProgram } from '../support/newer-checkpoint.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade } from './cli-kit.ts';
import { POSITIONS } from '../../engine/trading/position-state.ts';

/**
 * A replay of simulated quotes that was killed at its sixth checkpoint, by the program as it was before states had schema
 * versions (checkpoint and key group version 1), and the trades of an undisturbed replay by that program.
 */
const FIXTURE = resolve(import.meta.dirname, '..', 'fixtures', 'checkpoint-version-1');

test.each(['1', '3'])('a session that an older program left behind goes on with %s workers', async (workers) => {
  const folder = temporaryFolder('version-1');
  cpSync(FIXTURE, folder, { recursive: true });
  const words = ['replay', 'session.csv.gz', '--positions', 'positions.csv', '--rules', 'rules.json'];

  const run = await flinktrade([...words, '--state', 'state', '--workers', workers, '--trades', 'again.csv'], {
    folder,
  });

  expect(run.code, run.stderr).toBe(0);
  expect(run.stderr).toContain('Going on from checkpoint 6 in state');
  expect(readFileSync(join(folder, 'again.csv'), 'utf8')).toBe(readFileSync(join(folder, 'trades.csv'), 'utf8'));
});

function checkpointsIn(folder: string): Map<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.parentPath.includes('checkpoints'))
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(names.map((name) => [name, sha256Of(readFileSync(name))]));
}

test('state of a newer program is refused once, with a sentence, and stays as it is', async () => {
  const folder = temporaryFolder('version-newer');
  cpSync(FIXTURE, folder, { recursive: true });
  await writtenByNewerProgram(join(folder, 'state'));
  const before = checkpointsIn(folder);
  const words = [
    'replay',
    'session.csv.gz',
    '--positions',
    'positions.csv',
    '--rules',
    'rules.json',
    '--state',
    'state',
  ];

  const run = await flinktrade(words, { folder });

  expect(run.code).toBe(3);
  expect(run.stderr).toContain(
    `State 'positions' was stored in schema version 99; this program knows version ${POSITIONS.schema.version}.`,
  );
  expect(run.stderr).not.toMatch(/internal failure|Going on from checkpoint 7 in \d/);
  expect(before.size).toBeGreaterThan(4);
  expect(checkpointsIn(folder)).toEqual(before);
});
