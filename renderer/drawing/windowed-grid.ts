import { GridRow } from './grid-row.ts';
import { buildHeader, type GridHeader } from './grid-header.ts';

/**
 * A table of any length of which only the visible rows exist. It knows nothing of positions or trades: a source says how
 * many rows there are, whether one changed, and writes into its cells. Text nodes are updated in place, once a frame;
 * no framework sees a quote.
 *
 *   scroller (overflow)  > header (sticky)
 *                        > canvas (as tall as all rows) > rows, each moved to its place by a transform
 */
export interface GridColumn {
  readonly id: string;
  readonly heading: string;
  readonly title: string;
  readonly width: number;
  readonly align: 'left' | 'right';
  readonly sortable: boolean;
}

export interface GridSource {
  readonly columns: readonly GridColumn[];
  rowCount(): number;
  /** What a row shows, wherever it stands; another key in a slot means: draw it afresh, without flash. */
  rowKey(position: number): number;
  rowVersion(position: number): number;
  draw(position: number, row: GridRow, isFresh: boolean): void;
}

export interface GridOptions {
  readonly label: string;
  readonly rowHeight: number;
  readonly columnWidths: Readonly<Record<string, number>>;
  /** Rows are added on top: whoever scrolled down to read keeps the rows under the eyes. */
  readonly growsOnTop?: boolean;
  readonly onSort?: (column: string) => void;
  readonly onSelect?: (position: number) => void;
  /** A double click on a row, or Enter on the active one. By the row's key: its position may have changed since it was drawn. */
  readonly onOpen?: (key: number) => void;
  readonly onResize?: (column: string, width: number) => void;
}

/** Positions from the first to before the end. */
export interface RowRange {
  readonly first: number;
  readonly end: number;
}

const HEADER_HEIGHT = 26;
/** Drawn above and below what is seen, so that a scroll by a notch shows no gap. */
const OVERSCAN_ROWS = 3;
const COLUMN_WIDTH_MIN = 44;
/** Browsers lay out boxes up to about 33 million pixels; beyond, rows at the end could not be reached. */
const CANVAS_HEIGHT_MAX = 30_000_000;

export class WindowedGrid {
  readonly #source: GridSource;
  readonly #options: GridOptions;
  readonly #root: HTMLElement;
  readonly #scroller: HTMLElement;
  readonly #canvas: HTMLElement;
  readonly #header: GridHeader;
  readonly #resizes: ResizeObserver;
  readonly #rows: GridRow[] = [];
  /** In px, one for each column. */
  readonly #widths: number[] = [];
  #rowHeight: number;
  #height = 0;
  #scrollTop = 0;
  #drawnCount = -1;
  #active = -1;
  #selectedKey = -1;
  #everything = true;
  #paintedAtMs = -Infinity;
  #shown: RowRange = { first: 0, end: 0 };

