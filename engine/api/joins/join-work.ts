import type { OutputTag } from '../output-tag.ts';
import type { AsOfJoinFunction } from './as-of-join.ts';
import type { ProcessJoinFunction } from './interval-join.ts';

/** An interval join as it was described; both bounds belong to the interval. */
export interface IntervalJoinWork {
  readonly kind: 'interval-join';
  readonly lowerMs: number;
  readonly upperMs: number;
  readonly leftLateTag: OutputTag<unknown> | null;
  readonly rightLateTag: OutputTag<unknown> | null;
  readonly userFunction: ProcessJoinFunction<unknown, unknown, unknown>;
}

/** Whether a version of the record's very millisecond counts. */
export type AsOfMatch = 'at-or-before' | 'before';

export interface AsOfJoinWork {
  readonly kind: 'as-of-join';
  readonly match: AsOfMatch;
  /** Infinity: a version never grows too old. */
  readonly ageMaxMs: number;
  readonly leftLateTag: OutputTag<unknown> | null;
  readonly rightLateTag: OutputTag<unknown> | null;
  readonly userFunction: AsOfJoinFunction<unknown, unknown, unknown>;
}

export type JoinWork = IntervalJoinWork | AsOfJoinWork;
