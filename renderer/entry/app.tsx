import { useEffect } from 'react';
import { AboutDialog } from '../features/about/about-dialog.tsx';
import { ChartPanel } from '../features/chart/chart-panel.tsx';
import { JobDialog } from '../features/job/job-dialog.tsx';
import { HaltedBanner } from '../features/kill-switch/halted-banner.tsx';
import { RearmDialog } from '../features/kill-switch/rearm-dialog.tsx';
import { PositionPanel } from '../features/positions/position-panel.tsx';
import { RulesDialog } from '../features/rules/rules-dialog.tsx';
import { ConfirmDialog } from '../features/session/confirm-dialog.tsx';
import { DropZones } from '../features/session/drop-zones.tsx';
import { FailureBanner } from '../features/session/failure-banner.tsx';
import { MODE_WORDS, SessionBar } from '../features/session/session-bar.tsx';
import { SessionDialog } from '../features/session/session-dialog.tsx';
import { Welcome } from '../features/session/welcome.tsx';
import { SettingsDialog } from '../features/settings/settings-dialog.tsx';
import { StatusLine } from '../features/status-line/status-line.tsx';
import { RecoveryBanner } from '../features/state/recovery-banner.tsx';
import { WorkersDialog } from '../features/workers/workers-dialog.tsx';
import { StateDialog } from '../features/state/state-dialog.tsx';
import { SymbolStateDialog } from '../features/state/symbol-state-dialog.tsx';
import { TradeDialog } from '../features/state/trade-dialog.tsx';
import { SidePanel } from '../features/trades/side-panel.tsx';
import { NoticeBar } from '../ui/notice-bar.tsx';
import { Splitter } from '../ui/splitter.tsx';
import { useStore, useWorkstation } from '../ui/workstation-context.ts';

/** The whole window: bar, table and chart side by side, trades below the chart, status line. */
export function App() {
  const workstation = useWorkstation();
  const { settings, session, layout } = workstation;
  const tableShare = useStore(settings, (state) => state.tableShare);
  const chartShare = useStore(settings, (state) => state.chartShare);
  const isEmpty = useStore(session, (state) => state.status.kind === 'none');
  const isHalted = useStore(session, (state) => state.halted);
  const overlay = useStore(layout, (state) => state.overlay);
  useAppearance();
  useDocumentTitle();
  return (
    <DropZones>
      <div className={isHalted ? 'app is-halted' : 'app'}>
        <SessionBar />
        <HaltedBanner />
        <FailureBanner />
        <RecoveryBanner />
        {isEmpty ? (
          <Welcome />
        ) : (
          <main
            className="desk"
            inert={overlay !== null}
            style={{ gridTemplateColumns: `${tableShare}fr 6px ${1 - tableShare}fr` }}
          >
            <PositionPanel />
            <Splitter
              direction="columns"
              label="Width of the position table"
              share={tableShare}
              onShare={(share) => settings.set({ tableShare: share })}
            />
            <div className="desk-side" style={{ gridTemplateRows: `${chartShare}fr 6px ${1 - chartShare}fr` }}>
              <ChartPanel />
              <Splitter
                direction="rows"
                label="Height of the chart"
                share={chartShare}
                onShare={(share) => settings.set({ chartShare: share })}
              />
              <SidePanel />
            </div>
          </main>
        )}
        <StatusLine />
      </div>
      {overlay === 'session' ? <SessionDialog /> : null}
      {overlay === 'rules' ? <RulesDialog /> : null}
      {overlay === 'settings' ? <SettingsDialog /> : null}
      {overlay === 'about' ? <AboutDialog /> : null}
      {overlay === 'state' ? <StateDialog /> : null}
      {overlay === 'symbol-state' ? <SymbolStateDialog /> : null}
      {overlay === 'trade' ? <TradeDialog /> : null}
      {overlay === 'job' ? <JobDialog /> : null}
      {overlay === 'workers' ? <WorkersDialog /> : null}
      {overlay === 'rearm' ? <RearmDialog /> : null}
      <ConfirmDialog />
      <NoticeBar />
    </DropZones>
  );
}

/** Theme, palette and flashes are attributes of the page, so that CSS alone decides what they look like. */
function useAppearance(): void {
  const { settings } = useWorkstation();
  const theme = useStore(settings, (state) => state.theme);
  const palette = useStore(settings, (state) => state.palette);
  const flash = useStore(settings, (state) => state.flash);
  useEffect(() => {
    const { dataset } = document.documentElement;
    dataset['theme'] = theme;
    dataset['palette'] = palette;
    dataset['flash'] = flash ? 'on' : 'off';
  }, [theme, palette, flash]);
}

/** The mode stands in the title too: a taskbar must not make a replay look like a market, nor a market like a replay. */
function useDocumentTitle(): void {
  const { session } = useWorkstation();
  const mode = useStore(session, (state) => state.session?.mode ?? null);
  useEffect(() => {
    document.title = mode === null ? 'FlinkTrade' : `FlinkTrade \u2013 ${MODE_WORDS[mode]}`;
  }, [mode]);
}
