import './state.css';
import { useEffect, useState, useSyncExternalStore } from 'react';
import type { SymbolExplanation, WatermarkExplanation } from '../../../engine/contract/explanations.ts';
import type { TradeMessage } from '../../../engine/contract/window.ts';
import { NOTHING } from '../../format/decimal-text.ts';
import { secondText, timeText } from '../../format/time-text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** As often as the state as it is now is asked for, while somebody looks. */
const ASK_EVERY_MS = 500;
const TIMES: ReadonlySet<string> = new Set(['openedAt', 'expiresAt', 'nextDecayAt', 'quoteTimeMs']);

/** What the engine keeps of the chosen symbol, as it is or as a checkpoint has it, and why it did or did not trade. */
export function SymbolStateDialog() {
  const workstation = useWorkstation();
  const { session, settings, layout, chart } = workstation;
  const symbol = useSyncExternalStore(chart.subscribe, () => chart.symbol);
  const answer = useStore(session, (all) => all.symbolState);
  const zone = useStore(settings, (all) => all.zone);
  const [asOf, setAsOf] = useState<number | null>(null);
  const [since, setSince] = useState<number | null>(null);
  useEffect(() => {
    if (symbol === null) return undefined;
    workstation.askSymbolState(symbol, asOf, since);
    if (asOf !== null) return undefined;
    const asking = setInterval(() => workstation.askSymbolState(symbol, null, since), ASK_EVERY_MS);
    return () => clearInterval(asking);
  }, [workstation, symbol, asOf, since]);
  const isShown = answer !== null && answer.symbol === symbol && answer.asOf === asOf && answer.since === since;
  const checkpoints = answer?.known?.checkpoints ?? [];
  return (
    <Dialog
      title={`State of ${symbol ?? 'no symbol'}`}
      width={560}
      className="state-dialog"
      onClose={() => layout.show(null)}
    >
      <div className="setting">
        <label htmlFor="as-of">As of</label>
        <Checkpoints id="as-of" none="now" ids={checkpoints} chosen={asOf} onChoose={setAsOf} />
      </div>
      <div className="setting">
        <label htmlFor="since">Compared with</label>
        <Checkpoints id="since" none="nothing" ids={checkpoints} chosen={since} onChoose={setSince} />
      </div>
      {!isShown ? (
        <p>Asking{'\u2026'}</p>
      ) : answer.problem !== null ? (
        <p className="tone-warning selectable">{answer.problem}</p>
      ) : answer.known === null ? (
        <p>Nothing is known of it.</p>
      ) : (
        <Shown known={answer.known} zone={zone} onTrade={(id) => workstation.explainTrade(id)} />
      )}
    </Dialog>
  );
}

function Checkpoints(props: {
  readonly id: string;
  readonly none: string;
  readonly ids: readonly number[];
  readonly chosen: number | null;
  readonly onChoose: (id: number | null) => void;
}) {
  const { chosen, ids, onChoose } = props;
  return (
    <select
      id={props.id}
      className="select"
      value={chosen ?? ''}
      onChange={(event) => onChoose(event.target.value === '' ? null : Number(event.target.value))}
    >
      <option value="">{props.none}</option>
      {[...new Set([...ids, ...(chosen === null ? [] : [chosen])])].map((id) => (
        <option key={id} value={id}>
          checkpoint {id}
        </option>
      ))}
    </select>
  );
}

function Shown(props: {
  readonly known: SymbolExplanation;
  readonly zone: string;
  readonly onTrade: (id: string) => void;
}) {
  const { known, zone, onTrade } = props;
  const { explanation, changes, watermark } = known;
  const { bid, bidSize, ask, quoteTimeMs, timerAtMs, timerClock } = explanation;
  const facts = { bid, bidSize, ask, quoteTimeMs, ...known.position, timer: timerAtMs === null ? null : timerClock };
  return (
    <>
      <p className="selectable" data-testid="symbol-why">
        {explanation.why}
      </p>
      {watermark === null ? null : <Watermark watermark={watermark} zone={zone} />}
      {changes === null ? null : <Changes changes={changes} zone={zone} />}
      <table className="facts-table" data-testid="symbol-state">
        <tbody>
          {Object.entries(facts).map(([name, value]) => (
            <tr key={name}>
              <th>{name}</th>
              <td className="selectable">{textOf(name, value, zone)}</td>
            </tr>
          ))}
          {Object.entries(known.reasons).map(([reason, count]) => (
            <tr key={reason}>
              <th>no trade: {reason}</th>
              <td>{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <LastTrades trades={known.lastTrades} zone={zone} onTrade={onTrade} />
    </>
  );
}

function Watermark({ watermark, zone }: { readonly watermark: WatermarkExplanation; readonly zone: string }) {
  const { watermarkMs, why, behindClockMs, isStale } = watermark;
  return (
    <p className="selectable" data-testid="watermark-why" data-held-back-by={watermark.heldBackBy}>
      <b>Watermark {watermarkMs === null ? NOTHING : secondText(watermarkMs, zone)}</b>
      {behindClockMs === null ? '' : `, ${behindClockMs} ms behind the clock`}. {why}
      {isStale ? ' The source did not answer: this is what it said last.' : ''}
    </p>
  );
}

function Changes(props: { readonly changes: NonNullable<SymbolExplanation['changes']>; readonly zone: string }) {
  const { changes, zone } = props;
  const rows = Object.entries(changes);
  if (rows.length === 0) return <p data-testid="symbol-changes">Nothing is different.</p>;
  return (
    <table className="facts-table" data-testid="symbol-changes">
      <thead>
        <tr>
          <th>different</th>
          <th>then</th>
          <th>shown</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, [was, is]]) => (
          <tr key={name}>
            <th>{name}</th>
            <td className="selectable">{textOf(name, was, zone)}</td>
            <td className="selectable">{textOf(name, is, zone)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function LastTrades(props: {
  readonly trades: readonly TradeMessage[];
  readonly zone: string;
  readonly onTrade: (id: string) => void;
}) {
  if (props.trades.length === 0) return null;
  return (
    <>
      <h3 className="section-label">Last trades</h3>
      {props.trades.map(({ id, eventTimeMs, shares, price }) => (
        <button key={id} type="button" className="button quiet" onClick={() => props.onTrade(id)}>
          {timeText(eventTimeMs, props.zone)} {shares} at {price}
        </button>
      ))}
    </>
  );
}

function textOf(name: string, value: string | number | null, zone: string): string {
  if (value === null) return NOTHING;
  return TIMES.has(name) ? secondText(Number(value), zone) : String(value);
}
