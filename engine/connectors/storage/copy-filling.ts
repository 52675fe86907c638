import { StoreError } from '../../contract/durable-store.ts';
import type { Sha256 } from '../../core/bytes.ts';
import { isRemoval } from './copy-catalogue.ts';
import { unsealValue } from './sealed-value.ts';
import type { TimedCopy } from './store-copy.ts';

/** So few records are left for the moment in which writings wait; more are copied beside them. */
const LAST_FEW = 8;

/** What a copy must have to be whole; it changes while values are written. */
export interface StoreRecords {
  /** Names of all records, oldest first. */
  readonly wanted: () => readonly string[];
  readonly birth: { readonly raw: string; readonly bytes: Uint8Array };
  readonly sha256: Sha256;
  /** A record that no source has whole. */
  readonly onLost: (raw: string, copy: TimedCopy) => void;
}

/**
 * Copies what a copy lacks, while writings go on, until only a few records are missing.
 * @returns false when it was stopped before that
 */
export async function fillCopy(
  copy: TimedCopy,
  sources: () => readonly TimedCopy[],
  records: StoreRecords,
  isStopped: () => boolean,
): Promise<boolean> {
  for (;;) {
    const present = new Set(await copy.list());
    const missing = records.wanted().filter((raw) => !present.has(raw));
    if (missing.length <= LAST_FEW) return true;
    for (const raw of missing) {
      if (isStopped()) return false;
      await transfer(raw, sources(), copy, records);
    }
  }
}

/**
 * Brings a copy to what the store has, while nothing is written. Records that are too many go, values before the records
 * that buried them.
 */
export async function alignCopy(copy: TimedCopy, sources: readonly TimedCopy[], records: StoreRecords): Promise<void> {
  const present = new Set(await copy.list());
  const wanted = records.wanted();
  for (const raw of wanted) if (!present.has(raw)) await transfer(raw, sources, copy, records);
  const needed = new Set(wanted);
  const extra = [...present].filter((raw) => !needed.has(raw));
  await copy.remove(extra.filter((raw) => !isRemoval(raw)));
  await copy.remove(extra.filter(isRemoval));
}

/** Copies one record as it is; a damaged one too, so that what is missing is known by name. */
async function transfer(
  raw: string,
  sources: readonly TimedCopy[],
  to: TimedCopy,
  { wanted, birth, sha256, onLost }: StoreRecords,
): Promise<void> {
  if (raw === birth.raw) return to.put(raw, birth.bytes);
  let best: Uint8Array | null = null;
  for (const source of sources) {
    const bytes = source === to ? null : await readAsIs(source, raw);
    if (bytes === null) continue;
    best = bytes;
    if (typeof unsealValue(bytes, sha256) !== 'string') return to.put(raw, bytes);
  }
  // Overwritten or removed in the meantime.
  if (!wanted().includes(raw)) return;
  onLost(raw, to);
  await to.put(raw, best ?? new Uint8Array(0));
}

/** A record that cannot be read, where others can, has no bytes. */
async function readAsIs(source: TimedCopy, raw: string): Promise<Uint8Array | null> {
  try {
    return await source.get(raw);
  } catch (error) {
    if (error instanceof StoreError && error.kind === 'damaged') return null;
    throw error;
  }
}
