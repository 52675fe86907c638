import type { InputError } from '../sources/input-error.ts';
import { QUARANTINE_TEXT_MAX, type RowLedger, type RowReason } from '../sources/row-ledger.ts';
import { decodeUtf8 } from '../sources/symbol-table.ts';
import type { LineDecoder } from './line-decoder.ts';
import type { RowAssembler } from './row-assembler.ts';
import { EMPTY, NOT_PLAIN, type RowInterpreter, type ScannedNumbers } from './row-interpreter.ts';

/** More columns than any market data has; a line with more is counted, never stored. */
export const COLUMNS_MAX = 4096;
/** A quoted field may span lines, but not a file: an unclosed quote would swallow all rows behind it. */
const QUOTED_ROW_BYTES_MAX = 65_536;
/** UTF-8 takes at most four bytes a character. */
const TEXT_BYTES_MAX = QUARANTINE_TEXT_MAX * 4;
/** So many first rows with a time that only makes sense in another unit are a wrong profile, not bad rows. */
const UNIT_MIX_UP_ROWS = 20;

const QUOTE = 34;
const ZERO = 48;
/** The point, where digits are counted from ZERO. */
const POINT_DIGIT = 46 - ZERO;
/** Digits and point of a number that a double holds exactly. */
const PLAIN_DIGITS_MAX = 15;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
// Classes of bytes, so that the scan tests each byte once.
const PLAIN = 0;
const DELIMITER = 1;
const LINE_END = 2;
const QUOTE_MARK = 3;
const NUL = 4;

export interface CsvLayout {
  readonly delimiter: number;
  readonly header: boolean;
  /** Byte that a comment line begins with, or -1. */
  readonly comment: number;
  /** Exact number of columns, `header`: as many as the header has, or `any`: at least those the profile uses. */
  readonly columnCount: number | 'header' | 'any';
}

/** The profile's meaning of columns, once it is known which columns there are. */
export interface ResolvedColumns {
  readonly interpreter: RowInterpreter;
  /** Columns a row must have at least: the greatest index used, plus 1. */
  readonly least: number;
}

/**
 * CSV (RFC 4180 and what venues really write) from bytes to quotes. A row is scanned once for its field bounds and read
 * where it lies: no string, no object, nothing allocated per row. A field that begins with a quote takes the slow path,
 * which copies the row without its quoting. Line ends may be LF, CRLF or CR; a line is counted by its end.
 */
