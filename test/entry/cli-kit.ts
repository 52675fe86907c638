import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const CLI = resolve(import.meta.dirname, '..', '..', 'dist', 'engine', 'cli.js');
/** A run that takes longer hangs; on a busy machine a start alone takes seconds. */
const RUN_MS_MAX = 100_000;

export interface CliRun {
  /** Of a run that a signal ended, 128 + its number, as shells say. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliRunOptions {
  readonly folder: string;
  /** Called with each piece of standard error: the place to interrupt a run. */
  readonly onStderr?: (text: string, interrupt: () => void) => void;
  readonly onStdout?: (text: string, interrupt: () => void) => void;
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The command line as users run it: the bundle, in a process of its own. */
export function flinktrade(
  words: readonly string[],
  { folder, onStderr, onStdout, env }: CliRunOptions,
): Promise<CliRun> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [CLI, ...words], {
      cwd: folder,
      timeout: RUN_MS_MAX,
      env: { ...process.env, ...env },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      onStdout?.(text, () => child.kill('SIGINT'));
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      onStderr?.(text, () => child.kill('SIGINT'));
    });
    child.on('error', failed);
    child.on('close', (code, signal) => done({ code: code ?? (signal === 'SIGINT' ? 130 : -1), stdout, stderr }));
    child.stdin.end();
  });
}

export interface Report {
  readonly session: Record<string, unknown> & {
    readonly rows: number;
    readonly applied: number;
    readonly late: number;
    readonly quarantined: number;
    readonly ignored: number;
    readonly quarantinedByReason: Record<string, number>;
    readonly quarantinedRows: readonly { input: string; line: number; reason: string; text: string }[];
  };
  readonly rules: unknown;
  readonly positions: readonly Record<string, unknown>[];
  readonly reasons: Record<string, number>;
  readonly totals: { readonly trades: number; readonly shares: string; readonly profit: string };
  readonly engine: Record<string, number>;
}

/** Trades go to a file, the report to standard output; fails where the run did. */
export async function replay(words: readonly string[], folder: string): Promise<Report> {
  const run = await flinktrade(['replay', ...words, '--report', '-'], { folder });
  if (run.code !== 0) throw new Error(`The replay left with ${run.code}: ${run.stderr}`);
  return JSON.parse(run.stdout) as Report;
}

/** Event times of made-up sessions count from here: 2023-11-14T22:13:20Z. */
export const START_MS = 1_700_000_000_000;
export const HEADER = 'symbol,eventTimeMs,bid,bidSize,ask,askSize\n';

/** One row of FlinkTrade's own CSV, `atMs` after the start. */
export function row(symbol: string, atMs: number, bid: string, bidSize: string, ask: string, askSize = '100'): string {
  return `${symbol},${START_MS + atMs},${bid},${bidSize},${ask},${askSize}\n`;
}

/** Two quotes that trade twice with `POSITIONS`: 10 at 150.20, 10 at 150.40. */
export const GOOD = HEADER + row('AAPL', 0, '150.20', '10', '150.30') + row('AAPL', 1000, '150.40', '10', '150.50');
export const POSITIONS = 'symbol,shares,buyPrice\nAAPL,100,150.00\n';

/** A folder's session `s.csv` and positions `p.csv`, or other files by name. */
export function put(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
}
