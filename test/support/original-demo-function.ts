import type {
  Collector,
  KeyedOnTimerContext,
  KeyedReadOnlyContext,
  RuntimeContext,
  TimerService,
} from '../../engine/api/functions.ts';
import { listState, type ListState, type StructState } from '../../engine/api/state.ts';
import { STATUS_OPEN } from '../../engine/contract/frames.ts';
import { PLAN_PROCESSING_TIME, POSITIONS, type PositionState } from '../../engine/trading/position-state.ts';
import type { Quote, StartingPosition, Trade } from '../../engine/trading/records.ts';
import { TradeFunction } from '../../engine/trading/trade-function.ts';

/** 0.10 in 1e-8 and 3 s, as in the preset `original-demo`. */
const DECAY = 10_000_000;
const DECAY_EVERY_MS = 3_000;

/**
 * The trade function with the one flaw of the original demo that trading-rules.md mends ("It replaces any earlier one of
 * that symbol (its timer too)"): a position that is replaced or closed leaves its timer behind, and each timer
 * left behind goes on lowering the ask of whatever position the symbol has. Timers at the same instant are one.
 */
export class OriginalDemoFunction extends TradeFunction {
  #positions!: StructState<PositionState>;
  #leftBehind!: ListState<number>;

  override open(context: RuntimeContext): void {
    super.open(context);
    this.#positions = context.getStructState(POSITIONS);
    this.#leftBehind = context.getListState(listState<number>('left-behind'));
  }

  override processElement(
    value: Quote | StartingPosition,
    context: KeyedReadOnlyContext<string>,
    out: Collector<Trade>,
  ): void {
    const before = this.#positions.value();
    const pending = before?.plan === PLAN_PROCESSING_TIME ? before.nextDecayAt : null;
    super.processElement(value, context, out);
    const timers = context.timerService();
    if (pending !== null && (value.kind === 'position' || this.#positions.value()?.status !== STATUS_OPEN))
      this.#leave(pending, timers);
    if (value.kind === 'position') this.#leftBehind.update(this.#leftBehind.get().filter((at) => !this.#isOwn(at)));
  }

  override onTimer(timestampMs: number, context: KeyedOnTimerContext<string>): void {
    const left = this.#leftBehind.get();
    if (left.includes(timestampMs)) {
      this.#leftBehind.update(left.filter((at) => at !== timestampMs));
      const state = this.#positions.value();
      if (state?.status === STATUS_OPEN && state.askPrice > 0) {
        state.askPrice -= DECAY;
        this.#leave(timestampMs + DECAY_EVERY_MS, context.timerService());
      }
    }
    super.onTimer(timestampMs, context);
  }

  #leave(at: number, timers: TimerService): void {
    if (this.#isOwn(at)) return;
    if (!this.#leftBehind.get().includes(at)) this.#leftBehind.add(at);
    timers.registerProcessingTimeTimer(at);
  }

  /** A timer that meets the position's own is one with it from there on. */
  #isOwn(at: number): boolean {
    const state = this.#positions.value();
    return (
      state?.plan === PLAN_PROCESSING_TIME && at >= state.nextDecayAt && (at - state.nextDecayAt) % DECAY_EVERY_MS === 0
    );
  }
}
