import { ROW } from '../../contract/frames.ts';
import type { EngineEvent, TradeMessage } from '../../contract/window.ts';

/** The session as the chosen symbol's chart needs it. */
export interface ChosenSymbolHost {
  readonly epoch: number;
  readonly emit: (event: EngineEvent) => void;
  /** @returns samples as `chart-history` has them; rejects before the first quote */
  history(symbol: string): Promise<readonly number[]>;
  /** @returns -1 when no row has it yet */
  symbolIdOf(symbol: string): number;
  rowOf(symbolId: number): Float64Array | null;
  tradesOf(symbol: string): readonly TradeMessage[];
}

interface Chosen {
  readonly symbol: string;
  id: number;
  /** Of the quote that was told last. */
  lastTimeMs: number;
}

/** The symbol whose quotes the chart shows: its history when it is chosen, then its latest quote. Coordinator thread only. */
export class ChosenSymbol {
  readonly #host: ChosenSymbolHost;
  #chosen: Chosen | null = null;

  constructor(host: ChosenSymbolHost) {
    this.#host = host;
  }

  /** Resolves when its history was told. */
  async choose(symbol: string | null): Promise<void> {
    this.#chosen = symbol === null ? null : { symbol, id: -1, lastTimeMs: -Infinity };
    await this.tellHistory();
  }

  async tellHistory(): Promise<void> {
    const chosen = this.#chosen;
    if (chosen === null) return;
    let samples: readonly number[] = [];
    try {
      samples = await this.#host.history(chosen.symbol);
    } catch {
      // Not quoted yet (or the job has just failed, which is told as such): the chart starts empty.
      samples = [];
    }
    if (this.#chosen !== chosen) return;
    chosen.lastTimeMs = samples.length === 0 ? -Infinity : samples[samples.length - 4];
    const { epoch, emit } = this.#host;
    const trades = this.#host.tradesOf(chosen.symbol);
    emit({ kind: 'chart-history', epoch, symbol: chosen.symbol, samples: Float64Array.from(samples), trades });
  }

  /** Its latest quote, if that is newer than what was told; to be called once per frame. */
  tellLatest(): void {
    const chosen = this.#chosen;
    if (chosen === null) return;
    const { epoch, emit } = this.#host;
    if (chosen.id < 0) chosen.id = this.#host.symbolIdOf(chosen.symbol);
    const row = chosen.id < 0 ? null : this.#host.rowOf(chosen.id);
    if (row === null || !(row[ROW.quoteTimeMs] > chosen.lastTimeMs)) return;
    chosen.lastTimeMs = row[ROW.quoteTimeMs];
    const samples = Float64Array.of(
      row[ROW.quoteTimeMs],
      row[ROW.bid],
      row[ROW.ask],
      row[ROW.shares] > 0 ? row[ROW.askPrice] : 0,
    );
    emit({ kind: 'chart', epoch, symbol: chosen.symbol, samples });
  }

  /** Nothing is told any more. */
  forget(): void {
    this.#chosen = null;
  }
}
