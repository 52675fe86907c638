import { assert } from '../core/assert.ts';
import { IllegalArgumentError } from '../core/errors.ts';

/**
 * Numbers for strings, the same on every thread of a job: 0, 1, 2 ... in the order of first use. Text is kept as UTF-16
 * code units in shared memory, so that every JavaScript string goes in and comes out unchanged.
 *
 *   header i32:  [0] lock   [1] symbols   [2] text units used
 *   entries i32: two per symbol: first text unit, length in units
 *   buckets i32: hash table of symbol + 1, open addressing, 0 is empty
 *   units  u16:  the text
 *
 * Each thread has its own SymbolDictionary over the same memory, with a private cache: the shared part is read once per
 * string and thread. The memory is reserved, not used: pages nobody wrote cost nothing.
 */
const LOCK = 0;
const COUNT = 1;
const UNITS_USED = 2;
const HEADER_BYTES = 64;

export interface SymbolDictionaryOptions {
  /** Most distinct strings; rounded up to a power of two. */
  readonly symbolsMax?: number;
  /** Most UTF-16 code units of all strings together. */
  readonly unitsMax?: number;
}
/** Twice the largest number of symbols that is measured (1,000,000), so that the hash table stays sparse. */
const SYMBOLS_MAX_DEFAULT = 2 ** 21;
const UNITS_PER_SYMBOL = 16;
/** Arguments one call may have without filling the stack. */
const UNITS_PER_CALL = 1024;
/** The lock is held for microseconds; a thread that cannot get it in this many tries has a dead holder. */
const LOCK_TRIES_MAX = 20_000;

export interface SymbolDictionaryMemory {
  readonly buffer: SharedArrayBuffer;
  readonly symbolsMax: number;
  readonly unitsMax: number;
}

export function createSymbolMemory(options: SymbolDictionaryOptions = {}): SymbolDictionaryMemory {
  const wanted = options.symbolsMax ?? SYMBOLS_MAX_DEFAULT;
  const symbolsMax = 2 ** Math.ceil(Math.log2(Math.max(2, wanted)));
  const unitsMax = options.unitsMax ?? symbolsMax * UNITS_PER_SYMBOL;
  return { buffer: new SharedArrayBuffer(HEADER_BYTES + symbolsMax * 16 + unitsMax * 2), symbolsMax, unitsMax };
}

export class SymbolDictionary {
  private readonly header: Int32Array;
  private readonly entries: Int32Array;
  private readonly buckets: Int32Array;
  private readonly units: Uint16Array;
  private readonly ids = new Map<string, number>();
  private readonly texts: (string | undefined)[] = [];
  private readonly memory: SymbolDictionaryMemory;

  constructor(memory: SymbolDictionaryMemory = createSymbolMemory({ symbolsMax: 2 ** 16 })) {
    const { buffer, symbolsMax, unitsMax } = memory;
    this.memory = memory;
    this.header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.entries = new Int32Array(buffer, HEADER_BYTES, symbolsMax * 2);
    this.buckets = new Int32Array(buffer, HEADER_BYTES + symbolsMax * 8, symbolsMax * 2);
    this.units = new Uint16Array(buffer, HEADER_BYTES + symbolsMax * 16, unitsMax);
  }

  /** How many strings have a number; they are 0 .. count - 1. */
  get count(): number {
    return Atomics.load(this.header, COUNT);
  }

  /** The string's number, given now if it has none yet. @throws IllegalArgumentError when the dictionary is full */
  idOf(text: string): number {
    const cached = this.ids.get(text);
    if (cached !== undefined) return cached;
    if (typeof text !== 'string')
      throw new IllegalArgumentError(`A symbol field must hold a string; found ${String(text)} (${typeof text}).`);
    const id = this.intern(text);
    this.ids.set(text, id);
    this.texts[id] = text;
    return id;
  }

  /** The string's number if it has one: asking for text that nobody uses must not fill the dictionary. @returns -1: none */
  find(text: string): number {
    const cached = this.ids.get(text);
    if (cached !== undefined) return cached;
    const mask = this.buckets.length - 1;
    // Without the lock: whoever appends writes the text first and its bucket last, and a symbol that is not seen yet is new.
    for (let bucket = hashOf(text) & mask; ; bucket = (bucket + 1) & mask) {
      const id = Atomics.load(this.buckets, bucket) - 1;
      if (id < 0) return -1;
      if (this.isText(id, text)) return id;
    }
  }

  /** @throws BugError for a number nobody gave out */
  textOf(id: number): string {
    return this.texts[id] ?? this.read(id);
  }

  private read(id: number): string {
    assert(id >= 0 && id < this.count, `Symbol ${id} was never given out; there are ${this.count}.`);
    const start = this.entries[id * 2];
    const end = start + this.entries[id * 2 + 1];
    let text = '';
    for (let from = start; from < end; from += UNITS_PER_CALL) {
      text += String.fromCharCode(...this.units.subarray(from, Math.min(end, from + UNITS_PER_CALL)));
    }
    this.texts[id] = text;
    return text;
  }

  private intern(text: string): number {
    this.lock();
    try {
      const mask = this.buckets.length - 1;
      let bucket = hashOf(text) & mask;
      for (; this.buckets[bucket] !== 0; bucket = (bucket + 1) & mask) {
        if (this.isText(this.buckets[bucket] - 1, text)) return this.buckets[bucket] - 1;
      }
      return this.append(text, bucket);
    } finally {
      Atomics.store(this.header, LOCK, 0);
      Atomics.notify(this.header, LOCK, 1);
    }
  }

  private isText(id: number, text: string): boolean {
    if (this.entries[id * 2 + 1] !== text.length) return false;
    const start = this.entries[id * 2];
    for (let unit = 0; unit < text.length; unit += 1)
      if (this.units[start + unit] !== text.charCodeAt(unit)) return false;
    return true;
  }

  private append(text: string, bucket: number): number {
    const id = this.header[COUNT];
    const start = this.header[UNITS_USED];
    const { symbolsMax, unitsMax } = this.memory;
    if (id >= symbolsMax || start + text.length > unitsMax) {
      throw new IllegalArgumentError(
        `The symbol dictionary is full: ${id} of ${symbolsMax} strings, ${start} of ${unitsMax} characters. Raise symbolsMax, or use a key function for text that never repeats.`,
      );
    }
    for (let unit = 0; unit < text.length; unit += 1) this.units[start + unit] = text.charCodeAt(unit);
    this.entries[id * 2] = start;
    this.entries[id * 2 + 1] = text.length;
    Atomics.store(this.buckets, bucket, id + 1);
    this.header[UNITS_USED] = start + text.length;
    Atomics.store(this.header, COUNT, id + 1);
    return id;
  }

  private lock(): void {
    for (let tries = 0; Atomics.compareExchange(this.header, LOCK, 0, 1) !== 0; tries += 1) {
      assert(tries < LOCK_TRIES_MAX, 'The symbol dictionary stayed locked; the thread that held it must have died.');
      Atomics.wait(this.header, LOCK, 1, 1);
    }
  }
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let unit = 0; unit < text.length; unit += 1) hash = Math.imul(hash ^ text.charCodeAt(unit), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
