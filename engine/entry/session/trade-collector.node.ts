import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import { TradeStore, type StoredTrade } from '../../connectors/sinks/trade-store.node.ts';
import { notional } from '../../core/decimal.ts';
import type { Trade } from '../../trading/records.ts';

/** Trades as views carry them: the symbol's number stands beside its text. */
type TradeView = Trade & { readonly symbolId: number };

/**
 * The trades of a replay: their sums, and, when somebody wants them, the trades themselves. Coordinator thread only;
 * whoever makes it disposes of it.
 */
export class TradeCollector implements SinkWriter<Trade> {
  readonly #store: TradeStore | null;
  count = 0;
  shares = 0n;
  profit = 0n;

  /** @param keepsTrades false: sums only */
  constructor(keepsTrades: boolean) {
    this.#store = keepsTrades ? new TradeStore() : null;
  }

  write(trade: Trade, context: SinkContext): void {
    this.count += 1;
    this.shares += BigInt(trade.shares);
    this.profit += notional(trade.price - trade.buyPrice, trade.shares);
    const store = this.#store;
    if (store === null) return;
    const at = store.claim();
    const { words } = store;
    words[at] = context.timestamp() as number;
    words[at + 1] = trade.quoteSequence;
    words[at + 2] = (trade as TradeView).symbolId;
    words[at + 3] = trade.shares;
    words[at + 4] = trade.price;
    words[at + 5] = trade.buyPrice;
    words[at + 6] = trade.askBefore;
    words[at + 7] = trade.askAfter;
  }

  /** In the order of the trades file. */
  sorted(): Iterable<StoredTrade> {
    return this.#store?.sorted() ?? [];
  }

  dispose(): void {
    this.#store?.dispose();
  }
}
