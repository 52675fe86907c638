import './state.css';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { NOTHING } from '../../format/decimal-text.ts';
import { secondText } from '../../format/time-text.ts';
import type { SymbolState } from '../../stores/session-store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** As often as the state as it is now is asked for, while somebody looks. */
const ASK_EVERY_MS = 500;
const TIMES: ReadonlySet<string> = new Set(['openedAt', 'expiresAt', 'nextDecayAt']);

/** What the engine keeps of the chosen symbol: as it is, or as a checkpoint has it. */
export function SymbolStateDialog() {
  const workstation = useWorkstation();
  const { session, settings, layout, chart } = workstation;
  const symbol = useSyncExternalStore(chart.subscribe, () => chart.symbol);
  const answer = useStore(session, (all) => all.symbolState);
  const zone = useStore(settings, (all) => all.zone);
  const [asOf, setAsOf] = useState<number | null>(null);
  useEffect(() => {
    if (symbol === null) return undefined;
    workstation.askSymbolState(symbol, asOf);
    if (asOf !== null) return undefined;
    const asking = setInterval(() => workstation.askSymbolState(symbol, null), ASK_EVERY_MS);
    return () => clearInterval(asking);
  }, [workstation, symbol, asOf]);
  const shown = answer !== null && answer.symbol === symbol && answer.asOf === asOf ? answer : null;
  return (
    <Dialog
      title={`State of ${symbol ?? 'no symbol'}`}
      width={520}
      className="state-dialog"
      onClose={() => layout.show(null)}
    >
      <div className="setting">
        <label htmlFor="as-of">As of</label>
        <select
          id="as-of"
          className="select"
          value={asOf ?? ''}
          onChange={(event) => setAsOf(event.target.value === '' ? null : Number(event.target.value))}
        >
          <option value="">now</option>
          {[...new Set([...(answer?.checkpoints ?? []), ...(asOf === null ? [] : [asOf])])].map((id) => (
            <option key={id} value={id}>
              checkpoint {id}
            </option>
          ))}
        </select>
      </div>
      {shown === null ? <p>Asking{'\u2026'}</p> : <Shown state={shown} zone={zone} />}
    </Dialog>
  );
}

function Shown({ state, zone }: { readonly state: SymbolState; readonly zone: string }) {
  if (state.problem !== null) return <p className="tone-warning selectable">{state.problem}</p>;
  if (state.position === null && state.reasons === null) return <p>Nothing is known of it.</p>;
  return (
    <>
      <p className="selectable">{state.why}</p>
      <table className="numbers-table" data-testid="symbol-state">
        <tbody>
          {Object.entries(state.position ?? {}).map(([name, value]) => (
            <tr key={name}>
              <th>{name}</th>
              <td className="selectable">{textOf(name, value, zone)}</td>
            </tr>
          ))}
          {Object.entries(state.reasons ?? {}).map(([reason, count]) => (
            <tr key={reason}>
              <th>no trade: {reason}</th>
              <td>{count}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

function textOf(name: string, value: string | number | null, zone: string): string {
  if (value === null) return NOTHING;
  return TIMES.has(name) ? secondText(Number(value), zone) : String(value);
}
