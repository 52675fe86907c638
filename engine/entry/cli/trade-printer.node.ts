import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import { SYMBOL_WORD, TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage, TRADES_CSV_HEADER, tradesCsvLine } from '../../connectors/sinks/trades-csv.ts';
import type { Trade } from '../../trading/records.ts';
import type { TradeCollector } from '../session/trade-collector.node.ts';
import { writeTradeWords, type TradeCopy } from '../session/trade-gate.ts';

/** Final trades, each as it becomes so, for `--trades -`. A recovered session begins with all it had. */
export class TradePrinter implements SinkWriter<Trade> {
  readonly #trades: TradeCollector;
  readonly #words = new Float64Array(TRADE_WORDS);
  readonly #nameOf: (symbol: number) => string;

  constructor(trades: TradeCollector, nameOf: (symbol: number) => string) {
    this.#trades = trades;
    this.#nameOf = nameOf;
    process.stdout.write(`${TRADES_CSV_HEADER}\n`);
  }

  /** As TradeCollector's. */
  restore(words: Float64Array, symbols: ReadonlyMap<number, string>, symbolId: (text: string) => number): void {
    this.#trades.restore(words, symbols, symbolId);
    for (let at = 0; at < words.length; at += TRADE_WORDS) this.#print(words, at);
  }

  write(trade: Trade, context: SinkContext): void {
    this.#trades.write(trade, context);
    writeTradeWords(this.#words, trade as TradeCopy, context.timestamp() as number);
    this.#print(this.#words, 0);
  }

  #print(words: Float64Array, at: number): void {
    process.stdout.write(`${tradesCsvLine(tradeMessage(words, at, this.#nameOf(words[at + SYMBOL_WORD])))}\n`);
  }
}
