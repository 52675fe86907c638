import type {
  BackPressureLevel,
  JobPage,
  LatencyPage,
  TaskTimes,
  VertexPage,
} from '../../../engine/contract/job-page.ts';
import { countText, NOTHING, rateText } from '../../format/decimal-text.ts';
import { durationText, timeText } from '../../format/time-text.ts';

const MS_PER_PERCENT = 10;
const SHORT_MS = 10;

/** Colour never alone: the level's word or share stands beside it. */
export const LEVEL_TONES: Readonly<Record<BackPressureLevel, string>> = {
  ok: '',
  low: 'tone-warning',
  high: 'tone-bad',
};

/** Busy and back-pressured time of a vertex's worst subtask, as Flink shows them: one hot subtask is what matters. */
export interface WorstTimes {
  readonly busyMs: number;
  readonly backPressuredMs: number;
}

/** @returns null: its thread is not measured */
export function worstTimes({ subtasks }: VertexPage): WorstTimes | null {
  const measured = subtasks.flatMap(({ times }) => (times === null ? [] : [times]));
  if (measured.length === 0) return null;
  const worst = (of: (times: TaskTimes) => number): number => Math.max(...measured.map(of));
  return {
    busyMs: worst((times) => times.busyTimeMsPerSecond),
    backPressuredMs: worst((times) => times.backPressuredTimeMsPerSecond),
  };
}

/** Records of all its operators that came too late and were left out. */
export function lateDropped({ operators }: VertexPage): number {
  return operators.reduce((sum, { total }) => sum + (total.numLateRecordsDropped ?? 0), 0);
}

export function shareText(msPerSecond: number | null): string {
  return msPerSecond === null ? NOTHING : `${Math.round(msPerSecond / MS_PER_PERCENT)} %`;
}

/** @param usage 0 to 1 */
export function usageText(usage: number | null): string {
  return usage === null ? NOTHING : `${Math.round(usage * 100)} %`;
}

/** Of the source from which records come latest. */
export function latencyText(latency: readonly LatencyPage[]): string {
  if (latency.length === 0) return NOTHING;
  const { p50Ms, p99Ms } = latency.reduce((worst, one) => (one.p99Ms > worst.p99Ms ? one : worst));
  return `${shortTimeText(p50Ms)}, ${shortTimeText(p99Ms)}`;
}

/** As a rule less than a millisecond or two, where a tenth counts. */
export function shortTimeText(ms: number): string {
  return ms < SHORT_MS ? `${ms.toFixed(1)} ms` : durationText(ms);
}

export function numberText(count: number | null): string {
  return count === null ? NOTHING : countText(count);
}

export function perSecondText(rate: number | null): string {
  return rate === null ? NOTHING : `${rateText(rate)}/s`;
}

export function watermarkText(watermarkMs: number | null, zone: string): string {
  return watermarkMs === null ? NOTHING : timeText(watermarkMs, zone);
}

/** Chained operators as they follow each other: `quotes → bars`. */
export function nameText(name: string): string {
  return name.replaceAll('->', '\u2192');
}

/** What the drawing of a vertex says, for those who do not see it. */
export function vertexInWords(vertex: VertexPage, page: JobPage): string {
  const { id, name, parallelism, total, backPressureLevel } = vertex;
  const times = worstTimes(vertex);
  const late = lateDropped(vertex);
  const feeds = page.edges.filter(({ from }) => from === id).map(({ to }) => nameOf(page, to));
  return [
    `${nameText(name)}, ${parallelism === 1 ? '1 subtask' : `${parallelism} subtasks`}`,
    `${perSecondText(total.numRecordsInPerSecond)} in, ${perSecondText(total.numRecordsOutPerSecond)} out`,
    times === null
      ? 'not measured'
      : `busy ${shareText(times.busyMs)}, back-pressured ${shareText(times.backPressuredMs)} (${backPressureLevel})`,
    ...(late > 0 ? [`${countText(late)} late records dropped`] : []),
    feeds.length === 0 ? 'feeds nothing' : `feeds ${[...new Set(feeds)].join(', ')}`,
  ].join('; ');
}

export function nameOf({ vertices }: JobPage, id: string): string {
  return nameText(vertices.find((vertex) => vertex.id === id)?.name ?? id);
}
