import { fromUtf8 } from '../../core/utf8.ts';

/**
 * Numbers for symbols, shared by all inputs of a session. Bytes that were seen before find their number by hash, with
 * no string made; new bytes are decoded and trimmed once, so that ` AAPL` and `AAPL` are one symbol. Symbols are
 * compared exactly otherwise: `aapl` and `AAPL` are two. Source thread only; grows, never shrinks.
 */

/** Bytes of UTF-8 after trimming: far above any venue's symbols, options included. */
export const SYMBOL_BYTES_MAX = 64;
/** A file whose every row has a new symbol is damaged; without a bound it would fill the memory. */
export const SYMBOLS_MAX = 2_000_000;

export const SYMBOL_MISSING = -1;
export const SYMBOL_BAD = -2;
export const SYMBOL_TABLE_FULL = -3;

const FIRST_SLOTS = 4096;
const FNV_OFFSET = 0x811c9dc5 | 0;
const FNV_PRIME = 0x01000193;
/** Control characters, and what UTF-8 decoding writes for bytes that are none. Blanks inside (`BRK A`) are the venue's. */
const BAD_CHARACTERS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffd]/;
const SPACE = 32;

/** Text of bytes, for messages and rare paths: invalid UTF-8 becomes U+FFFD. */
export function decodeUtf8(bytes: Uint8Array, from: number, to: number): string {
  return fromUtf8.decode(bytes.subarray(from, to));
}

export class SymbolTable {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  // Spellings (byte sequences) point at symbols; several spellings may share one.
  #slots = new Int32Array(FIRST_SLOTS).fill(-1);
  #spellingHash = new Int32Array(FIRST_SLOTS);
  #spellingStart = new Int32Array(FIRST_SLOTS + 1);
  #spellingSymbol = new Int32Array(FIRST_SLOTS);
  #spellingCount = 0;
  #arena = new Uint8Array(FIRST_SLOTS * 8);

  get size(): number {
    return this.#names.length;
  }

  name(symbol: number): string {
    return this.#names[symbol];
  }

  names(): readonly string[] {
    return this.#names;
  }

  /** @returns the number of `name`, which is trimmed; or SYMBOL_MISSING, SYMBOL_BAD, SYMBOL_TABLE_FULL (all negative) */
  intern(name: string): number {
    const trimmed = name.trim();
    const known = this.#numbers.get(trimmed);
    if (known !== undefined) return known;
    if (trimmed.length === 0) return SYMBOL_MISSING;
    if (trimmed.length > SYMBOL_BYTES_MAX || BAD_CHARACTERS.test(trimmed)) return SYMBOL_BAD;
    if (this.#names.length >= SYMBOLS_MAX) return SYMBOL_TABLE_FULL;
    const symbol = this.#names.length;
    this.#names.push(trimmed);
    this.#numbers.set(trimmed, symbol);
    return symbol;
  }

  /** As `intern`, from UTF-8 bytes [from, to). */
  internBytes(bytes: Uint8Array, from: number, to: number): number {
    while (from < to && bytes[from] <= SPACE) from += 1;
    while (to > from && bytes[to - 1] <= SPACE) to -= 1;
    const length = to - from;
    if (length === 0) return SYMBOL_MISSING;
    if (length > SYMBOL_BYTES_MAX) return SYMBOL_BAD;
    let hash = FNV_OFFSET;
    for (let index = from; index < to; index += 1) hash = Math.imul(hash ^ bytes[index], FNV_PRIME);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    for (;;) {
      const spelling = slots[slot];
      if (spelling < 0) return this.#addSpelling(hash, bytes, from, to);
      if (this.#spellingHash[spelling] === hash && this.#sameBytes(spelling, bytes, from, length)) {
        return this.#spellingSymbol[spelling];
      }
      slot = (slot + 1) & mask;
    }
  }

  #sameBytes(spelling: number, bytes: Uint8Array, from: number, length: number): boolean {
    const start = this.#spellingStart[spelling];
    if (this.#spellingStart[spelling + 1] - start !== length) return false;
    const arena = this.#arena;
    for (let index = 0; index < length; index += 1) {
      if (arena[start + index] !== bytes[from + index]) return false;
    }
    return true;
  }

  #addSpelling(hash: number, bytes: Uint8Array, from: number, to: number): number {
    const symbol = this.intern(decodeUtf8(bytes, from, to));
    if (symbol < 0) return symbol;
    // A flood of spellings of few symbols must not grow the table either: it is decoded each time instead.
    if (this.#spellingCount >= SYMBOLS_MAX) return symbol;
    if ((this.#spellingCount + 1) * 2 > this.#slots.length) this.#grow();
    const spelling = this.#spellingCount;
    const start = this.#spellingStart[spelling];
    if (start + to - from > this.#arena.length) this.#growArena();
    this.#arena.set(bytes.subarray(from, to), start);
    this.#spellingStart[spelling + 1] = start + to - from;
    this.#spellingHash[spelling] = hash;
    this.#spellingSymbol[spelling] = symbol;
    this.#spellingCount += 1;
    this.#place(spelling, hash);
    return symbol;
  }

  #place(spelling: number, hash: number): void {
    const mask = this.#slots.length - 1;
    let slot = (hash ^ (hash >>> 15)) & mask;
    while (this.#slots[slot] >= 0) slot = (slot + 1) & mask;
    this.#slots[slot] = spelling;
  }

  #grow(): void {
    const slots = this.#slots.length * 2;
    this.#spellingHash = widened(this.#spellingHash, slots);
    this.#spellingStart = widened(this.#spellingStart, slots + 1);
    this.#spellingSymbol = widened(this.#spellingSymbol, slots);
    this.#slots = new Int32Array(slots).fill(-1);
    for (let spelling = 0; spelling < this.#spellingCount; spelling += 1) {
      this.#place(spelling, this.#spellingHash[spelling]);
    }
  }

  #growArena(): void {
    const arena = new Uint8Array(this.#arena.length * 2);
    arena.set(this.#arena);
    this.#arena = arena;
  }
}

function widened(values: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const wider = new Int32Array(length);
  wider.set(values);
  return wider;
}
