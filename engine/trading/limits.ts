import type { AlignedSums, RuntimeContext } from '../api/functions.ts';
import { stateSchema, withSchema } from '../api/state-schema.ts';
import { mapState, type MapState } from '../api/state.ts';
import type { WideInteger } from '../core/wide-integer.ts';
import type { LimitsCompiled } from './compiled-rules.ts';
import type { PositionState } from './position-state.ts';
import { SECOND_MS, TradingDays } from './trading-days.ts';

/** Trades of seconds and days that are not the newest: `s<second>` or `d<day>` to their number. */
const EARLIER_TRADES = withSchema(mapState<string, number>('earlier-trades'), 1);
/** A quote that is processed more than a week late starts a new count for its second and its day. */
const SECONDS_KEPT = 604_800;
const DAYS_KEPT = 8;
/** Old counts are looked for when an hour begins, not at every trade. */
const SECONDS_BETWEEN_CLEANINGS = 3_600;

/**
 * How many trades a symbol made in a second and in a day. Time runs forward, so the newest second and day sit in the
 * symbol's columns and cost two comparisons; a count moves to the map only when a later one begins and an earlier quote may still come.
 */
export class TradeCounts {
  readonly #earlier: MapState<string, number>;

  constructor(context: RuntimeContext) {
    this.#earlier = context.getMapState(EARLIER_TRADES);
  }

  inSecond(state: PositionState, second: number): number {
    if (state.traded === 0) return 0;
    return state.tradeSecond === second ? state.tradesInSecond : this.#earlierCount(`s${second}`);
  }

  inDay(state: PositionState, day: number): number {
    if (state.traded === 0) return 0;
    return state.tradeDay === day ? state.tradesInDay : this.#earlierCount(`d${day}`);
  }

  /** @param mayComeAgain whether a quote of an earlier second may still trade: event time trails, or late ones are processed */
  count(state: PositionState, second: number, day: number, mayComeAgain: boolean): void {
    if (state.traded === 0) {
      state.traded = 1;
      state.tradeSecond = second;
      state.tradeDay = day;
      state.tradesInSecond = 0;
      state.tradesInDay = 0;
    }
    if (second > state.tradeSecond) {
      if (mayComeAgain) this.#earlier.put(`s${state.tradeSecond}`, state.tradesInSecond);
      if (hourOf(second) !== hourOf(state.tradeSecond)) this.#forget(second, day);
      state.tradeSecond = second;
      state.tradesInSecond = 0;
    }
    if (day > state.tradeDay) {
      if (mayComeAgain) this.#earlier.put(`d${state.tradeDay}`, state.tradesInDay);
      state.tradeDay = day;
      state.tradesInDay = 0;
    }
    if (second === state.tradeSecond) state.tradesInSecond += 1;
    else this.#earlier.put(`s${second}`, this.#earlierCount(`s${second}`) + 1);
    if (day === state.tradeDay) state.tradesInDay += 1;
    else this.#earlier.put(`d${day}`, this.#earlierCount(`d${day}`) + 1);
  }

  #earlierCount(name: string): number {
    return this.#earlier.get(name) ?? 0;
  }

  #forget(second: number, day: number): void {
    const isOld = (name: string): boolean =>
      Number(name.slice(1)) < (name.startsWith('s') ? second - SECONDS_KEPT : day - DAYS_KEPT);
    for (const name of [...this.#earlier.keys()].filter(isOld)) this.#earlier.remove(name);
  }
}

function hourOf(second: number): number {
  return Math.floor(second / SECONDS_BETWEEN_CLEANINGS);
}

const NOTIONAL = 0;
const PROFIT = 1;
const SUM_COUNT = 2;

const BREAKERS_SCHEMA = stateSchema(1);

/** What a checkpoint keeps of one task's circuit breakers, in the version of BREAKERS_SCHEMA. */
interface StoredBreakers {
  readonly sumDay: number;
  readonly ownNotional: bigint;
  readonly ownProfit: bigint;
  readonly alignedDay: number;
  readonly notional: bigint;
  readonly profit: bigint;
  readonly notionalRefused: readonly number[];
  readonly lossRefused: readonly number[];
}

/**
 * The circuit breakers over all symbols. Every trade is added to the sums of the newest day on the task that made it; at
 * each alignment, a place in the stream where all tasks wait, the totals of everything before it are compared, so that
 * the outcome cannot depend on who trades what. Once over, trades of that day are refused on every task alike.
 *
 * A day begins with the first alignment in it. Only the newest day is ever compared, so trades of an earlier one (late
 * quotes that are processed) add to nothing; they are refused when their day was.
 */
export class CircuitBreakers {
  readonly #sums: AlignedSums;
  #limits: LimitsCompiled;
  #days: TradingDays;
  /** Which day this task's shares of the sums belong to. */
  #sumDay = -Infinity;
  /** The newest day an alignment was in, and the totals at the last one. */
  #alignedDay = -Infinity;
  #notional = 0n;
  #profit = 0n;
  readonly #notionalRefused = new Set<number>();
  readonly #lossRefused = new Set<number>();

