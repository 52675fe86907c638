import type { QuoteBatch } from '../sources/quote-batch.ts';

/** Silences and bursts that are listed one by one. */
const GAPS_LISTED = 5;

export interface SessionGap {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface SymbolCount {
  readonly symbol: string;
  readonly quotes: number;
}

/** What is worth knowing about the quotes of a session before it is traded. Counts are of quotes. */
export interface SessionOddities {
  readonly quotes: number;
  readonly symbols: readonly SymbolCount[];
  readonly firstEventTimeMs: number | null;
  readonly lastEventTimeMs: number | null;
  readonly locked: number;
  readonly crossed: number;
  readonly noBid: number;
  readonly noAsk: number;
  /** Neither side. */
  readonly noSides: number;
  readonly unknownSizes: number;
  /** Same prices and sizes as the symbol's quote before. */
  readonly unchangedRepeats: number;
  /** Event time below the greatest so far. */
  readonly outOfOrder: number;
  /** By how much at most. */
  readonly outOfOrderMsMax: number;
  readonly quotesPerMsMax: number;
  /** The longest silences, longest first. */
  readonly gaps: readonly SessionGap[];
}

/** Looks at quotes one by one; allocates per symbol only. */
export class OdditySurvey {
  #quotes = 0;
  #locked = 0;
  #crossed = 0;
  #noBid = 0;
  #noAsk = 0;
  #noSides = 0;
  #unknownSizes = 0;
  #repeats = 0;
  #outOfOrder = 0;
  #outOfOrderMsMax = 0;
  #smallestMs = Infinity;
  #greatestMs = -Infinity;
  #sameMsAt = NaN;
  #sameMs = 0;
  #sameMsMax = 0;
  #gaps: SessionGap[] = [];
  /** Last bid, bid size, ask, ask size and the number of quotes, per symbol. */
  #last = new Float64Array(5 * 1024);

  add(batch: QuoteBatch, index: number): void {
    const timeMs = batch.time[index] + batch.timeShiftMs;
    const bid = batch.bid[index];
    const ask = batch.ask[index];
    const bidSize = batch.bidSize[index];
    const askSize = batch.askSize[index];
    this.#quotes += 1;
    this.#addTime(timeMs);
    if (bid === 0 && ask === 0) this.#noSides += 1;
    else if (bid === 0) this.#noBid += 1;
    else if (ask === 0) this.#noAsk += 1;
    else if (bid === ask) this.#locked += 1;
    else if (bid > ask) this.#crossed += 1;
    if ((bid > 0 && bidSize < 0) || (ask > 0 && askSize < 0)) this.#unknownSizes += 1;
    this.#addSymbol(batch.symbol[index], bid, bidSize, ask, askSize);
  }

  result(nameOf: (symbol: number) => string): SessionOddities {
    const symbols: SymbolCount[] = [];
    for (let symbol = 0; symbol * 5 < this.#last.length; symbol += 1) {
      const quotes = this.#last[symbol * 5 + 4];
      if (quotes > 0) symbols.push({ symbol: nameOf(symbol), quotes });
    }
    symbols.sort((left, right) => (left.symbol < right.symbol ? -1 : 1));
    const some = this.#quotes > 0;
    return {
      quotes: this.#quotes,
      symbols,
      firstEventTimeMs: some ? this.#smallestMs : null,
      lastEventTimeMs: some ? this.#greatestMs : null,
      locked: this.#locked,
      crossed: this.#crossed,
      noBid: this.#noBid,
      noAsk: this.#noAsk,
      noSides: this.#noSides,
      unknownSizes: this.#unknownSizes,
      unchangedRepeats: this.#repeats,
      outOfOrder: this.#outOfOrder,
      outOfOrderMsMax: this.#outOfOrderMsMax,
      quotesPerMsMax: this.#sameMsMax,
      gaps: this.#gaps,
    };
  }

  #addTime(timeMs: number): void {
    if (timeMs < this.#smallestMs) this.#smallestMs = timeMs;
    if (timeMs === this.#sameMsAt) {
      this.#sameMs += 1;
    } else {
      this.#sameMsAt = timeMs;
      this.#sameMs = 1;
    }
    if (this.#sameMs > this.#sameMsMax) this.#sameMsMax = this.#sameMs;
    if (timeMs < this.#greatestMs) {
      this.#outOfOrder += 1;
      this.#outOfOrderMsMax = Math.max(this.#outOfOrderMsMax, this.#greatestMs - timeMs);
      return;
    }
    const shortest = this.#gaps[GAPS_LISTED - 1];
    const gapMs = timeMs - this.#greatestMs;
    if (Number.isFinite(gapMs) && gapMs > 0 && (shortest === undefined || gapMs > shortest.toMs - shortest.fromMs))
      this.#addGap({ fromMs: this.#greatestMs, toMs: timeMs });
    this.#greatestMs = timeMs;
  }

  #addGap(gap: SessionGap): void {
    this.#gaps = [...this.#gaps, gap]
      .sort((left, right) => right.toMs - right.fromMs - (left.toMs - left.fromMs))
      .slice(0, GAPS_LISTED);
  }

  #addSymbol(symbol: number, bid: number, bidSize: number, ask: number, askSize: number): void {
    const at = symbol * 5;
    if (at + 5 > this.#last.length) {
      const wider = new Float64Array(Math.max(at + 5, this.#last.length * 2));
      wider.set(this.#last);
      this.#last = wider;
    }
    const last = this.#last;
    if (
      last[at + 4] !== 0 &&
      last[at] === bid &&
      last[at + 1] === bidSize &&
      last[at + 2] === ask &&
      last[at + 3] === askSize
    )
      this.#repeats += 1;
    last[at] = bid;
    last[at + 1] = bidSize;
    last[at + 2] = ask;
    last[at + 3] = askSize;
    last[at + 4] = last[at + 4] + 1;
  }
}
