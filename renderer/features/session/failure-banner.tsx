import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** A session that failed says so across the window: what was tried, what was found, what to do. */
export function FailureBanner() {
  const workstation = useWorkstation();
  const { session, layout } = workstation;
  const isKept = useStore(session, (state) => state.status.kind === 'failed' && state.status.isKept === true);
  const problem = useStore(session, (state) => (state.status.kind === 'failed' ? state.status.problem : null));
  if (problem === null) return null;
  return (
    <div className="banner failure" role="alert">
      <span className="tone-bad">
        <Icon name="warning" />
      </span>
      <strong>Session failed</strong>
      <span className="banner-text selectable">
        {problem.message}
        {problem.where === null ? '' : ` (${problem.where})`}
      </span>
      {isKept ? (
        <button type="button" className="button" onClick={() => workstation.recover()}>
          Try again
        </button>
      ) : null}
      <button type="button" className="button" onClick={() => layout.show('session')}>
        Open another{'\u2026'}
      </button>
    </div>
  );
}