  constructor(host: HTMLElement, source: GridSource, options: GridOptions) {
    this.#source = source;
    this.#options = options;
    this.#rowHeight = options.rowHeight;
    this.#root = host;
    host.classList.add('grid');
    host.setAttribute('role', 'grid');
    host.setAttribute('aria-label', options.label);
    host.tabIndex = 0;
    this.#scroller = element('div', 'grid-scroller');
    this.#canvas = element('div', 'grid-canvas');
    this.#canvas.setAttribute('role', 'rowgroup');
    this.#header = buildHeader(source.columns, {
      ...(options.onSort === undefined ? {} : { onSort: options.onSort }),
      onWidth: (column, width, isFinal) => this.#setWidth(column, width, isFinal),
    });
    this.#scroller.append(this.#header.element, this.#canvas);
    host.append(this.#scroller);
    this.setColumnWidths(options.columnWidths);
    this.#scroller.addEventListener('scroll', this.#onScroll, { passive: true });
    host.addEventListener('keydown', this.#onKey);
    this.#canvas.addEventListener('pointerdown', this.#onPointer);
    this.#canvas.addEventListener('dblclick', this.#onDoubleClick);
    this.#resizes = new ResizeObserver(() => this.#measure());
    this.#resizes.observe(this.#scroller);
    this.#measure();
  }

  /** Every visible cell is drawn again with the next frame: the order, the zone or the theme changed. */
  invalidate(): void {
    this.#everything = true;
  }

  setRowHeight(rowHeight: number): void {
    if (rowHeight === this.#rowHeight) return;
    this.#rowHeight = rowHeight;
    this.#drawnCount = -1;
    this.#everything = true;
  }

  /** Columns that are not named get their own width back. */
  setColumnWidths(columnWidths: Readonly<Record<string, number>>): void {
    for (const column of this.#source.columns) this.#applyWidth(column.id, columnWidths[column.id] ?? column.width);
    this.#fitCanvas();
  }

  setSort(column: string, direction: 'ascending' | 'descending'): void {
    this.#header.setSort(column, direction);
  }

  /** Marks the row that shows this key, wherever it stands. */
  select(key: number): void {
    if (key === this.#selectedKey) return;
    this.#selectedKey = key;
    this.#everything = true;
  }

  scrollTo(position: number): void {
    const top = position * this.#rowHeight;
    const visible = this.#height - HEADER_HEIGHT;
    if (top < this.#scroller.scrollTop) this.#scroller.scrollTop = top;
    else if (top + this.#rowHeight > this.#scroller.scrollTop + visible) {
      this.#scroller.scrollTop = top + this.#rowHeight - visible;
    }
    this.#scrollTop = this.#scroller.scrollTop;
  }

  /** Rows that were drawn last: those in sight and a few above and below. */
  get shown(): RowRange {
    return this.#shown;
  }

  /** @param nowMs the frame's own time */
  paint(nowMs: number): void {
    this.#paintedAtMs = nowMs;
    const count = this.#source.rowCount();
    if (count !== this.#drawnCount) this.#resizeCanvas(count);
    const first = Math.max(0, Math.floor(this.#scrollTop / this.#rowHeight) - OVERSCAN_ROWS);
    const shown = Math.ceil(this.#height / this.#rowHeight) + 2 * OVERSCAN_ROWS;
    const end = Math.min(count, first + shown);
    if (first !== this.#shown.first || end !== this.#shown.end) this.#shown = { first, end };
    this.#provideRows(Math.min(shown, count));
    const everything = this.#everything;
    this.#everything = false;
    for (let position = first; position < end; position += 1) this.#paintRow(position, everything);
    this.#hideUnused(first, end);
  }

  dispose(): void {
    this.#resizes.disconnect();
    this.#scroller.removeEventListener('scroll', this.#onScroll);
    this.#root.removeEventListener('keydown', this.#onKey);
    this.#header.dispose();
    this.#root.replaceChildren();
  }

  #paintRow(position: number, everything: boolean): void {
    // A row keeps its slot while it scrolls by: only the rows that come into sight are drawn afresh.
    const row = this.#rows[position % this.#rows.length];
    const key = this.#source.rowKey(position);
    const version = this.#source.rowVersion(position);
    const isFresh = row.key !== key;
    if (row.position !== position) row.moveTo(position, this.#rowHeight);
    else if (everything) row.moveTo(position, this.#rowHeight);
    if (isFresh || everything || row.version !== version) {
      row.key = key;
      row.version = version;
      this.#source.draw(position, row, isFresh || everything);
    }
    row.setSelected(key === this.#selectedKey);
    row.fade(this.#paintedAtMs);
  }

  #provideRows(wanted: number): void {
    if (this.#rows.length >= wanted) return;
    while (this.#rows.length < wanted) {
      const row = new GridRow(this.#source.columns, this.#widths);
      this.#rows.push(row);
      this.#canvas.append(row.element);
    }
    // Slots are given by remainder, so another number of slots moves every row.
    for (const row of this.#rows) row.forget();
  }

  #hideUnused(first: number, end: number): void {
    for (const row of this.#rows) {
      if (row.position >= 0 && (row.position < first || row.position >= end)) row.hide();
    }
  }

  #resizeCanvas(count: number): void {
    const added = count - this.#drawnCount;
    const before = this.#drawnCount;
    const wasScrolled = before > 0 && this.#scrollTop > 0;
    this.#drawnCount = count;
    this.#canvas.style.height = `${Math.min(count * this.#rowHeight, CANVAS_HEIGHT_MAX)}px`;
    if (this.#options.growsOnTop === true && wasScrolled && added > 0) {
      this.#scroller.scrollTop = this.#scrollTop + added * this.#rowHeight;
    }
    this.#root.setAttribute('aria-rowcount', String(count + 1));
    // Asking where it stands lays the page out at once: only where the browser may have moved it.
    if (this.#scrollTop > 0 || count < before) this.#scrollTop = this.#scroller.scrollTop;
  }

  #measure(): void {
    this.#height = this.#scroller.clientHeight;
    this.#everything = true;
  }

  #setWidth(column: string, width: number, isFinal: boolean): void {
    const bounded = Math.max(COLUMN_WIDTH_MIN, Math.round(width));
    this.#applyWidth(column, bounded);
    this.#fitCanvas();
    if (isFinal) this.#options.onResize?.(column, bounded);
  }

  #applyWidth(column: string, width: number): void {
    const index = this.#source.columns.findIndex((candidate) => candidate.id === column);
    this.#widths[index] = width;
    this.#root.style.setProperty(`--c${index}`, `${width}px`);
    for (const row of this.#rows) row.fit(index);
  }

  #fitCanvas(): void {
    let width = 0;
    for (const one of this.#widths) width += one;
    this.#root.style.setProperty('--grid-width', `${width}px`);
  }

  readonly #onScroll = (): void => {
    this.#scrollTop = this.#scroller.scrollTop;
    // A cell that sticks is a layer of its own; while nothing is scrolled aside none is needed.
    this.#root.classList.toggle('is-aside', this.#scroller.scrollLeft > 0);
    // Drawn at once: waiting for the next data would show empty rows.
    this.paint(this.#paintedAtMs);
  };

  readonly #onPointer = (event: PointerEvent): void => {
    const row = this.#rowOf(event);
    if (row === undefined || event.button !== 0) return;
    this.#activate(row.position);
  };

  readonly #onDoubleClick = (event: MouseEvent): void => {
    const row = this.#rowOf(event);
    if (row !== undefined) this.#options.onOpen?.(row.key);
  };

  #rowOf(event: MouseEvent): GridRow | undefined {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('.grid-row') : null;
    return target === null ? undefined : this.#rows.find((candidate) => candidate.element === target);
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && this.#active >= 0) {
      this.#options.onOpen?.(this.#source.rowKey(this.#active));
      return;
    }
    const page = Math.max(1, Math.floor((this.#height - HEADER_HEIGHT) / this.#rowHeight) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    };
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const count = this.#source.rowCount();
    if (count === 0) return;
    const from = this.#active < 0 ? (step > 0 ? -1 : count) : this.#active;
    this.#activate(Math.min(count - 1, Math.max(0, from + step)));
    this.scrollTo(this.#active);
    this.paint(this.#paintedAtMs);
  };

  #activate(position: number): void {
    this.#active = position;
    this.#options.onSelect?.(position);
  }

  /** Where keys go on from, after the selection was made elsewhere. */
  setActive(position: number): void {
    this.#active = position;
  }
}

export function element(tag: string, className: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}
