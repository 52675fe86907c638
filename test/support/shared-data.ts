import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'vitest';

const repositoryRoot = resolve(import.meta.dirname, '..', '..');

/**
 * The folder of recorded market data and conformance traces, which is kept beside the project and never in it:
 * `FLINKTRADE_SHARED` if set, else `../shared`.
 * @returns its absolute path, or undefined where it is absent
 */
export function sharedFolder(): string | undefined {
  const named = process.env['FLINKTRADE_SHARED'];
  const folder = named === undefined || named === '' ? resolve(repositoryRoot, '..', 'shared') : resolve(named);
  return existsSync(folder) ? folder : undefined;
}

/**
 * @param path below the shared folder, such as `conformance/timers.json`
 * @returns the absolute path, or undefined where the folder or the file is absent
 */
export function sharedFile(path: string): string | undefined {
  const folder = sharedFolder();
  if (folder === undefined) return undefined;
  const file = join(folder, path);
  return existsSync(file) ? file : undefined;
}

/**
 * A suite that needs files of the shared folder. Where one is absent the suite shrinks to one skipped test whose name
 * and note say what is missing, so that no test is skipped silently.
 * @param name of the suite
 * @param paths files or folders below the shared folder that the suite reads
 * @param body receives their absolute paths, in order
 */
export function describeWithSharedData<const Paths extends readonly string[]>(
  name: string,
  paths: Paths,
  body: (files: { readonly [Index in keyof Paths]: string }) => void,
): void {
  const found = paths.map((path) => sharedFile(path));
  const missing = paths.filter((_, index) => found[index] === undefined);
  if (missing.length === 0) {
    describe(name, () => body(found as unknown as { readonly [Index in keyof Paths]: string }));
    return;
  }
  const reason = `needs ${missing.join(', ')} of the shared data; put it in ../shared or set FLINKTRADE_SHARED`;
  describe(name, () => {
    test(`is skipped: ${reason}`, ({ skip }) => skip(reason));
  });
}
