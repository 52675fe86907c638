import type { InputTime } from '../../contract/explanations.ts';
import type { QuoteBatch } from './quote-batch.ts';
import type { QuoteInput } from './quote-input.ts';

/**
 * `ready`: `current` has the next quote; `marks`: `current` has none, but marks to take; `waiting`: some input must be waited for; `skipping`: call again, an input that is
 * read for the second time has not reached its place yet; `ended`: all inputs have ended.
 */
export type MergeStatus = 'ready' | 'marks' | 'waiting' | 'skipping' | 'ended';

/** How far an input was read. */
export interface InputPlace {
  /** Quotes taken. */
  readonly quotes: number;
  /** Recorded controls taken. */
  readonly controls: number;
}

const NOTHING_TAKEN: InputPlace = { quotes: 0, controls: 0 };

/** Batches skipped in one go: the thread has others to look after. */
const SKIPPED_BATCHES_MAX = 64;

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
  /** By input: quotes that were in its batches so far, and controls taken. */
  readonly #filled: number[];
  readonly #controlsTaken: number[];
  /** By input: what is still to be read over, because it was taken before a checkpoint. */
  readonly #quotesToSkip: number[];
  readonly #controlsToSkip: number[];
  #skippedBatches = 0;
  /** By input: event time of the last quote of the batches before. */
  readonly #lastMs: (number | undefined)[] = [];

  /** @param places how far each input was read before; the job goes on behind it */
  constructor(inputs: readonly QuoteInput[], places: readonly InputPlace[] | null = null) {
    this.#inputs = inputs;
    this.#ended = inputs.map(() => false);
    this.#filled = inputs.map(() => 0);
    this.#controlsTaken = inputs.map(() => 0);
    this.#quotesToSkip = inputs.map((_, index) => places?.[index]?.quotes ?? 0);
    this.#controlsToSkip = inputs.map((_, index) => places?.[index]?.controls ?? 0);
  }

  /** How far each input is to be read over by whoever goes on from here. Between two polls. */
  places(): InputPlace[] {
    return this.#inputs.map((input, index) =>
      input.isReadOnce === true
        ? NOTHING_TAKEN
        : {
            quotes: this.#filled[index] - (input.batch.to - input.batch.from) + this.#quotesToSkip[index],
            controls: this.#controlsTaken[index] + this.#controlsToSkip[index],
          },
    );
  }

  /** Inputs that hold up the others. */
  get waiting(): readonly QuoteInput[] {
    return this.#waiting;
  }

  /** How far each input was read, and what of it is at hand. */
  times(): InputTime[] {
    return this.#inputs.map((input, index) => {
      const { batch, name } = input;
      const hasNext = batch.from < batch.to;
      return {
        name,
        state: this.#ended[index] === true ? 'ended' : this.#waiting.includes(input) ? 'waiting' : 'ready',
        lastEventTimeMs: batch.from > 0 ? timeAt(batch, batch.from - 1) : (this.#lastMs[index] ?? null),
        nextEventTimeMs: hasNext ? nextTimeMs(input) : null,
      };
    });
  }

  /** The next recorded control of an input. */
  takeControl(input: QuoteInput): unknown {
    this.#controlsTaken[this.#inputs.indexOf(input)] += 1;
    return input.takeControl();
  }

  /** @throws InputError of an input that cannot be read any further */
  select(): MergeStatus {
    this.current = null;
    this.#waiting.length = 0;
    this.#skippedBatches = 0;
    const marked = this.#fillAll();
    if (marked !== null) {
      this.current = marked;
      return 'marks';
    }
    if (this.#waiting.length > 0) return 'waiting';
    if (this.#skippedBatches >= SKIPPED_BATCHES_MAX) return 'skipping';
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
      if (input.batch.to > 0) this.#lastMs[index] = timeAt(input.batch, input.batch.to - 1);
      let status = input.fill();
      while (
        (status === 'filled' && this.#skip(index, input)) ||
        (status === 'marks' && this.#skipMarks(index, input))
      ) {
        this.#skippedBatches += 1;
        if (this.#skippedBatches >= SKIPPED_BATCHES_MAX) break;
        status = input.fill();
      }
      if (status === 'marks' && input.nextControlIndex <= input.batch.from) return input;
      if (status === 'waiting') this.#waiting.push(input);
      if (status === 'ended') {
        this.#ended[index] = true;
        this.#skipControls(index, input);
      }
    }
    return null;
  }

  /** Counts a batch and reads over what was taken before. @returns whether nothing of it is left */
  #skip(index: number, input: QuoteInput): boolean {
    const { batch } = input;
    this.#filled[index] += batch.to - batch.from;
    const skipped = Math.min(this.#quotesToSkip[index], batch.to - batch.from);
    if (skipped > 0) {
      this.#quotesToSkip[index] -= skipped;
      batch.from += skipped;
    }
    this.#skipControls(index, input);
    return batch.from === batch.to;
  }

  /** @returns whether none of them is left */
  #skipMarks(index: number, input: QuoteInput): boolean {
    this.#skipControls(index, input);
    return input.nextControlIndex > input.batch.from;
  }

  #skipControls(index: number, input: QuoteInput): void {
    while (this.#controlsToSkip[index] > 0 && input.nextControlIndex <= input.batch.from) {
      this.#controlsToSkip[index] -= 1;
      this.takeControl(input);
    }
  }
}

function nextTimeMs({ batch }: QuoteInput): number {
  return timeAt(batch, batch.from);
}

function timeAt(batch: QuoteBatch, index: number): number {
  return batch.time[index] + batch.timeShiftMs;
}
