import type { EvictionTime } from '../../../engine/api/windows/evictors.ts';
import type { Draws } from '../draws.ts';

/** Which records a window keeps at a firing: the last `keeps`, or those less than `keeps` ms or numbers from the newest. */
export interface DrawnEvictor {
  readonly kind: 'count' | 'time' | 'delta';
  readonly keeps: number;
  readonly when: EvictionTime;
}

export type DrawnTrigger =
  | { readonly kind: 'at-the-end' }
  | { readonly kind: 'continuous'; readonly everyMs: number }
  | { readonly kind: 'count'; readonly count: number };

/** Windows that fire by a trigger of their own. */
export interface DrawnTriggered {
  readonly time: 'event' | 'clock';
  /** null: one window for all time. */
  readonly sizeMs: number | null;
  readonly latenessMs: number;
  readonly trigger: DrawnTrigger;
  readonly purges: boolean;
  readonly evictor: DrawnEvictor | null;
}

/** Of the jobs. */
const TRIGGERED = 0.6;

/** @returns null: the job has none */
export function drawTriggered(draws: Draws): DrawnTriggered | null {
  if (!draws.chance(TRIGGERED)) return null;
  const time = draws.of(['event', 'clock'] as const);
  // By the clock everything is even, as the clock is: no record comes in the very millisecond in which a window ends.
  const unitMs = time === 'event' ? 1 : 2;
  const sizeMs = time === 'clock' && draws.chance(0.3) ? null : unitMs * draws.int(2, 15);
  const kind = draws.of(sizeMs === null ? (['continuous', 'count'] as const) : KINDS);
  return {
    time,
    sizeMs,
    latenessMs: time === 'event' ? draws.of([0, 5, 20]) : 0,
    trigger: drawTrigger(draws, kind, unitMs),
    purges: draws.chance(0.4),
    evictor: draws.chance(0.6) ? drawEvictor(draws) : null,
  };
}
const KINDS = ['at-the-end', 'continuous', 'continuous', 'count'] as const;

function drawTrigger(draws: Draws, kind: DrawnTrigger['kind'], unitMs: number): DrawnTrigger {
  switch (kind) {
    case 'at-the-end':
      return { kind };
    case 'continuous':
      return { kind, everyMs: unitMs * draws.int(1, 8) };
    case 'count':
      return { kind, count: draws.int(1, 4) };
  }
}

function drawEvictor(draws: Draws): DrawnEvictor {
  const kind = draws.of(['count', 'time', 'delta'] as const);
  return { kind, keeps: draws.int(1, kind === 'count' ? 4 : 12), when: draws.of(['before', 'after'] as const) };
}

/** Names of the parts, as they are counted. */
export function triggerPartsOf(drawn: DrawnTriggered | null): string[] {
  if (drawn === null) return [];
  const { time, trigger, purges, evictor } = drawn;
  return [
    `trigger-${trigger.kind}-${time}`,
    ...(purges ? ['trigger-purging'] : []),
    ...(evictor === null ? [] : [`evictor-${evictor.kind}-${evictor.when}`]),
  ];
}
