import { defineJob } from '../../engine/api/job.ts';
import type { InputStatus, ReaderOutput, SourceReader, SourceReaderContext } from '../../engine/api/source.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { describeTrading } from '../../engine/trading/job.ts';
import type { Quote, StartingPosition } from '../../engine/trading/records.ts';
import { SliceClock, type SliceOrder, type SliceTimes } from './metrics-slices.ts';
import { marketInMemory, SHARES_HELD, symbolName, type MarketColumns } from './market-in-memory.ts';

export interface MemoryTradingParameters {
  readonly symbols: number;
  /** Played before the clock starts, so that what is measured is compiled. */
  readonly warmUpQuotes: number;
  readonly quotes: number;
  /** Event-time density. */
  readonly quotesPerMs: number;
  readonly rules: RulesDocument;
  /** Absent: made by the source. */
  readonly market?: MarketColumns;
}

/** To the coordinator: from here on quotes count. */
export type MemoryTradingEvent =
  | { readonly kind: 'measuring' }
  /** What was ordered with a SliceOrder. */
  | { readonly kind: 'slices-played'; readonly times: SliceTimes }
  /** The first poll of a job that goes on from a checkpoint: every thread has its state back. */
  | { readonly kind: 'going-on' };

/** Event time of the positions; quotes begin a second later. */
const START_MS = 1_767_623_400_000;
const MS_PER_SECOND = 1000;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Emitted<T> = Mutable<T> & { symbolId: number };

/**
 * Plays arrays: a position for every symbol, then quotes, in one order, with the watermark each of them meets. Nothing is
 * decoded and nothing allocated, so that the job behind it is what is measured.
 */
class MemoryReader implements SourceReader<Quote | StartingPosition> {
  private readonly parameters: MemoryTradingParameters;
  private readonly context: SourceReaderContext;
  private readonly market: MarketColumns;
  private readonly ids: Int32Array;
  /** The job's number of each quote's symbol, as a decoder has it at hand. */
  private readonly symbolIds: Int32Array;
  private opened = 0;
  private goesOn = false;
  private played = 0;
  /** null: nobody ordered slices. */
  private slices: SliceClock | null = null;
  private readonly position: Emitted<StartingPosition> = {
    kind: 'position',
    symbol: '',
    symbolId: 0,
    shares: SHARES_HELD,
    buyPrice: 0,
    ttlMs: -1,
  };
  private readonly quote: Emitted<Quote> = {
    kind: 'quote',
    symbol: '',
    symbolId: 0,
    bid: 0,
    bidSize: 0,
    ask: 0,
    askSize: 0,
    sequence: 0,
  };

  constructor(parameters: MemoryTradingParameters, context: SourceReaderContext) {
    this.parameters = parameters;
    this.context = context;
    this.market = parameters.market ?? marketInMemory(parameters.symbols);
    this.ids = Int32Array.from({ length: parameters.symbols }, (_, symbol) => context.symbols.idOf(symbolName(symbol)));
    this.symbolIds = this.market.symbol.map((symbol) => this.ids[symbol]);
    const restored = context.restoredState as { readonly opened: number; readonly played: number } | null;
    if (restored === null) return;
    this.opened = restored.opened;
    this.played = restored.played;
    this.goesOn = true;
  }

  snapshotState(): unknown {
    return { opened: this.opened, played: this.played };
  }

  handleSourceEvent(event: unknown): void {
    this.slices = new SliceClock(event as SliceOrder, this.parameters.warmUpQuotes);
  }

  pollNext(output: ReaderOutput<Quote | StartingPosition>, recordsMax: number): InputStatus {
    if (this.goesOn) this.context.sendSourceEventToCoordinator({ kind: 'going-on' } satisfies MemoryTradingEvent);
    this.goesOn = false;
    if (this.opened < this.parameters.symbols) return this.openPositions(output, recordsMax);
    const { warmUpQuotes, quotes } = this.parameters;
    if (this.played === warmUpQuotes)
      this.context.sendSourceEventToCoordinator({ kind: 'measuring' } satisfies MemoryTradingEvent);
    const limit = this.played < warmUpQuotes ? warmUpQuotes : warmUpQuotes + quotes;
    if (this.slices?.end === this.played) this.turnSlice(this.slices);
    this.playTo(Math.min(limit, this.slices?.end ?? Infinity, this.played + recordsMax), output);
    return this.played === warmUpQuotes + quotes ? 'end-of-input' : 'more-available';
  }

  private turnSlice(slices: SliceClock): void {
    const times = slices.turn();
    if (times === null) return;
    this.context.sendSourceEventToCoordinator({ kind: 'slices-played', times } satisfies MemoryTradingEvent);
  }

  /** Spread over a second, as positions of a real day are over the day: their timers do not all fire at once. */
  private openPositions(output: ReaderOutput<Quote | StartingPosition>, recordsMax: number): InputStatus {
    const end = Math.min(this.parameters.symbols, this.opened + recordsMax);
    const { position, market, ids } = this;
    for (; this.opened < end; this.opened += 1) {
      position.symbolId = ids[this.opened];
      position.buyPrice = market.buyPrice[this.opened];
      output.collect(position, START_MS + (this.opened % MS_PER_SECOND));
    }
    return 'more-available';
  }

  private playTo(end: number, output: ReaderOutput<Quote | StartingPosition>): void {
    const { quote, symbolIds } = this;
    const { bid, rise, bidSize, ask, askSize } = this.market;
    const { quotesPerMs } = this.parameters;
    const { length } = symbolIds;
    const mask = length - 1;
    let played = this.played;
    while (played < end) {
      const timeMs = START_MS + MS_PER_SECOND + Math.floor(played / quotesPerMs);
      const until = Math.min(end, (Math.floor(played / quotesPerMs) + 1) * quotesPerMs);
      output.emitWatermark(timeMs - 1);
      const first = played & mask;
      output.announceSymbols(symbolIds, first, Math.min(length, first + until - played));
      for (; played < until; played += 1) {
        const at = played & mask;
        const risen = rise[at] * Math.floor(played / length);
        quote.symbolId = symbolIds[at];
        quote.bid = bid[at] + risen;
        quote.bidSize = bidSize[at];
        quote.ask = ask[at] + risen;
        quote.askSize = askSize[at];
        quote.sequence = played;
        output.collect(quote, timeMs);
      }
    }
    this.played = played;
  }

  isAvailable(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** FlinkTrade's own job, fed from memory. */
export const memoryTrading = defineJob<MemoryTradingParameters>((environment, parameters) => {
  describeTrading(environment, (context) => new MemoryReader(parameters, context), {
    rules: parameters.rules,
    historySampleMs: null,
  });
});