  constructor(context: RuntimeContext, limits: LimitsCompiled) {
    this.#limits = limits;
    this.#days = new TradingDays(limits.timeZone);
    this.#sums = context.getAlignedSums('day-totals', SUM_COUNT, (timestampMs) => this.#align(timestampMs));
    context.getOperatorState(
      'circuit-breakers',
      () => this.#snapshot(),
      (parts) => this.#restore(parts as readonly StoredBreakers[], context.subtaskIndex),
      BREAKERS_SCHEMA,
    );
  }

  #snapshot(): StoredBreakers {
    return {
      sumDay: this.#sumDay,
      ownNotional: this.#sums.share(NOTIONAL),
      ownProfit: this.#sums.share(PROFIT),
      alignedDay: this.#alignedDay,
      notional: this.#notional,
      profit: this.#profit,
      notionalRefused: [...this.#notionalRefused],
      lossRefused: [...this.#lossRefused],
    };
  }

  /** What was compared is the same on every task; what each of them had summed up goes on in the first one. */
  #restore(parts: readonly StoredBreakers[], subtaskIndex: number): void {
    const [first] = parts;
    this.#clear(-Infinity);
    this.#notionalRefused.clear();
    this.#lossRefused.clear();
    this.#alignedDay = first.alignedDay;
    this.#notional = first.notional;
    this.#profit = first.profit;
    for (const day of first.notionalRefused) this.#notionalRefused.add(day);
    for (const day of first.lossRefused) this.#lossRefused.add(day);
    this.#sumDay = Math.max(...parts.map(({ sumDay }) => sumDay));
    if (subtaskIndex !== 0) return;
    for (const part of parts) {
      if (part.sumDay !== this.#sumDay) continue;
      this.#sums.add(NOTIONAL, part.ownNotional);
      this.#sums.add(PROFIT, part.ownProfit);
    }
  }

  get days(): TradingDays {
    return this.#days;
  }

  /** Of the newest day up to the last alignment: what was compared. */
  get totals(): { readonly notional: bigint; readonly profit: bigint } {
    return { notional: this.#notional, profit: this.#profit };
  }

  /**
   * A day that is refused stays so when the totals of the last alignment are over the new limit as well, and is lifted
   * otherwise. A day that is not refused is compared at full seconds only, as ever: what a session that was not aligned
   * until now cannot know must not decide.
   * @param nowMs the change's place in event time, the same on every task; -Infinity ahead of the first quote
   */
  changeLimits(limits: LimitsCompiled, nowMs: number): void {
    if (limits.timeZone !== this.#limits.timeZone) this.#days = new TradingDays(limits.timeZone);
    this.#limits = limits;
    // Ahead of the first quote there is no day yet.
    if (!Number.isFinite(nowMs)) return;
    const today = this.#days.dayOf(nowMs);
    if (today !== this.#alignedDay) this.#beginDay(today);
    if (this.#notionalRefused.delete(today)) this.#compareNotional();
    if (this.#lossRefused.delete(today)) this.#compareLoss();
  }

  addTrade(day: number, notional: WideInteger, profit: WideInteger): void {
    if (day < this.#alignedDay || day < this.#sumDay) return;
    if (day > this.#sumDay) this.#clear(day);
    this.#sums.addWide(NOTIONAL, notional);
    this.#sums.addWide(PROFIT, profit);
  }

  refusesNotional(day: number): boolean {
    return this.#notionalRefused.size > 0 && this.#notionalRefused.has(day);
  }

  refusesLoss(day: number): boolean {
    return this.#lossRefused.size > 0 && this.#lossRefused.has(day);
  }

  /** Called on every task for the same alignment, with the same totals. */
  #align(timestampMs: number): void {
    const day = this.#days.dayOf(timestampMs);
    if (day !== this.#alignedDay) {
      this.#beginDay(day);
      return;
    }
    this.#notional = this.#sums.total(NOTIONAL);
    this.#profit = this.#sums.total(PROFIT);
    this.#compareNotional();
    this.#compareLoss();
  }

  /** Nothing was traded in it yet; what the sums hold is of an earlier day. */
  #beginDay(day: number): void {
    this.#alignedDay = day;
    this.#notional = 0n;
    this.#profit = 0n;
    if (this.#sumDay !== day) this.#clear(day);
  }

  #compareNotional(): void {
    const { maxNotionalPerDay } = this.#limits;
    if (maxNotionalPerDay !== null && this.#notional > maxNotionalPerDay) this.#notionalRefused.add(this.#alignedDay);
  }

  #compareLoss(): void {
    const { maxLossPerDay } = this.#limits;
    if (maxLossPerDay !== null && -this.#profit > maxLossPerDay) this.#lossRefused.add(this.#alignedDay);
  }

  #clear(day: number): void {
    this.#sums.reset(NOTIONAL);
    this.#sums.reset(PROFIT);
    this.#sumDay = day;
  }
}

export function secondOf(timestampMs: number): number {
  return Math.floor(timestampMs / SECOND_MS);
}
