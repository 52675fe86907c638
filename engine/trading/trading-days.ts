import { createZoneFormat } from '../core/zone-format.ts';

/**
 * Calendar days of a time zone, cheap enough for every trade: the answer for a whole day is worked out once. Days are
 * numbered from 1970-01-01 in local time, so the number of a day does not depend on when its clocks changed.
 */
export class TradingDays {
  readonly #format: Intl.DateTimeFormat | null;
  /** [from, until) has one offset and one day. */
  #from = 0;
  #until = 0;
  #day = 0;

  /** @param timeZone an IANA name that the rules schema accepted */
  constructor(timeZone: string) {
    this.#format = timeZone === 'UTC' ? null : createZoneFormat(timeZone);
  }

  /** The day that `timestampMs` is in. */
  dayOf(timestampMs: number): number {
    if (this.#format === null) return Math.floor(timestampMs / DAY_MS);
    if (timestampMs < this.#from || timestampMs >= this.#until) this.#find(timestampMs);
    return this.#day;
  }

  /** Takes the whole day where the clocks do not change in it, else only the second at hand. */
  #find(timestampMs: number): void {
    const offsetMs = this.#offsetAt(timestampMs);
    this.#day = Math.floor((timestampMs + offsetMs) / DAY_MS);
    this.#from = this.#day * DAY_MS - offsetMs;
    this.#until = this.#from + DAY_MS;
    if (this.#offsetAt(this.#from) === offsetMs && this.#offsetAt(this.#until - 1) === offsetMs) return;
    this.#from = Math.floor(timestampMs / SECOND_MS) * SECOND_MS;
    this.#until = this.#from + SECOND_MS;
  }

  /** What local clocks are ahead of UTC, ms. */
  #offsetAt(timestampMs: number): number {
    const second = Math.floor(timestampMs / SECOND_MS) * SECOND_MS;
    const parts = new Map(
      (this.#format as Intl.DateTimeFormat).formatToParts(second).map(({ type, value }) => [type, value]),
    );
    const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name));
    const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year');
    const local = new Date(0);
    local.setUTCFullYear(year, part('month') - 1, part('day'));
    local.setUTCHours(part('hour'), part('minute'), part('second'));
    return local.getTime() - second;
  }
}

export const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
