import type { LiveColumns } from './session-marks.ts';

/**
 * Decoded quotes on their way from a decoder to the stamper: one column per field, so that nothing is allocated per
 * quote. A producer fills [0, to) and sets `from` to 0; the consumer moves `from` up to `to`.
 *
 *   time     Float64Array  event time, whole ms since the Unix epoch (before `timeShiftMs`)
 *   bid ask  Float64Array  1e-8; 0: the side is missing
 *   *Size    Float64Array  1e-6; -1: unknown
 *   symbol   Int32Array    number in the session's SymbolTable
 *   line     Float64Array  line (or record) of the input the quote began on, from 1; null: not known
 *   rows     Uint8Array    rows of the input that made the quote; null: one each
 *   live     LiveColumns   of quotes that came from a live feed, and of its recording; absent or null: they did not
 */
export interface QuoteBatch {
  time: Float64Array;
  bid: Float64Array;
  bidSize: Float64Array;
  ask: Float64Array;
  askSize: Float64Array;
  symbol: Int32Array;
  line: Float64Array | null;
  rows: Uint8Array | null;
  live?: LiveColumns | null;
  from: number;
  to: number;
  /** Added to every `time`: lets one array be played again and again. */
  timeShiftMs: number;
}

/** A batch that owns its columns. */
export interface OwnedQuoteBatch extends QuoteBatch {
  line: Float64Array;
  rows: Uint8Array;
  readonly capacity: number;
}

/** Quotes per batch: 4,096 x 57 bytes stay in the second-level cache of a core. */
export const BATCH_QUOTES = 4096;

export function createQuoteBatch(capacity = BATCH_QUOTES): OwnedQuoteBatch {
  return {
    time: new Float64Array(capacity),
    bid: new Float64Array(capacity),
    bidSize: new Float64Array(capacity),
    ask: new Float64Array(capacity),
    askSize: new Float64Array(capacity),
    symbol: new Int32Array(capacity),
    line: new Float64Array(capacity),
    rows: new Uint8Array(capacity),
    from: 0,
    to: 0,
    timeShiftMs: 0,
    capacity,
  };
}
