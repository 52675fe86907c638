import type { GridColumn } from './windowed-grid.ts';

/** The heading row of a windowed grid: sorting by click, width by dragging the right edge. */
export interface GridHeader {
  readonly element: HTMLElement;
  setSort(column: string, direction: 'ascending' | 'descending'): void;
  dispose(): void;
}

export interface HeaderOptions {
  readonly onSort?: (column: string) => void;
  readonly onWidth: (column: string, width: number, isFinal: boolean) => void;
}

export function buildHeader(columns: readonly GridColumn[], options: HeaderOptions): GridHeader {
  const ended = new AbortController();
  const header = document.createElement('div');
  header.className = 'grid-header';
  header.setAttribute('role', 'row');
  header.setAttribute('aria-rowindex', '1');
  const cells = new Map<string, HTMLElement>();
  columns.forEach((column, index) => {
    const cell = document.createElement('div');
    cell.className = `grid-heading grid-cell-${index} ${column.align}`;
    cell.setAttribute('role', 'columnheader');
    cell.dataset['column'] = column.id;
    cell.title = column.title;
    const label = document.createElement(column.sortable ? 'button' : 'span');
    label.className = 'grid-heading-label';
    label.textContent = column.heading;
    cell.append(label);
    if (column.sortable && label instanceof HTMLButtonElement) {
      label.type = 'button';
      label.addEventListener('click', () => options.onSort?.(column.id), { signal: ended.signal });
    }
    cell.append(makeHandle(cell, column.id, options, ended.signal));
    cells.set(column.id, cell);
    header.append(cell);
  });
  return {
    element: header,
    setSort: (sorted, direction) => {
      for (const [id, cell] of cells) cell.setAttribute('aria-sort', id === sorted ? direction : 'none');
    },
    dispose: () => ended.abort(),
  };
}

function makeHandle(cell: HTMLElement, column: string, options: HeaderOptions, signal: AbortSignal): HTMLElement {
  const handle = document.createElement('span');
  handle.className = 'grid-heading-edge';
  let from: { readonly x: number; readonly width: number } | null = null;
  const widthAt = (event: PointerEvent): number => (from === null ? 0 : from.width + event.clientX - from.x);
  handle.addEventListener(
    'pointerdown',
    (event) => {
      event.preventDefault();
      event.stopPropagation();
      handle.setPointerCapture(event.pointerId);
      from = { x: event.clientX, width: cell.getBoundingClientRect().width };
    },
    { signal },
  );
  handle.addEventListener(
    'pointermove',
    (event) => {
      if (from !== null) options.onWidth(column, widthAt(event), false);
    },
    { signal },
  );
  handle.addEventListener(
    'pointerup',
    (event) => {
      if (from === null) return;
      options.onWidth(column, widthAt(event), true);
      from = null;
    },
    { signal },
  );
  return handle;
}
