import './state.css';
import type { RecoveryInfo, StateInfo } from '../../../engine/contract/window.ts';
import { countText } from '../../format/decimal-text.ts';
import { durationText, secondText } from '../../format/time-text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { AuditLine } from './audit-line.tsx';
import { CheckpointTable, pauseText } from './checkpoint-table.tsx';
import { causeText, lossText, recoveryText } from './recovery-text.ts';

/** What is kept of the session: its checkpoints one by one, and what was recovered from them. */
export function StateDialog() {
  const { session, settings, layout } = useWorkstation();
  const state = useStore(session, (one) => one.state);
  const zone = useStore(settings, (one) => one.zone);
  return (
    <Dialog title="State" width={760} className="state-dialog" onClose={() => layout.show(null)}>
      <AuditLine zone={zone} />
      {state === null ? <p>No session is open, so there is nothing to keep.</p> : <Kept state={state} zone={zone} />}
    </Dialog>
  );
}

function Kept({ state, zone }: { readonly state: StateInfo; readonly zone: string }) {
  const { notKept, history, recoveries, intervalMs } = state;
  if (notKept !== null) {
    return <p className="tone-warning selectable">This session would not survive a crash. {notKept}</p>;
  }
  const complete = history.filter(({ status }) => status === 'completed');
  const failed = history.filter(({ status }) => status === 'failed');
  const pauseMs = Math.max(0, ...complete.map((checkpoint) => checkpoint.pauseMs));
  return (
    <>
      <p>
        A checkpoint every {durationText(intervalMs)} while the session plays; nothing is written while it stands still.
        Of the latest {countText(history.length)}, {countText(complete.length)} are complete and{' '}
        <span className={failed.length > 0 ? 'tone-warning' : ''}>{countText(failed.length)} failed</span>; the longest
        standstill of a worker was {pauseText(pauseMs)}.
      </p>
      {recoveries.length === 0 ? null : (
        <>
          <h3 className="section-label">Recoveries</h3>
          <ul className="recoveries">
            {[...recoveries].reverse().map((recovery) => (
              <Recovery key={recovery.atMs} recovery={recovery} zone={zone} />
            ))}
          </ul>
        </>
      )}
      <h3 className="section-label">Checkpoints</h3>
      <CheckpointTable history={history} zone={zone} />
    </>
  );
}

function Recovery({ recovery, zone }: { readonly recovery: RecoveryInfo; readonly zone: string }) {
  const loss = lossText(recovery);
  return (
    <li className="selectable">
      <time>{secondText(recovery.atMs, zone)}</time> {causeText(recovery)} {recoveryText(recovery, zone)}
      {loss === null ? null : <div className="tone-warning">{loss}</div>}
    </li>
  );
}
