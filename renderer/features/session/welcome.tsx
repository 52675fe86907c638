import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { RecentSessions } from './recent-sessions.tsx';

/** What a trader sees before anything is open. */
export function Welcome() {
  const workstation = useWorkstation();
  const connection = useStore(workstation.session, (state) => state.connection);
  const recent = useStore(workstation.openDraft, (state) => state.recent);
  return (
    <main className="welcome">
      <div className="welcome-card">
        <h1>No session is open</h1>
        <p className="lead">
          {connection.kind === 'connecting' ? 'Connecting to the engine\u2026' : null}
          {connection.kind === 'connected'
            ? 'The engine is ready. Play the simulated sample, or open recorded quotes.'
            : null}
          {connection.kind === 'refused' ? connection.reason : null}
        </p>
        <div className="welcome-acts">
          <button type="button" className="welcome-act" onClick={() => workstation.opening.playSample()}>
            <strong>
              <Icon name="play" /> Play the sample
            </strong>
            <span>A simulated market with starting positions. It runs within seconds; nothing in it is real.</span>
          </button>
          <button type="button" className="welcome-act" onClick={() => void workstation.opening.choose('session')}>
            <strong>
              <Icon name="folder" /> Open session{'\u2026'}
            </strong>
            <span>
              Recorded quotes: native recordings, CSV, JSON lines, also gzip and zip. Or drop files on this window.
            </span>
          </button>
        </div>
        {recent.length > 0 ? (
          <>
            <h2 className="section-label">Recent sessions</h2>
            <RecentSessions />
          </>
        ) : null}
      </div>
    </main>
  );
}
