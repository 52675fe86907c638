import { assert } from '../core/assert.ts';

/**
 * Wire layout of a rows frame: what changed since the last frame, latest value per symbol. Little-endian 64-bit words.
 *
 *   word 0            frame magic and version
 *   word 1            f64  number of rows
 *   word 2            f64  engine monotonic ms when the frame was cut (same clock as the main process's performance clock)
 *   word 3            f64  0, or 1 when the frame holds every row (after a hello)
 *   word 4..          ROW_WORDS words per row, in the order of ROW_FIELDS
 *
 * Every word is an f64 but `profitHigh` and `profitLow`: together a signed 128-bit whole number of 1e-14 money
 * (low: unsigned, high: signed), read as bigint.
 */
export const FRAME_MAGIC = 0x464c_5431; // "FLT1"
export const FRAME_HEADER_WORDS = 4;

export const ROW_FIELDS = [
  'symbol', // number of the symbol
  'status', // STATUS_* below
  'shares', // 1e-6
  'buyPrice', // 1e-8
  'askPrice', // 1e-8
  'lastTradePrice', // 1e-8
  'profitLow', // u64
  'profitHigh', // i64
  'openedAtMs',
  'expiresAtMs', // NaN: never
  'nextDecayAtMs', // NaN: none planned
  'trades',
  'bid', // 1e-8, 0: missing
  'ask', // 1e-8, 0: missing
  'bidSize', // 1e-6, -1: unknown
  'askSize', // 1e-6, -1: unknown
  'quoteTimeMs', // NaN: no quote yet
  'lastReason', // index into REASONS of why the last quote did not trade, -1: it did, or there was none
  'priceDecimals', // places to show this symbol's prices with (from priceStep)
] as const;
export type RowField = (typeof ROW_FIELDS)[number];
export const ROW_WORDS = ROW_FIELDS.length;
export const ROW: Readonly<Record<RowField, number>> = Object.fromEntries(
  ROW_FIELDS.map((field, index) => [field, index]),
) as Record<RowField, number>;

/** Why an open position did not trade on a quote, in the order the checks are made. */
export const REASONS = [
  'halted',
  'no-bid',
  'crossed',
  'bid-not-above-ask',
  'size',
  'limit:maxTradesPerSecond',
  'limit:maxTradesPerDay',
  'limit:maxNotionalPerTrade',
  'limit:maxNotionalPerDay',
  'limit:maxLossPerDay',
] as const;
export type Reason = (typeof REASONS)[number];

/** A symbol that was quoted but never held. */
export const STATUS_NO_POSITION = 0;
export const STATUS_OPEN = 1;
export const STATUS_CLOSED = 2;
export const STATUS_PENDING = 3;

export interface RowsFrame {
  readonly rowCount: number;
  readonly cutAtMs: number;
  readonly complete: boolean;
  readonly numbers: Float64Array;
  readonly integers: BigInt64Array;
}

/** Opens a received frame without copying it. @throws BugError when the bytes are not a frame of this version */
export function openFrame(frame: ArrayBuffer): RowsFrame {
  const numbers = new Float64Array(frame);
  assert(
    numbers.length >= FRAME_HEADER_WORDS && numbers[0] === FRAME_MAGIC,
    `A rows frame must start with ${FRAME_MAGIC}; found ${numbers[0]} in ${frame.byteLength} bytes.`,
  );
  const rowCount = numbers[1];
  assert(
    numbers.length === FRAME_HEADER_WORDS + rowCount * ROW_WORDS,
    `A frame of ${rowCount} rows must have ${FRAME_HEADER_WORDS + rowCount * ROW_WORDS} words; found ${numbers.length}.`,
  );
  return { rowCount, cutAtMs: numbers[2], complete: numbers[3] === 1, numbers, integers: new BigInt64Array(frame) };
}

/** First word of row `index`. */
export function rowOffset(index: number): number {
  return FRAME_HEADER_WORDS + index * ROW_WORDS;
}

/** Profit of the row at `offset`, exact, in 1e-14. */
export function rowProfit(frame: RowsFrame, offset: number): bigint {
  const low = BigInt.asUintN(64, frame.integers[offset + ROW.profitLow]);
  const high = frame.integers[offset + ROW.profitHigh];
  return (high << 64n) | low;
}
