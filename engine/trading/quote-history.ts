import type { RuntimeContext } from '../api/functions.ts';
import { withSchema } from '../api/state-schema.ts';
import { valueState, type ValueState } from '../api/state.ts';
import { NO_PRICE } from './records.ts';
import type { PositionState } from './position-state.ts';
import { STATUS_OPEN } from '../contract/frames.ts';

/** A full chart's width of points; when there are more, every other one goes and the next ones come half as often. */
export const HISTORY_SAMPLES_MAX = 512;
const NUMBERS_PER_SAMPLE = 4;

interface History {
  everyMs: number;
  /** [time, bid, ask, our ask] each, oldest first; prices in 1e-8, 0: none. */
  samples: number[];
}

const HISTORY = withSchema(valueState<History>('history'), 1);

/** What a symbol's chart starts with: samples of its quotes since the session began, in bounded memory. */
export class QuoteHistory {
  readonly #state: ValueState<History>;
  readonly #firstEveryMs: number;

  constructor(context: RuntimeContext, everyMs: number) {
    this.#firstEveryMs = everyMs;
    this.#state = context.getState(HISTORY);
  }

  /** Call for each quote; most return at the first comparison. */
  sample(state: PositionState): void {
    if (state.sampled === 1 && state.quoteTime < state.nextSampleAt) return;
    const history = this.#state.value() ?? { everyMs: this.#firstEveryMs, samples: [] };
    if (history.samples.length === HISTORY_SAMPLES_MAX * NUMBERS_PER_SAMPLE) {
      history.samples = everyOther(history.samples);
      history.everyMs *= 2;
    }
    history.samples.push(
      state.quoteTime,
      state.bid,
      state.ask,
      state.status === STATUS_OPEN ? state.askPrice : NO_PRICE,
    );
    state.sampled = 1;
    state.nextSampleAt = state.quoteTime + history.everyMs;
    this.#state.update(history);
  }

  /** The current key's samples, flat. */
  samples(): readonly number[] {
    return this.#state.value()?.samples ?? [];
  }
}

function everyOther(samples: readonly number[]): number[] {
  return samples.filter((_, index) => Math.floor(index / NUMBERS_PER_SAMPLE) % 2 === 0);
}
