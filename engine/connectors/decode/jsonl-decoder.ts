import type { InputError } from '../sources/input-error.ts';
import { QUARANTINE_TEXT_MAX, type RowLedger, type RowReason } from '../sources/row-ledger.ts';
import { decodeUtf8 } from '../sources/symbol-table.ts';
import type { JsonPathScanner } from './json-path-scanner.ts';
import type { LineDecoder } from './line-decoder.ts';
import type { RowAssembler } from './row-assembler.ts';
import type { RowInterpreter } from './row-interpreter.ts';

const TEXT_BYTES_MAX = QUARANTINE_TEXT_MAX * 4;
const UNIT_MIX_UP_ROWS = 20;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const SPACE = 32;
const TAB = 9;
const OPEN_BRACE = 123;

export interface JsonlLayout {
  /** Each line is a word (a local time, usually), a blank, and then the JSON; `optional`: or only the JSON, an object. */
  readonly linePrefix: boolean | 'optional';
  /** Slot of the word ahead of the JSON, or -1. */
  readonly prefixSlot: number;
  /** Slot of the envelope, or -1. Where a row has one, the fields are those of the slots behind the first `fieldSlots`. */
  readonly envelopeSlot: number;
  readonly fieldSlots: number;
}

/** Looks at the rows of a live feed, which carry numbers of their own. */
export interface RowGate {
  /** Any row that is JSON. */
  seen(bytes: Uint8Array, starts: Int32Array, ends: Int32Array): void;
  /** A quote of this symbol. @returns false: it was sent before */
  admits(symbol: number, bytes: Uint8Array, starts: Int32Array, ends: Int32Array): boolean;
}

/**
 * One JSON value per line, from bytes to quotes. Lines of other kinds than quotes are told apart by the profile's
 * conditions and ignored; a line that is no JSON is malformed, whatever it was meant to be.
 */
export class JsonlDecoder implements LineDecoder {
  readonly assembler: RowAssembler;
  readonly ledger: RowLedger;
  lines = 0;
  readonly #layout: JsonlLayout;
  readonly #scanner: JsonPathScanner;
  readonly #interpreter: RowInterpreter;
  #goodRows = 0;
  #unitMixUps = 0;
  readonly #describeUnitMixUp: (text: string) => InputError;
  readonly #gate: RowGate | null;

  constructor(
    layout: JsonlLayout,
    ledger: RowLedger,
    scanner: JsonPathScanner,
    interpreter: RowInterpreter,
    describeUnitMixUp: (text: string) => InputError,
    gate: RowGate | null = null,
  ) {
    this.#gate = gate;
    this.#layout = layout;
    this.ledger = ledger;
    this.#scanner = scanner;
    this.#interpreter = interpreter;
    this.assembler = interpreter.assembler;
    this.#describeUnitMixUp = describeUnitMixUp;
  }

  decode(bytes: Uint8Array, from: number, to: number, last: boolean): number {
    bytes[to] = LINE_FEED;
    let at = from;
    while (at < to && this.assembler.hasRoom()) {
      let end = at;
      while (bytes[end] !== LINE_FEED && bytes[end] !== CARRIAGE_RETURN) end += 1;
      if (end >= to && !last) return at;
      if (end === to - 1 && bytes[end] === CARRIAGE_RETURN && !last) return at;
      if (!isBlank(bytes, at, end)) this.#row(bytes, at, end);
      this.lines += 1;
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

  #row(bytes: Uint8Array, from: number, to: number): void {
    this.ledger.rowsRead += 1;
    let json = from;
    const { linePrefix, envelopeSlot } = this.#layout;
    if (linePrefix === true || (linePrefix === 'optional' && bytes[from] !== OPEN_BRACE)) {
      while (json < to && bytes[json] !== SPACE && bytes[json] !== TAB) json += 1;
    }
    const prefixEnd = json;
    if (!this.#scanner.scan(bytes, json, to)) {
      const nul = bytes.subarray(from, to).includes(0);
      return this.#quarantine(nul ? 'nul-byte' : 'bad-json', bytes, from, to);
    }
    const { starts, ends } = this.#scanner;
    if (this.#layout.prefixSlot >= 0) {
      starts[this.#layout.prefixSlot] = from;
      ends[this.#layout.prefixSlot] = prefixEnd;
    }
    if (envelopeSlot >= 0 && ends[envelopeSlot] > starts[envelopeSlot]) this.#openEnvelope(starts, ends);
    const gate = this.#gate;
    if (gate !== null) gate.seen(bytes, starts, ends);
    const outcome = this.#interpreter.interpret(bytes, starts, ends, this.lines + 1, null);
    if (outcome === 'quote') {
      this.#goodRows += 1;
      if (gate !== null) this.#admit(gate, bytes, starts, ends);
    } else if (outcome === 'ignored') this.ledger.ignoredRows += 1;
    else this.#quarantine(outcome, bytes, from, to);
  }

  #openEnvelope(starts: Int32Array, ends: Int32Array): void {
    const { fieldSlots } = this.#layout;
    for (let slot = 0; slot < fieldSlots; slot += 1) {
      starts[slot] = starts[fieldSlots + slot];
      ends[slot] = ends[fieldSlots + slot];
    }
  }

  /** The quote stands last in the batch. One that was sent before is a row without consequence: ignored. */
  #admit(gate: RowGate, bytes: Uint8Array, starts: Int32Array, ends: Int32Array): void {
    const { batch } = this.assembler;
    if (gate.admits(batch.symbol[batch.to - 1], bytes, starts, ends)) return;
    batch.to -= 1;
    this.ledger.ignoredRows += 1;
  }

  #quarantine(reason: RowReason, bytes: Uint8Array, from: number, to: number): void {
    this.ledger.quarantine(reason, this.lines + 1, decodeUtf8(bytes, from, Math.min(to, from + TEXT_BYTES_MAX)));
    // What is wrong with a feed's message is wrong with that message; a file is one thing as a whole.
    if (reason !== 'time-unit' || this.#gate !== null) return;
    this.#unitMixUps += 1;
    if (this.#goodRows === 0 && this.#unitMixUps === UNIT_MIX_UP_ROWS)
      throw this.#describeUnitMixUp(`each of the first ${UNIT_MIX_UP_ROWS} rows`);
  }
}

function isBlank(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (bytes[at] !== SPACE && bytes[at] !== TAB) return false;
  return true;
}
