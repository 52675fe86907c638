import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import { SYMBOL_WORD, TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../connectors/sinks/trades-csv.ts';
import type { Trade } from '../../trading/records.ts';
import type { OrderDesk } from '../routing/order-desk.node.ts';
import { writeTradeWords, type TradeCopy } from '../session/trade-gate.ts';
import type { TradePrinter } from './trade-printer.node.ts';

/** Whoever is told final trades, and those that were final before. */
type FinalTrades = Pick<TradePrinter, 'write' | 'restore'>;

/** Final trades on their way to the gateway; those of earlier runs are offered again, and passed over there if they went. */
export class OrderWriter implements SinkWriter<Trade> {
  readonly #next: FinalTrades;
  readonly #desk: OrderDesk;
  readonly #nameOf: (symbol: number) => string;
  readonly #words = new Float64Array(TRADE_WORDS);

  constructor(next: FinalTrades, desk: OrderDesk, nameOf: (symbol: number) => string) {
    this.#next = next;
    this.#desk = desk;
    this.#nameOf = nameOf;
  }

  /** As TradeCollector's. */
  restore(words: Float64Array, symbols: ReadonlyMap<number, string>, symbolId: (text: string) => number): void {
    // It puts the job's own symbol numbers in.
    this.#next.restore(words, symbols, symbolId);
    for (let at = 0; at < words.length; at += TRADE_WORDS) this.#offer(words, at);
  }

  write(trade: Trade, context: SinkContext): void {
    this.#next.write(trade, context);
    writeTradeWords(this.#words, trade as TradeCopy, context.timestamp() as number);
    this.#offer(this.#words, 0);
  }

  #offer(words: Float64Array, at: number): void {
    this.#desk.offer([tradeMessage(words, at, this.#nameOf(words[at + SYMBOL_WORD]))]);
  }
}
