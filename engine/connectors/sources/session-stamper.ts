import type { ReaderOutput } from '../../api/source.ts';
import { WATERMARK_MIN } from '../../core/time.ts';
import { HeldQuotes, quarantineStale, type StoredHeldQuote } from './held-quotes.ts';
import { PlannedPositions } from './planned-positions.ts';
import { BATCH_QUOTES, type QuoteBatch } from './quote-batch.ts';
import type { RowLedger } from './row-ledger.ts';
import type { PlannedPosition, SessionPosition, SessionQuote, SessionRecord } from './session-records.ts';
import type { SymbolTable } from './symbol-table.ts';

/** Default of `maxFutureMs` in a replay: one hour. */
export const MAX_FUTURE_REPLAY_MS = 3_600_000;
/** From so many symbols on it is worth saying which come next. */
const SYMBOLS_MANY = 2 ** 16;
const FULL_SECOND_MS = 1000;

export interface StamperOptions {
  readonly outOfOrdernessMs: number;
  readonly maxFutureMs: number;
  readonly positions: readonly PlannedPosition[];
  /** Emit an alignment at every full second of event time (needed by limits over all symbols). */
  readonly alignFullSeconds: boolean;
  /** The job's number for a symbol, asked once per symbol; absent: the job looks each quote's symbol up by itself. */
  readonly symbolIdOf?: ((symbol: string) => number) | undefined;
  /** Drive the clock of processing-time timers by event time (replays). */
  readonly drivesProcessingTime: boolean;
  /** That clock is told (`processingTime`): live, and in the replay of what was live. Then event time does not drive it. */
  readonly takesProcessingTime?: boolean;
  /** Whether late quotes of a symbol are dropped, asked for each of them; without it they all are. Others count as applied. */
  readonly dropsLate?: (symbol: string) => boolean;
}

/** Where the stamper stands, as plain data: symbols by name, inputs by their place among all. */
export interface StoredStamper {
  readonly sequence: number;
  /** null: before the first quote. */
  readonly greatestMs: number | null;
  readonly smallestMs: number | null;
  readonly watermarkMs: number | null;
  readonly takenQuotes: number;
  readonly emittedRecords: number;
  readonly lateQuotes: number;
  readonly futureQuotes: number;
  readonly staleQuotes: number;
  /** The clock that was told; null: not yet. */
  readonly processingMs: number | null;
  readonly symbols: readonly string[];
  /** How many of the positions have entered the stream; null: none, and those without a time have none yet. */
  readonly openedPositions: number | null;
  /** Event time of the first quote, which positions without a time were given. */
  readonly firstQuoteMs: number;
  readonly aligns: boolean;
  readonly nextSecondAt: number | null;
  readonly held: readonly StoredHeldQuote[];
  readonly isReleasing: boolean;
}

/**
 * Gives every quote of the session its sequence and stamps the session's event time: the one place that decides what
 * trading-rules "Time" and "On a position" say about order. Pure; source thread only; nothing is allocated per quote.
 *
 * What is emitted around one taken quote, in this order:
 *   alignment   when the greatest event time enters a new full second
 *   positions   whose `openedAt` is not after the quote, by `openedAt`, then file order, each with its own timestamp,
 *               and ahead of each, where the replay drives it, processing time: `openedAt`
 *   watermark   greatest event time (this quote's included) - outOfOrdernessMs - 1; so a position's own timers that are
 *               not after it fire before the quote
 *   processing  greatest event time, where the replay drives that clock
 *   quote
 *
 * A quote more than `maxFutureMs` past the greatest event time is held back. The three quotes that follow decide: all
 * as far past the same mark, and all four are taken in order; otherwise every held one is quarantined as `future`.
 * The first quote of a session has nothing to be compared with and is taken.
 */
export class SessionStamper {
  /** Number the next well-formed quote gets; so also how many there were. */
  sequence = 0;
  greatestMs = WATERMARK_MIN;
  smallestMs = Infinity;
  /** Quotes (not rows) that reached the job, late ones included. */
  takenQuotes = 0;
  /** Quotes and positions emitted. */
  emittedRecords = 0;
  /** Late quotes that are dropped. */
  lateQuotes = 0;
  futureQuotes = 0;
  staleQuotes = 0;
  /** Different symbols among the quotes taken. */
  symbolCount = 0;

