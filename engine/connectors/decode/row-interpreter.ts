import type { RowReason } from '../sources/row-ledger.ts';
import { NO_PRICE, SIZE_UNKNOWN } from '../sources/session-records.ts';
import { SYMBOL_BAD, SYMBOL_MISSING, type SymbolTable } from '../sources/symbol-table.ts';
import type { RowAssembler } from './row-assembler.ts';
import { ABSENT, type ScaledField } from './scaled-field.ts';
import type { TimeField } from './time-field.ts';

/** Where in a row's fields something stands; NOT_THERE: the format does not have it. */
export type FieldIndex = number;
export const NOT_THERE: FieldIndex = -1;

/** A condition of the profile: rows that fail one are ignored. */
export interface RowCondition {
  readonly field: FieldIndex;
  /** The field must be one of these; null: any value that is not empty. */
  readonly oneOf: readonly Uint8Array[] | null;
  /** false: the field must be empty. */
  readonly present: boolean;
}

/** What each field of a row means, resolved to indices for one input. */
export interface RowMeaning {
  readonly symbol: FieldIndex;
  /** Used where `symbol` is NOT_THERE. */
  readonly constantSymbol: number;
  readonly upperCaseSymbol: boolean;
  readonly time: FieldIndex;
  readonly time2: FieldIndex;
  readonly bid: FieldIndex;
  readonly bidSize: FieldIndex;
  readonly ask: FieldIndex;
  readonly askSize: FieldIndex;
  readonly conditions: readonly RowCondition[];
  readonly ignoresEveryRow: boolean;
}

/** Numbers that were read while the row was scanned, by field: value = mantissa / 10^decimals. */
export interface ScannedNumbers {
  readonly mantissas: Float64Array;
  readonly decimals: Int8Array;
}
/** In `decimals`: the field is empty. */
export const EMPTY = -1;
/** In `decimals`: no plain number; the bytes decide. */
export const NOT_PLAIN = -2;

export interface FieldParsers {
  readonly time: TimeField;
  readonly price: ScaledField;
  readonly size: ScaledField;
}

export type RowOutcome = 'quote' | 'ignored' | RowReason;

/**
 * Turns the fields of one row, given as byte ranges, into a quote of the batch, or says what is wrong with it. Shared by
 * all formats; checks go from the cheap to the dear, so that the first reason is also the plainest. Allocates nothing.
 */
export class RowInterpreter {
  readonly assembler: RowAssembler;
  readonly #symbols: SymbolTable;
  readonly #meaning: RowMeaning;
  readonly #time: TimeField;
  readonly #price: ScaledField;
  readonly #size: ScaledField;

  constructor(meaning: RowMeaning, parsers: FieldParsers, symbols: SymbolTable, assembler: RowAssembler) {
    this.#meaning = meaning;
    this.#time = parsers.time;
    this.#price = parsers.price;
    this.#size = parsers.size;
    this.#symbols = symbols;
    this.assembler = assembler;
  }

  /** Fields whose numbers a decoder may read ahead; not those of a row that pass through conditions first. */
  numberFields(): readonly FieldIndex[] {
    const { time, bid, bidSize, ask, askSize } = this.#meaning;
    const numbers = [bid, bidSize, ask, askSize].filter((field) => field >= 0);
    return this.#time.readsWholeMs ? [time, ...numbers] : numbers;
  }

