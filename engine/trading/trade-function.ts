import {
  KeyedBroadcastProcessFunction,
  type BroadcastContext,
  type Collector,
  type KeyedOnTimerContext,
  type KeyedReadOnlyContext,
  type RowPublisher,
  type RuntimeContext,
  type TimerService,
} from '../api/functions.ts';
import { withSchema } from '../api/state-schema.ts';
import { mapState, type ReadOnlyBroadcastState, type StructState } from '../api/state.ts';
import { ROW_WORDS, STATUS_CLOSED, STATUS_OPEN } from '../contract/frames.ts';
import type { RulesDocument } from '../contract/rules.ts';
import { assertNever } from '../core/assert.ts';
import { WideInteger } from '../core/wide-integer.ts';
import { compileRules, stepAmount, type CompiledRules, type SymbolRulesCompiled } from './compiled-rules.ts';
import { applyDueDecays, expiresAt, replanDecay, settleDecay, startLife, stopDecay, wakeAfterTrade } from './decay.ts';
import { EmittedTrade, type Named } from './emitted-trade.ts';
import { explain } from './explain.ts';
import { sharesToSell } from './fill.ts';
import { CircuitBreakers, TradeCounts, secondOf } from './limits.ts';
import {
  OWN_TTL_NONE,
  PLAN_NONE,
  POSITIONS,
  QUERYABLE_POSITIONS,
  addProfit,
  countBidNotAboveAsk,
  type PositionState,
} from './position-state.ts';
import { QuoteHistory } from './quote-history.ts';
import { LATE_QUOTES, type ControlRecord, type Quote, type StartingPosition, type Trade } from './records.ts';
import { fillReasonRow, fillRow, positionRow, REASON_ROW_WORDS, reasonCounts } from './rows.ts';

export interface TradeFunctionOptions {
  /** In force until the first `rules` record. */
  readonly rules: RulesDocument;
  /** Keep samples of each symbol's quotes for its chart, at most one per this many ms of event time; null: none. */
  readonly historySampleMs: number | null;
}

/** Broadcast state: the rules in force under `rules`, the kill switch under `halt` while it is on. */
export const CONTROL_STATE = withSchema(mapState<string, ControlRecord>('control'), 1);

/** Numbers of REASONS, so that the record path compares and counts without text. */
const HALTED = 0;
const NO_BID = 1;
const CROSSED = 2;
const BID_NOT_ABOVE_ASK = 3;
const SIZE = 4;
const LIMIT_TRADES_PER_SECOND = 5;
const LIMIT_TRADES_PER_DAY = 6;
const LIMIT_NOTIONAL_PER_TRADE = 7;
const LIMIT_NOTIONAL_PER_DAY = 8;
const LIMIT_LOSS_PER_DAY = 9;

/** Larger asks are held here: no bid that can be read reaches them (core/decimal.ts). */
const ASK_MAX = Number.MAX_SAFE_INTEGER;

/**
 * FlinkTrade's rules (trading-rules), one position per symbol. A keyed stream of starting positions and quotes meets a
 * broadcast stream of controls; out come trades, and late quotes on the side.
 *
 * A quote that does not trade reads and writes one fixed-layout state and allocates nothing. Whatever depends on
 * other symbols (the daily circuit breakers) is compared at alignments only, so results do not depend on the number of tasks.
 */
export class TradeFunction extends KeyedBroadcastProcessFunction<
  string,
  Quote | StartingPosition,
  ControlRecord,
  Trade
