import type { OutputTag } from '../output-tag.ts';
import type { AggregateFunction, ReduceFunction } from '../state.ts';
import type { Evictor } from './evictors.ts';
import type { ProcessWindowFunction } from './process-window-function.ts';
import type { Trigger } from './trigger.ts';
import type { WindowAssigner } from './window-assigner.ts';
import type { Window } from './window.ts';

/** What becomes of a window's records on the way. */
export type WindowComputation =
  | { readonly kind: 'list' }
  | { readonly kind: 'reduce'; readonly reduce: ReduceFunction<unknown> }
  | { readonly kind: 'aggregate'; readonly aggregate: AggregateFunction<unknown, unknown, unknown> };

/** A window operator as it was described. */
export interface WindowWork {
  readonly kind: 'window';
  readonly assigner: WindowAssigner<unknown, Window>;
  readonly trigger: Trigger<unknown, Window>;
  readonly evictor: Evictor<unknown, Window> | null;
  readonly allowedLatenessMs: number;
  readonly lateTag: OutputTag<unknown> | null;
  readonly computation: WindowComputation;
  /** null: what was reduced or aggregated goes out as it is. */
  readonly windowFunction: ProcessWindowFunction<unknown, unknown, unknown, Window> | null;
}
