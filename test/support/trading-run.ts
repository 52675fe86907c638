import type {
  BroadcastContext,
  KeyedOnTimerContext,
  RowPublisher,
  RuntimeContext,
  TimerService,
} from '../../engine/api/functions.ts';
import type { OutputTag } from '../../engine/api/output-tag.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { formatMoney, formatPrice, formatShares, notional } from '../../engine/core/decimal.ts';
import type { ControlRecord, Quote, StartingPosition, Trade } from '../../engine/trading/records.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';
import type { OracleTrade } from './oracle/trading.ts';

type Timer = { key: string; at: number; processing: boolean };

/** SCAFFOLD: stands in for the engine's operator harness until it lands. */
export class TradingRun {
  readonly trades: OracleTrade[] = [];
  readonly late: number[] = [];
  readonly #function: TradeFunction;
  readonly #structs = new Map<string, Record<string, unknown>>();
  readonly #objects = new Map<string, Map<string, unknown>>();
  readonly #broadcast = new Map<string, unknown>();
  readonly #queries = new Map<string, (argument: unknown) => unknown>();
  readonly #timers: Timer[] = [];
  #sums: bigint[] = [];
  #totals: bigint[] = [];
  #onAligned: (timestampMs: number) => void = () => undefined;
  #key = '';
  #timestamp: number | null = null;
  #watermark = -Infinity;
  #processing = -Infinity;

  constructor(
    rules: RulesDocument,
    make = (document: RulesDocument) => new TradeFunction({ rules: document, historySampleMs: null }),
  ) {
    this.#function = make(rules);
    this.#function.open(this.#runtime());
  }

  get timers(): number {
    return this.#timers.length;
  }