> {
  #rules: CompiledRules;
  /** The rules that a session begins with are its first. */
  #rulesVersion = 1;
  #halted = false;
  readonly #historySampleMs: number | null;
  #positions!: StructState<PositionState>;
  #counts!: TradeCounts;
  #breakers!: CircuitBreakers;
  #history: QuoteHistory | null = null;
  #rows!: RowPublisher;
  #countLate!: () => void;
  /** Asked for in whole at the end of a session, so a key is marked once and never again. */
  #reasonRows!: RowPublisher;
  /** One object for every trade: collecting copies it. */
  readonly #trade = new EmittedTrade();
  /** Of the trade at hand: price x shares, and what it earns. */
  readonly #notional = new WideInteger();
  readonly #profit = new WideInteger();

  constructor(options: TradeFunctionOptions) {
    super();
    this.#rules = compileRules(options.rules);
    this.#historySampleMs = options.historySampleMs;
  }

  override open(context: RuntimeContext): void {
    this.#readControls(context.getBroadcastState(CONTROL_STATE));
    this.#positions = context.getStructState(QUERYABLE_POSITIONS);
    this.#counts = new TradeCounts(context);
    this.#breakers = new CircuitBreakers(context, this.#rules.limits);
    this.#history = this.#historySampleMs === null ? null : new QuoteHistory(context, this.#historySampleMs);
    this.#countLate = () => context.countLateRecord();
    this.#rows = context.getRowPublisher('rows', ROW_WORDS, (numbers, integers, offset) => {
      const state = this.#positions.value();
      if (state !== null) fillRow(state, this.#rulesOf(state), numbers, integers, offset);
    });
    this.#reasonRows = context.getRowPublisher('reasons', REASON_ROW_WORDS, (numbers, _integers, offset) => {
      const state = this.#positions.value();
      if (state !== null) fillReasonRow(state, numbers, offset);
    });
    context.registerQuery('position', () => this.#answer((state) => positionRow(state, this.#rulesOf(state))));
    context.registerQuery('explain', () =>
      this.#answer((state) => explain(state, this.#rulesOf(state), this.#rules.limits, this.#breakers.totals)),
    );
    context.registerQuery('reasons', () => this.#answer(reasonCounts));
    context.registerQuery('report', () =>
      this.#answer((state) => ({
        position: positionRow(state, this.#rulesOf(state)),
        reasons: reasonCounts(state),
      })),
    );
    context.registerQuery('history', () => this.#history?.samples() ?? []);
  }

  override processElement(
    value: Quote | StartingPosition,
    context: KeyedReadOnlyContext<string>,
    out: Collector<Trade>,
  ): void {
    switch (value.kind) {
      case 'quote':
        return this.#onQuote(value, context, out);
      case 'position':
        return this.#onPosition(value, context);
      default:
        return assertNever(value);
    }
  }

  override onTimer(timestampMs: number, context: KeyedOnTimerContext<string>): void {
    const state = this.#positions.value();
    if (state === null || state.plan === PLAN_NONE) return;
    applyDueDecays(state, this.#rulesOf(state), context.timerService(), state.nextDecayAt === timestampMs);
    this.#rows.changed();
  }

  override processBroadcastElement(control: ControlRecord, context: BroadcastContext<string>): void {
    const controls = context.getBroadcastState(CONTROL_STATE);
    switch (control.kind) {
      case 'rules':
        controls.put('rules', control);
        this.#rulesVersion = control.version;
        return this.#changeRules(compileRules(control.rules), context);
      case 'halt':
        controls.put('halt', control);
        this.#halted = true;
        return;
      case 'rearm':
        controls.remove('halt');
        this.#halted = false;
        return;
      default:
        return assertNever(control);
    }
  }

  #onQuote(quote: Quote, context: KeyedReadOnlyContext<string>, out: Collector<Trade>): void {
    const timestampMs = context.eventTimeMs();
    const timers = context.timerService();
    const rules = this.#rulesOf(quote);
    // The watermark is greatest - outOfOrdernessMs - 1: at or below it is exactly "below greatest - outOfOrdernessMs".
    if (rules.dropsLate && timestampMs <= timers.currentWatermark()) {
      this.#countLate();
      return context.output(LATE_QUOTES, quote);
    }
    const state = this.#positions.create();
    if (state.quoted === 0) {
      state.quoted = 1;
      copySymbol(quote, state);
      this.#reasonRows.changed();
    }
    state.bid = quote.bid;
    state.bidSize = quote.bidSize;
    state.ask = quote.ask;
    state.askSize = quote.askSize;
    state.quoteTime = timestampMs;
    if (state.status === STATUS_OPEN) {
      if (state.plan !== PLAN_NONE) applyDueDecays(state, rules, timers);
      const reason = this.#tryTrade(state, quote, rules, context, out);
      state.lastReason = reason + 1;
      if (reason === BID_NOT_ABOVE_ASK) countBidNotAboveAsk(state);
      else if (reason >= 0) countReason(state, reason);
    }
    if (this.#history !== null) this.#history.sample(state);
    this.#rows.changed();
  }

  /**
   * The checks that most quotes end with stand by themselves, small enough to become part of the caller.
   * @returns the first check that fails, as a number of REASONS; -1 after a trade
   */
  #tryTrade(
    state: PositionState,
    quote: Quote,
    rules: SymbolRulesCompiled,
    context: KeyedReadOnlyContext<string>,
    out: Collector<Trade>,
  ): number {
    const bid = quote.bid;
    if (this.#halted) return HALTED;
    if (bid <= 0) return NO_BID;
    if (rules.ignoresCrossed && quote.ask > 0 && bid > quote.ask) return CROSSED;
    if (rules.tradesAtAsk ? bid < state.askPrice : bid <= state.askPrice) return BID_NOT_ABOVE_ASK;
    return this.#tryBid(state, quote, rules, context, out);
  }

  /** The bid is good: what its size and the limits say. @returns as `#tryTrade` */
  #tryBid(
    state: PositionState,
    quote: Quote,
    rules: SymbolRulesCompiled,
    context: KeyedReadOnlyContext<string>,
    out: Collector<Trade>,
  ): number {
    const bid = quote.bid;
    const timers = context.timerService();
    const timestampMs = context.eventTimeMs();
    const shares = sharesToSell(state.shares, quote.bidSize, rules);
    if (shares <= 0) return SIZE;
    const second = secondOf(timestampMs);
    const day = this.#breakers.days.dayOf(timestampMs);
    const notional = this.#notional;
    notional.setProduct(bid, shares);
    const { limits } = this.#rules;
    if (limits.maxTradesPerSecond !== Infinity && this.#counts.inSecond(state, second) >= limits.maxTradesPerSecond)
      return LIMIT_TRADES_PER_SECOND;
    if (limits.maxTradesPerDay !== Infinity && this.#counts.inDay(state, day) >= limits.maxTradesPerDay)
      return LIMIT_TRADES_PER_DAY;
    if (limits.maxNotionalPerTrade !== null && notional.isAbove(limits.maxNotionalPerTrade))
      return LIMIT_NOTIONAL_PER_TRADE;
    if (this.#breakers.refusesNotional(day)) return LIMIT_NOTIONAL_PER_DAY;
    if (this.#breakers.refusesLoss(day)) return LIMIT_LOSS_PER_DAY;
    const profit = this.#profit;
    profit.setProduct(bid - state.buyPrice, shares);
    this.#counts.count(state, second, day, !rules.dropsLate || timers.currentWatermark() < second * 1000 - 1);
    this.#breakers.addTrade(day, notional, profit);
    addProfit(state, profit);
    this.#sell(state, quote, shares, timestampMs, rules, timers, out);
    return -1;
  }

  #sell(
    state: PositionState,
    quote: Quote,
    shares: number,
    timestampMs: number,
    rules: SymbolRulesCompiled,
    timers: TimerService,
    out: Collector<Trade>,
  ): void {
    const trade = this.#trade;
    const askBefore = state.askPrice;
    trade.sharesBefore = state.shares;
    trade.expiresBefore = timeOrNaN(expiresAt(state, rules));
    trade.decayBefore = plannedAt(state);
    state.shares -= shares;
    state.lastTradePrice = quote.bid;
    state.trades += 1;
    if (state.shares > 0) {
      const base = rules.increaseFromAsk ? askBefore : quote.bid;
      state.askPrice = Math.min(base + stepAmount(rules.increase, base, rules), ASK_MAX);
    }
    trade.named = quote;
    trade.shares = shares;
    trade.price = quote.bid;
    trade.buyPrice = state.buyPrice;
    trade.quoteSequence = quote.sequence;
    trade.askBefore = askBefore;
    trade.askAfter = state.askPrice;
    trade.bidSize = quote.bidSize;
    trade.ask = quote.ask;
    trade.askSize = quote.askSize;
    trade.rulesVersion = this.#rulesVersion;
    if (state.shares === 0) {
      state.status = STATUS_CLOSED;
      stopDecay(state, timers);
    } else if (rules.tradeResetsTtl) {
      startLife(state, rules, timestampMs, timers);
    } else if (state.asleep === 1) {
      wakeAfterTrade(state, rules, timestampMs, timers);
    }
    trade.expiresAfter = timeOrNaN(expiresAt(state, rules));
    trade.decayAfter = plannedAt(state);
    out.collect(trade);
  }

  #onPosition(position: StartingPosition, context: KeyedReadOnlyContext<string>): void {
    const state = this.#positions.create();
    const timers = context.timerService();
    const rules = this.#rulesOf(position);
    copySymbol(position, state);
    this.#reasonRows.changed();
    stopDecay(state, timers);
    state.status = STATUS_OPEN;
    state.shares = position.shares;
    state.buyPrice = position.buyPrice;
    state.askPrice = position.buyPrice + rules.askOffset;
    state.lastTradePrice = position.buyPrice;
    state.profitHigh = 0;
    state.profitLow = 0;
    state.trades = 0;
    state.openedAt = context.eventTimeMs();
    state.ownTtlMs = position.ttlMs < 0 ? OWN_TTL_NONE : position.ttlMs;
    state.lastReason = 0;
    settleDecay(state, rules);
    startLife(state, rules, state.openedAt, timers);
    this.#rows.changed();
  }

  #changeRules(rules: CompiledRules, context: BroadcastContext<string>): void {
    const before = this.#rules;
    const nowMs = context.timestamp() ?? context.currentWatermark() + 1;
    this.#rules = rules;
    this.#breakers.changeLimits(rules.limits, nowMs);
    context.applyToKeyedState<StructState<PositionState>>(POSITIONS, (symbol, positions, timers) => {
      const state = positions.value();
      if (state === null) return;
      if (state.status === STATUS_OPEN)
        replanDecay(state, rulesFor(before, symbol), rulesFor(rules, symbol), nowMs, timers);
      this.#rows.changed();
    });
  }

  /** After a restore the rules and the kill switch are what the broadcast state says. */
  #readControls(controls: ReadOnlyBroadcastState<string, ControlRecord>): void {
    const rules = controls.get('rules');
    if (rules?.kind === 'rules') {
      this.#rules = compileRules(rules.rules);
      this.#rulesVersion = rules.version;
    }
    this.#halted = controls.contains('halt');
  }

  /** Takes what names the symbol, not its text: nobody needs that while all symbols have the same rules. */
  #rulesOf(named: { readonly symbol: string }): SymbolRulesCompiled {
    return this.#rules.symbols.size === 0 ? this.#rules.defaults : rulesFor(this.#rules, named.symbol);
  }

  #answer<T>(of: (state: PositionState) => T): T | null {
    const state = this.#positions.value();
    return state === null ? null : of(state);
  }
}

