import { asciiBytes, fromHex, toHex, type Sha256 } from '../../core/bytes.ts';

/**
 * How a copy knows that it is complete. Every writing has a number, and its name inside the copy carries what the whole
 * store amounts to after it: how many values there are, and the exclusive or of one hash for each (name, number, hash of
 * the value). So a list of names, without reading one value, proves that a copy is whole and how far it goes: the record
 * with the highest number says what must be there. A copy that was half emptied cannot say so by accident.
 *
 *   birth/<format>.<epoch>                                    one, for ever
 *   values/<name>.<sequence>.<count>.<hash>.<digest>          a value
 *   removals/<sequence>.<count>.<digest>                      the names that were removed, as a sealed JSON list
 *   rebuilding/<epoch>                                        only while the copy is being filled from the other
 *
 * A value that is overwritten gets a new name inside; the old one is removed later. Nothing is ever written in place.
 */
export const MIRROR_FORMAT = 1;
const SEQUENCE_DIGITS = 11;
const COUNT_DIGITS = 7;
const HASH_DIGITS = 16;
const VALUE = /^values\/(.+)\.([0-9a-z]{11})\.([0-9a-z]{7})\.([0-9a-f]{16})\.([0-9a-f]{32})$/;
const REMOVAL = /^removals\/([0-9a-z]{11})\.([0-9a-z]{7})\.([0-9a-f]{32})$/;
const BIRTH = /^birth\/(\d+)\.([0-9a-f]{32})$/;
const REBUILDING = /^rebuilding\/([0-9a-f]{32})$/;

/** One value as the store knows it without having read it. */
export interface Entry {
  readonly name: string;
  readonly sequence: number;
  /** First 16 digits of the SHA-256 of what is stored: tells two writings of a name apart. */
  readonly hash: string;
  /** Its name inside a copy. */
  readonly raw: string;
}

/** What the store amounts to after a writing. */
export interface Sum {
  readonly count: number;
  /** 32 hexadecimal digits. */
  readonly digest: string;
}

export interface Removal {
  readonly sequence: number;
  readonly names: readonly string[];
}

/** What a copy says about itself. */
export type Condition =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'whole';
      readonly epoch: string;
      /** Number of the newest record. */
      readonly head: number;
      readonly headRaw: string | null;
      readonly sum: Sum;
      readonly entries: ReadonlyMap<string, Entry>;
      readonly raw: ReadonlySet<string>;
    }
  | {
      readonly kind: 'broken';
      /** Completes "it ...". */
      readonly why: string;
      /** True when it is a copy that was being filled and never served. */
      readonly unfinished: boolean;
      readonly raw: ReadonlySet<string>;
    }
  | { readonly kind: 'newer'; readonly format: number };

export function firstSum(epoch: string, sha256: Sha256): Sum {
  return { count: 0, digest: toHex(sha256([asciiBytes(`epoch ${epoch}`)]).subarray(0, 16)) };
}

/** Adds an entry to a sum, or takes it out: exclusive or does both. */
export function withEntry(sum: Sum, entry: Omit<Entry, 'raw'>, change: 1 | -1, sha256: Sha256): Sum {
  const digest = fromHex(sum.digest);
  const part = sha256([asciiBytes(`entry ${entry.name} ${entry.sequence} ${entry.hash}`)]);
  for (let index = 0; index < digest.length; index += 1) digest[index] = (digest[index] ?? 0) ^ (part[index] ?? 0);
  return { count: sum.count + change, digest: toHex(digest) };
}

export function birthName(epoch: string): string {
  return `birth/${MIRROR_FORMAT}.${epoch}`;
}

export function rebuildingName(epoch: string): string {
  return `rebuilding/${epoch}`;
}

export function valueName(name: string, sequence: number, hash: string, sum: Sum): string {
  return `values/${name}.${padded(sequence, SEQUENCE_DIGITS)}.${padded(sum.count, COUNT_DIGITS)}.${shortHash(hash)}.${sum.digest}`;
}

