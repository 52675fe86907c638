import type { TradeMessage } from '../../engine/contract/window.ts';
import { priceDecimals } from '../format/decimal-text.ts';

/**
 * The chosen symbol's samples, oldest first, four numbers each: time, bid, ask, our ask (prices in 1e-8, 0: none).
 * Bounded by thinning: when full, every second sample of the older half goes, so that a day fits and the newest stretch
 * keeps every tick.
 */
export const SAMPLE_NUMBERS = 4;
export const SAMPLES_MAX = 65_536;

export type ChartPhase =
  | { readonly kind: 'nothing-chosen' }
  | { readonly kind: 'loading'; readonly symbol: string }
  | { readonly kind: 'showing'; readonly symbol: string };

export class ChartStore {
  #phase: ChartPhase = { kind: 'nothing-chosen' };
  #samples = new Float64Array(SAMPLES_MAX * SAMPLE_NUMBERS);
  #count = 0;
  #decimals = 0;
  #hasHistory = false;
  #trades: TradeMessage[] = [];
  #change = 0;
  #generation = 0;
  readonly #listeners = new Set<() => void>();

  get phase(): ChartPhase {
    return this.#phase;
  }

  get symbol(): string | null {
    return this.#phase.kind === 'nothing-chosen' ? null : this.#phase.symbol;
  }

  get count(): number {
    return this.#count;
  }

  /** Rises with every sample or trade. */
  get change(): number {
    return this.#change;
  }

  /** Rises when what was drawn must be thrown away: another symbol, a history, a thinning. */
  get generation(): number {
    return this.#generation;
  }

  /** Decimals with which every price of a sample is shown whole; the rules' price step may be coarser than the market's. */
  get decimals(): number {
    return this.#decimals;
  }

  get trades(): readonly TradeMessage[] {
    return this.#trades;
  }

  timeMs(index: number): number {
    return this.#samples[index * SAMPLE_NUMBERS];
  }
  bid(index: number): number {
    return this.#samples[index * SAMPLE_NUMBERS + 1];
  }
  ask(index: number): number {
    return this.#samples[index * SAMPLE_NUMBERS + 2];
  }
  ourAsk(index: number): number {
    return this.#samples[index * SAMPLE_NUMBERS + 3];
  }

  /** Index of the last sample at or before that time; -1 when there is none. */
  indexAt(timeMs: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.timeMs(middle) <= timeMs) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  choose(symbol: string | null): void {
    this.#hasHistory = false;
    this.#count = 0;
    this.#decimals = 0;
    this.#trades = [];
    this.#setPhase(symbol === null ? { kind: 'nothing-chosen' } : { kind: 'loading', symbol });
  }

  /** The engine's answer to a choice. One for a symbol that is no longer chosen is ignored. */
  setHistory(symbol: string, samples: Float64Array, trades: readonly TradeMessage[]): void {
    if (this.symbol !== symbol) return;
    this.#count = 0;
    this.#trades = [...trades];
    this.#append(samples);
    this.#hasHistory = true;
    // Not quoted yet: it is shown from its first sample on.
    if (this.#count > 0) this.#setPhase({ kind: 'showing', symbol });
  }

  add(symbol: string, samples: Float64Array): void {
    if (!this.#hasHistory || this.symbol !== symbol) return;
    this.#append(samples);
    this.#change += 1;
    if (this.#phase.kind === 'loading') this.#setPhase({ kind: 'showing', symbol });
  }

  addTrades(trades: readonly TradeMessage[]): void {
    const { symbol } = this;
    if (!this.#hasHistory || symbol === null) return;
    const last = this.#trades.at(-1);
    for (const trade of trades) {
      if (trade.symbol !== symbol) continue;
      // A trade of the history may come again in the stream of trades.
      if (last !== undefined && trade.quoteSequence <= last.quoteSequence) continue;
      this.#trades.push(trade);
      this.#change += 1;
    }
  }

  #append(samples: Float64Array): void {
    for (let at = 0; at + SAMPLE_NUMBERS <= samples.length; at += SAMPLE_NUMBERS) {
      if (this.#count === SAMPLES_MAX) this.#thin();
      this.#samples.set(samples.subarray(at, at + SAMPLE_NUMBERS), this.#count * SAMPLE_NUMBERS);
      for (let price = 1; price < SAMPLE_NUMBERS; price += 1) {
        this.#decimals = priceDecimals(samples[at + price], this.#decimals);
      }
      this.#count += 1;
    }
  }

  #thin(): void {
    const half = this.#count >>> 1;
    let kept = 0;
    for (let index = 0; index < this.#count; index += 1) {
      if (index < half && index % 2 === 1) continue;
      const from = index * SAMPLE_NUMBERS;
      this.#samples.copyWithin(kept * SAMPLE_NUMBERS, from, from + SAMPLE_NUMBERS);
      kept += 1;
    }
    this.#count = kept;
    this.#generation += 1;
  }

  #setPhase(phase: ChartPhase): void {
    this.#phase = phase;
    this.#change += 1;
    this.#generation += 1;
    for (const listener of [...this.#listeners]) listener();
  }
}
