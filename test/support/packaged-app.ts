import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const repositoryRoot = resolve(import.meta.dirname, '..', '..');
/** Copying an Electron of 260 MB on a slow disk. */
const packLimitMs = 240_000;

/**
 * Packs the application, unless it is packed as it stands.
 * @param variant `test-build` lets an inspector in, so that it can be driven; `release` does not
 * @returns the packed program
 */
export async function packedProgram(variant: 'test-build' | 'release'): Promise<string> {
  const script = join(repositoryRoot, 'build', 'package', 'package.mjs');
  const flag = variant === 'test-build' ? '--test-build' : '--quick';
  await promisify(execFile)(process.execPath, [script, flag], { cwd: repositoryRoot, timeout: packLimitMs });
  const folder = join(repositoryRoot, 'release', variant === 'test-build' ? 'test-build' : '.');
  const unpacked = readdirSync(folder).find((name) => name.endsWith('-unpacked'));
  if (unpacked === undefined) throw new Error(`packing left no unpacked application in ${folder}`);
  return join(folder, unpacked, process.platform === 'win32' ? 'FlinkTrade.exe' : 'flinktrade');
}
