import { fromUtf8, toUtf8 } from '../../core/utf8.ts';
import { StoreError, type DurableStore } from '../../contract/durable-store.ts';
import { FILE_TRADE_WORDS, SYMBOL_WORD, TRADE_WORDS } from './trade-run.ts';

/** A value of trades, as a checkpoint points at it. */
export interface TradeValue {
  readonly name: string;
  readonly sha256: string;
  readonly trades: number;
  /** 0: of one checkpoint; n: so many merges ago. */
  readonly level: number;
}

/** Values of a level that are merged into one of the next, so that a long session has few. */
const MERGE_VALUES = 16;
const MAGIC = 0x31_44_52_54; // "TRD1"
const ALIGN = 8;
const ID_DIGITS = 10;

interface Header {
  /** 1: FILE_TRADE_WORDS words per trade, nothing of what decided. */
  readonly version: 1 | 2;
  readonly trades: number;
  /** What the numbers in the symbol's word stand for. */
  readonly symbols: readonly (readonly [number, string])[];
}

interface Prepared {
  readonly checkpointId: number;
  readonly trades: number;
}

/**
 * Trades on their way to being final (Flink: two-phase commit). Those before a checkpoint's barrier are put into the store
 * before its manifest, and so are there exactly when the checkpoint is; whatever came after it is traded again, under the
 * same ids, by whoever goes on from there. Coordinator thread only.
 *
 *   value    magic u32 | header bytes u32 | header JSON, padded with blanks to 8 | TRADE_WORDS words per trade
 */
export class DurableTrades {
  private readonly store: DurableStore;
  private readonly digest: (bytes: Uint8Array) => string;
  private readonly symbolText: (id: number) => string;
  private words = new Float64Array(TRADE_WORDS * 256);
  /** Trades in `words`. */
  private count = 0;
  private marks: Prepared[] = [];
  private values: readonly TradeValue[];
  private written = new Map<number, readonly TradeValue[]>();
  /** Told of a checkpoint's trades, TRADE_WORDS words each, at the moment they become final; also of none. */
  onFinal: (checkpointId: number, words: Float64Array, trades: number) => void = () => undefined;

  /** @param values that the checkpoint the job goes on from points at */
  constructor(
    store: DurableStore,
    digest: (bytes: Uint8Array) => string,
    symbolText: (id: number) => string,
    values: readonly TradeValue[] = [],
  ) {
    this.store = store;
    this.digest = digest;
    this.symbolText = symbolText;
    this.values = values;
  }

  /** @param from TRADE_WORDS words at `offset`; the third is the symbol's number in the job */
  add(from: Float64Array, offset: number): void {
    if ((this.count + 1) * TRADE_WORDS > this.words.length) {
      const wider = new Float64Array(this.words.length * 2);
      wider.set(this.words);
      this.words = wider;
    }
    this.words.set(from.subarray(offset, offset + TRADE_WORDS), this.count * TRADE_WORDS);
    this.count += 1;
  }

  /** The barrier: trades so far belong to this checkpoint. */
  mark(checkpointId: number): void {
    this.marks.push({ checkpointId, trades: this.count });
  }

  /** Puts the marked trades. @returns every value that holds trades up to the barrier @throws StoreError */
  async prepare(checkpointId: number): Promise<readonly TradeValue[]> {
    const marked = this.marks.find((mark) => mark.checkpointId === checkpointId);
    const trades = marked?.trades ?? 0;
    let values = this.values;
    if (trades > 0) {
      const words = this.words.slice(0, trades * TRADE_WORDS);
      values = [...values, await this.put(nameOf(checkpointId, 0), words, (id) => this.symbolText(id), 0)];
    }
    for (let level = 0; values.filter((value) => value.level === level).length >= MERGE_VALUES; level += 1)
      values = await this.merge(values, level, checkpointId);
    this.written.set(checkpointId, values);
    return values;
  }

  /** The checkpoint is there: its trades are final. */
  commit(checkpointId: number): void {
    const values = this.written.get(checkpointId);
    const marked = this.marks.find((mark) => mark.checkpointId === checkpointId);
    if (values === undefined || marked === undefined) return;
    this.values = values;
    this.onFinal(checkpointId, this.words, marked.trades);
    this.words.copyWithin(0, marked.trades * TRADE_WORDS, this.count * TRADE_WORDS);
    this.count -= marked.trades;
    this.marks = this.marks
      .filter((mark) => mark.checkpointId > checkpointId)
      .map((mark) => ({ ...mark, trades: mark.trades - marked.trades }));
    for (const id of [...this.written.keys()]) if (id <= checkpointId) this.written.delete(id);
  }

