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
 * Each thread has its own SymbolDictionary over the same memory, with a private cache of the first strings it met: of
 * these the shared part is read once. The memory is reserved, not used: pages nobody wrote cost nothing.
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
/** Beyond so many, a thread's own map finds a string no sooner than the shared table does. */
const CACHED_MAX = 2 ** 16;
/** Arguments one call may have without filling the stack. */
const UNITS_PER_CALL = 1024;
/** The lock is held for microseconds; a thread that cannot get it in this many tries has a dead holder. */
const LOCK_TRIES_MAX = 20_000;

/** Strings in columns, to be stored: the first one's UTF-16 units end at `ends[0]`, the next one's begin there. */
export interface SymbolTexts {
  /** Their numbers where they were written. */
  readonly ids: Int32Array;
  readonly ends: Int32Array;
  readonly units: Uint16Array;
}

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
  private scratch = new Uint16Array(64);

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
    if (this.ids.size < CACHED_MAX) {
      this.ids.set(text, id);
      this.texts[id] = text;
    }
    return id;
  }

  /** The string's number if it has one: asking for text that nobody uses must not fill the dictionary. @returns -1: none */
  find(text: string): number {
    const cached = this.ids.get(text);
    if (cached !== undefined) return cached;
    const units = this.unitsOf(text);
    return Math.max(-1, this.findUnits(units, 0, text.length, hashOf(units, 0, text.length)));
  }

  /** @throws BugError for a number nobody gave out */
  textOf(id: number): string {
    return this.texts[id] ?? this.read(id);
  }

  /** @throws BugError for a number nobody gave out */
  textsOf(ids: Int32Array): SymbolTexts {
    const { entries } = this;
    const { count } = this;
    const ends = new Int32Array(ids.length);
    let end = 0;
    for (let index = 0; index < ids.length; index += 1) {
      const id = ids[index];
      assert(id >= 0 && id < count, `Symbol ${id} was never given out; there are ${count}.`);
      end += entries[id * 2 + 1];
      ends[index] = end;
    }
    const units = new Uint16Array(end);
    let at = 0;
    for (let index = 0; index < ids.length; index += 1) {
      const from = entries[ids[index] * 2];
      for (let unit = from - at; at < ends[index]; at += 1) units[at] = this.units[unit + at];
    }
    return { ids, ends, units };
  }

  /** Numbers of strings, as `idOf` gives them, without making the strings. @throws IllegalArgumentError when it is full */
  idsOf({ ends, units }: SymbolTexts): Int32Array {
    const ids = new Int32Array(ends.length);
    for (let index = 0; index < ids.length; index += 1)
      ids[index] = this.internUnits(units, index === 0 ? 0 : ends[index - 1], ends[index]);
    return ids;
  }

  private read(id: number): string {
    assert(id >= 0 && id < this.count, `Symbol ${id} was never given out; there are ${this.count}.`);
    const start = this.entries[id * 2];
    const end = start + this.entries[id * 2 + 1];
    const text = textIn(this.units, start, end);
    this.texts[id] = text;
    return text;
  }

  private intern(text: string): number {
    return this.internUnits(this.unitsOf(text), 0, text.length);
  }

  /** Its UTF-16 units, until the next call. */
  private unitsOf(text: string): Uint16Array {
    if (text.length > this.scratch.length) this.scratch = new Uint16Array(text.length);
    copyUnits(text, this.scratch, 0);
    return this.scratch;
  }

  /** Takes the lock only where the string may be new: what is there is found while others add to it. */
  private internUnits(text: Uint16Array, from: number, to: number): number {
    const hash = hashOf(text, from, to);
    const known = this.findUnits(text, from, to, hash);
    if (known >= 0) return known;
    this.lock();
    try {
      const found = this.findUnits(text, from, to, hash);
      return found >= 0 ? found : this.append(text, from, to, -found - 1);
    } finally {
      Atomics.store(this.header, LOCK, 0);
      Atomics.notify(this.header, LOCK, 1);
    }
  }

  /** @returns the string's number, or -1 - the bucket it would go to */
  private findUnits(text: Uint16Array, from: number, to: number, hash: number): number {
    const { buckets } = this;
    const mask = buckets.length - 1;
    for (let bucket = hash & mask; ; bucket = (bucket + 1) & mask) {
      // Filled last by whoever adds a string: what it points at is there.
      const entry = Atomics.load(buckets, bucket);
      if (entry === 0) return -1 - bucket;
      if (this.isText(entry - 1, text, from, to)) return entry - 1;
    }
  }

  private isText(id: number, text: Uint16Array, from: number, to: number): boolean {
    const { entries, units } = this;
    if (entries[id * 2 + 1] !== to - from) return false;
    const shift = entries[id * 2] - from;
    for (let unit = from; unit < to; unit += 1) if (units[unit + shift] !== text[unit]) return false;
    return true;
  }

  private append(text: Uint16Array, from: number, to: number, bucket: number): number {
    const id = this.header[COUNT];
    const start = this.header[UNITS_USED];
    const length = to - from;
    const { symbolsMax, unitsMax } = this.memory;
    if (id >= symbolsMax || start + length > unitsMax) {
      throw new IllegalArgumentError(
        `The symbol dictionary is full: ${id} of ${symbolsMax} strings, ${start} of ${unitsMax} characters. Raise symbolsMax, or use a key function for text that never repeats.`,
      );
    }
    for (let unit = 0; unit < length; unit += 1) this.units[start + unit] = text[from + unit];
    this.entries[id * 2] = start;
    this.entries[id * 2 + 1] = length;
    this.header[UNITS_USED] = start + length;
    Atomics.store(this.header, COUNT, id + 1);
    Atomics.store(this.buckets, bucket, id + 1);
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
function hashOf(text: Uint16Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let unit = from; unit < to; unit += 1) hash = Math.imul(hash ^ text[unit], 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Not by code points: a half of a surrogate pair is a unit like any other. */
function copyUnits(text: string, units: Uint16Array, at: number): void {
  for (let unit = 0; unit < text.length; unit += 1) units[at + unit] = text.charCodeAt(unit);
}

/** @param symbols numbers and their strings */
export function textsFrom(symbols: readonly (readonly [number, string])[]): SymbolTexts {
  let end = 0;
  const ends = Int32Array.from(symbols, ([, text]) => (end += text.length));
  const units = new Uint16Array(end);
  symbols.forEach(([, text], index) => copyUnits(text, units, ends[index] - text.length));
  return { ids: Int32Array.from(symbols, ([id]) => id), ends, units };
}

/** Numbers and their strings, as `textsFrom` took them. */
export function stringsOf({ ids, ends, units }: SymbolTexts): readonly (readonly [number, string])[] {
  return Array.from(ids, (id, index) => [id, textIn(units, index === 0 ? 0 : ends[index - 1], ends[index])] as const);
}

function textIn(units: Uint16Array, start: number, end: number): string {
  let text = '';
  for (let from = start; from < end; from += UNITS_PER_CALL)
    text += String.fromCharCode(...units.subarray(from, Math.min(end, from + UNITS_PER_CALL)));
  return text;
}
