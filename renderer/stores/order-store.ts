import type { InstrumentFound, OrderOutcome } from '../../engine/contract/orders.ts';
import type { RoutingInfo } from '../../engine/contract/window.ts';
import { instrumentText } from '../format/order-text.ts';

/**
 * What the gateway said: of trades, by their ids, and of symbols; and how busy the way there is. Nothing of it exists
 * while trading on paper. The blotter reads it as it paints; React listens to the numbers.
 */
export class OrderStore {
  readonly #outcomes = new Map<string, OrderOutcome>();
  readonly #instruments = new Map<string, InstrumentFound>();
  readonly #titles = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  #routing: RoutingInfo | null = null;
  #change = 0;

  /** Rises with everything a cell may show. */
  get change(): number {
    return this.#change;
  }

  /** null: paper trading. */
  get routing(): RoutingInfo | null {
    return this.#routing;
  }

  outcomeOf(tradeId: string): OrderOutcome | undefined {
    return this.#outcomes.get(tradeId);
  }

  instrumentOf(symbol: string): InstrumentFound | undefined {
    return this.#instruments.get(symbol);
  }

  /** The symbol and what is known of it, on one line; the same text each time while nothing new is known. */
  titleOf(symbol: string): string {
    let title = this.#titles.get(symbol);
    if (title === undefined)
      this.#titles.set(symbol, (title = `${symbol}: ${instrumentText(this.instrumentOf(symbol))}`));
    return title;
  }

  setOutcomes(outcomes: readonly OrderOutcome[]): void {
    for (const outcome of outcomes) this.#outcomes.set(outcome.id, outcome);
    this.#change += 1;
  }

  setInstruments(instruments: readonly InstrumentFound[]): void {
    for (const found of instruments) {
      this.#instruments.set(found.symbol, found);
      this.#titles.delete(found.symbol);
    }
    this.#change += 1;
    this.#tell();
  }

  setRouting(routing: RoutingInfo): void {
    if (this.#routing === null) this.#change += 1;
    this.#routing = routing;
    this.#tell();
  }

  clear(): void {
    this.#outcomes.clear();
    this.#instruments.clear();
    this.#titles.clear();
    this.#routing = null;
    this.#change += 1;
    this.#tell();
  }

  /** @returns what takes it back */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
