import { toObject } from '../../engine/api/struct.ts';
import { tradeDecision } from '../../engine/connectors/sinks/trade-decision.ts';
import { TRADE_WORDS } from '../../engine/connectors/sinks/trade-run.ts';
import { tradeMessage } from '../../engine/connectors/sinks/trades-csv.ts';
import type { DecidedTrade } from '../../engine/entry/session/trade-decisions.ts';
import { writeTradeWords } from '../../engine/entry/session/trade-gate.ts';
import { formatMoney, formatPrice, formatShares, notional } from '../../engine/core/decimal.ts';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { KeyedBroadcastOperatorTestHarness } from '../../engine/runtime/harness/keyed-harnesses.ts';
import { createAlignedSumsMemory, type AlignedSumsMemory } from '../../engine/runtime/operators/aligned-sums.ts';
import { assignToKeyGroup, computeOperatorIndexForKeyGroup } from '../../engine/state/key-groups.ts';
import type { OperatorSnapshot } from '../../engine/state/operator-snapshot.ts';
import {
  LATE_QUOTES,
  POSITION,
  QUOTE,
  type ControlRecord,
  type Quote,
  type StartingPosition,
  type Trade,
} from '../../engine/trading/records.ts';
import type { TradeFunction } from '../../engine/trading/trade-function.ts';
import type { OracleTrade } from './oracle/trading.ts';

type Harness = KeyedBroadcastOperatorTestHarness<string, Quote | StartingPosition, ControlRecord, Trade>;

const MAX_PARALLELISM = 128;

/**
 * Drives trade functions in the engine's operator harness, one per subtask, the way the session source does: every
 * subtask sees each watermark, control and alignment, and a record goes to the subtask that owns its symbol.
 */
export class TradingRun {
  readonly #make: () => TradeFunction;
  readonly #symbols = new SymbolDictionary();
  readonly #seen = new Set<string>();
  #harnesses: Harness[] = [];
  #trades: OracleTrade[] = [];
  #late: number[] = [];
  #watermark = -Infinity;
  #processing = -Infinity;

  constructor(make: () => TradeFunction, subtasks = 1) {
    this.#make = make;
    this.#start(subtasks, null);
  }

