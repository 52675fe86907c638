import { resolve } from 'node:path';
import type { Launch } from '../contract/channels.ts';

/** What the command line may say. Everything else is Chromium's and left alone. */
export interface Arguments {
  readonly launch: Launch | null;
  readonly userDataDir: string | null;
}

/**
 * Reads `--sample`, `--session FILE` (may be repeated), `--positions FILE` and `--user-data-dir DIR`, each also as
 * `--name=value`. Relative paths are meant from `workingDirectory`.
 */
export function readArguments(argv: readonly string[], workingDirectory: string): Arguments {
  const sessionPaths: string[] = [];
  let positionsPath: string | null = null;
  let userDataDir: string | null = null;
  let sample = false;
  for (let index = 0; index < argv.length; index += 1) {
    const [name = '', inline] = splitOnce(argv[index] ?? '');
    if (name === '--sample') sample = true;
    if (name !== '--session' && name !== '--positions' && name !== '--user-data-dir') continue;
    const value = inline ?? argv[(index += 1)];
    if (value === undefined || value.length === 0) continue;
    const path = resolve(workingDirectory, value);
    if (name === '--session') sessionPaths.push(path);
    if (name === '--positions') positionsPath = path;
    if (name === '--user-data-dir') userDataDir = path;
  }
  return { launch: launchOf(sessionPaths, positionsPath, sample), userDataDir };
}

function launchOf(sessionPaths: readonly string[], positionsPath: string | null, sample: boolean): Launch | null {
  if (sessionPaths.length > 0) return { kind: 'files', sessionPaths, positionsPath };
  return sample ? { kind: 'sample' } : null;
}

function splitOnce(argument: string): readonly [string, string | undefined] {
  const at = argument.indexOf('=');
  return at < 0 ? [argument, undefined] : [argument.slice(0, at), argument.slice(at + 1)];
}
