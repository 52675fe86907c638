import { PRICE_DECIMALS, SHARE_DECIMALS } from '../../core/decimal.ts';
import { createQuoteBatch, type OwnedQuoteBatch } from '../sources/quote-batch.ts';
import type { FillStatus, QuoteInput } from '../sources/quote-input.ts';
import { RowLedger } from '../sources/row-ledger.ts';
import { NO_PRICE, SIZE_UNKNOWN, type PlannedPosition } from '../sources/session-records.ts';
import type { SymbolTable } from '../sources/symbol-table.ts';
import type { Random } from './prng.ts';
import { simulatedName } from './simulated-names.ts';

export interface MarketOptions {
  /** Default 240. */
  readonly symbolCount?: number;
  /** Event time of the first quotes. Default: a Monday's opening bell in New York. */
  readonly startMs?: number;
  /** Length of the session in event time. Default: 15 minutes. */
  readonly durationMs?: number;
  /** On average; bursts reach several times as many. Default 2,000. */
  readonly quotesPerSecond?: number;
  /** No bursts and no calm between them: about as many quotes in each millisecond. Default false. */
  readonly steady?: boolean;
}

/** 2026-01-05 14:30:00 UTC. */
export const SIMULATED_START_MS = 1_767_623_400_000;
const DEFAULT_SYMBOLS = 240;
const DEFAULT_DURATION_MS = 900_000;
const DEFAULT_QUOTES_PER_SECOND = 2_000;
const UNITS_PER_CENT = 10 ** (PRICE_DECIMALS - 2);
const UNITS_PER_ROUND_LOT = 100 * 10 ** SHARE_DECIMALS;
const MS_PER_SECOND = 1000;
const LOTS_PER_UNIT = 20;
const LATER_POSITION_EVERY_MS = 2_500;

/** Chances per quote. */
const LOCKED_CHANCE = 0.01;
const CROSSED_CHANCE = 0.0005;
const ONE_SIDED_CHANCE = 0.0003;
const UNCHANGED_CHANCE = 0.03;
const HALT_CHANCE = 0.00002;
const TREND_ENDS_CHANCE = 0.01;
/** Chances per millisecond of the whole market. */
const BURST_CHANCE = 0.0004;
const MARKET_TURN_CHANCE = 0.00005;
const BURST_MS_MAX = 1_500;
const BURST_RATE = 2.6;
/** Bursts are on for about a quarter of the time: outside of them the rate is lower, so that the average holds. */
const CALM_RATE = 0.45;
const HALT_MS = [20_000, 90_000] as const;
/** A tenth of the symbols is much busier than the rest, as in any market. */
const BUSY_SHARE = 0.1;
const BUSY_QUOTES = 0.5;
/** How strongly a price is pulled back to where its trend wants it, per quote. */
const REVERSION = 0.02;

/**
 * A seeded market, clearly not a real one: prices wander around slow trends and come back, spreads grow with the price,
 * quotes come in bursts; some books are locked, crossed or one-sided for a moment, and now and then a symbol stops
 * quoting. The same seed gives the same quotes for ever. Quotes are made as they are asked for: memory is the symbols'.
 * Only + - * / and comparisons on doubles are used, which every machine computes alike.
 */
export class MarketSimulator implements QuoteInput {
  readonly name = 'simulated market';
  readonly ledger = new RowLedger('simulated market');
  readonly nextControlIndex = Infinity;
  readonly batch: OwnedQuoteBatch;
  readonly symbolCount: number;
  readonly #random: Random;
  readonly #symbols: SymbolTable;
  readonly #startMs: number;
  readonly #endMs: number;
  readonly #quotesPerMs: number;
  readonly #isSteady: boolean;
  /** In cents, fractions kept. */
  readonly #mid: Float64Array;
  readonly #anchor: Float64Array;
  readonly #trend: Float64Array;
  readonly #startMid: Float64Array;
  readonly #haltedUntil: Float64Array;
  readonly #number: Int32Array;
  /** Last quote, repeated unchanged now and then: bid, ask in cents, sizes in round lots. */
  readonly #last: Int32Array;
  readonly #busyCount: number;
  #nowMs: number;
  #dueQuotes = 0;
  #burstUntilMs = 0;
  #marketTrend = 0;