  /** @param numbers what `numberFields` had in them, where the decoder read ahead */
  interpret(
    bytes: Uint8Array,
    starts: Int32Array,
    ends: Int32Array,
    line: number,
    numbers: ScannedNumbers | null,
  ): RowOutcome {
    const meaning = this.#meaning;
    if (meaning.conditions.length > 0 && !this.#passes(bytes, starts, ends)) return 'ignored';
    if (meaning.ignoresEveryRow) return 'ignored';

    const symbol =
      meaning.symbol < 0 ? meaning.constantSymbol : this.#symbol(bytes, starts[meaning.symbol], ends[meaning.symbol]);
    if (symbol < 0)
      return symbol === SYMBOL_MISSING ? 'missing-symbol' : symbol === SYMBOL_BAD ? 'bad-symbol' : 'too-many-symbols';

    const timeMs = this.#timeAt(bytes, starts, ends, numbers);
    if (timeMs !== timeMs) return this.#time.problem;

    const bid = this.#priceAt(meaning.bid, bytes, starts, ends, numbers);
    if (bid !== bid) return this.#price.problem;
    const ask = this.#priceAt(meaning.ask, bytes, starts, ends, numbers);
    if (ask !== ask) return this.#price.problem;
    const bidSize = this.#sizeAt(meaning.bidSize, bytes, starts, ends, numbers);
    if (bidSize !== bidSize) return this.#size.problem;
    const askSize = this.#sizeAt(meaning.askSize, bytes, starts, ends, numbers);
    if (askSize !== askSize) return this.#size.problem;
    // Sizes below zero are told apart from unknown ones here, where both are still known.
    if (bidSize < SIZE_UNKNOWN || askSize < SIZE_UNKNOWN) return 'negative-size';
    this.assembler.add(symbol, timeMs, bid, bidSize, ask, askSize, line);
    return 'quote';
  }

  #symbol(bytes: Uint8Array, from: number, to: number): number {
    if (this.#meaning.upperCaseSymbol) {
      // In place: ASCII letters only, which is what symbols are made of.
      for (let index = from; index < to; index += 1) {
        const byte = bytes[index];
        if (byte >= 97 && byte <= 122) bytes[index] = byte - 32;
      }
    }
    return this.#symbols.internBytes(bytes, from, to);
  }

  #timeAt(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, numbers: ScannedNumbers | null): number {
    const { time, time2 } = this.#meaning;
    if (numbers !== null && this.#time.readsWholeMs && numbers.decimals[time] === 0) {
      return this.#time.readWhole(numbers.mantissas[time]);
    }
    if (time2 < 0) return this.#time.read(bytes, starts[time], ends[time], 0, 0);
    return this.#time.read(bytes, starts[time], ends[time], starts[time2], ends[time2]);
  }

  #priceAt(
    field: FieldIndex,
    bytes: Uint8Array,
    starts: Int32Array,
    ends: Int32Array,
    numbers: ScannedNumbers | null,
  ): number {
    if (field < 0) return NO_PRICE;
    if (numbers !== null && numbers.decimals[field] !== NOT_PLAIN) {
      if (numbers.decimals[field] === EMPTY) return NO_PRICE;
      const scaled = this.#price.scalePlain(numbers.mantissas[field], numbers.decimals[field]);
      if (scaled >= 0) return scaled;
    }
    const price = this.#price.parse(bytes, starts[field], ends[field]);
    return price === ABSENT ? NO_PRICE : price;
  }

  #sizeAt(
    field: FieldIndex,
    bytes: Uint8Array,
    starts: Int32Array,
    ends: Int32Array,
    numbers: ScannedNumbers | null,
  ): number {
    if (field < 0) return SIZE_UNKNOWN;
    if (numbers !== null && numbers.decimals[field] !== NOT_PLAIN) {
      if (numbers.decimals[field] === EMPTY) return SIZE_UNKNOWN;
      const scaled = this.#size.scalePlain(numbers.mantissas[field], numbers.decimals[field]);
      if (scaled >= 0) return scaled;
    }
    const size = this.#size.parse(bytes, starts[field], ends[field]);
    if (size === ABSENT) return SIZE_UNKNOWN;
    // -0.000001 is -1 unit: it must not look like "unknown".
    return size < 0 ? size + SIZE_UNKNOWN : size;
  }

  #passes(bytes: Uint8Array, starts: Int32Array, ends: Int32Array): boolean {
    for (const { field, oneOf, present } of this.#meaning.conditions) {
      let from = starts[field];
      let to = ends[field];
      while (from < to && bytes[from] <= 32) from += 1;
      while (to > from && bytes[to - 1] <= 32) to -= 1;
      if (oneOf === null) {
        if (to > from !== present) return false;
      } else if (!isOneOf(oneOf, bytes, from, to)) {
        return false;
      }
    }
    return true;
  }
}

function isOneOf(values: readonly Uint8Array[], bytes: Uint8Array, from: number, to: number): boolean {
  for (const value of values) {
    if (value.length !== to - from) continue;
    let index = 0;
    while (index < value.length && value[index] === bytes[from + index]) index += 1;
    if (index === value.length) return true;
  }
  return false;
}
