import { useState } from 'react';
import { Dialog } from '../../ui/dialog.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** The second of the two acts that clear the kill switch. It wants a reason, because somebody will ask for it. */
export function RearmDialog() {
  const workstation = useWorkstation();
  const token = useStore(workstation.session, (state) => state.rearmToken);
  const [reason, setReason] = useState('');
  const close = (): void => workstation.layout.show(null);
  return (
    <Dialog
      title="Re-arm trading"
      width={460}
      onClose={close}
      foot={
        <>
          <button type="button" className="button" onClick={close}>
            Stay halted
          </button>
          <button
            type="button"
            className="button danger"
            disabled={token === null || reason.trim() === ''}
            onClick={() => workstation.confirmRearm(`window: ${reason.trim()}`)}
          >
            Re-arm trading
          </button>
        </>
      }
    >
      <p>
        From the moment you confirm, every open position may trade again under the rules and limits in force. Say why,
        then confirm.
      </p>
      <p style={{ marginTop: 12 }}>
        <label htmlFor="rearm-reason" className="section-label">
          Reason
        </label>
        <input
          id="rearm-reason"
          className="input"
          style={{ width: '100%' }}
          maxLength={150}
          autoFocus
          value={reason}
          placeholder="e.g. feed checked with the venue"
          onChange={(event) => setReason(event.target.value)}
        />
      </p>
      {token === null ? <p className="tone-quiet">Waiting for the engine{'\u2026'}</p> : null}
    </Dialog>
  );
}
