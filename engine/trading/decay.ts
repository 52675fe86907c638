import type { TimerService } from '../api/functions.ts';
import { floorPrice, stepAmount, type SymbolRulesCompiled } from './compiled-rules.ts';
import {
  OWN_TTL_NONE,
  PLAN_EVENT_TIME,
  PLAN_NONE,
  PLAN_PROCESSING_TIME,
  type PositionState,
} from './position-state.ts';

/**
 * Time to live and decay of one open position. Decays are due at base + n x decayEveryMs, n = 1, 2 ..., where base is the
 * end of the time to live or, if later, the trade that last woke the decay. One timer at most is set per position,
 * and any number of due decays is one step of arithmetic, so a night of one-millisecond decays costs nothing.
 *
 * After every function here the next decay lies in the future of its clock: what is due is applied at once, also where
 * a late trade or a change of rules plans a decay in the past.
 */

/** Works out what the rules come to for this position; call when it opens and when rules change. */
export function settleDecay(state: PositionState, rules: SymbolRulesCompiled): void {
  const floor = floorPrice(rules, state.buyPrice);
  state.hasFloor = floor === null ? 0 : 1;
  state.floor = floor ?? 0;
  state.decayAmount = stepAmount(rules.decay, state.buyPrice, rules);
}

/** Read from the state only where it depends on the position: a line of the processor's cache that most decays do without. */
function decayOf(state: PositionState, { decay }: SymbolRulesCompiled): number {
  return decay.kind === 'fixed' ? decay.units : state.decayAmount;
}

/** As `decayOf`; 0: there is none. */
function floorOf(state: PositionState, { floor }: SymbolRulesCompiled): number {
  if (floor.kind === 'none') return 0;
  return floor.kind === 'price' ? floor.units : state.floor;
}

/** Whether a decay would still move this ask. Without a floor it stops once it is at or below zero. */
function isAboveFloor(state: PositionState, rules: SymbolRulesCompiled): boolean {
  return state.askPrice > floorOf(state, rules);
}

/** Now, on the clock that decay runs on: the last watermark, or processing time. A decay at or before it is due. */
export function decayClock(rules: SymbolRulesCompiled, timers: TimerService): number {
  return rules.onProcessingTime ? timers.currentProcessingTime() : timers.currentWatermark();
}

export function ttlOf(state: PositionState, rules: SymbolRulesCompiled): number {
  return state.ownTtlMs === OWN_TTL_NONE ? rules.ttlMs : state.ownTtlMs;
}

/** When the time to live ends, on the clock of `rules`; Infinity: never. */
export function expiresAt(state: PositionState, rules: SymbolRulesCompiled): number {
  const ttlMs = ttlOf(state, rules);
  if (ttlMs === 0) return Infinity;
  return (rules.onProcessingTime ? state.liveFromProcessing : state.liveFromEvent) + ttlMs;
}

/** Decays are due each decayEveryMs after this; Infinity: never. */
function decayBase(state: PositionState, rules: SymbolRulesCompiled): number {
  const expiry = expiresAt(state, rules);
  if (state.woken === 0) return expiry;
  return Math.max(expiry, rules.onProcessingTime ? state.wokenProcessing : state.wokenEvent);
}

/** A new position, or a trade that starts the time to live anew: the first decay comes decayEveryMs after its end. */
export function startLife(
  state: PositionState,
  rules: SymbolRulesCompiled,
  eventTimeMs: number,
  timers: TimerService,
): void {
  state.liveFromEvent = eventTimeMs;
  state.liveFromProcessing = timers.currentProcessingTime();
  state.woken = 0;
  state.asleep = 0;
  planAt(state, rules, decayBase(state, rules) + rules.decayEveryMs, timers);
  applyDueDecays(state, rules, timers);
}

