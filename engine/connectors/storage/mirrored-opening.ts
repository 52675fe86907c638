import { StoreError } from '../../contract/durable-store.ts';
import type { Sha256 } from '../../core/bytes.ts';
import { isRemoval, judgeCopy, type Condition, type Removal } from './copy-catalogue.ts';
import { unsealValue } from './sealed-value.ts';
import { asStoreError, type TimedCopy } from './store-copy.ts';
import { decodeMark, type MarkReading, type MarkRecord, type StoreMark } from './store-mark.ts';

/**
 * What is found when a mirrored store is opened, and what follows from it. Nothing is written here.
 *
 *   a copy counts when it is whole, of the mark's epoch, and not older than the mark; the newest such copy is the store
 *   two copies with gaps count together when their union is whole
 *   nothing at all, and no mark: a fresh start
 *   everything else: the store is lost, and that is said
 */
export type Whole = Extract<Condition, { kind: 'whole' }>;
export type Found = Condition | { readonly kind: 'closed'; readonly error: StoreError };

export interface CopyVerdict {
  readonly copy: TimedCopy;
  readonly found: Found;
  /** `serve`: as it is. `catch-up`: lacks the last writings, or has garbage. `rebuild`: set aside and filled anew. */
  readonly action: 'serve' | 'catch-up' | 'rebuild';
  /** Why it is not served as it is, completing "it ...". */
  readonly why: string;
}

export type Opening =
  | { readonly kind: 'fresh'; readonly epoch: string | null }
  | {
      readonly kind: 'found';
      readonly content: Whole;
      readonly verdicts: readonly CopyVerdict[];
      readonly mark: MarkReading;
      readonly joined: boolean;
    };

export interface Findings {
  readonly where: string;
  readonly mark: StoreMark;
  readonly reading: MarkReading;
  readonly copies: readonly { readonly copy: TimedCopy; readonly found: Found }[];
}

export async function lookAround(
  where: string,
  copies: readonly TimedCopy[],
  mark: StoreMark,
  sha256: Sha256,
): Promise<Findings> {
  const reading = decodeMark(await mark.read(), sha256);
  const found = await Promise.all(copies.map(async (copy) => ({ copy, found: await lookInto(copy, sha256) })));
  return { where, mark, reading, copies: found };
}

async function lookInto(copy: TimedCopy, sha256: Sha256): Promise<Found> {
  try {
    await copy.open();
    const raw = await copy.list();
    return judgeCopy(raw, await readRemovals(copy, raw, sha256), sha256);
  } catch (error) {
    return { kind: 'closed', error: asStoreError(error, copy.where) };
  }
}

async function readRemovals(copy: TimedCopy, raw: readonly string[], sha256: Sha256): Promise<readonly Removal[]> {
  const removals: Removal[] = [];
  for (const name of raw.filter(isRemoval)) {
    const bytes = await copy.get(name);
    const sealed = bytes === null ? 'it is gone' : unsealValue(bytes, sha256);
    if (typeof sealed === 'string') continue;
    removals.push({ sequence: sealed.sequence, names: namesIn(sealed.value) });
  }
  return removals;
}

function namesIn(value: Uint8Array): readonly string[] {
  let text = '';
  for (const byte of value) text += String.fromCharCode(byte);
  return JSON.parse(text) as readonly string[];
}

/** @throws StoreError `newer`, `locked`, `full`, `failed` or `lost` */
export function decide(findings: Findings, sha256: Sha256): Opening {
  refuseWhatMustStay(findings);
  const { reading, copies } = findings;
  const mark = reading.kind === 'read' ? reading.record : null;
  if (reading.kind === 'missing' && copies.every(({ found }) => isUnborn(found))) {
    const born = copies.map(({ found }) => found).find((found) => found.kind === 'whole');
    return { kind: 'fresh', epoch: born?.epoch ?? null };
  }
  const judged = copies.map(({ copy, found }) => ({ copy, found, why: whyNot(found, mark) }));
  const trusted = judged.filter((one) => one.why === null && mark?.whole.includes(one.copy.label) !== false);
  const newest = trusted
    .map((one) => one.found as Whole)
    .reduce<Whole | null>((best, one) => (best === null || one.head > best.head ? one : best), null);
  if (newest === null) return joinOrGiveUp(findings, judged, mark, sha256);
  for (const one of judged)
    if (one.why === null && !trusted.includes(one)) one.why = whyNotTrusted(one.found as Whole, newest);
  const good = judged.filter((one) => one.why === null).map((one) => one.found as Whole);
  if (
    good.some((one) => one.epoch !== newest.epoch || (one.head === newest.head && one.sum.digest !== newest.sum.digest))
  ) {
    throw lost(findings, 'The two copies contradict each other, and nothing tells which of them is right');
  }
  const verdicts = judged.map(({ copy, found, why }): CopyVerdict => {
    if (why !== null) return { copy, found, action: 'rebuild', why };
    const isBehind = (found as Whole).head < newest.head;
    const action = isBehind || hasGarbage(found as Whole) ? 'catch-up' : 'serve';
    return { copy, found, action, why: isBehind ? `ends at writing ${(found as Whole).head} of ${newest.head}` : '' };
  });
  return { kind: 'found', content: newest, verdicts, mark: reading, joined: false };
}