export class CsvDecoder implements LineDecoder {
  readonly assembler: RowAssembler;
  readonly ledger: RowLedger;
  lines = 0;
  readonly #layout: CsvLayout;
  readonly #classes = new Uint8Array(256);
  readonly #resolve: (header: readonly string[] | null) => ResolvedColumns;
  #columns: ResolvedColumns | null;
  #exactCount = -1;
  readonly #starts = new Int32Array(COLUMNS_MAX);
  readonly #ends = new Int32Array(COLUMNS_MAX);
  /** 1 for columns whose digits are read while they are scanned. */
  readonly #isNumber = new Uint8Array(COLUMNS_MAX + 1);
  readonly #numbers: ScannedNumbers = {
    mantissas: new Float64Array(COLUMNS_MAX + 1),
    decimals: new Int8Array(COLUMNS_MAX + 1),
  };
  #fieldCount = 0;
  #hasNul = false;
  #quoted = false;
  #unquoted = new Uint8Array(0);
  #quotedLines = 0;
  #goodRows = 0;
  #unitMixUps = 0;
  readonly #describeUnitMixUp: (text: string) => InputError;

  /**
   * @param resolve called once: with the header's names, or with null where there is none
   * @param describeUnitMixUp the error to throw when the file's times are plainly in another unit
   */
  constructor(
    layout: CsvLayout,
    ledger: RowLedger,
    assembler: RowAssembler,
    resolve: (header: readonly string[] | null) => ResolvedColumns,
    describeUnitMixUp: (text: string) => InputError,
  ) {
    this.#layout = layout;
    this.ledger = ledger;
    this.assembler = assembler;
    this.#resolve = resolve;
    this.#describeUnitMixUp = describeUnitMixUp;
    this.#classes[layout.delimiter] = DELIMITER;
    this.#classes[LINE_FEED] = LINE_END;
    this.#classes[CARRIAGE_RETURN] = LINE_END;
    this.#classes[QUOTE] = QUOTE_MARK;
    this.#classes[0] = NUL;
    this.#columns = layout.header ? null : this.#resolved(resolve(null));
    if (typeof layout.columnCount === 'number') this.#exactCount = layout.columnCount;
  }

  decode(bytes: Uint8Array, from: number, to: number, last: boolean): number {
    const { assembler } = this;
    // The scan stops at this byte without testing for the end at each one.
    bytes[to] = LINE_FEED;
    let at = from;
    while (at < to && assembler.hasRoom()) {
      let end = this.#scan(bytes, at);
      const quoted = this.#quoted;
      if (quoted) {
        end = this.#scanQuoted(bytes, at, to, last);
        if (end < 0) return at;
      }
      if (end >= to && !last) return at;
      // A carriage return at the very end may be half of a line end.
      if (end === to - 1 && bytes[end] === CARRIAGE_RETURN && !last) return at;
      if (end > at) this.#row(quoted, bytes, at, end);
      this.lines += 1 + this.#quotedLines;
      this.#quotedLines = 0;
      at = end + 1;
      if (bytes[end] === CARRIAGE_RETURN && at < to && bytes[at] === LINE_FEED) at += 1;
    }
    return Math.min(at, to);
  }

  skipLine(bytes: Uint8Array, from: number, to: number): void {
    this.ledger.rowsRead += 1;
    this.#quarantine('line-too-long', bytes, from, to);
  }

  finish(): void {
    if (this.#goodRows === 0 && this.#unitMixUps > 0) throw this.#describeUnitMixUp('every row');
  }

  /** Finds the fields of the row at `from`. @returns where its line end stands */
  #scan(bytes: Uint8Array, from: number): number {
    const classes = this.#classes;
    const starts = this.#starts;
    const ends = this.#ends;
    const isNumber = this.#isNumber;
    let count = 0;
    let at = from;
    this.#hasNul = false;
    this.#quoted = false;
    starts[0] = from;
    for (;;) {
      if (isNumber[count] === 1) at = this.#scanNumber(bytes, at, count);
      let kind = classes[bytes[at]];
      while (kind === PLAIN) {
        at += 1;
        kind = classes[bytes[at]];
      }
      if (kind === DELIMITER) {
        // Beyond COLUMNS_MAX the stores fall on no element and are harmless.
        ends[count] = at;
        count += 1;
        at += 1;
        starts[count] = at;
      } else if (kind === LINE_END) {
        ends[count] = at;
        this.#fieldCount = count + 1;
        return at;
      } else if (kind === NUL) {
        this.#hasNul = true;
        at += 1;
      } else {
        if (at === starts[count]) {
          this.#quoted = true;
          return at;
        }
        at += 1;
      }
    }
  }

  /**
   * Reads the digits of a column that should be a number while the scan passes over them, so that usual numbers are
   * looked at once. What is not plain (signs, blanks, many digits, no number) is left to the careful path.
   * @returns where the digits end
   */
  #scanNumber(bytes: Uint8Array, from: number, column: number): number {
    let mantissa = 0;
    let point = -1;
    let at = from;
    for (;;) {
      const digit = bytes[at] - ZERO;
      if (digit >= 0 && digit <= 9) mantissa = mantissa * 10 + digit;
      else if (digit === POINT_DIGIT && point < 0) point = at;
      else break;
      at += 1;
    }
    const kind = this.#classes[bytes[at]];
    const length = at - from;
    const plain = (kind === DELIMITER || kind === LINE_END) && length <= PLAIN_DIGITS_MAX && (length > 1 || point < 0);
    this.#numbers.mantissas[column] = mantissa;
    this.#numbers.decimals[column] = !plain ? NOT_PLAIN : length === 0 ? EMPTY : point < 0 ? 0 : at - 1 - point;
    return at;
  }

  /**
   * The row at `from` again, by RFC 4180: fields are copied without their quoting to a buffer of their own, where
   * `starts` and `ends` then point. A quote that is never closed, or closed in mid-field, makes the row malformed, and
   * reading goes on with the next line, not behind the next quote mark.
   * @returns where the row's line end stands, or -1 when more bytes are needed to tell
   */
  #scanQuoted(bytes: Uint8Array, from: number, to: number, last: boolean): number {
    const limit = Math.min(to, from + QUOTED_ROW_BYTES_MAX);
    if (this.#unquoted.length < QUOTED_ROW_BYTES_MAX) this.#unquoted = new Uint8Array(QUOTED_ROW_BYTES_MAX);
    const out = this.#unquoted;
    let count = 0;
    let at = from;
    let put = 0;
    let lines = 0;
    let broken = false;
    this.#hasNul = false;
    for (;;) {
      if (count < COLUMNS_MAX) this.#starts[count] = put;
      const quotedField = at < limit && bytes[at] === QUOTE;
      if (quotedField) {
        at += 1;
        for (;;) {
          if (at >= limit) {
            broken = true;
            break;
          }
          const byte = bytes[at];
          if (byte === QUOTE && (at + 1 >= limit || bytes[at + 1] !== QUOTE)) break;
          if (byte === QUOTE) at += 1;
          if (byte === LINE_FEED || (byte === CARRIAGE_RETURN && bytes[at + 1] !== LINE_FEED)) lines += 1;
          if (byte === 0) this.#hasNul = true;
          out[put] = byte;
          put += 1;
          at += 1;
        }
        at += 1;
      }
      while (!broken && at < limit && this.#classes[bytes[at]] !== DELIMITER && this.#classes[bytes[at]] !== LINE_END) {
        // Text behind a closing quote is no field.
        if (quotedField) broken = true;
        if (bytes[at] === 0) this.#hasNul = true;
        out[put] = bytes[at];
        put += 1;
        at += 1;
      }
      if (count < COLUMNS_MAX) this.#ends[count] = put;
      count += 1;
      if (broken || at >= limit || this.#classes[bytes[at]] === LINE_END) break;
      at += 1;
    }
    this.#fieldCount = count;
    if (at >= limit && limit === to && !last) return -1;
    if (broken || (at >= limit && limit < to)) return this.#unclosed(bytes, from);
    this.#quotedLines = lines;
    return at;
  }

  #unclosed(bytes: Uint8Array, from: number): number {
    this.#fieldCount = -1;
    let end = from;
    while (bytes[end] !== LINE_FEED && bytes[end] !== CARRIAGE_RETURN) end += 1;
    return end;
  }

  /** @param quoted the field bounds point into the copy without quoting, not into the window */
  #row(quoted: boolean, bytes: Uint8Array, from: number, to: number): void {
    if (bytes[from] === this.#layout.comment) return;
    const fields = quoted ? this.#unquoted : bytes;
    const columns = this.#columns;
    if (columns === null) {
      this.#readHeader(fields);
      return;
    }
    const { ledger } = this;
    ledger.rowsRead += 1;
    const count = this.#fieldCount;
    if (this.#hasNul) return this.#quarantine('nul-byte', bytes, from, to);
    if (count < 0) return this.#quarantine('unclosed-quote', bytes, from, to);
    if (this.#exactCount >= 0 ? count !== this.#exactCount : count < columns.least) {
      return this.#quarantine('wrong-column-count', bytes, from, to);
    }
    const outcome = columns.interpreter.interpret(
      fields,
      this.#starts,
      this.#ends,
      this.lines + 1,
      quoted ? null : this.#numbers,
    );
    if (outcome === 'quote') this.#goodRows += 1;
    else if (outcome === 'ignored') ledger.ignoredRows += 1;
    else this.#quarantine(outcome, bytes, from, to);
  }

  #resolved(columns: ResolvedColumns): ResolvedColumns {
    for (const column of columns.interpreter.numberFields()) this.#isNumber[column] = 1;
    return columns;
  }

  #readHeader(fields: Uint8Array): void {
    const names: string[] = [];
    for (let index = 0; index < Math.min(this.#fieldCount, COLUMNS_MAX); index += 1) {
      names.push(decodeUtf8(fields, this.#starts[index], this.#ends[index]).trim());
    }
    this.#columns = this.#resolved(this.#resolve(names));
    if (this.#layout.columnCount === 'header') this.#exactCount = names.length;
  }

  #quarantine(reason: RowReason, bytes: Uint8Array, from: number, to: number): void {
    this.ledger.quarantine(reason, this.lines + 1, decodeUtf8(bytes, from, Math.min(to, from + TEXT_BYTES_MAX)));
    if (reason !== 'time-unit') return;
    this.#unitMixUps += 1;
    if (this.#goodRows === 0 && this.#unitMixUps === UNIT_MIX_UP_ROWS)
      throw this.#describeUnitMixUp(`each of the first ${UNIT_MIX_UP_ROWS} rows`);
  }
}
