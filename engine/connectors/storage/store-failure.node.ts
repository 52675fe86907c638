import { StoreError, type StoreErrorKind } from '../../contract/durable-store.ts';

/** No block, no quota, or no larger file: what waiting for room may mend. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);

/**
 * What the operating system refused, as a StoreError.
 * @param where the path it happened at
 * @param tried ends the sentence "It was tried to ...": `write 100 bytes`
 */
export function storeFailure(error: unknown, where: string, tried: string): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error);
  const found = error instanceof Error ? error.message : String(error);
  const kind: StoreErrorKind = code !== null && FULL.has(code) ? 'full' : 'failed';
  const advice =
    kind === 'full'
      ? 'Make room on that disk; nothing that was stored before is lost, and writing is tried again.'
      : 'See whether the folder is there and may be written, and whether its disk reports faults.';
  return new StoreError(kind, where, `It was tried to ${tried} at ${where}; found: ${found}. ${advice}`, error);
}

/** `ENOENT` and its like, or null. */
export function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : null;
}
