import type { ChartStore } from '../../stores/chart-store.ts';
import type { ChartSpan } from '../../stores/settings-store.ts';

/**
 * From samples to points. The chart's library spaces points evenly, whatever their times, so samples are put on an even
 * grid of event time: one point per bucket, the last sample at or before its end. A quiet stretch is then as wide as it
 * was long, and no more than POINTS_MAX points are ever drawn.
 */
export const POINTS_MAX = 1200;

const SPAN_MS: Readonly<Record<Exclude<ChartSpan, 'all'>, number>> = {
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
};
const BUCKET_MS: Readonly<Record<Exclude<ChartSpan, 'all'>, number>> = {
  '1m': 100,
  '5m': 500,
  '15m': 1000,
  '1h': 4000,
};
/** Round widths, so that "all" changes its grid rarely as the session grows. */
const ROUND_BUCKETS_MS = [
  100, 250, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000,
];

export interface Grid {
  readonly bucketMs: number;
  /** Numbers of the first and last bucket to draw, both included. */
  readonly first: number;
  readonly last: number;
}

/** @param nowMs event time of the session: a quiet symbol's line still goes on to now */
export function gridOf(chart: ChartStore, span: ChartSpan, nowMs: number): Grid | null {
  if (chart.count === 0) return null;
  const startMs = chart.timeMs(0);
  const lastMs = chart.timeMs(chart.count - 1);
  const endMs = nowMs > lastMs ? nowMs : lastMs;
  const bucketMs = span === 'all' ? bucketFor(endMs - startMs) : BUCKET_MS[span];
  const fromMs = span === 'all' ? startMs : Math.max(startMs, endMs - SPAN_MS[span]);
  return { bucketMs, first: Math.floor(fromMs / bucketMs), last: Math.floor(endMs / bucketMs) };
}

function bucketFor(spanMs: number): number {
  const rough = spanMs / (POINTS_MAX * 0.8);
  return ROUND_BUCKETS_MS.find((bucketMs) => bucketMs >= rough) ?? Math.ceil(rough / 3_600_000) * 3_600_000;
}

/** Number of points that fill the width of the chart. */
export function pointsAcross(span: ChartSpan, grid: Grid): number {
  return span === 'all' ? grid.last - grid.first + 1 : SPAN_MS[span] / BUCKET_MS[span];
}

/** The sample a bucket shows: the last one before its end; -1 before the first. */
export function sampleOf(chart: ChartStore, grid: Grid, bucket: number): number {
  return chart.indexAt((bucket + 1) * grid.bucketMs - 1);
}
