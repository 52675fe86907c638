import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { causeText, lossText, recoveryText } from './recovery-text.ts';

/** Says what was recovered, until a person has read it. */
export function RecoveryBanner() {
  const { session, settings, layout } = useWorkstation();
  const zone = useStore(settings, (state) => state.zone);
  const recovering = useStore(session, (state) =>
    state.status.kind === 'recovering' && state.session !== null ? state.status.message : null,
  );
  const recovery = useStore(session, (state) => state.state?.recoveries.at(-1) ?? null);
  const read = useStore(session, (state) => state.recoveryRead);
  if (recovering !== null) {
    return (
      <div className="banner" role="status">
        <span className="tone-warning">
          <Icon name="warning" />
        </span>
        <strong>Recovering</strong>
        <span className="banner-text selectable">{recovering}</span>
      </div>
    );
  }
  if (recovery === null || recovery.atMs <= read) return null;
  const loss = lossText(recovery);
  return (
    <div
      className="banner recovered"
      role="status"
      data-testid="recovery"
      data-checkpoint={recovery.checkpointId ?? ''}
    >
      <strong className={loss === null ? 'tone-good' : 'tone-warning'}>Recovered</strong>
      <span className="banner-text selectable">
        {causeText(recovery)} {recoveryText(recovery, zone)}
        {loss === null ? null : `\n${loss}`}
      </span>
      <button type="button" className="button quiet" onClick={() => layout.show('state')}>
        State
      </button>
      <button type="button" className="button quiet icon" aria-label="Close" onClick={() => session.readRecovery()}>
        <Icon name="close" />
      </button>
    </div>
  );
}
