import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { simulatedMarket, TIGHT_RULES, type SimulatedMarket } from '../support/simulated-market.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { CLI, flinktrade, put } from './cli-kit.ts';

const SEED = 20_261_122;
const DURATION_MS = 240_000;

let market: SimulatedMarket;

beforeAll(() => {
  market = simulatedMarket(SEED, DURATION_MS);
});

function folderWithSession(): string {
  const folder = temporaryFolder('state');
  put(folder, { 's.csv': market.csv, 'p.csv': market.positions, 'r.json': JSON.stringify(TIGHT_RULES) });
  return folder;
}

/** Slow enough to be killed in the middle. */
const WORDS = ['replay', 's.csv', '--positions', 'p.csv', '--rules', 'r.json', '--speed', 'x80'];
const OUTPUTS = ['--trades', 't.csv', '--report', 'report.json'];
const STATE = ['--state', 'state', '--checkpoint-interval-ms', '100'];

/**
 * Runs the command line and kills it without a warning, some time after it has made so many more checkpoints.
 * @returns whether it was killed; false: it had ended by itself
 */
function killAfter(words: readonly string[], folder: string, checkpoints: number, moreMs = 0): Promise<boolean> {
  return new Promise((done) => {
    const target = newestId(folder) + checkpoints;
    const child = spawn(process.execPath, [CLI, ...words], { cwd: folder, stdio: 'ignore' });
    const look = setInterval(() => {
      if (newestId(folder) < target) return;
      clearInterval(look);
      setTimeout(() => child.kill('SIGKILL'), moreMs);
    }, 10);
    child.on('exit', (code) => {
      clearInterval(look);
      done(code === null);
    });
  });
}

function outcome(folder: string): { readonly trades: string; readonly report: unknown } {
  const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { engine?: unknown };
  delete report.engine;
  return { trades: readFileSync(join(folder, 't.csv'), 'utf8'), report };
}

async function undisturbed(): Promise<ReturnType<typeof outcome>> {
  const folder = folderWithSession();
  const run = await flinktrade([...WORDS.slice(0, -2), ...OUTPUTS, '--workers', '1'], { folder });
  expect(run.code, run.stderr).toBe(0);
  return outcome(folder);
}

function checkpointFiles(folder: string): string[] {
  try {
    return (readdirSync(join(folder, 'state'), { recursive: true }) as string[])
      .filter((name) => /checkpoints.*manifest/.test(name))
      .sort();
  } catch {
    // Not made yet, or changed while it was read.
    return [];
  }
}

function newestId(folder: string): number {
  return Math.max(0, ...checkpointFiles(folder).map((name) => Number(/checkpoints\/(\d+)/.exec(name)?.[1])));
}

/** Ids of trades in the exported audit trail, as often as they stand there. */
function toldTrades(folder: string): string[] {
  const lines = readFileSync(join(folder, 'audit.jsonl'), 'utf8').split('\n');
  return lines
    .filter((line) => line.includes('"kind":"trade"'))
    .map((line) => (JSON.parse(line) as { details: { id: string } }).details.id);
}

function tradeIds(csv: string): string[] {
  const lines = csv.trim().split('\n').slice(1);
  return lines.map((line) => line.slice(0, line.indexOf(',')));
}

function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] ^= 0xff;
  writeFileSync(path, bytes);
}

