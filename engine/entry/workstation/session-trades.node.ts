import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import { DurableTrades, type StoredTrades, type TradeValue } from '../../connectors/sinks/durable-trades.ts';
import { TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../connectors/sinks/trades-csv.ts';
import type { DurableStore } from '../../contract/durable-store.ts';
import type { TradeMessage } from '../../contract/window.ts';
import type { Trade } from '../../trading/records.ts';
import type { SessionAudit } from '../session/session-audit.ts';
import { sha256Of } from '../session/session-identity.node.ts';
import { LatestTrades } from '../session/trade-decisions.ts';
import { writeTradeWords, type TradeCopy } from '../session/trade-gate.ts';
import { TradeLog } from './trade-log.ts';

interface Mark {
  readonly checkpointId: number;
  readonly count: number;
}

/**
 * The trades of a workstation's session: shown as they come, pending; final once the checkpoint that holds them is
 * complete (Flink: two-phase commit). Coordinator thread only.
 */
export class SessionTrades implements SinkWriter<Trade> {
  readonly log = new TradeLog();
  /** To be explained. */
  readonly latest = new LatestTrades();
  /** Told of trades that nothing takes back any more, each at least once. */
  onFinal: ((trades: readonly TradeMessage[]) => void) | null = null;
  readonly #words = new Float64Array(TRADE_WORDS);
  readonly #durable: DurableTrades | null;
  #marks: Mark[] = [];
  #finalCount = 0;

  /**
   * @param store null: nothing is kept, and no trade is ever more final than when it is made
   * @param audit is told of trades as they become final
   * @param values of trades that the checkpoint the session goes on from points at
   */
  constructor(
    store: DurableStore | null,
    values: readonly TradeValue[],
    symbolText: (id: number) => string,
    audit: SessionAudit | null,
  ) {
    this.#durable = store === null ? null : new DurableTrades(store, sha256Of, symbolText, values);
    if (this.#durable !== null)
      this.#durable.onFinal = (checkpointId, words, trades) => {
        audit?.complete(checkpointId, { words, trades, nameOf: symbolText });
        this.onFinal?.(messagesOf(words, trades, symbolText));
      };
  }

  /** Of the session's trades, oldest first, so many stay whatever happens. */
  get finalCount(): number {
    return this.#durable === null ? this.log.count : this.#finalCount;
  }

  restore(stored: readonly StoredTrades[]): void {
    for (const { words, symbols } of stored) {
      const trades = messagesOf(words, words.length / TRADE_WORDS, (id) => symbols.get(id) as string);
      trades.forEach((trade, index) => {
        this.log.add(trade);
        this.latest.add(words, index * TRADE_WORDS, trade.symbol);
      });
      this.onFinal?.(trades);
    }
    this.log.restored();
    this.#finalCount = this.log.count;
  }

  write(trade: Trade, context: SinkContext): void {
    const words = this.#words;
    writeTradeWords(words, trade as TradeCopy, context.timestamp() as number);
    this.#durable?.add(words, 0);
    const message = tradeMessage(words, 0, trade.symbol);
    this.log.add(message);
    this.latest.add(words, 0, trade.symbol);
    if (this.#durable === null) this.onFinal?.([message]);
  }

  prepareCommit(checkpointId: number): null {
    this.#durable?.mark(checkpointId);
    this.#marks.push({ checkpointId, count: this.log.count });
    return null;
  }

  /** Puts the trades up to the checkpoint's barrier. @throws StoreError */
  async prepare(checkpointId: number): Promise<readonly TradeValue[]> {
    return (await this.#durable?.prepare(checkpointId)) ?? [];
  }

  commit(checkpointId: number): void {
    this.#durable?.commit(checkpointId);
    const mark = this.#marks.find((one) => one.checkpointId === checkpointId);
    if (mark !== undefined) this.#finalCount = mark.count;
    this.#marks = this.#marks.filter((one) => one.checkpointId > checkpointId);
  }
}

function messagesOf(words: Float64Array, count: number, symbolText: (id: number) => string): TradeMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const at = index * TRADE_WORDS;
    return tradeMessage(words, at, symbolText(words[at + 2]));
  });
}
