import { setQueryable } from '../api/queryable-state.ts';
import { migration, withSchema } from '../api/state-schema.ts';
import { structState } from '../api/state.ts';
import { struct, type ViewOf } from '../api/struct.ts';
import { WideInteger } from '../core/wide-integer.ts';

/** The first count that is carried from `bidNotAboveAsk`. */
const COUNT_CARRIED = 2 ** 30;

/**
 * Everything that is known of a symbol, in a fixed layout: its position, its last quote, why quotes did not trade. All
 * zeros is a symbol of which nothing is known. Prices in 1e-8, shares and sizes in 1e-6, times in ms.
 *
 * The order says what lies in one line of a processor's cache (engine/state/struct-state.ts).
 */
export const POSITION_STATE = struct('position-state', {
  // First line: what every quote touches, and a decay that is no percentage.
  bid: 'f64',
  bidSize: 'f64',
  ask: 'f64',
  askSize: 'f64',
  quoteTime: 'f64',
  askPrice: 'f64',
  nextDecayAt: 'f64',
  /** STATUS_* of contract/frames.ts. */
  status: 'i8',
  /** 1 once there was a quote. */
  quoted: 'i8',
  /** 1 + index into REASONS of why the last quote did not trade; 0: it did, or there was none. */
  lastReason: 'i8',
  /** PLAN_*: whether a decay is planned, and on which clock. Exactly then there is a timer at `nextDecayAt`. */
  plan: 'i8',
  /** This reason is nearly every quote's: what does not fit here is carried (`countBidNotAboveAsk`). */
  bidNotAboveAsk: 'i32',

  // Second line: what a decay by percents and a trade touch besides.
  /** What the rules come to for this buying price: one decay, and the floor while `hasFloor` is 1 (without, it is 0). */
  decayAmount: 'f64',
  floor: 'f64',
  shares: 'f64',
  buyPrice: 'f64',
  lastTradePrice: 'f64',
  /** Profit in 1e-14, as core/wide-integer.ts has it: two fields hold what one number cannot. */
  profitHigh: 'f64',
  profitLow: 'f64',
  hasFloor: 'i8',
  /** 1: the decay reached the floor and waits for a trade. */
  asleep: 'i8',
  woken: 'i8',
  traded: 'i8',
  symbol: 'symbol',

  // Third line: what a trade touches, too.
  trades: 'f64',
  /** Trades in the newest second and the newest day that had one (limits.ts). */
  tradeSecond: 'f64',
  tradesInSecond: 'f64',
  tradeDay: 'f64',
  tradesInDay: 'f64',
  /** The position's own time to live; OWN_TTL_NONE: the rules decide. */
  ownTtlMs: 'f64',
  /** From when the time to live counts, on both clocks: the opening, or the last trade that started it anew. */
  liveFromEvent: 'f64',
  liveFromProcessing: 'f64',

  openedAt: 'f64',
  /** The trade that woke a sleeping decay, on both clocks; decays count from there. Only when `woken` is 1. */
  wokenEvent: 'f64',
  wokenProcessing: 'f64',

  bidNotAboveAskCarried: 'f64',
  halted: 'f64',
  noBid: 'f64',
  crossed: 'f64',
  size: 'f64',
  limitTradesPerSecond: 'f64',
  limitTradesPerDay: 'f64',
  limitNotionalPerTrade: 'f64',
  limitNotionalPerDay: 'f64',
  limitLossPerDay: 'f64',

  /** Chart: the next sample is due at this event time, once `sampled` is 1. */
  nextSampleAt: 'f64',
  sampled: 'i8',
});
export type PositionState = ViewOf<typeof POSITION_STATE>;
/** In version 1 all of this reason's count was one number. */
interface PositionStateVersion1 {
  readonly bidNotAboveAsk: number;
}

/** Raise the version, with a migration, when a field goes, changes its meaning or its type; a new one needs a default. */
export const POSITIONS = withSchema(structState('positions', POSITION_STATE), 2, {
  migrations: [
    migration(1, (stored: PositionStateVersion1) => {
      const bidNotAboveAsk = stored.bidNotAboveAsk % COUNT_CARRIED;
      return { ...stored, bidNotAboveAsk, bidNotAboveAskCarried: stored.bidNotAboveAsk - bidNotAboveAsk };
    }),
  ],
});
/** The state as it is, whole numbers and all; a person asks for `position` (trade-function.ts). */
export const QUERYABLE_POSITIONS = setQueryable(POSITIONS, 'position-state');

export const OWN_TTL_NONE = -1;
export const PLAN_NONE = 0;
export const PLAN_EVENT_TIME = 1;
export const PLAN_PROCESSING_TIME = 2;

/** Fields of the reason counters, in the order of REASONS; read them with `reasonCount`. */
export const REASON_FIELDS = [
  'halted',
  'noBid',
  'crossed',
  'bidNotAboveAsk',
  'size',
  'limitTradesPerSecond',
  'limitTradesPerDay',
  'limitNotionalPerTrade',
  'limitNotionalPerDay',
  'limitLossPerDay',
] as const satisfies readonly (keyof PositionState)[];

export function reasonCount(state: PositionState, reason: number): number {
  const field = REASON_FIELDS[reason];
  return field === 'bidNotAboveAsk' ? state.bidNotAboveAsk + state.bidNotAboveAskCarried : state[field];
}

export function countBidNotAboveAsk(state: PositionState): void {
  const count = state.bidNotAboveAsk + 1;
  if (count < COUNT_CARRIED) state.bidNotAboveAsk = count;
  else carryCount(state, count);
}

function carryCount(state: PositionState, count: number): void {
  state.bidNotAboveAskCarried += count;
  state.bidNotAboveAsk = 0;
}

const profit = new WideInteger();

export function profitOf(state: PositionState): bigint {
  readProfit(state);
  return profit.toBigInt();
}

/** Exact for every profit that positions within the bounds of core/decimal.ts can make: at most 2^105. */
export function addProfit(state: PositionState, amount: WideInteger): void {
  readProfit(state);
  profit.setSum(profit, amount);
  state.profitHigh = profit.high;
  state.profitLow = profit.low;
}

function readProfit(state: PositionState): void {
  profit.high = state.profitHigh;
  profit.low = state.profitLow;
}
