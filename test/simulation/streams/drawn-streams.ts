import type { OracleWindows } from '../../support/oracle/windows.ts';
import type { Draws } from '../draws.ts';
import { drawTriggered, triggerPartsOf, type DrawnTriggered } from './drawn-triggers.ts';

/** A record of the simulated stream; `sequence` is one of its own. */
export interface StreamRecord {
  readonly kind: 'record';
  readonly key: string;
  readonly sequence: number;
  readonly side: 1 | 2;
  readonly ts: number;
  /** Makes records without a struct long. */
  readonly note: string;
}

/** What the source does, one after the other. The clock is that of processing time, which the source drives. */
export type StreamStep =
  StreamRecord | { readonly kind: 'watermark'; readonly ts: number } | { readonly kind: 'clock'; readonly ms: number };

export type DrawnWindows =
  | (OracleWindows & { readonly lateness: number; readonly computation: 'incremental' | 'full' })
  /** Fires at every `count` records of a window, and never by time. */
  | { readonly kind: 'counted'; readonly size: number; readonly count: number; readonly purges: boolean }
  /** One window for all time: fires at every `count` records with the last `keeps` of them, or with those since the last time. */
  | { readonly kind: 'global'; readonly count: number; readonly keeps: number | null }
  | { readonly kind: 'by-clock'; readonly size: number; readonly slide: number };

export interface DrawnCalls {
  readonly mode: 'ordered' | 'unordered';
  readonly capacity: number;
  readonly timeoutMs: number;
  /** Of a call: it fails before anything is done, the answer is lost after it was done, or comes after the timeout. */
  readonly failRate: number;
  readonly loseRate: number;
  readonly slowRate: number;
}

/** A job of one seed: every part that is not null is an operator of it, beside the one that counts. */
export interface DrawnStreams {
  readonly steps: readonly StreamStep[];
  readonly records: readonly StreamRecord[];
  readonly hasStruct: boolean;
  readonly ttlMs: number;
  readonly windows: DrawnWindows | null;
  readonly interval: { readonly lower: number; readonly upper: number } | null;
  readonly asOf: { readonly before: boolean; readonly ageMaxMs: number } | null;
  readonly calls: DrawnCalls | null;
  readonly triggered: DrawnTriggered | null;
  /** Both sides, in a function with two inputs. */
  readonly connected: 'keyed' | 'broadcast' | null;
}

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'] as const;
/** Long after everything. */
export const END_MS = 1_000_000;

/** @param more draws of their own, for what was added later: the other parts of a seed stay as they were */
export function drawStreams(draws: Draws, more: Draws): DrawnStreams {
  const hasStruct = draws.chance(0.5);
  const steps = drawSteps(draws, hasStruct);
  const some = <T>(draw: () => T): T | null => (draws.chance(0.6) ? draw() : null);
  const lower = draws.int(-12, 12);
  return {
    steps,
    records: steps.filter((step) => step.kind === 'record'),
    hasStruct,
    ttlMs: draws.int(1, 30),
    windows: some(() => drawWindows(draws)),
    interval: some(() => ({ lower, upper: lower + draws.int(0, 12) })),
    asOf: some(() => ({ before: draws.chance(0.5), ageMaxMs: draws.of([Infinity, 0, 5, 20]) })),
    calls: some(() => drawCalls(draws)),
    triggered: drawTriggered(more),
    connected: more.of([null, 'keyed', 'broadcast'] as const),
  };
}

function drawSteps(draws: Draws, hasStruct: boolean): StreamStep[] {
  const keys = KEYS.slice(0, draws.int(1, KEYS.length));
  const steps: StreamStep[] = [{ kind: 'clock', ms: 0 }];
  let atMs = 0;
  let watermark = -Infinity;
  let clockMs = 0;
  const count = draws.int(20, 70);
  for (let sequence = 1; sequence <= count; sequence += 1) {
    atMs += draws.int(0, 4);
    const note = !hasStruct && draws.chance(0.2) ? 'long '.repeat(draws.int(5, 80)) : '';
    const ts = Math.max(0, atMs - draws.of([0, 0, 0, 3, 15]));
    steps.push({ kind: 'record', key: draws.of(keys), sequence, side: draws.of([1, 2]), ts, note });
    if (draws.chance(0.3)) {
      watermark = Math.max(watermark, atMs - draws.int(0, 6));
      steps.push({ kind: 'watermark', ts: watermark });
    }
    // Even, as the windows are: no record comes in the very millisecond in which one ends.
    if (draws.chance(0.3)) steps.push({ kind: 'clock', ms: (clockMs += 2 * draws.int(1, 8)) });
  }
  return [...steps, { kind: 'watermark', ts: END_MS }];
}

function drawWindows(draws: Draws): DrawnWindows {
  const lateness = draws.of([0, 0, 5, 20]);
  const computation = draws.of(['incremental', 'full'] as const);
  const size = draws.int(2, 20);
  return draws.of<() => DrawnWindows>([
    () => ({ kind: 'sliding', size, slide: size, offset: draws.int(0, size - 1), lateness, computation }),
    () => ({ kind: 'sliding', size, slide: draws.int(2, 12), offset: draws.int(-1, 1), lateness, computation }),
    () => ({ kind: 'session', gap: draws.int(1, 10), lateness, computation }),
    () => ({ kind: 'counted', size, count: draws.int(1, 3), purges: draws.chance(0.5) }),
    () => ({ kind: 'global', count: draws.int(1, 4), keeps: draws.of([null, 1, 3, 6]) }),
    () => ({ kind: 'by-clock', size: 2 * draws.int(1, 12), slide: 2 * draws.int(1, 8) }),
  ])();
}

function drawCalls(draws: Draws): DrawnCalls {
  return {
    mode: draws.of(['ordered', 'unordered']),
    capacity: draws.int(1, 6),
    timeoutMs: draws.of([15, 30, 200]),
    failRate: draws.of([0, 0.2, 0.5]),
    loseRate: draws.of([0, 0.1]),
    slowRate: draws.of([0, 0.1]),
  };
}

/** Names of the parts, as they are counted. */
export function partsOf({ windows, interval, asOf, calls, triggered, connected, hasStruct }: DrawnStreams): string[] {
  return [
    'job-streams',
    hasStruct ? 'records-structs' : 'records-long',
    ...(windows === null ? [] : [`windows-${windows.kind}`]),
    ...(interval === null ? [] : ['join-interval']),
    ...(asOf === null ? [] : ['join-as-of']),
    ...(calls === null ? [] : [`calls-${calls.mode}`]),
    ...triggerPartsOf(triggered),
    ...(connected === null ? [] : [`connected-${connected}`]),
  ];
}
