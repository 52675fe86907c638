/**
 * Event time as text, in the zone a person chose. Formatters are costly to make and cheap to use, so each zone keeps
 * its own; the milliseconds are appended by hand, since they are the same in every zone.
 */
export const ZONE_DEFAULT = 'UTC';
/** Offered in the settings; any IANA name works. The machine's own zone is added by the settings panel. */
export const ZONES: readonly string[] = [
  'UTC',
  'America/New_York',
  'America/Chicago',
  'Europe/London',
  'Europe/Berlin',
  'Asia/Tokyo',
  'Asia/Hong_Kong',
  'Asia/Singapore',
  'Australia/Sydney',
];

interface ZoneFormatters {
  readonly time: Intl.DateTimeFormat;
  readonly minute: Intl.DateTimeFormat;
  readonly date: Intl.DateTimeFormat;
  readonly day: Intl.DateTimeFormat;
  readonly name: Intl.DateTimeFormat;
}
const formatters = new Map<string, ZoneFormatters>();

function of(zone: string): ZoneFormatters {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  const clock = { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const made: ZoneFormatters = {
    time: new Intl.DateTimeFormat('en-GB', { ...clock, second: '2-digit' }),
    minute: new Intl.DateTimeFormat('en-GB', clock),
    date: new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      weekday: 'short',
      day: '2-digit',
      month: 'short',
      year: 'numeric',
    }),
    day: new Intl.DateTimeFormat('en-GB', { timeZone: zone, day: '2-digit', month: 'short' }),
    name: new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'short' }),
  };
  formatters.set(zone, made);
  return made;
}

function milliseconds(timeMs: number): string {
  const rest = ((Math.floor(timeMs) % 1000) + 1000) % 1000;
  return String(rest).padStart(3, '0');
}

/** "14:30:05" */
export function secondText(timeMs: number, zone: string): string {
  return of(zone).time.format(timeMs);
}

/** "14:30:05.123" */
export function timeText(timeMs: number, zone: string): string {
  return `${of(zone).time.format(timeMs)}.${milliseconds(timeMs)}`;
}

/** "14:30" */
export function minuteText(timeMs: number, zone: string): string {
  return of(zone).minute.format(timeMs);
}

/** "Mon, 07 Oct 2013" */
export function dateText(timeMs: number, zone: string): string {
  return of(zone).date.format(timeMs);
}

/** "07 Oct" */
export function dayText(timeMs: number, zone: string): string {
  return of(zone).day.format(timeMs);
}

/** "UTC", "GMT-4": how the zone calls itself at that time. */
export function zoneText(timeMs: number, zone: string): string {
  return (
    of(zone)
      .name.formatToParts(timeMs)
      .find((part) => part.type === 'timeZoneName')?.value ?? zone
  );
}

/** How long ago in words of one glance: "0.4 s", "12 s", "3 m", "2 h", "5 d". */
export function ageText(ageMs: number): string {
  if (ageMs < 0) return '0.0 s';
  if (ageMs < 10_000) return `${(Math.floor(ageMs / 100) / 10).toFixed(1)} s`;
  if (ageMs < 60_000) return `${Math.floor(ageMs / 1000)} s`;
  if (ageMs < 3_600_000) return `${Math.floor(ageMs / 60_000)} m`;
  if (ageMs < 86_400_000) return `${Math.floor(ageMs / 3_600_000)} h`;
  return `${Math.floor(ageMs / 86_400_000)} d`;
}

/** For lags and latencies: "3 ms", "1.24 s". */
export function durationText(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
  return ageText(durationMs);
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone });
    return true;
  } catch {
    // RangeError: no such zone on this machine.
    return false;
  }
}
