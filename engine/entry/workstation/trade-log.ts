import type { TradeMessage } from '../../contract/window.ts';

/** Trades a reloaded window is shown again; the count goes on, the trades file of a replay has them all. */
const TRADES_KEPT_MAX = 20_000;
/** Markers a chart can still be read with. */
const TRADES_PER_SYMBOL_MAX = 2_000;

/**
 * The trades of a session as the window gets them: each once, in order, none merged or dropped on the way. Behind a
 * window that comes later, the latest are kept. Coordinator thread only.
 */
export class TradeLog {
  readonly #kept: TradeMessage[] = [];
  readonly #bySymbol = new Map<string, TradeMessage[]>();
  #unsent: TradeMessage[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(trade: TradeMessage): void {
    this.#count += 1;
    this.#unsent.push(trade);
    this.#kept.push(trade);
    // In halves, so that keeping the latest costs nothing per trade.
    if (this.#kept.length >= 2 * TRADES_KEPT_MAX) this.#kept.splice(0, this.#kept.length - TRADES_KEPT_MAX);
    let ofSymbol = this.#bySymbol.get(trade.symbol);
    if (ofSymbol === undefined) this.#bySymbol.set(trade.symbol, (ofSymbol = []));
    ofSymbol.push(trade);
    if (ofSymbol.length >= 2 * TRADES_PER_SYMBOL_MAX) ofSymbol.splice(0, ofSymbol.length - TRADES_PER_SYMBOL_MAX);
  }

  /** Trades since the last call, and the number of the first of them in the session; null when there are none. */
  takeUnsent(): { readonly first: number; readonly trades: readonly TradeMessage[] } | null {
    if (this.#unsent.length === 0) return null;
    const trades = this.#unsent;
    this.#unsent = [];
    return { first: this.#count - trades.length, trades };
  }

  /** Those so far were made by an earlier run: a window is shown the latest of them, as one that just came. */
  restored(): void {
    this.#unsent = this.#kept.slice(-TRADES_KEPT_MAX);
  }

  /** What a window that just came is shown. */
  latest(): { readonly first: number; readonly trades: readonly TradeMessage[] } {
    const trades = this.#kept.slice(-TRADES_KEPT_MAX);
    return { first: this.#count - trades.length, trades };
  }

  latestOf(symbol: string): readonly TradeMessage[] {
    return this.#bySymbol.get(symbol)?.slice(-TRADES_PER_SYMBOL_MAX) ?? [];
  }
}
