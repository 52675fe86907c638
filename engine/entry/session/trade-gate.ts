import type { SinkContext, SinkWriter } from '../../api/sink.ts';
import type { DurableTrades } from '../../connectors/sinks/durable-trades.ts';
import { toObject } from '../../api/struct.ts';
import { TRADE_WORDS } from '../../connectors/sinks/trade-run.ts';
import type { Trade } from '../../trading/records.ts';

/** A trade with the number of its symbol, as views of it carry it. */
export type TradeCopy = Trade & { readonly symbolId: number };

interface PendingTrade {
  readonly trade: TradeCopy;
  readonly eventTimeMs: number;
}

/**
 * Holds trades back until the journal has their quote for good: before that a crash would take them back. A trade that is
 * pending is none yet; one that is final stays, with the same id, after any recovery. Coordinator thread only.
 */
export class TradeGate implements SinkWriter<Trade> {
  readonly #writer: SinkWriter<Trade>;
  readonly #durable: DurableTrades;
  readonly #words = new Float64Array(TRADE_WORDS);
  #pending: PendingTrade[] = [];
  #durableSequence = 0;
  #undecided: readonly number[] = [];

  /**
   * @param writer gets final trades only
   * @param durable gets all of them as they come: a checkpoint is complete only once their quotes are durable
   */
  constructor(writer: SinkWriter<Trade>, durable: DurableTrades) {
    this.#writer = writer;
    this.#durable = durable;
  }

  get pending(): number {
    return this.#pending.length;
  }

  prepareCommit(checkpointId: number): null {
    this.#durable.mark(checkpointId);
    return null;
  }

  commit(checkpointId: number): void {
    this.#durable.commit(checkpointId);
  }

  write(trade: Trade, context: SinkContext): void {
    writeTradeWords(this.#words, trade as TradeCopy, context.timestamp() as number);
    this.#durable.add(this.#words, 0);
    if (this.#isFinal(trade.quoteSequence)) {
      this.#writer.write(trade, context);
      return;
    }
    this.#pending.push({ trade: copyOf(trade), eventTimeMs: context.timestamp() as number });
  }

  /**
   * Every quote below `durableSequence` is durable. `undecided`: those of them that were held back for their time, and about
   * which a quote decides that is not durable yet; a trade of theirs is not final before it is.
   */
  release(durableSequence: number, undecided: readonly number[]): void {
    if (durableSequence < this.#durableSequence) return;
    this.#durableSequence = durableSequence;
    this.#undecided = undecided;
    const pending = this.#pending;
    this.#pending = pending.filter(({ trade }) => !this.#isFinal(trade.quoteSequence));
    for (const { trade, eventTimeMs } of pending) {
      if (!this.#isFinal(trade.quoteSequence)) continue;
      this.#writer.write(trade, { timestamp: () => eventTimeMs, currentWatermark: () => eventTimeMs });
    }
  }

  #isFinal(quoteSequence: number): boolean {
    return quoteSequence < this.#durableSequence && !this.#undecided.includes(quoteSequence);
  }
}

/** Lays a trade out as `trade-run.ts` draws it. */
export function writeTradeWords(words: Float64Array, trade: TradeCopy, eventTimeMs: number): void {
  words[0] = eventTimeMs;
  words[1] = trade.quoteSequence;
  words[2] = trade.symbolId;
  words[3] = trade.shares;
  words[4] = trade.price;
  words[5] = trade.buyPrice;
  words[6] = trade.askBefore;
  words[7] = trade.askAfter;
  words[8] = trade.bidSize;
  words[9] = trade.ask;
  words[10] = trade.askSize;
  words[11] = trade.sharesBefore;
  words[12] = trade.rulesVersion;
  words[13] = trade.expiresBefore;
  words[14] = trade.expiresAfter;
  words[15] = trade.decayBefore;
  words[16] = trade.decayAfter;
}

/** What a sink is given is a view that the next trade overwrites. */
function copyOf(trade: Trade): TradeCopy {
  const { symbolId } = trade as TradeCopy;
  return { ...toObject(trade), symbolId };
}