  /** Trades that no checkpoint has made final yet: at the end of a session they are. */
  rest(): { readonly words: Float64Array; readonly trades: number } {
    return { words: this.words, trades: this.count };
  }

  private async merge(values: readonly TradeValue[], level: number, checkpointId: number): Promise<TradeValue[]> {
    const merged = values.filter((value) => value.level === level);
    const ids = new Map<string, number>();
    const parts: Float64Array[] = [];
    for (const value of merged) {
      const part = await readTrades(this.store, this.digest, value);
      for (let at = SYMBOL_WORD; at < part.words.length; at += TRADE_WORDS) {
        const text = part.symbols.get(part.words[at]) as string;
        if (!ids.has(text)) ids.set(text, ids.size);
        part.words[at] = ids.get(text) as number;
      }
      parts.push(part.words);
    }
    const words = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      words.set(part, at);
      at += part.length;
    }
    const texts = [...ids.keys()];
    const value = await this.put(nameOf(checkpointId, level + 1), words, (id) => texts[id], level + 1);
    return [value, ...values.filter((other) => other.level !== level)];
  }

  private async put(
    name: string,
    words: Float64Array,
    textOf: (id: number) => string,
    level: number,
  ): Promise<TradeValue> {
    const bytes = encodeTrades(words, textOf);
    await this.store.put(name, bytes);
    return { name, sha256: this.digest(bytes), trades: words.length / TRADE_WORDS, level };
  }
}

/** Trades of one value, as the store has them. */
export interface StoredTrades {
  /** TRADE_WORDS words per trade. */
  readonly words: Float64Array;
  /** What the numbers in the symbol's word stand for. */
  readonly symbols: ReadonlyMap<number, string>;
}

/**
 * The trades of one value.
 * @throws StoreError `damaged` when it is not there or not what was put
 */
export async function readTrades(
  store: DurableStore,
  digest: (bytes: Uint8Array) => string,
  value: TradeValue,
): Promise<StoredTrades> {
  const bytes = await store.get(value.name);
  if (bytes === null || digest(bytes) !== value.sha256) {
    const found = bytes === null ? 'they are not there' : 'they are not what was written';
    throw new StoreError(
      'damaged',
      value.name,
      `The ${value.trades} trades in ${value.name} cannot be used: ${found}.`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = view.getUint32(4, true);
  const header = JSON.parse(fromUtf8.decode(bytes.slice(ALIGN, ALIGN + headerBytes))) as Header;
  const wordsPerTrade = header.version === 1 ? FILE_TRADE_WORDS : TRADE_WORDS;
  const words = new Float64Array(header.trades * wordsPerTrade);
  new Uint8Array(words.buffer).set(bytes.subarray(ALIGN + headerBytes));
  return { words: header.version === 1 ? widened(words) : words, symbols: new Map(header.symbols) };
}

/** Trades that were stored before what decided was: it is not known. */
function widened(narrow: Float64Array): Float64Array {
  const trades = narrow.length / FILE_TRADE_WORDS;
  const words = new Float64Array(trades * TRADE_WORDS).fill(NaN);
  for (let index = 0; index < trades; index += 1) {
    const from = index * FILE_TRADE_WORDS;
    words.set(narrow.subarray(from, from + FILE_TRADE_WORDS), index * TRADE_WORDS);
  }
  return words;
}

function nameOf(checkpointId: number, level: number): string {
  return `trades/${String(checkpointId).padStart(ID_DIGITS, '0')}-${level}`;
}

function encodeTrades(words: Float64Array, textOf: (id: number) => string): Uint8Array {
  const symbols = new Map<number, string>();
  for (let at = SYMBOL_WORD; at < words.length; at += TRADE_WORDS)
    if (!symbols.has(words[at])) symbols.set(words[at], textOf(words[at]));
  const header: Header = { version: 2, trades: words.length / TRADE_WORDS, symbols: [...symbols] };
  const text = toUtf8.encode(JSON.stringify(header));
  const dataAt = (ALIGN + text.length + ALIGN - 1) & ~(ALIGN - 1);
  const bytes = new Uint8Array(dataAt + words.byteLength).fill(0x20, ALIGN, dataAt);
  new Int32Array(bytes.buffer, 0, 2).set([MAGIC, dataAt - ALIGN]);
  bytes.set(text, ALIGN);
  new Float64Array(bytes.buffer, dataAt).set(words);
  return bytes;
}
