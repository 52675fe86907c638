import './positions.css';
import { useEffect, useRef, useState } from 'react';
import { FILTER_INPUT_ID } from '../../bridge/menu-actions.ts';
import { WindowedGrid } from '../../drawing/windowed-grid.ts';
import type { Sort, SortColumn, StatusFilter } from '../../stores/position-view.ts';
import { ROW_HEIGHT } from '../../stores/settings-store.ts';
import type { Workstation } from '../../bridge/workstation.ts';
import { Icon } from '../../ui/icon.tsx';
import { Segmented } from '../../ui/segmented.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { RowsInSight } from './rows-in-sight.ts';
import { PositionSource } from './position-source.ts';
import { PositionTotals } from './position-totals.tsx';

const STATUS_OPTIONS: readonly { readonly value: StatusFilter; readonly text: string; readonly title: string }[] = [
  { value: 'positions', text: 'All', title: 'Every position, open, closed or pending' },
  { value: 'open', text: 'Open', title: 'Positions that hold shares' },
  { value: 'closed', text: 'Closed', title: 'Positions that are sold' },
  { value: 'pending', text: 'Pending', title: 'Positions whose time has not come' },
  { value: 'all', text: '+ quotes', title: 'Also symbols that are quoted but not held' },
];
/** Sorting starts with what is wanted on top: names from A, numbers from the greatest. */
const ASCENDING_FIRST: ReadonlySet<SortColumn> = new Set(['symbol', 'status', 'lastReason']);

/** The position table with its filter, its export and its totals. Rows are drawn past React (position-source.ts). */
export function PositionPanel() {
  const workstation = useWorkstation();
  const host = useRef<HTMLDivElement>(null);
  const [text, setText] = useState('');
  const [status, setStatus] = useState<StatusFilter>('positions');
  const [count, setCount] = useState(0);
  useEffect(() => workstation.view.setFilter(text, status), [workstation, text, status]);
  useEffect(() => (host.current === null ? undefined : mountGrid(workstation, host.current, setCount)), [workstation]);
  useEffect(() => workstation.frameLoop.mark(), [workstation, text, status]);
  return (
    <section className="panel" aria-label="Positions">
      <div className="panel-bar positions-bar">
        <h2 className="panel-title">Positions</h2>
        <span className="positions-filter">
          <Icon name="search" />
          <input
            id={FILTER_INPUT_ID}
            className="input"
            type="search"
            placeholder="Symbol"
            aria-label="Filter by symbol"
            title="Filter by symbol (Ctrl+F)"
            value={text}
            maxLength={64}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setText('');
              if (event.key === 'ArrowDown' || event.key === 'Enter') host.current?.focus();
            }}
          />
        </span>
        <Segmented label="Which positions" value={status} options={STATUS_OPTIONS} onChange={setStatus} />
        <span className="spacer" />
        <button
          type="button"
          className="button quiet"
          title="Export the listed rows as CSV"
          onClick={() => void workstation.exportPositions()}
        >
          <Icon name="export" /> <span className="wide-only">CSV</span>
        </button>
      </div>
      <div className="panel-body">
        <div ref={host} className="positions-grid" />
        {count === 0 ? <NoRows isFiltered={text !== '' || status !== 'positions'} /> : null}
      </div>
      <PositionTotals listed={count} />
    </section>
  );
}

function NoRows({ isFiltered }: { readonly isFiltered: boolean }) {
  const { session } = useWorkstation();
  const kind = useStore(session, (state) => state.status.kind);
  const hasPositions = useStore(
    session,
    (state) => state.session?.positionsPath !== null || state.session.mode === 'simulated',
  );
  if (isFiltered) return <Empty title="No position matches" text="Change the filter, or look at all positions." />;
  if (kind === 'recovering') return <Empty title="Recovering" text="What was interrupted is being brought back." />;
  if (kind === 'opening') return <Empty title="Opening the session" text="Positions appear with the first quotes." />;
  if (!hasPositions) {
    return (
      <Empty title="No starting positions" text="Open a positions file, or show the quoted symbols with + quotes." />
    );
  }
  return <Empty title="No positions yet" text="They appear when the session opens them." />;
}

function Empty({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <div className="empty" style={{ pointerEvents: 'none' }}>
      <strong>{title}</strong>
      <span>{text}</span>
    </div>
  );
}

/** Makes the grid and joins it to stores and frame loop. @returns what takes it all apart again */
function mountGrid(workstation: Workstation, host: HTMLElement, onCount: (count: number) => void): () => void {
  const { rows, view, settings, session, chart, frameLoop } = workstation;
  const source = new PositionSource(rows, view, workstation.orders);
  const sortBy = (column: SortColumn): void => {
    const before = view.sort;
    const first = ASCENDING_FIRST.has(column) ? 'ascending' : 'descending';
    const turned = before.direction === 'ascending' ? 'descending' : 'ascending';
    settings.set({ sort: { column, direction: before.column === column ? turned : first } });
  };
  const grid = new WindowedGrid(host, source, {
    label: 'Positions',
    rowHeight: ROW_HEIGHT[settings.getState().density],
    columnWidths: settings.getState().columnWidths,
    onSort: (column) => sortBy(column as SortColumn),
    onSelect: (position) => workstation.select(rows.name(view.symbolAt(position))),
    onResize: (column, width) =>
      settings.set({ columnWidths: { ...settings.getState().columnWidths, [column]: width } }),
  });
  const applySort = (sort: Sort): void => {
    view.setSort(sort);
    grid.setSort(sort.column, sort.direction);
    frameLoop.mark();
  };
  applySort(settings.getState().sort);
  const follow = (): void => {
    const state = settings.getState();
    if (state.sort !== view.sort) applySort(state.sort);
    source.setFlashes(state.flash);
    grid.setRowHeight(ROW_HEIGHT[state.density]);
    grid.setColumnWidths(state.columnWidths);
    grid.invalidate();
    frameLoop.mark();
  };
  follow();
  const showSelection = (): void => {
    const symbol = chart.symbol === null ? null : rows.find(chart.symbol);
    grid.select(symbol ?? -1);
    if (symbol !== null) grid.setActive(view.positionOf(symbol));
    frameLoop.mark();
  };
  showSelection();
  const sight = new RowsInSight(rows, view, (symbols) => workstation.tellInSight(symbols));
  let listed = -1;
  const painter = {
    paint: (nowMs: number): void => {
      const reordered = view.refresh(nowMs);
      const eventTimeMs = session.getState().progress?.eventTimeMs ?? NaN;
      const newestMs = rows.newestQuoteMs;
      source.startFrame(Number.isNaN(eventTimeMs) || newestMs > eventTimeMs ? newestMs : eventTimeMs, nowMs);
      if (reordered) showSelection();
      grid.paint(nowMs);
      sight.look(nowMs, grid.shown);
      workstation.ensureChart(nowMs);
      if (view.length !== listed) {
        listed = view.length;
        onCount(listed);
      }
    },
  };
  const undo = [frameLoop.add(painter), settings.subscribe(follow), chart.subscribe(showSelection)];
  return () => {
    for (const end of undo) end();
    grid.dispose();
  };
}
