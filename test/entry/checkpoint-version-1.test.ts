import { cpSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade } from './cli-kit.ts';

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
