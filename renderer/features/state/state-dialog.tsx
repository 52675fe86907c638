import './state.css';
import type { CheckpointRecord } from '../../../engine/contract/checkpoint-record.ts';
import type { RecoveryInfo, StateInfo } from '../../../engine/contract/window.ts';
import { bytesText, countText, NOTHING } from '../../format/decimal-text.ts';
import { durationText, secondText, timeText } from '../../format/time-text.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { AuditLine } from './audit-line.tsx';
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
      <table className="checkpoints number" data-testid="checkpoints">
        <thead>
          <tr>
            <th>Number</th>
            <th>Time</th>
            <th>Duration</th>
            <th>Size</th>
            <th>Written</th>
            <th>Keys</th>
            <th>Pause</th>
            <th>Result</th>
          </tr>
        </thead>
        <tbody>
          {[...history].reverse().map((checkpoint) => (
            <CheckpointRow key={checkpoint.id} checkpoint={checkpoint} zone={zone} />
          ))}
        </tbody>
      </table>
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

function CheckpointRow({ checkpoint, zone }: { readonly checkpoint: CheckpointRecord; readonly zone: string }) {
  const { id, status, triggeredAtMs, durationMs, bytes, newBytes, keys, pauseMs, problem } = checkpoint;
  const isComplete = status === 'completed';
  return (
    <tr>
      <td>{id}</td>
      <td>{timeText(triggeredAtMs, zone)}</td>
      <td>{status === 'in-progress' ? NOTHING : durationText(durationMs)}</td>
      <td>{isComplete ? bytesText(bytes) : NOTHING}</td>
      <td>{isComplete ? bytesText(newBytes) : NOTHING}</td>
      <td>{isComplete ? countText(keys) : NOTHING}</td>
      <td>{isComplete ? pauseText(pauseMs) : NOTHING}</td>
      <td className={status === 'failed' ? 'tone-bad selectable' : ''} title={problem ?? ''}>
        {status === 'failed' ? (problem ?? 'failed') : status === 'completed' ? 'complete' : 'under way'}
      </td>
    </tr>
  );
}

/** A pause is a fraction of a millisecond on most days. */
function pauseText(pauseMs: number): string {
  return pauseMs < 10 ? `${pauseMs.toFixed(2)} ms` : durationText(pauseMs);
}
