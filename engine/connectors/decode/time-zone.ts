import { createZoneFormat } from '../../core/zone-format.ts';

/**
 * Wall-clock time of a zone to UTC, exact across daylight saving, from the host's time zone database.
 * A wall time that occurs twice (clocks set back) means its first occurrence; one that never occurs (clocks set forward)
 * is read with the offset before the change, so 02:30 of a skipped hour is half an hour after the change.
 */

const MINUTE_MS = 60_000;
/** Offsets change on quarter hours only, in every zone since 1972. */
const QUARTER_MS = 15 * MINUTE_MS;
const DAY_MS = 86_400_000;
/** A fixed offset is no zone: it is wrong for half of the year. */
const FIXED_OFFSET = /^(?:UTC|GMT)?[+-]?\d/i;

/** Asking costs milliseconds, and profiles name the same few zones. */
const KNOWN_MAX = 1000;
const known = new Map<string, boolean>();

/** @returns whether the host knows `zone` as an IANA name (or UTC) */
export function isTimeZone(zone: string): boolean {
  if (FIXED_OFFSET.test(zone)) return false;
  const answer = known.get(zone) ?? hostKnows(zone);
  if (known.size < KNOWN_MAX) known.set(zone, answer);
  return answer;
}

function hostKnows(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | null;
  #quarter = NaN;
  #quarterOffsetMs = 0;

  constructor(name: string) {
    this.name = name;
    this.#format = name === 'UTC' ? null : createZoneFormat(name);
  }

  /** @param wallMs what the zone's clock shows, written as if it were UTC; @returns ms since the Unix epoch */
  toUtc(wallMs: number): number {
    if (this.#format === null) return wallMs;
    const quarter = Math.floor(wallMs / QUARTER_MS);
    if (quarter !== this.#quarter) {
      this.#quarterOffsetMs = this.#wallOffsetMs(quarter * QUARTER_MS);
      this.#quarter = quarter;
    }
    return wallMs - this.#quarterOffsetMs;
  }

  /** What is added to UTC to get the wall time, for this wall time. */
  #wallOffsetMs(wallMs: number): number {
    const before = this.#utcOffsetMs(wallMs - DAY_MS);
    const after = this.#utcOffsetMs(wallMs + DAY_MS);
    if (before === after && this.#utcOffsetMs(wallMs - before) === before) return before;
    // Set back: both fit, and the offset before the change gives the first occurrence. Set forward: neither fits.
    if (this.#utcOffsetMs(wallMs - before) === before) return before;
    if (this.#utcOffsetMs(wallMs - after) === after) return after;
    return before;
  }

  #utcOffsetMs(utcMs: number): number {
    const part: Record<string, string> = {};
    for (const { type, value } of (this.#format as Intl.DateTimeFormat).formatToParts(utcMs)) part[type] = value;
    const year = part['era'] === 'BC' ? 1 - Number(part['year']) : Number(part['year']);
    const wall = Date.UTC(
      year,
      Number(part['month']) - 1,
      Number(part['day']),
      Number(part['hour']),
      Number(part['minute']),
      Number(part['second']),
    );
    return wall - Math.floor(utcMs / 1000) * 1000;
  }
}
