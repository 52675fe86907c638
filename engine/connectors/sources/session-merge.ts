import type { QuoteInput } from './quote-input.ts';

/** `ready`: `current` has the next quote; `marks`: `current` has none, but marks to take; `waiting`: some input must be waited for; `ended`: all inputs have ended. */
export type MergeStatus = 'ready' | 'marks' | 'waiting' | 'ended';

/**
 * Merges inputs by the event time of their next quote; ties go to the input named first; within one input the order is
 * kept, so an input that is out of order is not sorted. An input that has nothing at hand holds up the others, because
 * its next quote may be the earliest.
 *
 * `select` looks at every input, so it is called once per run: the chosen input stays `current` while its next quote
 * comes before every other input's, which `isCurrentStillNext` tells with one comparison.
 */
export class SessionMerge {
  current: QuoteInput | null = null;
  readonly #inputs: readonly QuoteInput[];
  readonly #ended: boolean[];
  readonly #waiting: QuoteInput[] = [];
  #limitMs = Infinity;
  #tieIsOurs = true;

  constructor(inputs: readonly QuoteInput[]) {
    this.#inputs = inputs;
    this.#ended = inputs.map(() => false);
  }

  /** @throws InputError of an input that cannot be read any further */
  select(): MergeStatus {
    this.current = null;
    this.#waiting.length = 0;
    const marked = this.#fillAll();
    if (marked !== null) {
      this.current = marked;
      return 'marks';
    }
    if (this.#waiting.length > 0) return 'waiting';
    let best = -1;
    let bestMs = Infinity;
    let secondMs = Infinity;
    let second = -1;
    for (let index = 0; index < this.#inputs.length; index += 1) {
      if (this.#ended[index] === true) continue;
      const nextMs = nextTimeMs(this.#inputs[index]);
      if (best < 0 || nextMs < bestMs) {
        second = best;
        secondMs = bestMs;
        best = index;
        bestMs = nextMs;
      } else if (second < 0 || nextMs < secondMs) {
        second = index;
        secondMs = nextMs;
      }
    }
    if (best < 0) return 'ended';
    this.current = this.#inputs[best];
    this.#limitMs = second < 0 ? Infinity : secondMs;
    this.#tieIsOurs = second < 0 || best < second;
    return 'ready';
  }

  /** Whether a quote of this time, the next of `current`, comes before those of all other inputs. */
  isCurrentStillNext(timeMs: number): boolean {
    return this.#tieIsOurs ? timeMs <= this.#limitMs : timeMs < this.#limitMs;
  }

  /** Event time up to which `current` comes before all others; times are whole. */
  get lastMs(): number {
    return this.#tieIsOurs ? this.#limitMs : this.#limitMs - 1;
  }

  async whenReady(): Promise<void> {
    await Promise.all(this.#waiting.map((input) => input.whenReady()));
  }

  /** @returns an input whose marks are to be taken before anything else; null: none */
  #fillAll(): QuoteInput | null {
    for (let index = 0; index < this.#inputs.length; index += 1) {
      const input = this.#inputs[index];
      if (this.#ended[index] === true || input.batch.from < input.batch.to) continue;
      const status = input.fill();
      if (status === 'marks') return input;
      if (status === 'waiting') this.#waiting.push(input);
      if (status === 'ended') this.#ended[index] = true;
    }
    return null;
  }
}

function nextTimeMs(input: QuoteInput): number {
  const { batch } = input;
  return batch.time[batch.from] + batch.timeShiftMs;
}
