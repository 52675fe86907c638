import { useEffect, useRef, useSyncExternalStore } from 'react';
import type { Workstation } from '../../bridge/workstation.ts';
import { barPriceText } from '../../format/bar-text.ts';
import { countText, NOTHING, sharesText } from '../../format/decimal-text.ts';
import { timeText } from '../../format/time-text.ts';
import { useWorkstation } from '../../ui/workstation-context.ts';
import { CandleView, type CandleReading } from './candle-view.ts';
import { ChartHost, explainingMarks } from './chart-host.tsx';
import { shownDecimals } from './chart-look.ts';

/** The chosen symbol's bars, as candles. */
export function CandleChart() {
  const workstation = useWorkstation();
  const host = useRef<HTMLDivElement>(null);
  const reading = useRef<HTMLDivElement>(null);
  const hint = useRef<HTMLOutputElement>(null);
  const phase = useSyncExternalStore(workstation.bars.subscribe, () => workstation.bars.phase);
  useEffect(() => {
    if (host.current === null || reading.current === null || hint.current === null) return undefined;
    return mountCandles(workstation, host.current, reading.current, hint.current);
  }, [workstation]);
  return (
    <>
      <ChartHost host={host} hint={hint} testId="candles" />
      <div ref={reading} className="chart-reading" data-testid="candle-reading" hidden />
      {phase === 'loading' ? (
        <div className="empty" style={{ pointerEvents: 'none' }}>
          <span>Waiting for its first bar{'\u2026'}</span>
        </div>
      ) : null}
      {phase === 'not-built' ? (
        <div className="empty" data-testid="bars-not-built">
          <strong>This session builds no bars</strong>
          <span>Bars are built from a session{'\u2019'}s beginning, when an interval is chosen as it is opened.</span>
          {workstation.opening.canOpenAgain ? (
            <button type="button" className="button" onClick={() => workstation.opening.openAgain()}>
              Open it again with bars
            </button>
          ) : null}
        </div>
      ) : null}
    </>
  );
}

function mountCandles(
  workstation: Workstation,
  host: HTMLElement,
  readingHost: HTMLElement,
  hint: HTMLElement,
): () => void {
  const { bars, chart, settings, rows, frameLoop } = workstation;
  const write = makeReadingWriter(readingHost);
  const decimals = (): number => shownDecimals(rows, chart);
  const view = new CandleView(host, bars, chart, {
    onReading: (reading) => write(reading, decimals(), settings.getState().zone),
    marks: explainingMarks(workstation, host, hint),
  });
  let seen = settings.getState();
  view.setPrice(seen.chartPrice);
  view.setZone(seen.zone);
  const follow = (): void => {
    const state = settings.getState();
    if (state.chartPrice !== seen.chartPrice) view.setPrice(state.chartPrice);
    if (state.zone !== seen.zone) view.setZone(state.zone);
    // The page's attributes change with React's next commit; the colours are read after it.
    if (state.theme !== seen.theme || state.palette !== seen.palette) requestAnimationFrame(() => view.setLook());
    seen = state;
    frameLoop.mark();
  };
  const painter = {
    paint: (): void => {
      view.setDecimals(decimals());
      view.paint();
    },
  };
  const undo = [frameLoop.add(painter), settings.subscribe(follow), bars.subscribe(() => frameLoop.mark())];
  frameLoop.mark();
  return () => {
    for (const end of undo) end();
    view.dispose();
  };
}

const FIELDS = ['time', 'open', 'high', 'low', 'close', 'quotes', 'traded', 'vwap'] as const;
const LABELS = {
  time: '',
  open: 'O',
  high: 'H',
  low: 'L',
  close: 'C',
  quotes: 'Quotes',
  traded: 'Traded',
  vwap: 'VWAP',
} as const;

/** The line of exact values over the chart; touched only when one of them changed. */
function makeReadingWriter(host: HTMLElement): (reading: CandleReading | null, decimals: number, zone: string) => void {
  const fields = FIELDS.map((name) => {
    const field = document.createElement('span');
    const value = document.createElement('b');
    value.dataset['reading'] = name;
    if (LABELS[name] !== '') field.append(`${LABELS[name]} `);
    field.append(value);
    host.append(field);
    return value;
  });
  return (reading, decimals, zone) => {
    host.hidden = reading === null;
    if (reading === null) return;
    const { open, high, low, close } = reading;
    const texts = [
      timeText(reading.startMs, zone),
      ...[open, high, low, close].map((price) => barPriceText(price, decimals)),
      countText(reading.quotes),
      reading.shares === 0 ? NOTHING : sharesText(reading.shares),
      barPriceText(reading.vwap, decimals),
    ];
    texts.forEach((text, index) => {
      const field = fields[index];
      if (field !== undefined && field.textContent !== text) field.textContent = text;
    });
  };
}
