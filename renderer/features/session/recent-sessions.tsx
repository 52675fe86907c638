import { dateText, minuteText } from '../../format/time-text.ts';
import { baseName, fileOfPath } from '../../stores/open-draft-store.ts';
import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** Sessions opened before; a click gathers their files again, to be looked over and played. */
export function RecentSessions() {
  const workstation = useWorkstation();
  const recent = useStore(workstation.openDraft, (state) => state.recent);
  const zone = useStore(workstation.settings, (state) => state.zone);
  return (
    <ul className="recent" aria-label="Recent sessions">
      {recent.map((session) => (
        <li key={session.key}>
          <button
            type="button"
            className="recent-open"
            title={session.paths.join('\n')}
            onClick={() => {
              workstation.openDraft.set({
                positionsFile: session.positionsPath === null ? null : fileOfPath(session.positionsPath),
                profile: session.profile,
              });
              workstation.opening.take('session', session.paths.map(fileOfPath));
            }}
          >
            <span className="recent-name">{session.paths.map(baseName).join(', ')}</span>
            <span className="recent-note">
              {session.positionsPath === null ? 'no positions' : `positions ${baseName(session.positionsPath)}`}
            </span>
            <span className="recent-note number" style={{ flex: 'none' }}>
              {dateText(session.usedAtMs, zone)}, {minuteText(session.usedAtMs, zone)}
            </span>
          </button>
          <button
            type="button"
            className="button quiet icon"
            aria-label={`Forget ${session.paths.map(baseName).join(', ')}`}
            onClick={() => void workstation.opening.forgetSession(session.key)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}