function refuseWhatMustStay({ where, mark, reading, copies }: Findings): void {
  const newer = copies.find(({ found }) => found.kind === 'newer');
  if (newer !== undefined || reading.kind === 'newer') {
    throw new StoreError(
      'newer',
      newer?.copy.where ?? mark.where,
      `${where} was written by a newer FlinkTrade. It was left untouched. Use the newer version.`,
    );
  }
  const refused = copies.map(({ found }) => (found.kind === 'closed' ? found.error : null));
  const final = refused.find((error) => error?.kind === 'newer' || error?.kind === 'locked');
  if (final !== undefined && final !== null) throw final;
  const troubles = refused.filter((error) => error?.kind === 'failed' || error?.kind === 'full');
  if (troubles.length === copies.length && troubles[0] !== undefined && troubles[0] !== null) {
    const kind = troubles.some((error) => error?.kind === 'full') ? 'full' : 'failed';
    const words = troubles.map((error) => error?.message).join(' ');
    throw new StoreError(kind, where, `Neither copy of ${where} can be opened. ${words}`, troubles[0]);
  }
}

/** Empty, or born and never written: a program was stopped in its first moment. */
function isUnborn(found: Found): boolean {
  return found.kind === 'empty' || (found.kind === 'whole' && found.head === 0);
}

/** @returns null when the copy counts, else why not */
function whyNot(found: Found, mark: MarkRecord | null): string | null {
  switch (found.kind) {
    case 'empty':
      return 'is empty';
    case 'newer':
      return 'is of a newer format';
    case 'closed':
      return `could not be opened: ${found.error.message}`;
    case 'broken':
      return found.why;
    case 'whole':
      break;
  }
  if (mark === null) return null;
  if (found.epoch !== mark.epoch) return `is another store, born as ${found.epoch.slice(0, 8)}`;
  if (found.head < mark.sequence) return `is older than it must be: it ends at writing ${found.head}`;
  if (found.head === mark.sequence && found.sum.digest !== mark.digest) return 'has other values than the mark names';
  return null;
}

/** A copy that had failed when the mark was written counts only as the twin of one that had not. */
function whyNotTrusted(found: Whole, newest: Whole): string | null {
  const isTwin = found.head === newest.head && found.sum.digest === newest.sum.digest;
  return isTwin ? null : 'had failed when the mark was written, and was not rebuilt since';
}

function hasGarbage(whole: Whole): boolean {
  const needed = 1 + whole.entries.size + (isHeadAnEntry(whole) ? 0 : 1);
  return whole.raw.size > needed;
}

function isHeadAnEntry({ entries, headRaw }: Whole): boolean {
  if (headRaw === null) return true;
  for (const entry of entries.values()) if (entry.raw === headRaw) return true;
  return false;
}

/** Two copies that each lost something, but not the same: judged as if they were one. */
function joinOrGiveUp(
  findings: Findings,
  judged: readonly { readonly copy: TimedCopy; readonly found: Found; readonly why: string | null }[],
  mark: MarkRecord | null,
  sha256: Sha256,
): Opening {
  const parts = judged.map(({ found }) => (found.kind === 'broken' && !found.unfinished ? found : null));
  if (mark !== null && parts.every((part) => part !== null)) {
    const raw = [...new Set(parts.flatMap((part) => [...(part?.raw ?? [])]))];
    // Without removal records: one that is the newest would be needed, and then the sum does not fit.
    const union = judgeCopy(raw, [], sha256);
    if (union.kind === 'whole' && whyNot(union, mark) === null) {
      const verdicts = judged.map(({ copy, found, why }): CopyVerdict => ({
        copy,
        found,
        action: 'catch-up',
        why: why ?? '',
      }));
      return { kind: 'found', content: union, verdicts, mark: findings.reading, joined: true };
    }
  }
  throw lost(findings, 'Neither of its two copies is what it was when it was last written');
}

function lost(findings: Findings, what: string): StoreError {
  const { where, reading, copies, mark } = findings;
  const expected =
    reading.kind === 'read'
      ? `the mark ${mark.where} says that ${reading.record.count} values were stored up to writing ${reading.record.sequence}, on ${new Date(reading.record.writtenAtMs).toISOString()}`
      : `the mark ${mark.where} is ${reading.kind}`;
  const found = copies.map(({ copy, found: one }) => `${copy.where} ${describe(one, reading)}`).join('; ');
  return new StoreError(
    'lost',
    where,
    `${what}: ${where} is lost. Expected: ${expected}. Found: ${found}. Nothing was changed. ` +
      'Bring back the store and its mark from a backup; or, to begin anew on purpose, move them all to another place.',
  );
}

function describe(found: Found, reading: MarkReading): string {
  const why = whyNot(found, reading.kind === 'read' ? reading.record : null);
  if (why !== null) return why;
  return found.kind === 'whole' ? `has ${found.sum.count} values up to writing ${found.head}` : found.kind;
}
