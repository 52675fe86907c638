import { WindowOracle } from '../../support/oracle/windows.ts';
import { hearingsOf, meetingsOf } from './connected-oracle.ts';
import type { DrawnStreams, DrawnWindows, StreamRecord } from './drawn-streams.ts';
import { answerTo } from './simulated-service.ts';
import { triggeredByTheBook } from './triggers-oracle.ts';

/** A record with what it met at its place in the stream. */
interface Met {
  readonly record: StreamRecord;
  readonly place: number;
  readonly watermark: number;
  readonly clockMs: number;
}

type Lines = unknown[];

/** By sink: every line that must come out, once, worked out from the script alone. */
export function streamsByTheBook(
  drawn: DrawnStreams,
  timerAfterMs: number,
  tellsOrder: boolean,
): Readonly<Record<string, string[]>> {
  const met = meet(drawn);
  const { windows, interval, asOf, calls, triggered, connected, records, ttlMs } = drawn;
  const lines: Record<string, Lines> = {
    counts: countsOf(met, ttlMs),
    timers: timersOf(met, timerAfterMs),
    ...(windows !== null && windowsOf(drawn, windows, met)),
    ...(triggered !== null && triggeredByTheBook(drawn, triggered)),
    ...(connected === 'keyed' && { met: meetingsOf(records) }),
    ...(connected === 'broadcast' && { heard: hearingsOf(records) }),
    ...(interval !== null && pairsOf(met, interval.lower, interval.upper)),
    ...(asOf !== null && { versions: versionsOf(met, asOf.before, asOf.ageMaxMs) }),
    ...(calls !== null && { answers: answersOf(met, tellsOrder) }),
  };
  return Object.fromEntries(
    Object.entries(lines).map(([sink, own]) => [sink, own.map((line) => JSON.stringify(line)).sort()]),
  );
}

function meet({ steps }: DrawnStreams): Met[] {
  let watermark = -Infinity;
  let clockMs = NaN;
  return steps.flatMap((step, place) => {
    if (step.kind === 'record') return [{ record: step, place, watermark, clockMs }];
    if (step.kind === 'watermark') watermark = step.ts;
    else clockMs = step.ms;
    return [];
  });
}

/** For each key: something kept from record to record. */
function byKey<T>(met: readonly Met[], begin: () => T, take: (kept: T, one: Met) => Lines): Lines {
  const kept = new Map<string, T>();
  return met.flatMap((one) => {
    const { key } = one.record;
    if (!kept.has(key)) kept.set(key, begin());
    return take(kept.get(key) as T, one);
  });
}

function countsOf(met: readonly Met[], ttlMs: number): Lines {
  return byKey(
    met,
    () => ({ count: 0, alive: 0, lastMs: -Infinity }),
    (kept, { record: { key, sequence }, clockMs }) => {
      kept.count += 1;
      const nowMs = Number.isNaN(clockMs) ? -Infinity : clockMs;
      kept.alive = kept.lastMs + ttlMs <= nowMs && kept.lastMs !== nowMs ? 1 : kept.alive + 1;
      kept.lastMs = nowMs;
      return [[key, sequence, kept.count, kept.alive]];
    },
  );
}

function timersOf(met: readonly Met[], afterMs: number): Lines {
  const due = met.flatMap(({ record: { key, ts }, watermark }) =>
    ts + afterMs > watermark ? [JSON.stringify([key, ts + afterMs])] : [],
  );
  return [...new Set(due)].map((text) => JSON.parse(text) as unknown);
}

function windowsOf({ steps }: DrawnStreams, windows: DrawnWindows, met: readonly Met[]): Record<string, Lines> {
  switch (windows.kind) {
    case 'sliding':
    case 'session': {
      const oracle = new WindowOracle(windows, windows.lateness);
      const fired: Lines = [];
      const late: Lines = [];
      for (const step of steps) {
        if (step.kind === 'clock') continue;
        const outcome = oracle.step(
          step.kind === 'watermark'
            ? { op: 'watermark', ts: step.ts }
            : { op: 'element', key: step.key, value: step.sequence, ts: step.ts },
        );
        for (const { key, start, end, values } of outcome.firings) fired.push([key, start, end, ascending(values)]);
        for (const { value } of outcome.late) late.push([value]);
      }
      return { fired, late };
    }
    case 'counted':
      return countedOf(met, windows.size, windows.count, windows.purges);
    case 'global':
      return { fired: globalOf(met, windows.count, windows.keeps), late: [] };
    case 'by-clock':
      return { fired: byClockOf(met, windows.size, windows.slide, lastClock(steps)), late: [] };
  }
}

