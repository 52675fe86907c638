import type { GridColumn } from './windowed-grid.ts';

/**
 * One slot of a windowed grid: a row element with its cells, and what was last written into them, so that a cell is
 * touched only when its text or class really changes.
 */
/** A light fades whole before the next: a cell that changes faster would only glow, and say nothing. */
const FLASH_AGAIN_MS = 500;
/**
 * A light gets dimmer in these steps and goes out behind the last (grid.css). No animation of the browser's: that has the
 * styles of every lit cell computed in every frame, and tells the page of each that ends.
 */
const FLASH_STEP_MS = 140;
const FLASH_CLASSES = {
  up: ['flash-up-0', 'flash-up-1', 'flash-up-2'],
  down: ['flash-down-0', 'flash-down-1', 'flash-down-2'],
} as const;
const OUT = '';
/** Of a figure in the largest text of the grid, and of the padding on both sides of a cell; in px. */
const FIGURE_WIDTH = 8;
const CELL_PADDING = 16;

export class GridRow {
  readonly element: HTMLElement;
  /** What the slot shows; -1: nothing. */
  key = -1;
  version = -1;
  position = -1;
  /** Numbers drawn in the cells, for a source that compares numbers before it makes text. */
  readonly drawn: Float64Array;
  readonly #cells: HTMLElement[] = [];
  readonly #texts: string[] = [];
  readonly #titles: string[] = [];
  readonly #classes: string[] = [];
  readonly #nodes: Text[] = [];
  readonly #flashedAtMs: Float64Array;
  readonly #flashes: (keyof typeof FLASH_CLASSES)[] = [];
  readonly #flashClasses: string[] = [];
  #litCount = 0;
  readonly #isLong: boolean[] = [];
  readonly #widths: ArrayLike<number>;
  #selected = false;
  #rowClass = '';

  /** @param widths of the columns in px; the grid's own, which change as a person drags them */
  constructor(columns: readonly GridColumn[], widths: ArrayLike<number>) {
    this.#widths = widths;
    this.element = document.createElement('div');
    this.element.className = 'grid-row';
    this.element.setAttribute('role', 'row');
    this.drawn = new Float64Array(columns.length).fill(NaN);
    this.#flashedAtMs = new Float64Array(columns.length).fill(-Infinity);
    columns.forEach((column, index) => {
      const cell = document.createElement('div');
      const fixed = `grid-cell grid-cell-${index} ${column.align}`;
      cell.className = fixed;
      cell.setAttribute('role', 'gridcell');
      cell.dataset['column'] = column.id;
      const node = document.createTextNode('');
      cell.append(node);
      this.element.append(cell);
      this.#cells.push(cell);
      this.#nodes.push(node);
      this.#texts.push('');
      this.#titles.push('');
      this.#classes.push('');
      this.#flashes.push('up');
      this.#flashClasses.push(OUT);
      this.#isLong.push(false);
    });
  }

  moveTo(position: number, rowHeight: number): void {
    this.position = position;
    this.element.style.top = `${position * rowHeight}px`;
    this.element.style.height = `${rowHeight}px`;
    this.element.style.lineHeight = `${rowHeight}px`;
    this.element.setAttribute('aria-rowindex', String(position + 2));
    this.element.classList.toggle('odd', position % 2 === 1);
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
    this.forget();
  }

  forget(): void {
    this.key = -1;
    this.version = -1;
    this.position = -1;
  }

  setText(column: number, text: string): void {
    if (this.#texts[column] === text) return;
    this.#texts[column] = text;
    this.#nodes[column].data = text;
    this.fit(column);
  }

  /**
   * Cuts a text off that does not fit, and only such a one: a clip for every cell is what a frame would spend its time on.
   * Under the pointer it can be read whole, in cells that have nothing else to tell there.
   */
  fit(column: number): void {
    const text = this.#texts[column];
    const isLong = text.length * FIGURE_WIDTH + CELL_PADDING > this.#widths[column];
    const wasLong = this.#isLong[column];
    if (!isLong && !wasLong) return;
    if (this.#titles[column] === '') this.#cells[column].title = isLong ? text : '';
    if (isLong === wasLong) return;
    this.#isLong[column] = isLong;
    this.#cells[column].classList.toggle('is-long', isLong);
  }

  /** A class beside the fixed ones: a tone, a state. Empty takes it away. */
  setClass(column: number, className: string): void {
    const before = this.#classes[column];
    if (before === className) return;
    this.#classes[column] = className;
    const { classList } = this.#cells[column];
    if (before !== '') classList.remove(...before.split(' '));
    if (className !== '') classList.add(...className.split(' '));
  }

  setTitle(column: number, title: string): void {
    if (this.#titles[column] === title) return;
    this.#titles[column] = title;
    this.#cells[column].title = title;
  }

  setRowClass(className: string): void {
    if (this.#rowClass === className) return;
    if (this.#rowClass !== '') this.element.classList.remove(...this.#rowClass.split(' '));
    if (className !== '') this.element.classList.add(...className.split(' '));
    this.#rowClass = className;
  }

  setSelected(selected: boolean): void {
    if (this.#selected === selected) return;
    this.#selected = selected;
    this.element.classList.toggle('selected', selected);
    this.element.setAttribute('aria-selected', String(selected));
  }

  /** Lights the cell in the direction's colour; `fade` puts it out. */
  flash(column: number, direction: 'up' | 'down', nowMs: number): void {
    if (nowMs - this.#flashedAtMs[column] < FLASH_AGAIN_MS) return;
    this.#flashedAtMs[column] = nowMs;
    this.#flashes[column] = direction;
    this.#light(column, FLASH_CLASSES[direction][0]);
  }

  /** With every frame: lights get dimmer. */
  fade(nowMs: number): void {
    if (this.#litCount === 0) return;
    for (let column = 0; column < this.#flashClasses.length; column += 1) {
      if (this.#flashClasses[column] === OUT) continue;
      const step = Math.floor((nowMs - this.#flashedAtMs[column]) / FLASH_STEP_MS);
      this.#light(column, FLASH_CLASSES[this.#flashes[column]][step] ?? OUT);
    }
  }

  /** A cell that shows another row must not go on flashing for the one before. */
  stopFlash(column: number): void {
    this.#light(column, OUT);
    this.#flashedAtMs[column] = -Infinity;
  }

  #light(column: number, className: string): void {
    const before = this.#flashClasses[column];
    if (before === className) return;
    this.#flashClasses[column] = className;
    const { classList } = this.#cells[column];
    if (before === OUT) this.#litCount += 1;
    else classList.remove(before);
    if (className === OUT) this.#litCount -= 1;
    else classList.add(className);
  }
}
