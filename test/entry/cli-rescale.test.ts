import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { DeskMaker } from '../support/workstation-desk.ts';
import { WorkstationEngine } from '../support/workstation-engine.ts';
import { flinktrade } from './cli-kit.ts';

const maker = new DeskMaker({
  seed: 5,
  durationMs: 120_000,
  rules: { version: 1, defaults: { ttlMs: 20_000, askOffset: '0.02', maxSharesPerTrade: '100' } },
  speed: { kind: 'times', factor: 10 },
});
const EVENT_SECONDS_PER_SECOND = 12;

function words(folder: string, trades: string, ...more: string[]): string[] {
  writeFileSync(join(folder, 'r.json'), JSON.stringify({ version: 1, defaults: { ttlMs: 20_000 } }));
  return ['replay', 's.csv', '--positions', 'p.csv', '--rules', 'r.json', '--trades', trades, ...more];
}

/** Workers hand over their trades in no order. */
const sortedLines = (path: string): string[] => readFileSync(path, 'utf8').trim().split('\n').sort();

it(
  'flinktrade rescale changes a replay that runs, which tells it and ends with the same trades',
  { timeout: 120_000 },
  async () => {
    const { folder } = maker.desk();
    expect((await flinktrade(words(folder, 'all.csv', '--workers', '1'), { folder })).code).toBe(0);
    const answers: Promise<{ readonly code: number; readonly stderr: string }>[] = [];
    let heard = '';
    const speed = `x${EVENT_SECONDS_PER_SECOND}`;
    const run = await flinktrade(words(folder, 'changed.csv', '--workers', '2', '--state', 'state', '--speed', speed), {
      folder,
      onStderr: (text) => {
        heard += text;
        // Its threads run: it reads.
        if (answers.length === 0) answers.push(flinktrade(['rescale', 'state', '--workers', '4'], { folder }));
        if (answers.length === 1 && heard.includes('Workers 2 -> 4'))
          answers.push(flinktrade(['rescale', 'state', '--workers', '1'], { folder }));
      },
    });

    expect(run.code).toBe(0);
    const [first, second] = await Promise.all(answers);
    expect(first.stderr).toMatch(/Workers 2 -> 4: \d+ keys in \d+ key groups moved, no quote was taken in for \d+ ms/);
    expect(second.stderr).toContain('Workers 4 -> 1');
    expect([first.code, second.code]).toEqual([0, 0]);
    expect(run.stderr).toContain('Workers 4 -> 1');
    expect(sortedLines(join(folder, 'changed.csv'))).toEqual(sortedLines(join(folder, 'all.csv')));
    const audit = await flinktrade(['audit', 'export', 'state', '-o', 'audit.jsonl'], { folder });
    expect(audit.code).toBe(0);
    expect(readFileSync(join(folder, 'audit.jsonl'), 'utf8').match(/"kind":"rescale"/g)).toHaveLength(2);
  },
);

it('replay --autoscale takes workers away from an easy session', { timeout: 120_000 }, async () => {
  const { folder } = maker.desk();
  const run = await flinktrade(words(folder, 't.csv', '--workers', '4', '--autoscale', '--speed', 'x6'), { folder });

  expect(run.code).toBe(0);
  expect(run.stderr).toMatch(/Workers 4 -> 2: .* 4 workers are busy \d+ % of their time/);
});

it('flinktrade rescale reaches the workstation, and says so when nobody answers', { timeout: 120_000 }, async () => {
  const { folder, state, request } = maker.desk();
  await using engine = new WorkstationEngine(state);
  engine.open(request);
  await engine.untilStatus('playing');

  const run = await flinktrade(['rescale', '--user-data-dir', state, '--workers', '3'], { folder });
  const again = await flinktrade(['rescale', '--user-data-dir', state, '--workers', '3'], { folder });
  mkdirSync(join(folder, 'idle'));
  const nobody = await flinktrade(['rescale', 'idle', '--workers', '3'], { folder });
  const nowhere = await flinktrade(['rescale', 'nowhere', '--workers', '3'], { folder });

  expect(run.stderr).toContain('Workers 2 -> 3');
  expect(engine.known.scaling?.workers).toBe(3);
  expect(again.stderr).toContain('has 3 workers already');
  expect(nobody.code).toBe(3);
  expect(nobody.stderr).toContain('answered within');
  expect(readdirSync(join(folder, 'idle'))).toEqual([]);
  expect(nowhere).toMatchObject({ code: 3, stderr: 'There is no folder nowhere, so no session runs with it.\n' });
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});

it('flinktrade rescale needs a number', async () => {
  const folder = temporaryFolder('rescale');
  const run = await flinktrade(['rescale', '--workers', '99'], { folder });
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('1 to 32');
});
