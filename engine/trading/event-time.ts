/** Beyond this a Date has no calendar; event times of any market are far inside. */
const EVENT_TIME_MS_MAX = 8_640_000_000_000_000;
const EPOCH_MS = /^-?\d{1,16}$/;
const ISO_8601 = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+-]\d{2}:?\d{2})$/;
const MS_PER_MINUTE = 60_000;
const MINUTES_PER_HOUR = 60;

/**
 * Reads an event time as people write it in files: whole ms since the Unix epoch, or ISO 8601 with its zone. A time
 * without a zone is none: it would mean something else on another desk. Fractions finer than a millisecond are cut off.
 * @returns ms since the Unix epoch, or null
 */
export function parseEventTime(text: string): number | null {
  if (EPOCH_MS.test(text)) {
    const timeMs = Number(text);
    return Math.abs(timeMs) <= EVENT_TIME_MS_MAX ? timeMs : null;
  }
  const match = ISO_8601.exec(text);
  if (match === null) return null;
  const [year, month, day, hour, minute, second] = [
    match[1],
    match[2],
    match[3],
    match[4],
    match[5],
    match[6] ?? '0',
  ].map(Number);
  const fraction = Number((match[7] ?? '').slice(0, 3).padEnd(3, '0'));
  const local = new Date(0);
  local.setUTCFullYear(year, month - 1, day);
  local.setUTCHours(hour, minute, second, fraction);
  // A date such as February 30 rolls over; what comes back must be what was written.
  const isReal =
    local.getUTCMonth() === month - 1 &&
    local.getUTCDate() === day &&
    hour < 24 &&
    minute < MINUTES_PER_HOUR &&
    second < MINUTES_PER_HOUR;
  const offset = offsetMinutes(match[8]);
  return isReal && offset !== null ? local.getTime() - offset * MS_PER_MINUTE : null;
}

function offsetMinutes(zone: string): number | null {
  if (zone === 'Z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2));
  if (hours > 15 || minutes >= MINUTES_PER_HOUR) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * MINUTES_PER_HOUR + minutes);
}
