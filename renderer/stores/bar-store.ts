import { BAR_WORDS, type BarInterval } from '../../engine/contract/bars.ts';

/** What there is to show of the chosen symbol's bars. `not-built`: the session was opened without them. */
export type BarPhase = 'none-chosen' | 'loading' | 'not-built' | 'showing';

/**
 * The chosen symbol's bars as the engine has them, oldest first, BAR_WORDS numbers each. Bounded: the engine keeps some
 * hundred of each length, and what is too many here is asked for anew by nobody: the oldest go.
 */
export const BARS_SHOWN_MAX = 500;

export class BarStore {
  #phase: BarPhase = 'none-chosen';
  #symbol: string | null = null;
  #interval: BarInterval | null = null;
  #bars = new Float64Array(BARS_SHOWN_MAX * BAR_WORDS);
  #count = 0;
  #change = 0;
  #generation = 0;
  readonly #listeners = new Set<() => void>();

  get phase(): BarPhase {
    return this.#phase;
  }

  get interval(): BarInterval | null {
    return this.#interval;
  }

  get count(): number {
    return this.#count;
  }

  /** Rises with every change. */
  get change(): number {
    return this.#change;
  }

  /** Rises when what was drawn must be thrown away. */
  get generation(): number {
    return this.#generation;
  }

  startMs(index: number): number {
    return this.#bars[index * BAR_WORDS];
  }

  /** A number of a bar, by its place (contract/bars.ts). */
  word(index: number, place: number): number {
    return this.#bars[index * BAR_WORDS + place];
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  choose(symbol: string | null, interval: BarInterval | null): void {
    this.#symbol = symbol;
    this.#interval = interval;
    this.#count = 0;
    this.#generation += 1;
    this.#setPhase(symbol === null || interval === null ? 'none-chosen' : 'loading');
  }

  /** The session is over; the choice stays. */
  forget(): void {
    this.choose(this.#symbol, this.#interval);
  }

  /** From the engine. Bars of an earlier choice are ignored. */
  take(symbol: string, interval: BarInterval, part: 'all' | 'newest', bars: Float64Array | null): void {
    if (symbol !== this.#symbol || interval !== this.#interval) return;
    if (bars === null) return this.#setPhase('not-built');
    if (part === 'all') {
      this.#count = 0;
      this.#generation += 1;
    }
    // The newest were told before, and may have grown since.
    while (this.#count > 0 && this.startMs(this.#count - 1) >= bars[0]) this.#count -= 1;
    for (let at = 0; at + BAR_WORDS <= bars.length; at += BAR_WORDS) this.#put(bars.subarray(at, at + BAR_WORDS));
    this.#setPhase(this.#count > 0 ? 'showing' : 'loading');
  }

  #put(bar: Float64Array): void {
    if (this.#count === BARS_SHOWN_MAX) {
      this.#bars.copyWithin(0, BAR_WORDS);
      this.#count -= 1;
      this.#generation += 1;
    }
    this.#bars.set(bar, this.#count * BAR_WORDS);
    this.#count += 1;
  }

  #setPhase(phase: BarPhase): void {
    this.#change += 1;
    if (phase === this.#phase) return;
    this.#phase = phase;
    for (const listener of [...this.#listeners]) listener();
  }
}
