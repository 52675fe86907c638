import type { RowLedger } from '../sources/row-ledger.ts';
import type { RowAssembler } from './row-assembler.ts';

/** Turns bytes into rows and rows into quotes, for one format and one input. Pure: bytes in, quotes out. */
export interface LineDecoder {
  readonly assembler: RowAssembler;
  readonly ledger: RowLedger;
  /** Lines that ended so far, so that the next one is `lines + 1`. */
  readonly lines: number;
  /**
   * Decodes whole rows of bytes[from, to) until the batch is full. `bytes[to]` is spare and will be overwritten.
   * @param last no bytes follow: a row without a line end is whole as well
   * @returns where the first byte stands that was not consumed
   * @throws InputError when the input as a whole does not fit the profile
   */
  decode(bytes: Uint8Array, from: number, to: number, last: boolean): number;
  /** The line that begins at bytes[from, to) is too long to be a row; it is skipped up to its line end, which `decode` sees next. */
  skipLine(bytes: Uint8Array, from: number, to: number): void;
  /** All rows are decoded. @throws InputError when the input turned out not to fit the profile at all */
  finish(): void;
}
