import { bytesText } from '../../format/decimal-text.ts';
import type { ChosenFile } from '../../../electron/contract/channels.ts';
import { baseName, fileOfPath } from '../../stores/open-draft-store.ts';
import { Dialog } from '../../ui/dialog.tsx';
import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { PROFILE_NAMES } from './profile-names.ts';
import { RecentSessions } from './recent-sessions.tsx';

const WORKERS_MAX = 32;
const RECENT_POSITIONS_SHOWN = 3;

/** Gathers what a session needs (quotes, positions, format, workers) and starts it. */
export function SessionDialog() {
  const workstation = useWorkstation();
  const recent = useStore(workstation.openDraft, (state) => state.recent);
  return (
    <Dialog title="Session" width={680} onClose={() => workstation.layout.show(null)} foot={<SessionFoot />}>
      <QuotesField />
      <PositionsField />
      <FormatField />
      <WorkersField />
      <FeedField />
      {recent.length > 0 ? (
        <div style={{ marginTop: 16 }}>
          <h3 className="section-label">Recent sessions</h3>
          <RecentSessions />
        </div>
      ) : null}
    </Dialog>
  );
}

function SessionFoot() {
  const workstation = useWorkstation();
  const { openDraft } = workstation;
  const startPaused = useStore(openDraft, (state) => state.startPaused);
  const hasFiles = useStore(openDraft, (state) => state.sessionFiles.length > 0);
  const hasSession = useStore(
    workstation.session,
    (state) => state.status.kind !== 'none' && state.status.kind !== 'failed',
  );
  return (
    <>
      <button type="button" className="button" onClick={() => workstation.opening.playSample()}>
        <Icon name="play" /> Play the sample
      </button>
      {hasSession ? (
        <button type="button" className="button" onClick={() => workstation.closeSession()}>
          Close session
        </button>
      ) : null}
      <span className="spacer" />
      <label className="check">
        <input
          type="checkbox"
          checked={startPaused}
          onChange={(event) => openDraft.set({ startPaused: event.target.checked })}
        />
        Start paused
      </label>
      <button
        type="button"
        className="button primary"
        disabled={!hasFiles}
        onClick={() => workstation.opening.openDrafted()}
      >
        Play session
      </button>
    </>
  );
}

function QuotesField() {
  const workstation = useWorkstation();
  const files = useStore(workstation.openDraft, (state) => state.sessionFiles);
  return (
    <div className="file-field">
      <span className="field-name">Quotes</span>
      <FileNames files={files} empty="No session file chosen. Several files are merged by event time." />
      <button type="button" className="button" onClick={() => void workstation.opening.choose('session')}>
        Choose{'\u2026'}
      </button>
    </div>
  );
}

/** A live feed takes the place of session files; positions, format and workers are those above. */
function FeedField() {
  const workstation = useWorkstation();
  const { openDraft } = workstation;
  const url = useStore(openDraft, (state) => state.feedUrl);
  const anew = useStore(openDraft, (state) => state.feedAnew);
  return (
    <>
      <div className="file-field">
        <label htmlFor="feed-url">Live feed</label>
        <input
          id="feed-url"
          className="input"
          type="url"
          spellCheck={false}
          placeholder="wss://host/path or ws://127.0.0.1:8787/"
          value={url}
          onChange={(event) => openDraft.set({ feedUrl: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === 'Enter') workstation.opening.connectFeed();
          }}
        />
        <button
          type="button"
          className="button"
          disabled={url.trim() === ''}
          onClick={() => workstation.opening.connectFeed()}
        >
          Connect
        </button>
      </div>
      <div className="file-field">
        <span className="field-name" />
        <label className="check">
          <input
            type="checkbox"
            checked={anew}
            onChange={(event) => openDraft.set({ feedAnew: event.target.checked })}
          />
          Begin a new live session; the journal of the last one is set aside
        </label>
        <span />
      </div>
    </>
  );
}

function PositionsField() {
  const workstation = useWorkstation();
  const file = useStore(workstation.openDraft, (state) => state.positionsFile);
  const recent = useStore(workstation.openDraft, (state) => state.recentPositions);
  return (
    <>
      <div className="file-field">
        <span className="field-name">Starting positions</span>
        <FileNames files={file === null ? [] : [file]} empty="None: quotes are shown, nothing is traded." />
        <span>
          {file === null ? null : (
            <button type="button" className="button quiet" onClick={() => workstation.opening.usePositions(null)}>
              None
            </button>
          )}
          <button type="button" className="button" onClick={() => void workstation.opening.choose('positions')}>
            Choose{'\u2026'}
          </button>
        </span>
      </div>
      {recent.length > 0 && file === null ? (
        <div className="file-field">
          <span className="field-name" />
          <span className="file-name">
            {recent.slice(0, RECENT_POSITIONS_SHOWN).map(({ path }) => (
              <button
                key={path}
                type="button"
                className="button quiet"
                title={path}
                onClick={() => workstation.opening.usePositions(fileOfPath(path))}
              >
                {baseName(path)}
              </button>
            ))}
          </span>
          <span />
        </div>
      ) : null}
    </>
  );
}

function FormatField() {
  const workstation = useWorkstation();
  const { openDraft } = workstation;
  const profile = useStore(openDraft, (state) => state.profile);
  return (
    <div className="file-field">
      <label htmlFor="profile">Format of the quotes</label>
      <select
        id="profile"
        className="select"
        value={profile ?? ''}
        onChange={(event) => openDraft.set({ profile: event.target.value === '' ? null : event.target.value })}
      >
        <option value="">found by looking at the file</option>
        {PROFILE_NAMES.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        {profile === null || PROFILE_NAMES.includes(profile) ? null : (
          <option value={profile}>{baseName(profile)}</option>
        )}
      </select>
      <button type="button" className="button" onClick={() => void workstation.opening.choose('profile')}>
        Profile{'\u2026'}
      </button>
    </div>
  );
}

function WorkersField() {
  const { settings, appInfo } = useWorkstation();
  const workers = useStore(settings, (state) => state.workers);
  return (
    <div className="file-field">
      <label htmlFor="workers">Workers</label>
      <span className="file-name">
        <small>
          Threads that share the symbols; results are the same with any number. This machine has{' '}
          {appInfo?.processors ?? 1}.
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