function timeOrNaN(timeMs: number): number {
  return timeMs === Infinity ? NaN : timeMs;
}

function plannedAt(state: PositionState): number {
  return state.plan === PLAN_NONE ? NaN : state.nextDecayAt;
}

function rulesFor(rules: CompiledRules, symbol: string): SymbolRulesCompiled {
  return rules.symbols.get(symbol) ?? rules.defaults;
}

/** By its number in the job's dictionary where the record has one: texts of a million symbols are read by nobody. */
function copySymbol(from: Named, to: PositionState): void {
  if (from.symbolId === undefined) to.symbol = from.symbol;
  else (to as PositionState & { symbolId: number }).symbolId = from.symbolId;
}

/** By name, because a computed field name is many times slower on the record path. */
function countReason(state: PositionState, reason: number): void {
  switch (reason) {
    case BID_NOT_ABOVE_ASK:
      return countBidNotAboveAsk(state);
    case NO_BID:
      state.noBid += 1;
      return;
    case HALTED:
      state.halted += 1;
      return;
    case CROSSED:
      state.crossed += 1;
      return;
    case SIZE:
      state.size += 1;
      return;
    case LIMIT_TRADES_PER_SECOND:
      state.limitTradesPerSecond += 1;
      return;
    case LIMIT_TRADES_PER_DAY:
      state.limitTradesPerDay += 1;
      return;
    case LIMIT_NOTIONAL_PER_TRADE:
      state.limitNotionalPerTrade += 1;
      return;
    case LIMIT_NOTIONAL_PER_DAY:
      state.limitNotionalPerDay += 1;
      return;
    case LIMIT_LOSS_PER_DAY:
      state.limitLossPerDay += 1;
      return;
    default:
      throw new RangeError(`There is no reason number ${reason}.`);
  }
}
