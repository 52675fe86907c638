import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { electronFlags } from '../../build/runtime/display.mjs';
import type { Desktop } from './desktop.ts';
import type { VaultReport } from './vault-program/report.ts';

const repositoryRoot = resolve(import.meta.dirname, '..', '..');
const programFolder = join(repositoryRoot, 'dist', 'test', 'vault-program');
/** Far above the two seconds that opening takes, and what a rebuild adds on a slow machine. */
const RUN_MS_MAX = 90_000;

/** Bundles the vault program; once before the first run. */
export async function bundleVaultProgram(): Promise<void> {
  mkdirSync(programFolder, { recursive: true });
  await build({
    absWorkingDir: repositoryRoot,
    entryPoints: ['test/support/vault-program/main.ts'],
    outfile: join(programFolder, 'main.js'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.18',
    external: ['electron'],
    logLevel: 'warning',
  });
  writeFileSync(
    join(programFolder, 'package.json'),
    '{ "name": "vault-program", "type": "module", "main": "main.js" }',
  );
}

export interface VaultRun {
  readonly child: ChildProcess;
  readonly reports: VaultReport[];
  /** Resolves with the first report that fits, or rejects when the program ends without one. */
  until(fits: (report: VaultReport) => boolean): Promise<VaultReport>;
  /** As the system would: the whole program at once. Resolves when it is gone. */
  kill(): Promise<void>;
  ended: Promise<void>;
}

export type VaultMode = 'fill' | 'write' | 'trickle' | 'read' | 'export';

export function runVault(
  desktop: Desktop,
  mode: VaultMode,
  userData: string,
  added: Readonly<Record<string, string>> = {},
): VaultRun {
  const args = [
    ...electronFlags(),
    '--disable-gpu',
    `--user-data-dir=${userData}`,
    programFolder,
    mode,
    join(repositoryRoot, 'dist'),
    userData,
  ];
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    ...(desktop.display === '' ? {} : { DISPLAY: desktop.display }),
    ...added,
  };
  delete env['ELECTRON_RUN_AS_NODE'];
  delete env['NODE_OPTIONS'];
  // A group of its own: killing it takes every process of the program at once.
  const child = spawn(desktop.executable, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const reports: VaultReport[] = [];
  const watchers = new Set<() => void>();
  let errors = '';
  let rest = '';
  let isOver = false;
  child.stderr.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4_000)));
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('@')) reports.push(JSON.parse(line.slice(1)) as VaultReport);
    for (const watcher of watchers) watcher();
  });
  const killGroup = (): void => {
    try {
      if (child.pid !== undefined && !isOver) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just ended by itself.
      return;
    }
  };
  const limit = setTimeout(killGroup, RUN_MS_MAX);
  const ended = new Promise<void>((done) => {
    child.on('close', () => {
      isOver = true;
      clearTimeout(limit);
      for (const watcher of watchers) watcher();
      done();
    });
  });
  return {
    child,
    reports,
    ended,
    until: (fits) =>
      new Promise((done, fail) => {
        const look = (): void => {
          const found = reports.find(fits);
          if (found === undefined && !isOver) return;
          watchers.delete(look);
          if (found !== undefined) done(found);
          else
            fail(
              new Error(`The vault program (${mode}) ended too soon. ${errors}\n${JSON.stringify(reports.slice(-5))}`),
            );
        };
        watchers.add(look);
        look();
      }),
    kill: async () => {
      killGroup();
      await ended;
    },
  };
}

/** For each name what may be found: what was acknowledged last, and what was asked for since. */
export function expectationOf(reports: readonly VaultReport[]): Map<string, Set<string | null>> {
  const may = new Map<string, Set<string | null>>();
  for (const report of reports) {
    if (report.kind === 'asked') may.set(report.name, new Set([...(may.get(report.name) ?? [null]), report.hash]));
    if (report.kind === 'stored') may.set(report.name, new Set([report.hash]));
  }
  return may;
}

/** What a reading run found, by name. */
export function foundIn(reports: readonly VaultReport[]): Map<string, string | null> {
  return new Map(reports.flatMap((report) => (report.kind === 'value' ? [[report.name, report.hash] as const] : [])));
}

/** @returns what is not as it may be, in words; empty when all is well */
export function mismatches(
  may: ReadonlyMap<string, ReadonlySet<string | null>>,
  found: ReadonlyMap<string, string | null>,
): string[] {
  const wrong: string[] = [];
  for (const [name, allowed] of may) {
    const hash = found.get(name) ?? null;
    if (!allowed.has(hash)) wrong.push(`${name}: found ${hash}, expected ${[...allowed].join(' or ')}`);
  }
  for (const name of found.keys()) if (!may.has(name)) wrong.push(`${name}: was never put`);
  return wrong;
}