  position(symbol: string, shares: number, buyPrice: number, ttlMs: number | null, openedAt: number): void {
    this.#element({ kind: 'position', symbol, shares, buyPrice, ttlMs: ttlMs ?? -1 }, openedAt);
  }
  quote(quote: Omit<Quote, 'kind'>, timestampMs: number): void {
    this.#element({ kind: 'quote', ...quote }, timestampMs);
  }
  control(control: ControlRecord, timestampMs: number): void {
    this.#timestamp = timestampMs;
    this.#function.processBroadcastElement(control, this.#context() as unknown as BroadcastContext<string>);
  }
  watermark(timestampMs: number): void {
    if (timestampMs <= this.#watermark) return;
    this.#watermark = timestampMs;
    this.#fire(false, timestampMs);
  }
  processingTime(timestampMs: number): void {
    if (timestampMs < this.#processing) return;
    this.#processing = timestampMs;
    this.#fire(true, timestampMs);
  }
  align(timestampMs: number): void {
    this.#totals = [...this.#sums];
    this.#onAligned(timestampMs);
  }
  query(name: string, symbol: string): unknown {
    this.#key = symbol;
    return this.#queries.get(name)?.(undefined);
  }
  get symbols(): string[] {
    return [...this.#structs.keys()].sort();
  }

  #element(value: Quote | StartingPosition, timestampMs: number): void {
    this.#key = value.symbol;
    this.#timestamp = timestampMs;
    this.#function.processElement(value, this.#context(), { collect: (trade) => this.#collect(trade) });
  }
  #collect(trade: Trade): void {
    this.trades.push({
      id: `${trade.quoteSequence}-${trade.symbol}`,
      symbol: trade.symbol,
      shares: formatShares(trade.shares),
      price: formatPrice(trade.price),
      profit: formatMoney(notional(trade.price - trade.buyPrice, trade.shares)),
      eventTimeMs: this.#timestamp as number,
      quoteSequence: trade.quoteSequence,
      askBefore: formatPrice(trade.askBefore),
      askAfter: formatPrice(trade.askAfter),
    });
  }
  #fire(processing: boolean, now: number): void {
    for (;;) {
      const due = this.#timers
        .filter((timer) => timer.processing === processing && timer.at <= now)
        .sort((a, b) => a.at - b.at)[0];
      if (due === undefined) return;
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.#key = due.key;
      this.#timestamp = due.at;
      this.#function.onTimer(due.at, this.#context(), { collect: (trade) => this.#collect(trade) });
    }
  }
  #register(processing: boolean, at: number): void {
    if (!this.#timers.some((timer) => timer.key === this.#key && timer.at === at && timer.processing === processing))
      this.#timers.push({ key: this.#key, at, processing });
  }
  #delete(processing: boolean, at: number): void {
    const index = this.#timers.findIndex(
      (timer) => timer.key === this.#key && timer.at === at && timer.processing === processing,
    );
    if (index >= 0) this.#timers.splice(index, 1);
  }
  #timerService(): TimerService {
    return {
      currentProcessingTime: () => this.#processing,
      currentWatermark: () => this.#watermark,
      registerEventTimeTimer: (at) => this.#register(false, at),
      registerProcessingTimeTimer: (at) => this.#register(true, at),
      deleteEventTimeTimer: (at) => this.#delete(false, at),
      deleteProcessingTimeTimer: (at) => this.#delete(true, at),
    };
  }
  #struct(): unknown {
    return {
      value: () => this.#structs.get(this.#key) ?? null,
      create: () => {
        if (!this.#structs.has(this.#key))
          this.#structs.set(
            this.#key,
            new Proxy(
              {},
              { get: (target, name) => (name in target ? (target as Record<string, unknown>)[name as string] : 0) },
            ),
          );
        return this.#structs.get(this.#key);
      },
      clear: () => this.#structs.delete(this.#key),
    };
  }
  #map(all: Map<string, unknown>): unknown {
    return {
      get: (key: string) => all.get(key) ?? null,
      put: (key: string, value: unknown) => all.set(key, value),
      remove: (key: string) => all.delete(key),
      contains: (key: string) => all.has(key),
      isEmpty: () => all.size === 0,
      keys: () => all.keys(),
      values: () => all.values(),
      entries: () => all.entries(),
      clear: () => all.clear(),
    };
  }
  #keyedMap(name: string): unknown {
    const of = (): Map<string, unknown> => {
      const key = `${name}/${this.#key}`;
      if (!this.#objects.has(key)) this.#objects.set(key, new Map());
      return this.#objects.get(key) as Map<string, unknown>;
    };
    return {
      get: (key: string) => of().get(key) ?? null,
      put: (key: string, value: unknown) => of().set(key, value),
      remove: (key: string) => of().delete(key),
      keys: () => of().keys(),
    };
  }
  #runtime(): RuntimeContext {
    const publisher: RowPublisher = { changed: () => undefined };
    return {
      getStructState: () => this.#struct(),
      getMapState: ({ name }: { name: string }) => this.#keyedMap(name),
      getState: () => ({ value: () => null, update: () => undefined }),
      getListState: ({ name }: { name: string }) => {
        const map = this.#keyedMap(name) as { get(key: string): unknown; put(key: string, value: unknown): void };
        return { get: () => map.get('list') ?? [], update: (values: unknown) => map.put('list', values) };
      },
      getAlignedSums: (_name: string, count: number, onAligned: (timestampMs: number) => void) => {
        this.#sums = Array.from({ length: count }, () => 0n);
        this.#totals = [...this.#sums];
        this.#onAligned = onAligned;
        return {
          add: (index: number, amount: bigint) => (this.#sums[index] += amount),
          total: (index: number) => this.#totals[index],
          reset: (index: number) => (this.#sums[index] = 0n),
        };
      },
      getRowPublisher: () => publisher,
      registerQuery: (name: string, answer: (argument: unknown) => unknown) => this.#queries.set(name, answer),
    } as unknown as RuntimeContext;
  }
  #context(): KeyedOnTimerContext<string> {
    const timers = this.#timerService();
    return {
      timestamp: () => this.#timestamp,
      timerService: () => timers,
      getCurrentKey: () => this.#key,
      timeDomain: () => 'event-time',
      currentProcessingTime: () => this.#processing,
      currentWatermark: () => this.#watermark,
      output: (_tag: OutputTag<Quote>, quote: Quote) => this.late.push(quote.sequence),
      getBroadcastState: () => this.#map(this.#broadcast),
      applyToKeyedState: (_descriptor: unknown, visit: (key: string, state: unknown, timers: TimerService) => void) => {
        for (const key of this.#structs.keys()) {
          this.#key = key;
          visit(key, this.#struct(), timers);
        }
      },
    } as unknown as KeyedOnTimerContext<string>;
  }
}