export function removalName(sequence: number, sum: Sum): string {
  return `removals/${padded(sequence, SEQUENCE_DIGITS)}.${padded(sum.count, COUNT_DIGITS)}.${sum.digest}`;
}

export function shortHash(hash: string): string {
  return hash.slice(0, HASH_DIGITS);
}

export function isRemoval(raw: string): boolean {
  return REMOVAL.test(raw);
}

/**
 * @param rawNames all names in the copy
 * @param removals what the removal records among them say; one that could not be read is left out
 */
export function judgeCopy(rawNames: readonly string[], removals: readonly Removal[], sha256: Sha256): Condition {
  const raw = new Set(rawNames);
  const births = rawNames.map((name) => BIRTH.exec(name)).filter((found) => found !== null);
  const format = Math.max(0, ...births.map((birth) => Number(birth[1])));
  if (format > MIRROR_FORMAT) return { kind: 'newer', format };
  if (rawNames.length === 0) return { kind: 'empty' };
  const broken = (why: string): Condition => ({ kind: 'broken', why, unfinished: false, raw });
  if (rawNames.some((name) => REBUILDING.test(name))) {
    return { kind: 'broken', why: 'was being filled from the other copy and never finished', unfinished: true, raw };
  }
  const epoch = births[0]?.[2];
  if (epoch === undefined) return broken(`has ${rawNames.length} records, but not the one of its birth`);
  if (births.length > 1) return broken('has the birth records of several stores');
  const found = gather(rawNames, removals);
  const sum = sumOf(epoch, found.entries, sha256);
  const said = found.head?.sum ?? firstSum(epoch, sha256);
  if (said.digest !== sum.digest || said.count !== sum.count) {
    return broken(
      said.count === sum.count
        ? `has ${sum.count} values, but not those that its newest record names`
        : `has ${sum.count} values where its newest record counts ${said.count}`,
    );
  }
  const { head, entries } = found;
  return { kind: 'whole', epoch, head: head?.sequence ?? 0, headRaw: head?.raw ?? null, sum, entries, raw };
}

interface Head {
  readonly sequence: number;
  readonly raw: string;
  readonly sum: Sum;
}

/** The newest record, and the newest value of each name that was not removed after it. */
function gather(
  rawNames: readonly string[],
  removals: readonly Removal[],
): { readonly head: Head | null; readonly entries: ReadonlyMap<string, Entry> } {
  let head: Head | null = null;
  const rise = (sequence: number, raw: string, count: string, digest: string): void => {
    if (head !== null && head.sequence >= sequence) return;
    head = { sequence, raw, sum: { count: parseInt(count, 36), digest } };
  };
  const entries = new Map<string, Entry>();
  for (const raw of rawNames) {
    const [, name, sequenceText = '', count = '', hash = '', digest = ''] = VALUE.exec(raw) ?? [];
    if (name === undefined) {
      const [, removedAt, countLeft = '', digestLeft = ''] = REMOVAL.exec(raw) ?? [];
      if (removedAt !== undefined) rise(parseInt(removedAt, 36), raw, countLeft, digestLeft);
      continue;
    }
    const sequence = parseInt(sequenceText, 36);
    rise(sequence, raw, count, digest);
    if ((entries.get(name)?.sequence ?? -1) < sequence) entries.set(name, { name, sequence, hash, raw });
  }
  for (const { sequence, names } of removals) {
    for (const name of names) if ((entries.get(name)?.sequence ?? Infinity) < sequence) entries.delete(name);
  }
  return { head, entries };
}

function sumOf(epoch: string, entries: ReadonlyMap<string, Entry>, sha256: Sha256): Sum {
  let sum = firstSum(epoch, sha256);
  for (const entry of entries.values()) sum = withEntry(sum, entry, 1, sha256);
  return sum;
}

function padded(value: number, digits: number): string {
  return value.toString(36).padStart(digits, '0');
}