  readonly #symbols: SymbolTable;
  readonly #outOfOrdernessMs: number;
  readonly #maxFutureMs: number;
  readonly #drivesProcessingTime: boolean;
  readonly #takesProcessingTime: boolean;
  #processingMs = WATERMARK_MIN;
  readonly #dropsLate: (symbol: string) => boolean;
  readonly #positions: PlannedPositions;
  #watermarkMs = WATERMARK_MIN;
  #nextSecondAt: number;
  readonly #held: HeldQuotes;
  #symbolSeen = new Uint8Array(4096);
  /** By number in the session's table: the number in the job's dictionary. */
  #symbolIds = new Int32Array(4096);
  readonly #symbolIdOf: ((symbol: string) => number) | null;
  readonly #announced = new Int32Array(BATCH_QUOTES);
  readonly #quote: SessionQuote = { kind: 'quote', symbol: '', bid: 0, bidSize: 0, ask: 0, askSize: 0, sequence: 0 };
  readonly #position: SessionPosition = { kind: 'position', symbol: '', shares: 0, buyPrice: 0, ttlMs: -1 };

  constructor(symbols: SymbolTable, options: StamperOptions) {
    this.#symbols = symbols;
    this.#outOfOrdernessMs = options.outOfOrdernessMs;
    this.#maxFutureMs = options.maxFutureMs;
    this.#takesProcessingTime = options.takesProcessingTime ?? false;
    this.#drivesProcessingTime = options.drivesProcessingTime && !this.#takesProcessingTime;
    this.#symbolIdOf = options.symbolIdOf ?? null;
    if (this.#symbolIdOf !== null) this.#quote.symbolId = 0;
    this.#dropsLate = options.dropsLate ?? ((): boolean => true);
    this.#positions = new PlannedPositions(options.positions);
    this.#held = new HeldQuotes(symbols);
    this.#nextSecondAt = options.alignFullSeconds ? WATERMARK_MIN : Infinity;
  }

  /** @param ledgers of the inputs, in their order */
  snapshot(ledgers: readonly (RowLedger | null)[]): StoredStamper {
    const known = (timeMs: number): number | null => (Number.isFinite(timeMs) ? timeMs : null);
    const symbols: string[] = [];
    for (let symbol = 0; symbol < this.#symbolSeen.length; symbol += 1)
      if (this.#symbolSeen[symbol] === 1) symbols.push(this.#symbols.name(symbol));
    return {
      sequence: this.sequence,
      greatestMs: known(this.greatestMs),
      smallestMs: known(this.smallestMs),
      watermarkMs: known(this.#watermarkMs),
      takenQuotes: this.takenQuotes,
      emittedRecords: this.emittedRecords,
      lateQuotes: this.lateQuotes,
      futureQuotes: this.futureQuotes,
      staleQuotes: this.staleQuotes,
      processingMs: known(this.#processingMs),
      symbols,
      openedPositions: this.#positions.opened,
      firstQuoteMs: this.#positions.firstQuoteMs,
      aligns: this.#nextSecondAt !== Infinity,
      nextSecondAt: known(this.#nextSecondAt),
      held: this.#held.snapshot(ledgers),
      isReleasing: this.#held.isReleasing,
    };
  }

  /** Before anything is offered; the positions are the ones the stamper was first made with. */
  restore(stored: StoredStamper, ledgers: readonly (RowLedger | null)[]): void {
    this.sequence = stored.sequence;
    this.greatestMs = stored.greatestMs ?? WATERMARK_MIN;
    this.smallestMs = stored.smallestMs ?? Infinity;
    this.#watermarkMs = stored.watermarkMs ?? WATERMARK_MIN;
    this.takenQuotes = stored.takenQuotes;
    this.emittedRecords = stored.emittedRecords;
    this.lateQuotes = stored.lateQuotes;
    this.futureQuotes = stored.futureQuotes;
    this.staleQuotes = stored.staleQuotes;
    this.#processingMs = stored.processingMs ?? WATERMARK_MIN;
    for (const name of stored.symbols) this.#see(this.#symbols.intern(name));
    this.#positions.restore(stored.openedPositions, stored.firstQuoteMs);
    this.#nextSecondAt = stored.aligns ? (stored.nextSecondAt ?? WATERMARK_MIN) : Infinity;
    this.#held.restore(stored.held, stored.isReleasing, ledgers);
  }

  /** Where the processing clock of a live session stands; -Infinity before it was ever told. */
  get processingMs(): number {
    return this.#processingMs;
  }

  /** True while quotes that were held back wait to be emitted: call `release` before the next `offer`. */
  get releasing(): boolean {
    return this.#held.isReleasing;
  }

  /** Rules changed: whether limits over all symbols need an alignment at every full second from here on. */
  setAlignFullSeconds(isNeeded: boolean): void {
    if (!isNeeded) this.#nextSecondAt = Infinity;
    else if (this.#nextSecondAt === Infinity) {
      this.#nextSecondAt = (Math.floor(this.greatestMs / FULL_SECOND_MS) + 1) * FULL_SECOND_MS;
    }
  }

  /** Whether a quote of this time would be held back, or join those that are. */
  wouldHold(timeMs: number): boolean {
    return timeMs > this.greatestMs + this.#maxFutureMs && this.greatestMs !== WATERMARK_MIN;
  }

  /**
   * Takes or holds back the quote `index` of `batch`.
   * @param room how many records may be emitted, 1 or more
   * @returns false when the room ended before the quote's turn: offer the same quote again
   */
  offer(
    batch: QuoteBatch,
    index: number,
    ledger: RowLedger,
    output: ReaderOutput<SessionRecord>,
    room: number,
  ): boolean {
    const timeMs = batch.time[index] + batch.timeShiftMs;
    const greatest = this.greatestMs;
    if (timeMs > greatest + this.#maxFutureMs && greatest !== WATERMARK_MIN) {
      this.#held.hold(batch, index, timeMs, this.sequence, ledger);
      this.sequence += 1;
      return true;
    }
    if (this.#held.count > 0) this.#quarantineHeld();
    if (timeMs > greatest && !this.#advance(timeMs, output, room)) return false;
    const symbol = batch.symbol[index];
    this.#count(symbol, timeMs, batch.rows === null ? 1 : batch.rows[index], ledger);
    const quote = this.#quote;
    this.#name(quote, symbol);
    quote.bid = batch.bid[index];
    quote.bidSize = batch.bidSize[index];
    quote.ask = batch.ask[index];
    quote.askSize = batch.askSize[index];
    quote.sequence = this.sequence;
    this.sequence += 1;
    output.collect(quote, timeMs);
    return true;
  }

  /**
   * Takes quotes [from, to) of `batch` for as long as they are of the usual kind: nothing is held back, the symbol is
   * known, and event time enters no full second, opens no position, makes no jump and is not late. What is left to do
   * for such a quote is done in one loop over local variables.
   * @param lastMs event time up to which this batch comes before all other inputs
   * @returns index of the first quote that was not taken: `offer` it
   */
  takeUsual(
    batch: QuoteBatch,
    from: number,
    to: number,
    lastMs: number,
    ledger: RowLedger,
    output: ReaderOutput<SessionRecord>,
  ): number {
    const { time, bid, bidSize, ask, askSize, symbol: symbols, rows, timeShiftMs } = batch;
    const seen = this.#symbolSeen;
    const quote = this.#quote;
    const endMs = Math.min(lastMs, this.#nextSecondAt - 1, this.#positions.nextAt - 1);
    let greatest = this.greatestMs;
    let smallest = this.smallestMs;
    let rowCount = 0;
    let index = from;
    // Nothing is usual before the first quote of the session, nor while quotes are held back.
    const end = greatest === WATERMARK_MIN || this.#held.count > 0 ? from : to;
    // Once for a batch: quotes that are not usual end this loop as often as they come.
    if (from === 0 && seen.length >= SYMBOLS_MANY) this.#announce(batch, output);
    for (; index < end; index += 1) {
      const timeMs = time[index] + timeShiftMs;
      const symbol = symbols[index];
      if (timeMs > endMs || timeMs > greatest + this.#maxFutureMs || timeMs < greatest - this.#outOfOrdernessMs) break;
      if (seen[symbol] !== 1) break;
      if (timeMs > greatest) {
        greatest = timeMs;
        this.#emitTime(timeMs, output);
      } else if (timeMs < smallest) {
        smallest = timeMs;
      }
      this.#name(quote, symbol);
      quote.bid = bid[index];
      quote.bidSize = bidSize[index];
      quote.ask = ask[index];
      quote.askSize = askSize[index];
      quote.sequence = this.sequence + index - from;
      rowCount += rows === null ? 1 : rows[index];
      output.collect(quote, timeMs);
    }
    const taken = index - from;
    this.greatestMs = greatest;
    this.smallestMs = smallest;
    this.sequence += taken;
    this.takenQuotes += taken;
    this.emittedRecords += taken;
    ledger.appliedRows += rowCount;
    return index;
  }

  /** Emits quotes that were held back and turned out to be real, `room` records at most. */
  release(output: ReaderOutput<SessionRecord>, room: number): void {
    const limit = this.emittedRecords + room;
    while (this.#held.isReleasing && this.emittedRecords < limit) {
      const held = this.#held.next;
      if (held.timeMs > this.greatestMs && !this.#advance(held.timeMs, output, limit - this.emittedRecords)) return;
      this.#count(held.symbol, held.timeMs, held.rows, held.ledger as RowLedger);
      const quote = this.#quote;
      this.#name(quote, held.symbol);
      quote.bid = held.bid;
      quote.bidSize = held.bidSize;
      quote.ask = held.ask;
      quote.askSize = held.askSize;
      quote.sequence = held.sequence;
      output.collect(quote, held.timeMs);
      this.#held.took();
    }
  }

  /** The processing clock of a live session reads this; it never goes back. */
  processingTime(timeMs: number, output: ReaderOutput<SessionRecord>): void {
    if (!this.#takesProcessingTime || timeMs <= this.#processingMs) return;
    this.#processingMs = timeMs;
    output.emitProcessingTime(timeMs);
  }

  /**
   * Event time goes on without a quote, because the feed is silent: timers fire and positions open as they would ahead of
   * a quote at `timeMs`. Before the first quote there is no event time that could go on.
   * @param room how many records may be emitted, 1 or more
   * @returns false when the room ended before it was done: step again
   */
  stepTo(timeMs: number, output: ReaderOutput<SessionRecord>, room: number): boolean {
    if (timeMs <= this.greatestMs || this.greatestMs === WATERMARK_MIN) return true;
    return this.#advance(timeMs, output, room);
  }

  /**
   * Puts a quote aside that was too old when it came. It has its number, but moves no time and reaches nobody. It is no
   * witness for a jump ahead either: so whether a held quote is real is known three numbers after it at the latest.
   */
  refuseStale(batch: QuoteBatch, index: number, ledger: RowLedger): void {
    if (this.#held.count > 0) this.#quarantineHeld();
    quarantineStale(batch, index, this.sequence, this.#symbols, ledger);
    this.sequence += 1;
    this.staleQuotes += 1;
  }

  /** The session is over: what is still held is quarantined, and event time reaches the greatest time seen. */
  end(output: ReaderOutput<SessionRecord>): void {
    this.#quarantineHeld();
    if (this.greatestMs === WATERMARK_MIN) return;
    output.emitWatermark(this.greatestMs);
  }

  /** Positions that have not entered the stream: at the end of the session they are `pending`. */
  pendingPositions(): readonly PlannedPosition[] {
    return this.#positions.pending();
  }

  /** Numbers of quotes that are held back, and about which nothing is decided: what follows does that. */
  undecided(): readonly number[] {
    return this.#held.undecided();
  }

  /** Sent last; null: none yet. */
  get watermarkMs(): number | null {
    return Number.isFinite(this.#watermarkMs) && this.#watermarkMs !== WATERMARK_MIN ? this.#watermarkMs : null;
  }

  /** Held-back quotes that nobody has decided about yet. */
  get heldQuotes(): number {
    return this.#held.waiting;
  }

  /**
   * Event time moves on to `timeMs`. The checks are arranged so that the usual quote, which enters no new second and
   * has no position waiting, pays two comparisons.
   */
  #advance(timeMs: number, output: ReaderOutput<SessionRecord>, room: number): boolean {
    if (timeMs >= this.#nextSecondAt) this.#align(timeMs, output);
    if (timeMs >= this.#positions.nextAt && !this.#openPositions(timeMs, output, room)) return false;
    this.greatestMs = timeMs;
    this.#emitTime(timeMs, output);
    return true;
  }

  /** `timeMs` is the greatest event time now. */
  #emitTime(timeMs: number, output: ReaderOutput<SessionRecord>): void {
    const watermarkMs = timeMs - this.#outOfOrdernessMs - 1;
    if (watermarkMs > this.#watermarkMs) {
      this.#watermarkMs = watermarkMs;
      output.emitWatermark(watermarkMs);
    }
    if (this.#drivesProcessingTime) output.emitProcessingTime(timeMs);
  }

  #align(timeMs: number, output: ReaderOutput<SessionRecord>): void {
    const secondMs = Math.floor(timeMs / FULL_SECOND_MS) * FULL_SECOND_MS;
    this.#nextSecondAt = secondMs + FULL_SECOND_MS;
    output.emitAlignment(secondMs);
  }

  #openPositions(timeMs: number, output: ReaderOutput<SessionRecord>, room: number): boolean {
    const positions = this.#positions;
    let left = room;
    for (let due = positions.due(timeMs); due !== null; due = positions.due(timeMs)) {
      if (left === 0) return false;
      left -= 1;
      positions.open();
      const openedAt = due.openedAt as number;
      const position = this.#position;
      position.symbol = due.symbol;
      position.shares = due.shares;
      position.buyPrice = due.buyPrice;
      position.ttlMs = due.ttlMs ?? -1;
      this.emittedRecords += 1;
      // Its time to live counts from here on the processing clock too: before the first quote that clock stands at 0.
      if (this.#drivesProcessingTime) output.emitProcessingTime(openedAt);
      output.collect(position, openedAt);
    }
    // The quote behind them needs a place as well.
    return left > 0;
  }

  #count(symbol: number, timeMs: number, rows: number, ledger: RowLedger): void {
    if (symbol >= this.#symbolSeen.length || this.#symbolSeen[symbol] === 0) this.#see(symbol);
    if (timeMs < this.smallestMs) this.smallestMs = timeMs;
    this.takenQuotes += 1;
    this.emittedRecords += 1;
    if (timeMs < this.greatestMs - this.#outOfOrdernessMs && this.#dropsLate(this.#symbols.name(symbol))) {
      this.lateQuotes += 1;
      ledger.lateRows += rows;
    } else {
      ledger.appliedRows += rows;
    }
  }

  #see(symbol: number): void {
    if (symbol >= this.#symbolSeen.length) this.#growSeen(symbol);
    this.#symbolSeen[symbol] = 1;
    this.symbolCount += 1;
    if (this.#symbolIdOf !== null) this.#symbolIds[symbol] = this.#symbolIdOf(this.#symbols.name(symbol));
  }

  #name(quote: SessionQuote, symbol: number): void {
    quote.symbol = this.#symbols.name(symbol);
    if (this.#symbolIdOf !== null) quote.symbolId = this.#symbolIds[symbol];
  }

  #announce({ symbol: symbols, to }: QuoteBatch, output: ReaderOutput<SessionRecord>): void {
    if (this.#symbolIdOf === null) return;
    const count = Math.min(to, this.#announced.length);
    for (let index = 0; index < count; index += 1) this.#announced[index] = this.#symbolIds[symbols[index]];
    output.announceSymbols(this.#announced, 0, count);
  }

  #growSeen(symbol: number): void {
    const seen = new Uint8Array(Math.max(symbol + 1, this.#symbolSeen.length * 2));
    seen.set(this.#symbolSeen);
    this.#symbolSeen = seen;
    const ids = new Int32Array(seen.length);
    ids.set(this.#symbolIds);
    this.#symbolIds = ids;
  }

  #quarantineHeld(): void {
    this.futureQuotes += this.#held.quarantine();
  }
}