function countedOf(met: readonly Met[], size: number, count: number, purges: boolean): Record<string, Lines> {
  const isLate = ({ record, watermark }: Met): boolean => startOf(record.ts, size) + size - 1 <= watermark;
  const fired = byKey(
    met.filter((one) => !isLate(one)),
    () => new Map<number, { held: number[]; seen: number }>(),
    (kept, { record: { key, sequence, ts } }) => {
      const start = startOf(ts, size);
      const window = kept.get(start) ?? { held: [], seen: 0 };
      kept.set(start, window);
      window.held.push(sequence);
      window.seen += 1;
      if (window.seen % count !== 0) return [];
      const line = [key, start, start + size, ascending(window.held)];
      if (purges) window.held = [];
      return [line];
    },
  );
  // A record is told as late only where it is behind the watermark itself.
  const late = met.filter((one) => isLate(one) && one.record.ts <= one.watermark);
  return { fired, late: late.map(({ record }) => [record.sequence]) };
}

function globalOf(met: readonly Met[], count: number, keeps: number | null): Lines {
  return byKey(
    met,
    () => ({ held: [] as number[], seen: 0 }),
    (kept, { record: { key, sequence } }) => {
      kept.held.push(sequence);
      kept.seen += 1;
      if (kept.seen % count !== 0) return [];
      if (keeps !== null) kept.held = kept.held.slice(-keeps);
      const line = [key, 0, 0, [...kept.held]];
      if (keeps === null) kept.held = [];
      return [line];
    },
  );
}

function byClockOf(met: readonly Met[], size: number, slide: number, lastMs: number): Lines {
  const windows = new Map<string, { key: string; start: number; held: number[] }>();
  for (const { record, clockMs } of met) {
    const atMs = Number.isNaN(clockMs) ? -Infinity : clockMs;
    if (atMs === -Infinity) continue;
    for (let start = startOf(atMs, slide); start > atMs - size; start -= slide) {
      const name = `${record.key} ${start}`;
      const window = windows.get(name) ?? { key: record.key, start, held: [] };
      windows.set(name, window);
      window.held.push(record.sequence);
    }
  }
  return [...windows.values()].flatMap(({ key, start, held }) =>
    start + size - 1 <= lastMs ? [[key, start, start + size, ascending(held)]] : [],
  );
}

function pairsOf(met: readonly Met[], lower: number, upper: number): Record<string, Lines> {
  const isLate = ({ record, watermark }: Met): boolean => record.ts < watermark;
  const keptUntil = ({ record: { side, ts } }: Met): number => ts + Math.max(0, side === 1 ? upper : -lower);
  const pairs: Lines = [];
  for (const left of met)
    for (const right of met) {
      if (left.record.side !== 1 || right.record.side !== 2 || left.record.key !== right.record.key) continue;
      if (isLate(left) || isLate(right)) continue;
      const apart = right.record.ts - left.record.ts;
      if (apart < lower || apart > upper) continue;
      const [first, second] = left.place < right.place ? [left, right] : [right, left];
      if (keptUntil(first) > second.watermark) pairs.push([left.record.sequence, right.record.sequence]);
    }
  return { pairs, 'late-sides': met.filter(isLate).map(({ record }) => [record.sequence]) };
}

function versionsOf(met: readonly Met[], before: boolean, ageMaxMs: number): Lines {
  const inTime = met.filter(({ record, watermark }) => record.ts > watermark);
  return inTime.flatMap(({ record: left }) => {
    if (left.side !== 1) return [];
    let version: StreamRecord | null = null;
    for (const { record } of inTime) {
      if (record.side !== 2 || record.key !== left.key || record.ts > left.ts) continue;
      if (before && record.ts === left.ts) continue;
      if (version === null || record.ts >= version.ts) version = record;
    }
    const isTooOld = version !== null && left.ts - version.ts > ageMaxMs;
    return [[left.sequence, isTooOld ? null : (version?.sequence ?? null)]];
  });
}

function answersOf(met: readonly Met[], tellsOrder: boolean): Lines {
  return byKey(
    met,
    () => ({ count: 0 }),
    (kept, { record: { sequence } }) => {
      kept.count += 1;
      return [[sequence, answerTo(sequence), tellsOrder ? kept.count : null]];
    },
  );
}

const startOf = (ms: number, size: number): number => Math.floor(ms / size) * size;
const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((left, right) => left - right);
const lastClock = (steps: DrawnStreams['steps']): number =>
  steps.reduce((last, step) => (step.kind === 'clock' ? step.ms : last), -Infinity);