  constructor(random: Random, symbols: SymbolTable, options: MarketOptions = {}) {
    const count = options.symbolCount ?? DEFAULT_SYMBOLS;
    this.symbolCount = count;
    this.#random = random;
    this.#symbols = symbols;
    this.#startMs = options.startMs ?? SIMULATED_START_MS;
    this.#nowMs = this.#startMs;
    this.#endMs = this.#startMs + (options.durationMs ?? DEFAULT_DURATION_MS);
    this.#quotesPerMs = (options.quotesPerSecond ?? DEFAULT_QUOTES_PER_SECOND) / MS_PER_SECOND;
    this.#isSteady = options.steady ?? false;
    this.#mid = new Float64Array(count);
    this.#anchor = new Float64Array(count);
    this.#trend = new Float64Array(count);
    this.#startMid = new Float64Array(count);
    this.#haltedUntil = new Float64Array(count);
    this.#number = new Int32Array(count);
    this.#last = new Int32Array(count * 4);
    this.#busyCount = Math.max(1, Math.floor(count * BUSY_SHARE));
    this.batch = createQuoteBatch();
    for (let symbol = 0; symbol < count; symbol += 1) this.#listSymbol(symbol);
  }

  /**
   * Starting positions to go with this market: some trade with the first quotes, others wait for a rise, and the rest for
   * their time to live to lower the ask. Shares last for several fills.
   */
  positions(): readonly PlannedPosition[] {
    const positions: PlannedPosition[] = [];
    for (let symbol = 0; symbol < this.symbolCount; symbol += 1) {
      // From the symbol's own price, not from `random`: asking for positions must not change the market.
      const mid = Math.floor(this.#startMid[symbol]);
      const ladder = ((symbol * 7) % 13) - 3;
      const buyCents = Math.max(1, mid - 14 + ladder * Math.max(1, Math.floor(mid / 4000)));
      positions.push({
        symbol: this.#symbols.name(this.#number[symbol]),
        // Enough for hours of fills, so that the sample does not go quiet when times to live have run out.
        shares: (5 + ((symbol * 11) % 46)) * LOTS_PER_UNIT * UNITS_PER_ROUND_LOT,
        buyPrice: buyCents * UNITS_PER_CENT,
        ttlMs: null,
        // Every fourth one comes later, one after the other.
        openedAt: symbol % 4 === 3 ? this.#startMs + (symbol + 1) * LATER_POSITION_EVERY_MS : null,
      });
    }
    return positions;
  }

  fill(): FillStatus {
    const { batch } = this;
    batch.from = 0;
    batch.to = 0;
    while (batch.to < batch.capacity) {
      if (this.#dueQuotes < 1) {
        if (this.#nowMs >= this.#endMs) break;
        this.#tick();
        continue;
      }
      this.#dueQuotes -= 1;
      this.#quote(this.#pickSymbol());
    }
    this.ledger.rowsRead += batch.to;
    return batch.to > 0 ? 'filled' : 'ended';
  }

  async whenReady(): Promise<void> {}

  takeControl(): unknown {
    return undefined;
  }

  /** In event time: a simulated session has no bytes. */
  progress(): { readonly read: number; readonly total: number } {
    return { read: this.#nowMs - this.#startMs, total: this.#endMs - this.#startMs };
  }

  position(): number {
    return this.ledger.rowsRead;
  }

  async close(): Promise<void> {}

  #listSymbol(symbol: number): void {
    const random = this.#random;
    // Many cheap stocks, few dear ones: 5 to about 60 dollars mostly, up to some 900.
    const level = random();
    const cents =
      500 + 5_500 * random() + 30_000 * level * level * level * level + (random() < 0.03 ? 60_000 * random() : 0);
    this.#mid[symbol] = cents;
    this.#anchor[symbol] = cents;
    this.#startMid[symbol] = cents;
    this.#number[symbol] = this.#symbols.intern(simulatedName(symbol));
  }

  /** The next millisecond: how many quotes it brings. */
  #tick(): void {
    const random = this.#random;
    this.#nowMs += 1;
    if (random() < BURST_CHANCE) this.#burstUntilMs = this.#nowMs + BURST_MS_MAX * random();
    if (random() < MARKET_TURN_CHANCE) this.#marketTrend = (random() - 0.5) * 0.00002;
    const rate = this.#isSteady ? 1 : this.#nowMs < this.#burstUntilMs ? BURST_RATE : CALM_RATE;
    this.#dueQuotes += this.#quotesPerMs * rate * (0.5 + random());
  }

  #pickSymbol(): number {
    const random = this.#random;
    const busy = random() < BUSY_QUOTES;
    return Math.floor(random() * (busy ? this.#busyCount : this.symbolCount));
  }

  #quote(symbol: number): void {
    const random = this.#random;
    if (this.#haltedUntil[symbol] > this.#nowMs) return;
    const draw = random();
    if (draw < HALT_CHANCE) {
      this.#haltedUntil[symbol] = this.#nowMs + HALT_MS[0] + (HALT_MS[1] - HALT_MS[0]) * random();
      return;
    }
    const at = symbol * 4;
    if (draw > 1 - UNCHANGED_CHANCE && this.#last[at] > 0) {
      this.#put(symbol, this.#last[at], this.#last[at + 1], this.#last[at + 2], this.#last[at + 3]);
      return;
    }
    this.#move(symbol);
    const mid = this.#mid[symbol];
    const spread = this.#spreadCents(mid);
    let bid = Math.max(1, Math.floor(mid - spread / 2));
    let ask = bid + spread;
    const odd = random();
    if (odd < CROSSED_CHANCE) bid = ask + 1;
    else if (odd < LOCKED_CHANCE) ask = bid;
    else if (odd < LOCKED_CHANCE + ONE_SIDED_CHANCE) bid = 0;
    else if (odd < LOCKED_CHANCE + ONE_SIDED_CHANCE * 2) ask = 0;
    this.#put(symbol, bid, ask, this.#lots(), this.#lots());
  }

  /** One step: a trend that lasts for a while, the market's own, noise, and the way back to the trend. */
  #move(symbol: number): void {
    const random = this.#random;
    const anchor = this.#anchor[symbol];
    if (random() < TREND_ENDS_CHANCE) this.#trend[symbol] = (random() - 0.48) * 0.0002;
    // The anchor stays within sight of the first price, so that a long session does not run away.
    const home = (this.#startMid[symbol] - anchor) * 0.0005;
    const moved = anchor * (1 + this.#trend[symbol] + this.#marketTrend) + home;
    this.#anchor[symbol] = moved;
    const noise = (random() + random() + random() - 1.5) * (0.6 + moved * 0.00025);
    const mid = this.#mid[symbol];
    this.#mid[symbol] = Math.max(2, mid + (moved - mid) * REVERSION + noise);
  }

  #spreadCents(mid: number): number {
    const random = this.#random;
    if (mid < 2_000) return 1 + (random() < 0.1 ? 1 : 0);
    if (mid < 10_000) return 1 + Math.floor(random() * 3);
    if (mid < 50_000) return 2 + Math.floor(random() * 10);
    return 10 + Math.floor(random() * 50);
  }

  /** Mostly a few round lots, sometimes many. */
  #lots(): number {
    const draw = this.#random();
    return 1 + Math.floor(draw * draw * draw * 40);
  }

  #put(symbol: number, bid: number, ask: number, bidLots: number, askLots: number): void {
    const { batch } = this;
    const to = batch.to;
    const at = symbol * 4;
    this.#last[at] = bid;
    this.#last[at + 1] = ask;
    this.#last[at + 2] = bidLots;
    this.#last[at + 3] = askLots;
    batch.time[to] = this.#nowMs;
    batch.symbol[to] = this.#number[symbol];
    batch.bid[to] = bid === 0 ? NO_PRICE : bid * UNITS_PER_CENT;
    batch.bidSize[to] = bid === 0 ? SIZE_UNKNOWN : bidLots * UNITS_PER_ROUND_LOT;
    batch.ask[to] = ask === 0 ? NO_PRICE : ask * UNITS_PER_CENT;
    batch.askSize[to] = ask === 0 ? SIZE_UNKNOWN : askLots * UNITS_PER_ROUND_LOT;
    batch.line[to] = this.ledger.rowsRead + to + 1;
    batch.rows[to] = 1;
    batch.to = to + 1;
  }
}
