import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import type { DurableTrades } from '../../connectors/sinks/durable-trades.ts';
import { FILE_TRADE_WORDS, TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { TradeStore, type StoredTrade } from '../../connectors/sinks/trade-store.node.ts';
import { WideInteger, WideSum } from '../../core/wide-integer.ts';
import type { Trade } from '../../trading/records.ts';
import { LatestTrades } from './trade-decisions.ts';
import { writeTradeWords, type TradeCopy } from './trade-gate.ts';

/**
 * The trades of a replay: their sums, and, when somebody wants them, the trades themselves. Coordinator thread only;
 * whoever makes it disposes of it.
 */
export class TradeCollector implements SinkWriter<Trade> {
  readonly #store: TradeStore | null;
  /** To be explained. */
  readonly latest = new LatestTrades();
  readonly #words = new Float64Array(TRADE_WORDS);
  /** Where trades go that a checkpoint makes final; null: the run has no checkpoints. */
  durable: DurableTrades | null = null;
  count = 0;
  readonly #shares = new WideSum();
  readonly #profit = new WideSum();
  readonly #amount = new WideInteger();

  /** @param keepsTrades false: sums only */
  constructor(keepsTrades: boolean) {
    this.#store = keepsTrades ? new TradeStore() : null;
  }

  /** Of all trades, in 1e-6. */
  get shares(): bigint {
    return this.#shares.toBigInt();
  }

  /** Of all trades, in 1e-14. */
  get profit(): bigint {
    return this.#profit.toBigInt();
  }

  write(trade: Trade, context: SinkContext): void {
    const words = this.#words;
    writeTradeWords(words, trade as TradeCopy, context.timestamp() as number);
    this.durable?.add(words, 0);
    this.#take(words, 0, trade.symbol);
  }

  prepareCommit(checkpointId: number): null {
    this.durable?.mark(checkpointId);
    return null;
  }

  commit(checkpointId: number): void {
    this.durable?.commit(checkpointId);
  }

  /** Trades that an earlier run made final; they are not stored again. @param symbolId the job's number of a symbol */
  restore(words: Float64Array, symbols: ReadonlyMap<number, string>, symbolId: (text: string) => number): void {
    for (let at = 0; at < words.length; at += TRADE_WORDS) {
      const symbol = symbols.get(words[at + 2]) as string;
      words[at + 2] = symbolId(symbol);
      this.#take(words, at, symbol);
    }
  }

  #take(words: Float64Array, offset: number, symbol: string): void {
    this.latest.add(words, offset, symbol);
    this.count += 1;
    const amount = this.#amount;
    const shares = words[offset + 3];
    amount.setProduct(shares, 1);
    this.#shares.add(amount);
    amount.setProduct(words[offset + 4] - words[offset + 5], shares);
    this.#profit.add(amount);
    const store = this.#store;
    if (store === null) return;
    const at = store.claim();
    for (let word = 0; word < FILE_TRADE_WORDS; word += 1) store.words[at + word] = words[offset + word];
  }

  /** In the order of the trades file. */
  sorted(): Iterable<StoredTrade> {
    return this.#store?.sorted() ?? [];
  }

  dispose(): void {
    this.#store?.dispose();
  }
}
