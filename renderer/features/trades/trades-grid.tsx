import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { Workstation } from '../../bridge/workstation.ts';
import { WindowedGrid } from '../../drawing/windowed-grid.ts';
import { ROW_HEIGHT } from '../../stores/settings-store.ts';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { TradeSource } from './trade-source.ts';

/** In a fast market every row shows another trade with every frame: nobody reads that, and it costs a frame's time. */
const CALM_PAINT_MS = 100;

/** The blotter: newest trade on top, as many as the window keeps, only the visible ones in the page. */
export function TradesGrid() {
  const workstation = useWorkstation();
  const host = useRef<HTMLDivElement>(null);
  const hasTrades = useStore(workstation.session, (state) => (state.progress?.trades ?? 0) > 0);
  // Another session may bring a gateway, and with it a column.
  const hasOrders = useSyncExternalStore(workstation.orders.subscribe, () => workstation.orders.routing !== null);
  useEffect(
    () => (host.current === null ? undefined : mountTrades(workstation, host.current)),
    [workstation, hasOrders],
  );
  return (
    <>
      <div ref={host} className="trades-grid" />
      {hasTrades ? null : (
        <div className="empty" style={{ pointerEvents: 'none' }}>
          <strong>No trades yet</strong>
          <span>A position trades when the bid is above its ask price.</span>
        </div>
      )}
    </>
  );
}

function mountTrades(workstation: Workstation, host: HTMLElement): () => void {
  const { trades, orders, settings, frameLoop } = workstation;
  const source = new TradeSource(trades, orders, settings.getState().zone);
  const grid = new WindowedGrid(host, source, {
    label: 'Trades',
    rowHeight: ROW_HEIGHT[settings.getState().density],
    columnWidths: {},
    growsOnTop: true,
    onSelect: (position) => {
      const trade = trades.newest(position);
      if (trade !== undefined) workstation.select(trade.symbol);
    },
    onOpen: (number) => {
      const trade = trades.newest(trades.total - number);
      if (trade !== undefined) workstation.explainTrade(trade.id);
    },
  });
  const follow = (): void => {
    const state = settings.getState();
    source.setZone(state.zone);
    grid.setRowHeight(ROW_HEIGHT[state.density]);
    grid.invalidate();
    frameLoop.mark();
  };
  let drawn = -1;
  let drawnAtMs = -Infinity;
  const painter = {
    paint: (nowMs: number): void => {
      const change = trades.change + orders.change;
      if (change !== drawn) {
        if (nowMs - drawnAtMs < CALM_PAINT_MS) return frameLoop.mark();
        drawn = change;
        drawnAtMs = nowMs;
      }
      grid.paint(nowMs);
    },
  };
  const undo = [frameLoop.add(painter), settings.subscribe(follow)];
  return () => {
    for (const end of undo) end();
    grid.dispose();
  };
}
