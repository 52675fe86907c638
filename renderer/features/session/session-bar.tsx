import './session.css';
import type { Progress } from '../../../engine/contract/window.ts';
import { isSameSpeed, SPEEDS, speedText } from '../../bridge/speeds.ts';
import { dateText, timeText, zoneText } from '../../format/time-text.ts';
import { isActive } from '../../stores/session-store.ts';
import { Icon } from '../../ui/icon.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { KillSwitch } from '../kill-switch/kill-switch.tsx';

/** Everything that moves a session: what is open, its mode, play and pause, speed, where in time it is, and the kill switch. */
export function SessionBar() {
  const workstation = useWorkstation();
  const { layout, settings } = workstation;
  const theme = useStore(settings, (state) => state.theme);
  return (
    <header className="session-bar">
      <span className="brand wide-only">
        Flink<em>Trade</em>
      </span>
      <button
        type="button"
        className="button"
        onClick={() => layout.show('session')}
        title="Open a session or positions (Ctrl+O)"
      >
        <Icon name="folder" /> <span className="bar-word">Session</span>
      </button>
      <ModeBadge />
      <Transport />
      <ProgressBar />
      <span className="spacer" />
      <EventClock />
      <button
        type="button"
        className="button"
        onClick={() => layout.show('rules')}
        title="Trading rules and limits (Ctrl+,)"
      >
        <Icon name="sliders" /> <span className="bar-word">Rules</span>
      </button>
      <button
        type="button"
        className="button quiet icon"
        aria-label="Job"
        title="The job: its graph with numbers, checkpoints, workers and key groups (Ctrl+J)"
        onClick={() => layout.show('job')}
      >
        <Icon name="graph" />
      </button>
      <button
        type="button"
        className="button quiet icon"
        aria-label="Display settings"
        title="Display settings"
        onClick={() => layout.show('settings')}
      >
        <Icon name="display" />
      </button>
      <button
        type="button"
        className="button quiet icon wide-only"
        aria-label={theme === 'dark' ? 'Light theme' : 'Dark theme'}
        title="Dark or light (Ctrl+Shift+L)"
        onClick={() => workstation.runMenu('toggle-theme')}
      >
        <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
      </button>
      <KillSwitch />
    </header>
  );
}

/** A simulated or replayed market always says so. */
function ModeBadge() {
  const { session } = useWorkstation();
  const info = useStore(session, (state) => state.session);
  if (info === null) return null;
  const isSimulated = info.mode === 'simulated';
  const what = isSimulated ? 'Quotes of the built-in market simulator, not of a market.' : info.inputs.join('\n');
  return (
    <span className={`mode ${info.mode}`} title={what} data-testid="mode">
      {MODE_WORDS[info.mode]}
    </span>
  );
}

export const MODE_WORDS = { simulated: 'SIMULATED', replay: 'REPLAY', live: 'LIVE' } as const;

function Transport() {
  const workstation = useWorkstation();
  const kind = useStore(workstation.session, (state) => state.status.kind);
  const speed = useStore(workstation.session, (state) => state.speed);
  const active = useStore(workstation.session, (state) => isActive(state.status));
  const isLive = useStore(workstation.session, (state) => state.session?.mode === 'live' && isActive(state.status));
  const isPlaying = kind === 'playing' || kind === 'opening';
  // A market neither waits nor hurries.
  if (isLive) return null;
  return (
    <div className="transport">
      <button
        type="button"
        className="button play"
        disabled={kind !== 'playing' && kind !== 'paused'}
        onClick={() => workstation.playPause()}
        title="Play or pause (Ctrl+P)"
      >
        <Icon name={isPlaying ? 'pause' : 'play'} /> <span className="bar-word">{isPlaying ? 'Pause' : 'Play'}</span>
      </button>
      <div className="segmented speeds" role="group" aria-label="Speed">
        {SPEEDS.map((one) => (
          <button
            key={speedText(one)}
            type="button"
            aria-pressed={isSameSpeed(one, speed)}
            onClick={() => workstation.setSpeed(one)}
            title={active ? 'Speed of the replay' : 'Speed the next session starts with'}
          >
            {speedText(one)}
          </button>
        ))}
      </div>
    </div>
  );
}

function ProgressBar() {
  const { session } = useWorkstation();
  const kind = useStore(session, (state) => state.status.kind);
  const fraction = useStore(session, (state) => state.progress?.fraction ?? null);
  const reached = useStore(session, (state) => state.progress?.speedReached ?? null);
  const isLive = useStore(session, (state) => state.session?.mode === 'live');
  if (kind === 'none' || kind === 'failed') return null;
  const percent = fraction === null ? null : Math.min(100, fraction * 100);
  return (
    <div className="progress">
      <div className="progress-text number">
        <span data-testid="session-state">{isLive && kind === 'playing' ? 'Trading' : STATE_WORDS[kind]}</span>
        {kind === 'playing' && reached !== null && !isLive ? (
          <span className="reached" title="Event seconds for each second of the clock, as really reached">
            {reachedText(reached)}
          </span>
        ) : null}
        <span>{percent === null ? '' : `${percent.toFixed(percent < 10 ? 1 : 0)} %`}</span>
      </div>
      <div
        className="progress-track"
        role="progressbar"
        aria-label="Part of the session played"
        aria-valuemin={0}
        aria-valuemax={100}
        {...(percent === null ? {} : { 'aria-valuenow': Math.round(percent) })}
      >
        {percent === null ? (
          <div className="progress-fill endless" />
        ) : (
          <div className="progress-fill" style={{ width: `${percent}%` }} />
        )}
      </div>
    </div>
  );
}

const STATE_WORDS = {
  recovering: 'Recovering\u2026',
  opening: 'Opening\u2026',
  playing: 'Playing',
  paused: 'Paused',
  finished: 'Finished',
} as const;

function reachedText(speed: number): string {
  if (speed < 10) return `\u00d7${speed.toFixed(1)} reached`;
  return `\u00d7${Math.round(speed).toLocaleString('en-US')} reached`;
}

/** The source tells its newest time with its next batch; a watermark of the workers may be ahead of that. */
function eventNow(progress: Progress | null): number | null {
  if (progress === null || progress.eventTimeMs === null) return null;
  return progress.watermarkMs === null
    ? progress.eventTimeMs
    : Math.max(progress.eventTimeMs, progress.watermarkMs + 1);
}

function EventClock() {
  const { session, settings } = useWorkstation();
  const zone = useStore(settings, (state) => state.zone);
  const eventTimeMs = useStore(session, (state) => eventNow(state.progress));
  if (eventTimeMs === null) return null;
  return (
    <div className="event-clock" title="Event time: the time of the session's newest quote">
      <div className="time" data-testid="event-clock">
        {timeText(eventTimeMs, zone).slice(0, -2)}
      </div>
      <div className="date">
        {dateText(eventTimeMs, zone)} {zoneText(eventTimeMs, zone)}
      </div>
    </div>
  );
}
