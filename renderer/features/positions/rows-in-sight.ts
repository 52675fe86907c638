import type { RowRange } from '../../drawing/windowed-grid.ts';
import type { PositionView } from '../../stores/position-view.ts';
import type { RowStore } from '../../stores/row-store.ts';

/** A table that scrolls by shows other rows in every frame; the engine hears of it so often at most. */
const TELL_EVERY_MS = 100;

/** Tells the engine which rows are in sight, whenever they are others: it sends these first. */
export class RowsInSight {
  readonly #rows: RowStore;
  readonly #view: PositionView;
  readonly #tell: (symbols: readonly number[]) => void;
  #told: number[] = [];
  #toldGeneration = -1;
  #lookedAtMs = -Infinity;

  constructor(rows: RowStore, view: PositionView, tell: (symbols: readonly number[]) => void) {
    this.#rows = rows;
    this.#view = view;
    this.#tell = tell;
  }

  /** With every frame. */
  look(nowMs: number, { first, end }: RowRange): void {
    if (nowMs - this.#lookedAtMs < TELL_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    if (!this.#isNew(first, end)) return;
    this.#told = Array.from({ length: end - first }, (_, index) => this.#view.symbolAt(first + index));
    this.#toldGeneration = this.#rows.generation;
    this.#tell(this.#told);
  }

  #isNew(first: number, end: number): boolean {
    if (this.#toldGeneration !== this.#rows.generation || this.#told.length !== end - first) return true;
    return this.#told.some((symbol, index) => symbol !== this.#view.symbolAt(first + index));
  }
}
