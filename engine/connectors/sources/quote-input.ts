import type { QuoteBatch } from './quote-batch.ts';
import type { RowLedger } from './row-ledger.ts';

/**
 * `filled`: the batch holds at least one quote; `marks`: it holds none, but a mark or control stands at its place: take
 * them and fill again; `waiting`: nothing yet, see `whenReady`; `ended`: never again.
 */
export type FillStatus = 'filled' | 'marks' | 'waiting' | 'ended';

/** One input of a session, decoded: a file, an entry of an archive, a recording, arrays in memory, a simulator. */
export interface QuoteInput {
  readonly name: string;
  /** What was taken never comes again: it is remembered, not read over, when a session goes on. Absent: it comes again. */
  readonly isReadOnce?: true;
  readonly ledger: RowLedger;
  /** Owned by the input; valid until the next `fill`. */
  readonly batch: QuoteBatch;
  /**
   * Where in the batch the next recorded control (rule change, halt, rearm) or mark (RecordedMark) stands: ahead of the quote of this index;
   * Infinity when there is none. Also valid after `fill` said `ended`: such a control stands behind the last quote.
   */
  readonly nextControlIndex: number;
  /** Takes that control. */
  takeControl(): unknown;
  /**
   * Decodes the next quotes into `batch`. Never blocks. @throws InputError when the input cannot be read any further:
   * everything before the damage has been handed out by then
   */
  fill(): FillStatus;
  /** Resolves when `fill` may find more. */
  whenReady(): Promise<void>;
  /** Bytes as stored, read so far and in all; null when there is no end (a simulator). */
  progress(): { readonly read: number; readonly total: number } | null;
  /** Line or record reached, for messages. */
  position(): number;
  close(): Promise<void>;
}
