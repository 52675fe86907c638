import type { LimitRules, SessionRules, SymbolRules } from '../../engine/contract/rules.ts';
import type { PositionRow } from '../../engine/trading/rows.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';
import type { OracleTrade } from './oracle/trading.ts';
import { TradingRun } from './trading-run.ts';
import { price, shares } from './trading-session.ts';

export interface DeskRules {
  readonly defaults?: SymbolRules & SessionRules;
  readonly symbols?: Readonly<Record<string, SymbolRules>>;
  readonly limits?: LimitRules;
}

interface QuoteSides {
  /** Decimal text; '' is unknown. */
  readonly size?: string;
  readonly ask?: string;
  readonly at: number;
}

/** A trading desk for examples: positions and quotes go in the way the session source sends them, in words of the rules. */
export class Desk {
  readonly run: TradingRun;
  #outOfOrdernessMs: number;
  #greatest = -Infinity;
  #sequence = 0;

  constructor(rules: DeskRules = {}, subtasks = 1, historySampleMs: number | null = null) {
    this.#outOfOrdernessMs = rules.defaults?.outOfOrdernessMs ?? 0;
    this.run = new TradingRun(() => new TradeFunction({ rules: { version: 1, ...rules }, historySampleMs }), subtasks);
  }

  opens(
    symbol: string,
    held: string,
    buyPrice: string,
    { at = 0, ttlMs = null }: { at?: number; ttlMs?: number | null } = {},
  ): this {
    this.run.processingTime(at);
    this.run.position(symbol, shares(held), price(buyPrice), ttlMs, at);
    return this;
  }

  quote(symbol: string, bid: string, { size = '', ask = '', at }: QuoteSides): this {
    this.time(at);
    this.run.quote(
      { symbol, bid: price(bid), bidSize: shares(size), ask: price(ask), askSize: -1, sequence: this.#sequence++ },
      at,
    );
    return this;
  }

  /** Event time is at least `at`: an alignment at each new full second, then the watermark. */
  time(at: number): this {
    if (at <= this.#greatest) return this;
    if (Math.floor(at / 1000) > Math.floor(this.#greatest / 1000)) this.run.align(Math.floor(at / 1000) * 1000);
    this.#greatest = at;
    this.run.watermark(at - this.#outOfOrdernessMs - 1);
    this.run.processingTime(at);
    return this;
  }

  /** The end of the session. */
  ends(): this {
    this.run.watermark(this.#greatest);
    return this;
  }

  halts(): this {
    this.run.control({ kind: 'halt', by: 'test' }, this.#greatest);
    return this;
  }
  rearms(): this {
    this.run.control({ kind: 'rearm', by: 'test' }, this.#greatest);
    return this;
  }
  changes(rules: DeskRules): this {
    this.run.control({ kind: 'rules', rules: { version: 1, ...rules }, version: 2 }, this.#greatest);
    return this;
  }

  row(symbol: string): PositionRow {
    return this.run.query('position', symbol) as PositionRow;
  }
  ask(symbol: string): string {
    return this.row(symbol).askPrice;
  }
  reasons(symbol: string): Record<string, number> {
    return this.run.query('reasons', symbol) as Record<string, number>;
  }
  get trades(): OracleTrade[] {
    return this.run.trades;
  }
  /** `shares@price` of every trade. */
  get fills(): string[] {
    return this.trades.map((trade) => `${trade.shares}@${trade.price}`);
  }
}