  /** Trades of all subtasks, by event time, then quote sequence. */
  get trades(): OracleTrade[] {
    const all = [
      ...this.#trades,
      ...this.#harnesses.flatMap((harness) =>
        harness
          .getOutput()
          .flatMap((element) => (element.kind === 'record' ? [tradeAsWritten(element.value, element.timestamp)] : [])),
      ),
    ];
    return all.sort((a, b) => a.eventTimeMs - b.eventTimeMs || a.quoteSequence - b.quoteSequence);
  }
  /** Trades since the last restart with what decided each, on the way that a sink takes; in the same order. */
  get decided(): DecidedTrade[] {
    const records = this.#harnesses
      .flatMap((harness) => harness.getOutput())
      .flatMap((element) => (element.kind === 'record' ? [decidedTrade(element.value, element.timestamp)] : []));
    return records.sort(
      ({ trade: a }, { trade: b }) => a.eventTimeMs - b.eventTimeMs || a.quoteSequence - b.quoteSequence,
    );
  }
  /** Sequences of late quotes, in order. */
  get late(): number[] {
    const all = [
      ...this.#late,
      ...this.#harnesses.flatMap((harness) => harness.getSideOutput(LATE_QUOTES).map(({ value }) => value.sequence)),
    ];
    return all.sort((a, b) => a - b);
  }
  get timers(): number {
    return this.#harnesses.reduce(
      (sum, harness) => sum + harness.numEventTimeTimers() + harness.numProcessingTimeTimers(),
      0,
    );
  }
  get symbols(): string[] {
    return [...this.#seen].sort();
  }

  position(symbol: string, shares: number, buyPrice: number, ttlMs: number | null, openedAt: number): void {
    this.#of(symbol).processElement({ kind: 'position', symbol, shares, buyPrice, ttlMs: ttlMs ?? -1 }, openedAt);
  }
  quote(quote: Omit<Quote, 'kind'>, timestampMs: number): void {
    this.#of(quote.symbol).processElement({ kind: 'quote', ...quote }, timestampMs);
  }
  control(control: ControlRecord, timestampMs: number): void {
    for (const harness of this.#harnesses) harness.processBroadcastElement(control, timestampMs);
  }
  /** Both inputs come from one source, so both have its watermark; one that does not rise is ignored, as in the running engine. */
  watermark(timestampMs: number): void {
    if (timestampMs <= this.#watermark) return;
    this.#watermark = timestampMs;
    for (const harness of this.#harnesses) harness.processBothWatermarks(timestampMs);
  }
  processingTime(timestampMs: number): void {
    if (timestampMs <= this.#processing) return;
    this.#processing = timestampMs;
    for (const harness of this.#harnesses) harness.setProcessingTime(timestampMs);
  }
  align(timestampMs: number): void {
    for (const harness of this.#harnesses) harness.operator.alignment.arrive();
    for (const harness of this.#harnesses) harness.operator.completeAlignment(timestampMs);
  }
  /** null for a symbol of which nothing is known: all its quotes came late, or before the last restart. */
  query(name: string, symbol: string): unknown {
    const harness = this.#harness(symbol);
    return harness.operator.keyTable.slotOf(symbol) < 0 ? null : harness.query(name, symbol);
  }
  /** Rows that changed since the last call. */
  takeRows(): { rowCount: number; buffer: ArrayBuffer }[] {
    return this.#harnesses.map((harness) => harness.takeRows('rows'));
  }
  symbolName(symbolId: number): string {
    return this.#symbols.textOf(symbolId);
  }

  /** Stops, and goes on from snapshots with another number of subtasks. */
  rescale(subtasks: number): void {
    const snapshots = this.#harnesses.map((harness) => structuredClone(harness.snapshot()));
    this.#trades = this.trades;
    this.#late = this.late;
    for (const harness of this.#harnesses) harness.close();
    this.#start(subtasks, snapshots);
  }

  #start(subtasks: number, snapshots: readonly OperatorSnapshot[] | null): void {
    const sums: AlignedSumsMemory = createAlignedSumsMemory(subtasks);
    this.#harnesses = Array.from({ length: subtasks }, (_, subtaskIndex) => {
      const harness: Harness = new KeyedBroadcastOperatorTestHarness(this.#make(), 'symbol', {
        structs: [QUOTE, POSITION],
        maxParallelism: MAX_PARALLELISM,
        parallelism: subtasks,
        subtaskIndex,
        symbols: this.#symbols,
        sums,
      });
      if (snapshots !== null) harness.initializeState(snapshots);
      harness.open();
      return harness;
    });
    if (snapshots === null) return;
    for (const harness of this.#harnesses) {
      if (this.#processing > -Infinity) harness.setProcessingTime(this.#processing);
      if (this.#watermark > -Infinity) harness.processBothWatermarks(this.#watermark);
    }
  }

  #of(symbol: string): Harness {
    this.#seen.add(symbol);
    return this.#harness(symbol);
  }
  #harness(symbol: string): Harness {
    return this.#harnesses[
      computeOperatorIndexForKeyGroup(
        MAX_PARALLELISM,
        this.#harnesses.length,
        assignToKeyGroup(symbol, MAX_PARALLELISM),
      )
    ];
  }
}

/** A trade in the words of the trades file. */
export function tradeAsWritten(trade: Trade, timestamp: number | null): OracleTrade {
  return {
    id: `${trade.quoteSequence}-${trade.symbol}`,
    symbol: trade.symbol,
    shares: formatShares(trade.shares),
    price: formatPrice(trade.price),
    profit: formatMoney(notional(trade.price - trade.buyPrice, trade.shares)),
    eventTimeMs: timestamp as number,
    quoteSequence: trade.quoteSequence,
    askBefore: formatPrice(trade.askBefore),
    askAfter: formatPrice(trade.askAfter),
  };
}

function decidedTrade(trade: Trade, timestamp: number | null): DecidedTrade {
  const words = new Float64Array(TRADE_WORDS);
  writeTradeWords(words, { ...toObject(trade), symbolId: 0 }, timestamp as number);
  return { trade: tradeMessage(words, 0, trade.symbol), decision: tradeDecision(words, 0) };
}
