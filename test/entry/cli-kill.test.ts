import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { flinktrade } from './cli-kit.ts';

it('flinktrade kill presses the switch in the folder it is told, and says so', async () => {
  const folder = temporaryFolder('kill');
  const words = ['kill', '--user-data-dir', join(folder, 'data')];

  const first = await flinktrade(words, { folder });
  const second = await flinktrade(words, { folder });

  expect(first.code).toBe(0);
  expect(first.stderr).toContain('The kill switch is on');
  expect(second.stderr).toContain('on already');
  expect(readFileSync(join(folder, 'data', 'kill-switch'), 'utf8')).toContain('flinktrade kill');
});

it('flinktrade kill takes no other words', async () => {
  const folder = temporaryFolder('kill');
  const run = await flinktrade(['kill', 'everything'], { folder });
  expect(run.code).toBe(2);
  expect(existsSync(join(folder, 'kill-switch'))).toBe(false);
});
