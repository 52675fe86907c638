import { FRAME_HEADER_WORDS, FRAME_MAGIC, ROW, ROW_WORDS, type RowField } from '../../engine/contract/frames.ts';

/** A row as a test writes it: what is left out is zero, or NaN for times. */
export type TestRow = { readonly symbol: number; readonly profit?: bigint } & Partial<
  Record<Exclude<RowField, 'symbol' | 'profitLow' | 'profitHigh'>, number>
>;

const NEVER: readonly RowField[] = ['openedAtMs', 'expiresAtMs', 'nextDecayAtMs', 'quoteTimeMs'];

export function makeFrame(rows: readonly TestRow[], { complete = false, cutAtMs = 0 } = {}): ArrayBuffer {
  const bytes = new ArrayBuffer((FRAME_HEADER_WORDS + rows.length * ROW_WORDS) * Float64Array.BYTES_PER_ELEMENT);
  const numbers = new Float64Array(bytes);
  const integers = new BigInt64Array(bytes);
  numbers.set([FRAME_MAGIC, rows.length, cutAtMs, complete ? 1 : 0]);
  rows.forEach((row, index) => {
    const at = FRAME_HEADER_WORDS + index * ROW_WORDS;
    for (const field of NEVER) numbers[at + ROW[field]] = NaN;
    numbers[at + ROW.bidSize] = -1;
    numbers[at + ROW.askSize] = -1;
    numbers[at + ROW.lastReason] = -1;
    numbers[at + ROW.priceDecimals] = 2;
    for (const [field, value] of Object.entries(row)) {
      if (field !== 'profit') numbers[at + ROW[field as RowField]] = value as number;
    }
    const profit = row.profit ?? 0n;
    integers[at + ROW.profitLow] = BigInt.asIntN(64, profit);
    integers[at + ROW.profitHigh] = BigInt.asIntN(64, profit >> 64n);
  });
  return bytes;
}
