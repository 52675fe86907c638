import './chart.css';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { Workstation } from '../../bridge/workstation.ts';
import { NOTHING, priceText } from '../../format/decimal-text.ts';
import { timeText } from '../../format/time-text.ts';
import { BAR_INTERVALS, type BarPrice } from '../../../engine/contract/bars.ts';
import type { ChartInterval, ChartSpan } from '../../stores/settings-store.ts';
import { Segmented } from '../../ui/segmented.tsx';
import { useStore, useWorkstation } from '../../ui/workstation-context.ts';
import { CandleChart } from './candle-chart.tsx';
import { shownDecimals } from './chart-look.ts';
import { ChartHost, explainingMarks } from './chart-host.tsx';
import { ChartView, type ChartReading } from './chart-view.ts';

const SPANS: readonly { readonly value: ChartSpan; readonly text: string }[] = [
  { value: '1m', text: '1m' },
  { value: '5m', text: '5m' },
  { value: '15m', text: '15m' },
  { value: '1h', text: '1h' },
  { value: 'all', text: 'All' },
];
/** A line that goes on to the right is smooth at thirty pictures a second; each is a whole canvas. */
const CHART_PAINT_MS = 30;
/** While only its last point moves up and down, more pictures than this show nothing that an eye could read. */
const CHART_SETTLED_PAINT_MS = 100;

const INTERVALS: readonly { readonly value: ChartInterval; readonly text: string }[] = [
  { value: 'ticks', text: 'Ticks' },
  ...BAR_INTERVALS.map((value) => ({ value, text: value })),
];
const PRICES: readonly { readonly value: BarPrice; readonly text: string }[] = [
  { value: 'bid', text: 'Bid' },
  { value: 'mid', text: 'Mid' },
  { value: 'ask', text: 'Ask' },
];

export function ChartPanel() {
  const workstation = useWorkstation();
  const phase = useSyncExternalStore(workstation.chart.subscribe, () => workstation.chart.phase);
  const span = useStore(workstation.settings, (state) => state.chartSpan);
  const interval = useStore(workstation.settings, (state) => state.chartInterval);
  const price = useStore(workstation.settings, (state) => state.chartPrice);
  return (
    <section className="panel" aria-label="Chart">
      <div className="panel-bar chart-bar">
        <div className="chart-head">
          <h2 className="panel-title chart-symbol" data-testid="chart-symbol">
            {phase.kind === 'nothing-chosen' ? 'Chart' : phase.symbol}
          </h2>
          {phase.kind === 'nothing-chosen' ? null : (
            <button type="button" className="button quiet" onClick={() => workstation.layout.show('symbol-state')}>
              State
            </button>
          )}
        </div>
        {interval === 'ticks' ? (
          <Segmented
            label="Time span"
            value={span}
            options={SPANS}
            onChange={(chartSpan) => workstation.settings.set({ chartSpan })}
          />
        ) : (
          <Segmented
            label="Price"
            value={price}
            options={PRICES}
            onChange={(chartPrice) => workstation.settings.set({ chartPrice })}
          />
        )}
        <Segmented
          label="Interval"
          value={interval}
          options={INTERVALS}
          onChange={(chosen) => workstation.setChartInterval(chosen)}
        />
      </div>
      <div className="panel-body">
        {interval === 'ticks' ? <TickChart /> : <CandleChart />}
        {phase.kind === 'nothing-chosen' ? (
          <div className="empty">
            <strong>No symbol chosen</strong>
            <span>Click a row of the table to see its bid, ask, our ask and our trades.</span>
          </div>
        ) : null}
      </div>
    </section>
  );
}

/** Every quote: bid, ask and our ask as steps. */
function TickChart() {
  const workstation = useWorkstation();
  const host = useRef<HTMLDivElement>(null);
  const reading = useRef<HTMLDivElement>(null);
  const hint = useRef<HTMLOutputElement>(null);
  const view = useRef<ChartView | null>(null);
  const [isFollowing, setFollowing] = useState(true);
  const phase = useSyncExternalStore(workstation.chart.subscribe, () => workstation.chart.phase);
  const isOver = useStore(workstation.session, (state) => state.status.kind === 'finished');
  useEffect(() => {
    if (host.current === null || reading.current === null || hint.current === null) return undefined;
    const places = { host: host.current, reading: reading.current, hint: hint.current };
    return mountChart(workstation, places, view, setFollowing);
  }, [workstation]);
  return (
    <>
      <ChartHost host={host} hint={hint} testId="chart" />
      <div ref={reading} className="chart-reading" data-testid="chart-reading" hidden />
      {isFollowing || phase.kind !== 'showing' ? null : (
        <button type="button" className="button chart-now" onClick={() => view.current?.follow()}>
          Back to now
        </button>
      )}
      {phase.kind === 'loading' ? (
        <div className="empty" style={{ pointerEvents: 'none' }}>
          <strong>{phase.symbol}</strong>
          <span>{isOver ? 'This session had no quotes of it.' : 'Waiting for its quotes\u2026'}</span>
        </div>
      ) : null}
    </>
  );
}

