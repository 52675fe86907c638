/**
 * A journal is a recording without an end, cut into values of a DurableStore:
 *
 *   journal/<first sequence>-<first part>-<last part>        all three padded with zeros
 *
 * Parts count the cuts of a session, from 0, without a hole: a part that is missing is seen. Several small parts may be
 * joined into one value, which then bears the numbers of its first and its last. `first sequence`: quotes ahead of it.
 */
export const JOURNAL_PREFIX = 'journal/';
const SEQUENCE_DIGITS = 16;
const PART_DIGITS = 10;
const NAME = /^journal\/(\d{16})-(\d{10})-(\d{10})$/;

export interface JournalName {
  readonly name: string;
  readonly firstSequence: number;
  readonly firstPart: number;
  readonly lastPart: number;
}

export function journalName(firstSequence: number, firstPart: number, lastPart = firstPart): string {
  const padded = (value: number, digits: number): string => String(value).padStart(digits, '0');
  return `${JOURNAL_PREFIX}${padded(firstSequence, SEQUENCE_DIGITS)}-${padded(firstPart, PART_DIGITS)}-${padded(lastPart, PART_DIGITS)}`;
}

/** @returns null when this is no name of a part */
export function parseJournalName(name: string): JournalName | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  return { name, firstSequence: Number(match[1]), firstPart: Number(match[2]), lastPart: Number(match[3]) };
}

/** What is in a journal, in order. `covered`: parts that were joined into others, and not removed any more. */
export interface JournalListing {
  readonly parts: readonly JournalName[];
  readonly covered: readonly string[];
  /** The first hole: the part that should have come; null: none. */
  readonly missing: { readonly part: number; readonly before: string } | null;
}

/** Makes sense of the names under JOURNAL_PREFIX; those of something else are passed over. */
export function listJournal(names: readonly string[]): JournalListing {
  const found = names.map(parseJournalName).filter((each) => each !== null);
  found.sort((left, right) => left.firstPart - right.firstPart || right.lastPart - left.lastPart);
  const parts: JournalName[] = [];
  const covered: string[] = [];
  let next = found.length > 0 ? found[0].firstPart : 0;
  for (const each of found) {
    if (each.lastPart < next) covered.push(each.name);
    else if (each.firstPart > next) return { parts, covered, missing: { part: next, before: each.name } };
    else {
      parts.push(each);
      next = each.lastPart + 1;
    }
  }
  return { parts, covered, missing: null };
}
