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

/** Sessions go by event time; global: one window for all time. */
export type DrawnSpans =
  | { readonly kind: 'tumbling'; readonly sizeMs: number }
  | { readonly kind: 'sessions'; readonly gapMs: number }
  | { readonly kind: 'global' };

/** Windows that fire by a trigger of their own. */
export interface DrawnTriggered {
  readonly time: 'event' | 'clock';
  readonly spans: DrawnSpans;
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
  const spans = drawSpans(draws, time, unitMs);
  const kind = draws.of(spans.kind === 'global' ? (['continuous', 'count'] as const) : KINDS);
  const isSession = spans.kind === 'sessions';
  return {
    time,
    spans,
    latenessMs: time === 'event' ? draws.of([0, 5, 20]) : 0,
    trigger: drawTrigger(draws, kind, unitMs),
    // Firings of sessions have no number, so that what they tell must be another each time.
    purges: draws.chance(0.4) || (isSession && kind === 'continuous'),
    evictor: !isSession && draws.chance(0.6) ? drawEvictor(draws) : null,
  };
}
const KINDS = ['at-the-end', 'continuous', 'continuous', 'count'] as const;

function drawSpans(draws: Draws, time: DrawnTriggered['time'], unitMs: number): DrawnSpans {
  if (time === 'clock' && draws.chance(0.3)) return { kind: 'global' };
  if (time === 'event' && draws.chance(0.5)) return { kind: 'sessions', gapMs: draws.int(1, 12) };
  return { kind: 'tumbling', sizeMs: unitMs * draws.int(2, 15) };
}

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
  const { time, spans, trigger, purges, evictor } = drawn;
  return [
    `trigger-${trigger.kind}-${spans.kind === 'sessions' ? 'sessions' : time}`,
    ...(purges ? ['trigger-purging'] : []),
    ...(evictor === null ? [] : [`evictor-${evictor.kind}-${evictor.when}`]),
  ];
}
