import './orders-panel.css';
import { useSyncExternalStore } from 'react';
import type { RoutingInfo } from '../../../engine/contract/window.ts';
import { countText, NOTHING } from '../../format/decimal-text.ts';
import { instrumentText, orderStateText } from '../../format/order-text.ts';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

const STATES = ['confirmed', 'partly-confirmed', 'rejected', 'refused', 'timed-out'] as const;

/** How the orders do at the gateway, how busy the way there is, and what is known of the chosen symbol. */
export function OrdersPanel() {
  const { orders, settings } = useWorkstation();
  const routing = useSyncExternalStore(orders.subscribe, () => orders.routing);
  const symbol = useStore(settings, (state) => state.selectedSymbol);
  const instrument = useSyncExternalStore(orders.subscribe, () =>
    symbol === null ? undefined : orders.instrumentOf(symbol),
  );
  if (routing === null) {
    return (
      <div className="empty">
        <strong>Paper trading</strong>
        <span>Trades stay here. Give the address of an execution gateway in the settings to send them on.</span>
      </div>
    );
  }
  return (
    <div className="orders-panel selectable" data-testid="orders-panel">
      <p>
        Gateway <b>{routing.gateway}</b>
      </p>
      {routing.problem === null ? null : <p className="tone-bad">{routing.problem}</p>}
      <LittlesLaw routing={routing} />
      <h3 className="section-label">Orders</h3>
      <dl>
        <dt>{orderStateText('routing')}</dt>
        <dd data-testid="orders-routing">{countText(routing.routing)}</dd>
        {STATES.map((state) => (
          <State key={state} text={orderStateText(state)} count={routing.byState[state]} testId={`orders-${state}`} />
        ))}
        <dt>asked again</dt>
        <dd>{countText(routing.retries)}</dd>
      </dl>
      {symbol === null ? null : (
        <>
          <h3 className="section-label">{symbol}</h3>
          <p data-testid="instrument">{instrumentText(instrument)}</p>
        </>
      )}
    </div>
  );
}

function State({ text, count, testId }: { readonly text: string; readonly count: number; readonly testId: string }) {
  return (
    <>
      <dt>{text}</dt>
      <dd data-testid={testId}>{countText(count)}</dd>
    </>
  );
}

/** Occupancy = throughput x latency: with the way full, only more room or a faster gateway lets more through. */
function LittlesLaw({ routing }: { readonly routing: RoutingInfo }) {
  const { occupancy, capacity, inFlight, throughputPerSecond, latencyMs } = routing;
  const isFull = occupancy > 0.9 * capacity;
  return (
    <div
      className="littles-law number"
      data-testid="littles-law"
      data-occupancy={occupancy.toFixed(4)}
      data-throughput-per-second={throughputPerSecond.toFixed(4)}
      data-latency-ms={latencyMs?.toFixed(4) ?? ''}
      title="Little's law: orders under way = orders a second x time of each. When the room is full, orders wait."
    >
      <Term value={occupancy.toFixed(2)} name="under way" />
      <span>=</span>
      <Term value={`${throughputPerSecond.toFixed(1)}/s`} name="throughput" />
      <span>{'\u00d7'}</span>
      <Term value={latencyMs === null ? NOTHING : `${latencyMs.toFixed(1)} ms`} name="latency" />
      <meter min={0} max={Math.max(1, capacity)} value={inFlight} aria-label="Orders under way, of the room there is" />
      <span className={isFull ? 'tone-warning' : 'tone-quiet'}>
        {inFlight} of {capacity}
      </span>
    </div>
  );
}

function Term({ value, name }: { readonly value: string; readonly name: string }) {
  return (
    <span className="term">
      <b>{value}</b>
      <small>{name}</small>
    </span>
  );
}
