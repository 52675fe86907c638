import '../problems/problems.css';
import { countText } from '../../format/decimal-text.ts';
import { Icon } from '../../ui/icon.tsx';
import { useSyncExternalStore } from 'react';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { ProblemsPanel } from '../problems/problems-panel.tsx';
import { OrdersPanel } from './orders-panel.tsx';
import { TradesGrid } from './trades-grid.tsx';

/** Below the chart: our trades, what became of them at the gateway, or what went wrong with the session's rows. */
export function SidePanel() {
  const workstation = useWorkstation();
  const { session, settings, orders } = workstation;
  const routing = useSyncExternalStore(orders.subscribe, () => orders.routing);
  const panel = useStore(settings, (state) => state.sidePanel);
  const trades = useStore(session, (state) => state.progress?.trades ?? 0);
  const problems = useStore(session, ({ problems: told, progress }) => {
    const counts = progress?.counts;
    return told.length + (counts === undefined ? 0 : counts.quarantined + counts.late);
  });
  return (
    <section className="panel" aria-label="Trades and problems">
      <div className="panel-bar side-bar">
        <div className="tabs" role="tablist" aria-label="Trades or problems">
          <button
            type="button"
            role="tab"
            aria-selected={panel === 'trades'}
            onClick={() => settings.set({ sidePanel: 'trades' })}
          >
            Trades <span className="number tone-quiet">{countText(trades)}</span>
          </button>
          {routing === null ? null : (
            <button
              type="button"
              role="tab"
              aria-selected={panel === 'orders'}
              onClick={() => settings.set({ sidePanel: 'orders' })}
            >
              Orders{' '}
              <span className={routing.problem === null ? 'number tone-quiet' : 'number tone-bad'}>
                {countText(routing.routing)}
              </span>
            </button>
          )}
          <button
            type="button"
            role="tab"
            aria-selected={panel === 'problems'}
            onClick={() => settings.set({ sidePanel: 'problems' })}
          >
            Problems{' '}
            <span className={problems > 0 ? 'number tone-warning' : 'number tone-quiet'}>{countText(problems)}</span>
          </button>
        </div>
        <span className="spacer" />
        {panel === 'trades' ? (
          <button
            type="button"
            className="button quiet"
            title="Export the trades as CSV"
            disabled={trades === 0}
            onClick={() => void workstation.exportTrades()}
          >
            <Icon name="export" /> <span className="wide-only">CSV</span>
          </button>
        ) : null}
      </div>
      <div className="panel-body">
        {panel === 'trades' ? <TradesGrid /> : panel === 'orders' ? <OrdersPanel /> : <ProblemsPanel />}
      </div>
    </section>
  );
}
