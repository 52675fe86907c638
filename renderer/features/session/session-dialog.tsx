import { bytesText } from '../../format/decimal-text.ts';
import type { ChosenFile } from '../../../electron/contract/channels.ts';
import { baseName, fileOfPath } from '../../stores/open-draft-store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { PROFILE_NAMES } from './profile-names.ts';
import { RecentSessions } from './recent-sessions.tsx';

const WORKERS_MAX = 32;

/** Gathers what a session needs (quotes, positions, profile, workers) and starts it. */
export function SessionDialog() {
  const workstation = useWorkstation();
  const { openDraft, settings, layout } = workstation;
  const draft = useStore(openDraft, (state) => state);
  const workers = useStore(settings, (state) => state.workers);
  const processors = workstation.appInfo?.processors ?? 1;
  return (
    <Dialog
      title="Session"
      width={680}
      onClose={() => layout.show(null)}
      foot={
        <>
          <button type="button" className="button" onClick={() => workstation.playSample()}>
            <Icon name="play" /> Play the sample
          </button>
          <span className="spacer" />
          <label className="check">
            <input
              type="checkbox"
              checked={draft.startPaused}
              onChange={(event) => openDraft.set({ startPaused: event.target.checked })}
            />
            Start paused
          </label>
          <button
            type="button"
            className="button primary"
            disabled={draft.sessionFiles.length === 0}
            onClick={() => workstation.openDrafted()}
          >
            Play session
          </button>
        </>
      }
    >
      <div className="file-field">
        <span className="field-name">Quotes</span>
        <FileNames files={draft.sessionFiles} empty="No session file chosen. Several files are merged by event time." />
        <button type="button" className="button" onClick={() => void workstation.choose('session')}>
          Choose{'\u2026'}
        </button>
      </div>
      <div className="file-field">
        <span className="field-name">Starting positions</span>
        <FileNames
          files={draft.positionsFile === null ? [] : [draft.positionsFile]}
          empty="None: quotes are shown, nothing is traded."
        />
        <span>
          {draft.positionsFile === null ? null : (
            <button type="button" className="button quiet" onClick={() => workstation.usePositions(null)}>
              None
            </button>
          )}
          <button type="button" className="button" onClick={() => void workstation.choose('positions')}>
            Choose{'\u2026'}
          </button>
        </span>
      </div>
      {draft.recentPositions.length > 0 && draft.positionsFile === null ? (
        <div className="file-field">
          <span className="field-name" />
          <span className="file-name">
            {draft.recentPositions.slice(0, 3).map((file) => (
              <button
                key={file.path}
                type="button"
                className="button quiet"
                title={file.path}
                onClick={() => workstation.usePositions(fileOfPath(file.path))}
              >
                {baseName(file.path)}
              </button>
            ))}
          </span>
          <span />
        </div>
      ) : null}
      <div className="file-field">
        <label htmlFor="profile">Format of the quotes</label>
        <select
          id="profile"
          className="select"
          value={draft.profile ?? ''}
          onChange={(event) => openDraft.set({ profile: event.target.value === '' ? null : event.target.value })}
        >
          <option value="">found by looking at the file</option>
          {PROFILE_NAMES.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
          {draft.profile === null || PROFILE_NAMES.includes(draft.profile) ? null : (
            <option value={draft.profile}>{baseName(draft.profile)}</option>
          )}
        </select>
        <button type="button" className="button" onClick={() => void workstation.choose('profile')}>
          Profile{'\u2026'}
        </button>
      </div>
      <div className="file-field">
        <label htmlFor="workers">Workers</label>
        <span className="file-name">
          <small>
            Threads that share the symbols; results are the same with any number. This machine has {processors}.
          </small>
        </span>
        <input
          id="workers"
          className="input right"
          type="number"
          min={1}
          max={WORKERS_MAX}
          value={workers}
          onChange={(event) => {
            const value = Math.round(event.target.valueAsNumber);
            if (value >= 1 && value <= WORKERS_MAX) settings.set({ workers: value });
          }}
        />
      </div>
      {draft.recent.length > 0 ? (
        <div style={{ marginTop: 16 }}>
          <h3 className="section-label">Recent sessions</h3>
          <RecentSessions />
        </div>
      ) : null}
    </Dialog>
  );
}

function FileNames({ files, empty }: { readonly files: readonly ChosenFile[]; readonly empty: string }) {
  if (files.length === 0) return <span className="file-name tone-quiet">{empty}</span>;
  return (
    <span className="file-name">
      {files.map((file) => (
        <div key={file.path} title={file.path}>
          {file.name} {file.bytes >= 0 ? <small>{bytesText(file.bytes)}</small> : null}
        </div>
      ))}
    </span>
  );
}
