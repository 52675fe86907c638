import { assert } from '../core/assert.ts';
import { IllegalArgumentError } from '../core/errors.ts';

/**
 * Numbers for strings, the same on every thread of a job: 0, 1, 2 ... in the order of first use. Text is kept as UTF-16
 * code units in shared memory, so that every JavaScript string goes in and comes out unchanged.
 *
 *   header i32:  [0] lock (LOCK_*)   [1] symbols   [2] text units used
 *   entries i32: two per symbol: first text unit, length in units
 *   buckets i32: hash table of symbol + 1, open addressing, 0 is empty
 *   units  u16:  the text
 *
 * Each thread has its own SymbolDictionary over the same memory, with a private cache of the first strings it met: of
 * these the shared part is read once. The memory is reserved, not used: pages nobody wrote cost nothing.
 */
const LOCK = 0;
const LOCK_FREE = 0;
const LOCK_HELD = 1;
/** And somebody sleeps until it is free: only then is a thread woken, which costs more than adding a string. */
const LOCK_AWAITED = 2;
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

/** Strings looked for together: as many as a core can wait for at once. */
const FETCHED_AHEAD = 32;
/** Keeps fetches from being optimized away. */
const FETCHED = new Int32Array(1);

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
    const hashes = new Int32Array(FETCHED_AHEAD);
    for (let first = 0; first < ids.length; first += FETCHED_AHEAD) {
      const count = Math.min(FETCHED_AHEAD, ids.length - first);
      let from = first === 0 ? 0 : ends[first - 1];
      for (let index = 0; index < count; index += 1) {
        hashes[index] = hashOf(units, from, ends[first + index]);
        from = ends[first + index];
      }
      this.fetchAhead(hashes, count);
      from = first === 0 ? 0 : ends[first - 1];
      for (let index = 0; index < count; index += 1) {
        ids[first + index] = this.internUnits(units, from, ends[first + index], hashes[index]);
        from = ends[first + index];
      }
    }
    return ids;
  }

  /**
   * Reads what finding so many strings will read. The reads of each round depend on nothing, so the processor waits for all
   * of these cache lines together instead of for one after the other.
   */
  private fetchAhead(hashes: Int32Array, count: number): void {
    const { buckets, entries, units } = this;
    const mask = buckets.length - 1;
    let sum = 0;
    for (let index = 0; index < count; index += 1) sum = (sum + buckets[hashes[index] & mask]) | 0;
    for (let index = 0; index < count; index += 1) {
      const entry = buckets[hashes[index] & mask];
      if (entry > 0) sum = (sum + entries[entry * 2 - 2]) | 0;
    }
    for (let index = 0; index < count; index += 1) {
      const entry = buckets[hashes[index] & mask];
      if (entry > 0) sum = (sum + units[entries[entry * 2 - 2]]) | 0;
    }
    FETCHED[0] = sum;
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
    const units = this.unitsOf(text);
    return this.internUnits(units, 0, text.length, hashOf(units, 0, text.length));
  }

  /** Its UTF-16 units, until the next call. */
  private unitsOf(text: string): Uint16Array {
    if (text.length > this.scratch.length) this.scratch = new Uint16Array(text.length);
    copyUnits(text, this.scratch, 0);
    return this.scratch;
  }

  /** Takes the lock only where the string may be new: what is there is found while others add to it. */
  private internUnits(text: Uint16Array, from: number, to: number, hash: number): number {
    const known = this.findUnits(text, from, to, hash);
    if (known >= 0) return known;
    this.lock();
    try {
      const found = this.findUnits(text, from, to, hash);
      return found >= 0 ? found : this.append(text, from, to, -found - 1);
    } finally {
      this.unlock();
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
    if (Atomics.compareExchange(this.header, LOCK, LOCK_FREE, LOCK_HELD) === LOCK_FREE) return;
    for (let tries = 0; Atomics.exchange(this.header, LOCK, LOCK_AWAITED) !== LOCK_FREE; tries += 1) {
      assert(tries < LOCK_TRIES_MAX, 'The symbol dictionary stayed locked; the thread that held it must have died.');
      Atomics.wait(this.header, LOCK, LOCK_AWAITED, 1);
    }
  }

  private unlock(): void {
    if (Atomics.exchange(this.header, LOCK, LOCK_FREE) === LOCK_AWAITED) Atomics.notify(this.header, LOCK, 1);
  }
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: Uint16Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let unit = from; unit < to; unit += 1) hash = Math.imul(hash ^ text[unit], 0x01000193);
  return hash ^ (hash >>> 15);
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