describe('a replay with --state', { timeout: 120_000 }, () => {
  it('ends as an undisturbed one does, killed again and again and gone on with by other numbers of workers', async () => {
    const expected = await undisturbed();
    const folder = folderWithSession();
    const random = createRandom(SEED);
    let kills = 0;
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const workers = String(1 + Math.floor(random() * 5));
      const words = [...WORDS, ...OUTPUTS, ...STATE, '--workers', workers];
      if (await killAfter(words, folder, Math.floor(random() * 3), random() * 150)) kills += 1;
    }

    const run = await flinktrade([...WORDS.slice(0, -2), ...OUTPUTS, ...STATE, '--workers', '3'], { folder });

    expect(run.code, run.stderr).toBe(0);
    expect(kills).toBeGreaterThan(2);
    expect(run.stderr).toContain('Going on from checkpoint');
    expect(outcome(folder)).toEqual(expected);
    const verified = await flinktrade(['audit', 'verify', 'state'], { folder });
    expect(verified.stdout).toContain('intact');
    await flinktrade(['audit', 'export', 'state', '-o', 'audit.jsonl'], { folder });
    expect(toldTrades(folder).sort()).toEqual(tradeIds(expected.trades).sort());
  });

  it('leaves nothing where a savepoint is asked of a folder that holds no session', async () => {
    const folder = temporaryFolder('state');

    expect(await flinktrade(['savepoint', 'wrong', '-o', 'savepoint'], { folder })).toEqual({
      code: 3,
      stdout: '',
      stderr: 'wrong is no state folder: it was never the DIR of --state DIR.\n',
    });
    expect(await flinktrade(['savepoint', '.', '-o', 'savepoint'], { folder })).toMatchObject({ code: 3 });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes on from a savepoint in another folder, and refuses one that is not what was written', async () => {
    const expected = await undisturbed();
    const folder = folderWithSession();
    await killAfter([...WORDS, ...STATE], folder, 3);
    const saved = await flinktrade(['savepoint', 'state', '-o', 'savepoint'], { folder });
    expect(saved.code, saved.stderr).toBe(0);
    const words = [...WORDS.slice(0, -2), ...OUTPUTS, '--savepoint', 'savepoint', '--workers', '4'];

    const run = await flinktrade([...words, '--state', 'elsewhere'], { folder });

    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain('Going on from checkpoint');
    expect(outcome(folder)).toEqual(expected);
    const again = await flinktrade([...words, '--state', 'elsewhere'], { folder });
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('There are checkpoints already');
    damage(join(folder, 'savepoint'));
    const damaged = await flinktrade([...words, '--state', 'third'], { folder });
    expect(damaged.code).toBe(3);
    expect(damaged.stderr).toContain('is not what was written');
  });

  it('goes on from the good copy when the other is damaged, and says so', async () => {
    const expected = await undisturbed();
    const folder = folderWithSession();
    await killAfter([...WORDS, ...STATE], folder, 2);
    rmSync(join(folder, 'state', 'a', 'values'), { recursive: true });

    const run = await flinktrade([...WORDS.slice(0, -2), ...OUTPUTS, ...STATE], { folder });

    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toContain('It is rebuilt from the other copy');
    expect(run.stderr).toContain('Going on from checkpoint');
    expect(outcome(folder)).toEqual(expected);
  });

  it('falls back to the checkpoint before a damaged one, and says so', async () => {
    const expected = await undisturbed();
    const folder = folderWithSession();
    await killAfter([...WORDS, ...OUTPUTS, ...STATE], folder, 2);
    const manifests = checkpointFiles(folder);
    expect(manifests.length).toBeGreaterThan(1);
    damageNewest(folder);

    const run = await flinktrade([...WORDS.slice(0, -2), ...OUTPUTS, ...STATE], { folder });

    expect(run.code, run.stderr).toBe(0);
    expect(outcome(folder)).toEqual(expected);
  });

  it('refuses to go on with other rules, and names them', async () => {
    const folder = folderWithSession();
    await killAfter([...WORDS, ...STATE], folder, 1);
    put(folder, { 'r.json': JSON.stringify({ version: 1 }) });

    const run = await flinktrade([...WORDS, ...STATE], { folder });

    expect(run.code).toBe(2);
    expect(run.stderr).toContain('holds another session; it differs in: the rules');
  });

  it('is not taken for a fresh start when no checkpoint is whole', async () => {
    const folder = folderWithSession();
    await killAfter([...WORDS, ...STATE], folder, 2);
    for (const name of checkpointFiles(folder)) damage(join(folder, 'state', name));

    const run = await flinktrade([...WORDS, ...STATE], { folder });

    expect(run.code).toBe(3);
    expect(run.stderr).toContain('not treated as a fresh start');
  });
});

/** In every copy there is. */
function damageNewest(folder: string): void {
  const newest = String(newestId(folder));
  for (const name of checkpointFiles(folder)) if (name.includes(`${newest}/`)) damage(join(folder, 'state', name));
}