function mountChart(
  workstation: Workstation,
  { host, reading: readingHost, hint }: Readonly<Record<'host' | 'reading' | 'hint', HTMLElement>>,
  holder: { current: ChartView | null },
  onFollowing: (isFollowing: boolean) => void,
): () => void {
  const { chart, settings, session, rows, frameLoop } = workstation;
  const write = makeReadingWriter(readingHost);
  const decimals = (): number => shownDecimals(rows, chart);
  const view = new ChartView(host, chart, {
    onReading: (reading) => write(reading, decimals(), settings.getState().zone),
    onFollowing,
    marks: explainingMarks(workstation, host, hint),
  });
  holder.current = view;
  let seen = settings.getState();
  view.setSpan(seen.chartSpan);
  view.setZone(seen.zone);
  const follow = (): void => {
    const state = settings.getState();
    if (state.chartSpan !== seen.chartSpan) view.setSpan(state.chartSpan);
    if (state.zone !== seen.zone) view.setZone(state.zone);
    // The page's attributes change with React's next commit; the colours are read after it.
    if (state.theme !== seen.theme || state.palette !== seen.palette) requestAnimationFrame(() => view.setLook());
    seen = state;
    frameLoop.mark();
  };
  const pointed = new AbortController();
  const options = { signal: pointed.signal, passive: true, capture: true };
  for (const name of ['wheel', 'pointerdown', 'touchstart'] as const) {
    host.addEventListener(name, () => view.setPointed(true), options);
  }
  host.addEventListener('pointerleave', () => view.setPointed(false), options);
  let drawnSymbol: string | null = null;
  let drawnAtMs = -Infinity;
  const painter = {
    paint: (nowMs: number): void => {
      const newest = rows.newestQuoteMs;
      const eventTimeMs = Number.isNaN(newest) ? (session.getState().progress?.eventTimeMs ?? NaN) : newest;
      const pauseMs = view.hasNewBucket(eventTimeMs) ? CHART_PAINT_MS : CHART_SETTLED_PAINT_MS;
      if (chart.symbol === drawnSymbol && nowMs - drawnAtMs < pauseMs) return;
      drawnAtMs = nowMs;
      if (chart.symbol !== drawnSymbol) {
        drawnSymbol = chart.symbol;
        view.setPointed(false);
        view.follow();
      }
      view.setDecimals(decimals());
      view.paint(eventTimeMs);
    },
  };
  const undo = [frameLoop.add(painter), settings.subscribe(follow), chart.subscribe(() => frameLoop.mark())];
  frameLoop.mark();
  return () => {
    for (const end of undo) end();
    pointed.abort();
    holder.current = null;
    view.dispose();
  };
}

/** The line of exact values over the chart; touched only when one of them changed. */
function makeReadingWriter(host: HTMLElement): (reading: ChartReading | null, decimals: number, zone: string) => void {
  const fields = (['time', 'bid', 'ask', 'our-ask'] as const).map((name) => {
    const field = document.createElement('span');
    const value = document.createElement('b');
    value.dataset['reading'] = name;
    if (name !== 'time') {
      const key = document.createElement('i');
      key.className = `key ${name}`;
      field.append(key, `${{ bid: 'Bid', ask: 'Ask', 'our-ask': 'Our ask' }[name]} `);
    }
    field.append(value);
    host.append(field);
    return value;
  });
  const set = (index: number, text: string): void => {
    const field = fields[index];
    if (field !== undefined && field.textContent !== text) field.textContent = text;
  };
  return (reading, decimals, zone) => {
    host.hidden = reading === null;
    if (reading === null) return;
    const price = (units: number): string => (units === 0 ? NOTHING : priceText(units, decimals));
    set(0, timeText(reading.timeMs, zone));
    set(1, price(reading.bid));
    set(2, price(reading.ask));
    set(3, price(reading.ourAsk));
  };
}