/** A trade that leaves the ask above the floor wakes a sleeping decay. */
export function wakeAfterTrade(
  state: PositionState,
  rules: SymbolRulesCompiled,
  eventTimeMs: number,
  timers: TimerService,
): void {
  if (!isAboveFloor(state, rules)) return;
  state.asleep = 0;
  state.woken = 1;
  state.wokenEvent = eventTimeMs;
  state.wokenProcessing = timers.currentProcessingTime();
  planAt(state, rules, decayBase(state, rules) + rules.decayEveryMs, timers);
  applyDueDecays(state, rules, timers);
}

/** A closed or replaced position has no decay. */
export function stopDecay(state: PositionState, timers: TimerService): void {
  if (state.plan === PLAN_EVENT_TIME) timers.deleteEventTimeTimer(state.nextDecayAt);
  else if (state.plan === PLAN_PROCESSING_TIME) timers.deleteProcessingTimeTimer(state.nextDecayAt);
  state.plan = PLAN_NONE;
}

/** Replaces the position's timer. Infinity: none. */
function planAt(state: PositionState, rules: SymbolRulesCompiled, at: number, timers: TimerService): void {
  stopDecay(state, timers);
  if (at === Infinity) return;
  state.nextDecayAt = at;
  state.plan = rules.onProcessingTime ? PLAN_PROCESSING_TIME : PLAN_EVENT_TIME;
  if (rules.onProcessingTime) timers.registerProcessingTimeTimer(at);
  else timers.registerEventTimeTimer(at);
}

/**
 * Applies every decay that is due, in one step, and plans the next one. Does nothing while none is due.
 * @param hasFired the position's timer just fired, so there is none to delete
 */
export function applyDueDecays(
  state: PositionState,
  rules: SymbolRulesCompiled,
  timers: TimerService,
  hasFired = false,
): void {
  if (state.plan === PLAN_NONE) return;
  const sinceMs = decayClock(rules, timers) - state.nextDecayAt;
  if (sinceMs < 0) return;
  // One is due far more often than several: then nothing is divided.
  const due = sinceMs < rules.decayEveryMs ? 1 : Math.floor(sinceMs / rules.decayEveryMs) + 1;
  decayBy(state, rules, due);
  if (hasFired) state.plan = PLAN_NONE;
  if (isAboveFloor(state, rules)) {
    planAt(state, rules, state.nextDecayAt + due * rules.decayEveryMs, timers);
  } else {
    state.asleep = 1;
    stopDecay(state, timers);
  }
}

/** As `due` decays one by one: each that would cross the floor ends on it; without one, the first at or below zero is the last. */
function decayBy(state: PositionState, rules: SymbolRulesCompiled, due: number): void {
  const amount = decayOf(state, rules);
  const floor = floorOf(state, rules);
  if (amount === 0 || state.askPrice <= floor) return;
  const above = state.askPrice - floor;
  if (due * amount < above) state.askPrice -= due * amount;
  else state.askPrice = state.hasFloor === 1 ? floor : state.askPrice - Math.ceil(above / amount) * amount;
}

/**
 * A change of rules while the position is open. Its ask stays. A changed time to live, decay interval or clock moves the next
 * decay to the first instant that the new rules give and that is not in the past, and so does a floor that was lowered
 * under a sleeping ask.
 * @param nowMs greatest event time seen at the change's place in the stream
 */
export function replanDecay(
  state: PositionState,
  before: SymbolRulesCompiled,
  after: SymbolRulesCompiled,
  nowMs: number,
  timers: TimerService,
): void {
  settleDecay(state, after);
  const wakes = state.asleep === 1 && isAboveFloor(state, after);
  if (state.asleep === 1 && !wakes) return;
  const moved =
    ttlOf(state, before) !== ttlOf(state, after) ||
    before.decayEveryMs !== after.decayEveryMs ||
    before.onProcessingTime !== after.onProcessingTime;
  if (!wakes && !moved) return;
  state.asleep = 0;
  const base = decayBase(state, after);
  const now = after.onProcessingTime ? timers.currentProcessingTime() : nowMs;
  const steps = Math.max(1, Math.ceil((now - base) / after.decayEveryMs));
  planAt(state, after, base === Infinity ? Infinity : base + steps * after.decayEveryMs, timers);
  applyDueDecays(state, after, timers);
}
