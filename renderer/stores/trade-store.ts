import type { TradeMessage } from '../../engine/contract/window.ts';

/**
 * The newest trades of the session, newest first by number. Trades are numbered by the engine, so that one sent twice
 * (after a hello) is kept once. Bounded: beyond KEPT_MAX the oldest leave the window, never the engine.
 */
export const KEPT_MAX = 50_000;

export class TradeStore {
  /** Oldest first; `#trades[0]` has number `#first`. */
  #trades: TradeMessage[] = [];
  #first = 0;
  #change = 0;
  #finalCount = 0;

  get change(): number {
    return this.#change;
  }

  /** Number of trades of the session so far, those that left the window included. */
  get total(): number {
    return this.#first + this.#trades.length;
  }

  get kept(): number {
    return this.#trades.length;
  }

  /** @param place 0 is the newest */
  newest(place: number): TradeMessage | undefined {
    return this.#trades[this.#trades.length - 1 - place];
  }

  /** Number in the session of the trade at that place, from 1. */
  numberOf(place: number): number {
    return this.total - place;
  }

  /** A crash cannot take it back any more. @param number from 1 */
  isFinal(number: number): boolean {
    return number <= this.#finalCount;
  }

  /** The session's first `count` trades are final. */
  setFinal(count: number): void {
    if (count === this.#finalCount) return;
    this.#finalCount = count;
    this.#change += 1;
  }

  /** Oldest first. */
  all(): readonly TradeMessage[] {
    return this.#trades;
  }

  clear(): void {
    this.#trades = [];
    this.#first = 0;
    this.#finalCount = 0;
    this.#change += 1;
  }

  add(first: number, trades: readonly TradeMessage[]): void {
    if (this.#trades.length === 0) this.#first = first;
    const next = this.total;
    if (first > next) {
      // A gap: what is kept would be misnumbered. Start from here; the engine's total stays right.
      this.#trades = [];
      this.#first = first;
    }
    const fresh = trades.slice(Math.max(0, this.total - first));
    if (first < this.#first && first + trades.length >= this.#first) {
      // Older ones, sent again after a hello: put before what is there.
      const older = trades.slice(0, this.#first - first);
      this.#trades = [...older, ...this.#trades];
      this.#first = first;
    }
    for (const trade of fresh) this.#trades.push(trade);
    if (this.#trades.length > KEPT_MAX * 2) this.#trim();
    this.#change += 1;
  }

  #trim(): void {
    const drop = this.#trades.length - KEPT_MAX;
    this.#trades = this.#trades.slice(drop);
    this.#first += drop;
  }
}
