import './status-line.css';
import { useSyncExternalStore } from 'react';
import { Feed } from './feed-state.tsx';
import type { Progress } from '../../../engine/contract/window.ts';
import { LastCheckpoint } from './last-checkpoint.tsx';
import { StorageState } from './storage-state.tsx';
import { countText, NOTHING, rateText } from '../../format/decimal-text.ts';
import { durationText, timeText } from '../../format/time-text.ts';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';

/** What the machine does: speed of the stream, how far behind, who works on which keys, and that no row is lost. */
export function StatusLine() {
  const { session, settings, layout } = useWorkstation();
  const progress = useStore(session, (state) => state.progress);
  const leftOut = useStore(session, (state) => state.leftOutFrames);
  const zone = useStore(settings, (state) => state.zone);
  return (
    <footer className="status-line" data-testid="status-line">
      {progress === null ? (
        <EngineState />
      ) : (
        <>
          <span
            className="item"
            title="Quotes per second taken by the engine"
            data-quotes-per-second={progress.quotesPerSecond.toFixed(0)}
          >
            <b data-testid="quotes-per-second">{rateText(progress.quotesPerSecond)}</b> quotes/s
          </span>
          {progress.feed !== null ? null : (
            <span className="item" title="How far what is shown trails the pace asked for">
              lag <b>{durationText(progress.lagMs)}</b>
            </span>
          )}
          {progress.feed === null ? null : <Feed feed={progress.feed} />}
          <Workers progress={progress} />
          <span className="item wide-only" title="Watermark: no timer before it is still to fire">
            watermark <b>{progress.watermarkMs === null ? NOTHING : timeText(progress.watermarkMs, zone)}</b>
          </span>
          <Counts progress={progress} />
          <span className="spacer" />
          <FrameRate />
          {leftOut > 0 ? (
            <span
              className="item tone-warning"
              title="Frames left out while this window was too slow; it then took the whole state again"
            >
              {countText(leftOut)} frames left out
            </span>
          ) : null}
        </>
      )}
      {progress === null ? <span className="spacer" /> : null}
      <LastCheckpoint />
      <StorageState zone={zone} />
      <button
        type="button"
        onClick={() => layout.show('about')}
        title="Charts by TradingView Lightweight Charts; about FlinkTrade"
      >
        Charts: TradingView
      </button>
    </footer>
  );
}

function EngineState() {
  const { session } = useWorkstation();
  const connection = useStore(session, (state) => state.connection);
  switch (connection.kind) {
    case 'connecting':
      return <span className="item">Connecting to the engine{'\u2026'}</span>;
    case 'connected':
      return <span className="item">Engine ready</span>;
    case 'refused':
      return <span className="item tone-bad">No engine: {connection.reason}</span>;
    default:
      return connection satisfies never;
  }
}

function Workers({ progress }: { readonly progress: Progress }) {
  const { layout } = useWorkstation();
  const { workers, maxParallelism } = progress;
  const shown = workers.slice(0, 4).map((worker) => `${worker.firstKeyGroup}\u2013${worker.lastKeyGroup}`);
  return (
    <span className="item">
      <button
        type="button"
        onClick={() => layout.show('workers')}
        title={`Workers and the key groups each owns, of ${countText(maxParallelism)}; click to see more and to change their number`}
        data-testid="workers"
      >
        <b>{workers.length}</b> {workers.length === 1 ? 'worker' : 'workers'}{' '}
        <span className="wide-only">
          [{shown.join(' \u00b7 ')}
          {workers.length > shown.length ? ' \u2026' : ''}]
        </span>
      </button>
    </span>
  );
}

/** In = applied + late + quarantined + ignored: shown so that a trader can add it up; where there is little room, what was set aside. */
function Counts({ progress }: { readonly progress: Progress }) {
  const { rows, applied, late, quarantined, ignored } = progress.counts;
  const adds = rows === applied + late + quarantined + ignored;
  const title = `Rows read: ${countText(rows)} = applied ${countText(applied)} + late ${countText(late)} + quarantined ${countText(quarantined)} + ignored ${countText(ignored)}. Late: behind event time when it came, and not traded on.`;
  return (
    <span className="item counts" title={title}>
      <span>
        in <b data-testid="rows-in">{countText(rows)}</b>
        <span className="wide-only">
          {' '}
          = applied <b>{countText(applied)}</b>
        </span>
        <SetAside what="late" count={late} tone="tone-warning" />
        <SetAside what="quarantined" count={quarantined} tone="tone-warning" />
        <SetAside what="ignored" count={ignored} tone="" />
        {adds ? null : <span className="tone-quiet"> (reading)</span>}
      </span>
    </span>
  );
}

function SetAside({ what, count, tone }: { readonly what: string; readonly count: number; readonly tone: string }) {
  return (
    <span className={count > 0 ? '' : 'wide-only'}>
      {' '}
      <span className="wide-only">+ </span>
      {what}{' '}
      <b className={count > 0 ? tone : ''} data-testid={`rows-${what}`}>
        {countText(count)}
      </b>
    </span>
  );
}

function FrameRate() {
  const { frameLoop } = useWorkstation();
  const statistics = useSyncExternalStore(frameLoop.subscribe, () => frameLoop.statistics);
  const { framesPerSecond, gapMsMax, latencyMsMedian, latencyMsP99 } = statistics;
  return (
    <span
      className="item"
      title={`Window: longest gap between frames ${durationText(gapMsMax)}; engine to cell, median ${latencyMsMedian === null ? NOTHING : durationText(latencyMsMedian)}`}
      data-testid="frame-rate"
      data-frames-per-second={framesPerSecond.toFixed(1)}
      data-gap-ms-max={gapMsMax.toFixed(1)}
      data-latency-ms-median={latencyMsMedian?.toFixed(2) ?? ''}
      data-latency-ms-p99={latencyMsP99?.toFixed(2) ?? ''}
    >
      <b>{Math.round(framesPerSecond)}</b> fps
      {latencyMsP99 === null ? null : (
        <span className="wide-only">
          {' '}
          p99 <b>{durationText(latencyMsP99)}</b>
        </span>
      )}
    </span>
  );
}
