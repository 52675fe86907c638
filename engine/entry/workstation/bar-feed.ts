import { BAR_INTERVALS_MS, BAR_WORDS, type BarBuilding, type BarInterval } from '../../contract/bars.ts';
import type { EngineEvent } from '../../contract/window.ts';
import type { BarsQuestion } from '../../trading/bars/bar-history.ts';

/** A bar grows once a second at most; a person sees a fifth of one. */
const POLL_EVERY_MS = 200;
/** Trades of a bar that is over may come in a little behind it. */
const ASKED_AGAIN_BARS = 3;

export interface BarFeedOptions {
  readonly epoch: number;
  readonly building: BarBuilding;
  /** Asks the task that owns the symbol. Rejects for a symbol that was never quoted, and when the job is over. */
  readonly query: (symbol: string, question: BarsQuestion) => Promise<unknown>;
  readonly emit: (event: EngineEvent, transfer?: readonly ArrayBuffer[]) => void;
}

/**
 * The chosen symbol's bars on their way to the window: asked for a few times a second, told when they changed. While none
 * are chosen it does nothing. Coordinator thread only.
 */
export class BarFeed {
  readonly #options: BarFeedOptions;
  #symbol: string | null = null;
  #interval: BarInterval | null = null;
  /** The newest bars that were told; null: none yet. */
  #told: readonly number[] | null = null;
  /** Rises with every choice: an answer to an earlier one is late post. */
  #choice = 0;
  #isAsking = false;
  #polledAtMs = -Infinity;

  constructor(options: BarFeedOptions) {
    this.#options = options;
  }

  chooseSymbol(symbol: string | null): void {
    this.#symbol = symbol;
    this.tellAll();
  }

  chooseInterval(interval: BarInterval | null): void {
    this.#interval = interval;
    this.tellAll();
  }

  /** What comes next is all of them: another choice, or a window that has nothing yet. */
  tellAll(): void {
    this.#choice += 1;
    this.#told = null;
    this.#polledAtMs = -Infinity;
  }

  /** Call often. Never rejects. */
  async poll(nowMs: number): Promise<void> {
    const symbol = this.#symbol;
    const interval = this.#interval;
    if (symbol === null || interval === null) return;
    if (this.#isAsking || nowMs - this.#polledAtMs < POLL_EVERY_MS) return;
    this.#polledAtMs = nowMs;
    if (this.#options.building === 'none') {
      if (this.#told === null) this.#tell(symbol, interval, null);
      this.#told = [];
      return;
    }
    this.#isAsking = true;
    const choice = this.#choice;
    const fromMs = this.#told?.[0] ?? -Infinity;
    try {
      const answer = await this.#options.query(symbol, { intervalMs: BAR_INTERVALS_MS[interval], fromMs });
      if (this.#choice === choice) this.#take(symbol, interval, answer as number[]);
    } catch {
      // Not quoted yet; or the job is over, which is told as such.
    } finally {
      this.#isAsking = false;
    }
  }

  #take(symbol: string, interval: BarInterval, bars: readonly number[]): void {
    const told = this.#told;
    if (told !== null && bars.length === told.length && bars.every((word, index) => word === told[index])) return;
    this.#tell(symbol, interval, bars);
    this.#told = bars.slice(-ASKED_AGAIN_BARS * BAR_WORDS);
  }

  #tell(symbol: string, interval: BarInterval, bars: readonly number[] | null): void {
    this.#options.emit({
      kind: 'chart-bars',
      epoch: this.#options.epoch,
      symbol,
      interval,
      part: this.#told === null ? 'all' : 'newest',
      bars: bars === null ? null : Float64Array.from(bars),
    });
  }
}
