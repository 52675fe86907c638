import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../../core/assert.ts';
import { markUnfinished } from '../../core/unfinished-files.node.ts';
import { compareTrades, copyOrdered, sortedOrder, sortedRun, FILE_TRADE_BYTES, FILE_TRADE_WORDS } from './trade-run.ts';

/** 16 MiB of trades in memory before a sorted run goes to disk. */
const RUN_TRADES_MAX = 1 << 18;
/** Read-ahead per run while merging, and what is written of a run at a time. */
const MERGE_TRADES = 1 << 12;

/** Where a trade's words stand. */
export interface StoredTrade {
  readonly words: Float64Array;
  readonly offset: number;
}

/**
 * Collects the trades of a whole session and gives them back in file order (event time, then quote sequence), in memory
 * that does not grow: full runs are sorted and spilled to a temporary file, and merged when read.
 * One thread; open until `dispose`, which removes the temporary file and may run twice.
 */
export class TradeStore {
  readonly #runTradesMax: number;
  readonly #buffer: Float64Array;
  #buffered = 0;
  #spill: { readonly folder: string; readonly file: number; readonly removed: () => void } | null = null;
  readonly #runTrades: number[] = [];

  /** @param runTradesMax trades held in memory, 1 or more */
  constructor(runTradesMax = RUN_TRADES_MAX) {
    this.#runTradesMax = runTradesMax;
    this.#buffer = new Float64Array(runTradesMax * FILE_TRADE_WORDS);
  }

  /** Where the next trade's words go: fill FILE_TRADE_WORDS words at the returned offset of `words`, all of them. */
  claim(): number {
    if (this.#buffered === this.#runTradesMax) this.#spillRun();
    const offset = this.#buffered * FILE_TRADE_WORDS;
    this.#buffered += 1;
    return offset;
  }

  get words(): Float64Array {
    return this.#buffer;
  }

  /**
   * Every trade in file order. What is yielded is valid until the next one is asked for.
   * @throws the file system's error when the temporary file cannot be read back
   */
  *sorted(): Generator<StoredTrade> {
    const last = sortedRun(this.#buffer, this.#buffered);
    const cursors = [...this.#spilledCursors(), new RunCursor(null, 0, 0, last)].filter((cursor) => !cursor.done);
    while (cursors.length > 0) {
      const next = smallest(cursors);
      const cursor = cursors[next];
      yield cursor;
      cursor.advance();
      if (cursor.done) cursors.splice(next, 1);
    }
  }

  dispose(): void {
    if (this.#spill === null) return;
    closeSync(this.#spill.file);
    rmSync(this.#spill.folder, { recursive: true, force: true });
    this.#spill.removed();
    this.#spill = null;
  }

  #spillRun(): void {
    if (this.#spill === null) {
      const folder = mkdtempSync(join(tmpdir(), 'flinktrade-trades-'));
      this.#spill = { folder, file: openSync(join(folder, 'runs'), 'w+'), removed: markUnfinished(folder) };
    }
    // In pieces: a sorted copy of the whole run would be as large as the run, each time.
    const order = sortedOrder(this.#buffer, this.#buffered);
    const piece = new Float64Array(Math.min(MERGE_TRADES, this.#buffered) * FILE_TRADE_WORDS);
    for (let from = 0; from < this.#buffered; from += MERGE_TRADES) {
      const to = Math.min(this.#buffered, from + MERGE_TRADES);
      copyOrdered(this.#buffer, order, from, to, piece);
      const bytes = new Uint8Array(piece.buffer, 0, (to - from) * FILE_TRADE_BYTES);
      for (let written = 0; written < bytes.byteLength;)
        written += writeSync(this.#spill.file, bytes, written, bytes.byteLength - written);
    }
    this.#runTrades.push(this.#buffered);
    this.#buffered = 0;
  }

  #spilledCursors(): RunCursor[] {
    let start = 0;
    return this.#runTrades.map((count) => {
      assert(this.#spill !== null, 'A spilled run of trades lost its temporary file.');
      const cursor = new RunCursor(this.#spill.file, start, count, null);
      start += count;
      return cursor;
    });
  }
}

/** The number of sorted runs is small (one per 262,144 trades), so a scan beats a heap in clarity and costs nothing. */
function smallest(cursors: readonly RunCursor[]): number {
  let best = 0;
  for (let index = 1; index < cursors.length; index += 1) {
    const candidate = cursors[index];
    const champion = cursors[best];
    if (compareTrades(candidate.words, candidate.offset, champion.words, champion.offset) < 0) best = index;
  }
  return best;
}

/** Walks one sorted run, either whole in memory or read ahead from the file in pieces. */
class RunCursor {
  readonly #file: number | null;
  #nextTrade: number;
  #left: number;
  words: Float64Array;
  offset = 0;

  constructor(file: number | null, firstTrade: number, count: number, inMemory: Float64Array | null) {
    this.#file = file;
    this.#nextTrade = firstTrade;
    this.#left = count;
    this.words = inMemory ?? new Float64Array(0);
    if (inMemory === null) this.#refill();
  }

  get done(): boolean {
    return this.offset >= this.words.length;
  }

  advance(): void {
    this.offset += FILE_TRADE_WORDS;
    if (this.done && this.#left > 0) this.#refill();
  }

  #refill(): void {
    assert(this.#file !== null, 'A run in memory has nothing to read again.');
    const count = Math.min(MERGE_TRADES, this.#left);
    const words = new Float64Array(count * FILE_TRADE_WORDS);
    const bytes = new Uint8Array(words.buffer);
    let read = 0;
    while (read < bytes.byteLength) {
      const got = readSync(this.#file, bytes, read, bytes.byteLength - read, this.#nextTrade * FILE_TRADE_BYTES + read);
      assert(got > 0, `The temporary trades file ended early: wanted ${bytes.byteLength} bytes, found ${read}.`);
      read += got;
    }
    this.#nextTrade += count;
    this.#left -= count;
    this.words = words;
    this.offset = 0;
  }
}
