import {
  CandlestickSeries,
  createChart,
  CrosshairMode,
  type CandlestickData,
  type IChartApi,
  type ISeriesApi,
  type MouseEventParams,
  type UTCTimestamp,
} from 'lightweight-charts';
import {
  BAR_INTERVALS_MS,
  BAR_PRICE_OFFSET,
  BAR_PRICE_SCALE,
  BAR_QUOTES_WORD,
  BAR_SHARES_WORD,
  BAR_VWAP_WORD,
  type BarPrice,
} from '../../../engine/contract/bars.ts';
import type { BarStore } from '../../stores/bar-store.ts';
import type { ChartStore } from '../../stores/chart-store.ts';
import { applyLook, applyTexts } from './chart-look.ts';
import { TradeMarks, type TradeMarksOptions } from './trade-marks.ts';

/** Bars across the panel while a person has not zoomed. */
const BARS_ACROSS = 120;
/** A session that has just begun is not blown up over the whole width. */
const BARS_SHOWN_MIN = 30;
const RIGHT_GAP_BARS = 3;
/** The newest bars may have grown since they were drawn. */
const REDRAWN_BARS = 3;

export interface CandleReading {
  readonly startMs: number;
  /** In 5e-9; 0: none. */
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly quotes: number;
  /** Of our trades, 1e-6; 0: none. */
  readonly shares: number;
  /** Their volume-weighted price, in 5e-9. */
  readonly vwap: number;
}

export interface CandleViewOptions {
  readonly onReading: (reading: CandleReading | null) => void;
  readonly marks: TradeMarksOptions;
}

/**
 * The chart of one symbol as candles, which the engine makes; our trades as marks on the bars in which they were. Painted
 * by the frame loop: the newest bar as it grows, everything else only when it changed. What is written comes from the whole
 * numbers, pixels from fractions.
 */
export class CandleView {
  readonly #chart: IChartApi;
  readonly #bars: BarStore;
  readonly #trades: ChartStore;
  readonly #options: CandleViewOptions;
  readonly #candles: ISeriesApi<'Candlestick', UTCTimestamp>;
  readonly #marks: TradeMarks;
  #price: BarPrice = 'mid';
  #zone = 'UTC';
  #decimals = 2;
  #isStale = true;
  #change = -1;
  #generation = -1;
  #drawnCount = 0;
  /** Time of the newest bar that is drawn. */
  #newestSeconds = -Infinity;
  #tradeCount = -1;
  #crosshairMs: number | null = null;

  constructor(host: HTMLElement, bars: BarStore, trades: ChartStore, options: CandleViewOptions) {
    this.#bars = bars;
    this.#trades = trades;
    this.#options = options;
    this.#chart = createChart(host, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11 },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: RIGHT_GAP_BARS },
      rightPriceScale: { scaleMargins: { top: 0.14, bottom: 0.08 }, borderVisible: false },
    });
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      priceLineVisible: false,
    }) as unknown as ISeriesApi<'Candlestick', UTCTimestamp>;
    this.#marks = new TradeMarks(this.#chart, this.#candles, options.marks);
    this.#chart.subscribeCrosshairMove((event) => this.#crosshairMoved(event));
    this.setLook();
  }

  setPrice(price: BarPrice): void {
    this.#price = price;
    this.#isStale = true;
  }

  setZone(zone: string): void {
    this.#zone = zone;
    this.#applyTexts();
  }

  setDecimals(decimals: number): void {
    if (decimals === this.#decimals) return;
    this.#decimals = decimals;
    this.#applyTexts();
  }

  /** Reads the theme's colours; to be called when it changes. */
  setLook(): void {
    const color = applyLook(this.#chart);
    const [up, down] = [color('--up'), color('--down')];
    const hollow = color('--surface-1');
    // Falling bars are filled, rising ones hollow: colour is never the only sign.
    this.#candles.applyOptions({
      upColor: hollow,
      downColor: down,
      borderUpColor: up,
      borderDownColor: down,
      wickUpColor: up,
      wickDownColor: down,
    });
    this.#marks.setColors(color('--text-1'), color('--focus'));
    this.#applyTexts();
  }

  paint(): void {
    const bars = this.#bars;
    if (this.#isStale || bars.generation !== this.#generation) this.#redraw();
    else if (bars.change !== this.#change) this.#append();
    this.#change = bars.change;
    this.#drawMarks();
    this.#tell();
  }

  dispose(): void {
    this.#marks.dispose();
    this.#chart.remove();
  }

  #redraw(): void {
    const points: CandlestickData<UTCTimestamp>[] = [];
    for (let index = 0; index < this.#bars.count; index += 1) {
      const point = this.#pointAt(index);
      if (point !== null) points.push(point);
    }
    this.#candles.setData(points);
    this.#newestSeconds = points.at(-1)?.time ?? -Infinity;
    this.#drawnCount = this.#bars.count;
    this.#generation = this.#bars.generation;
    this.#isStale = false;
    this.#tradeCount = -1;
    this.#chart.timeScale().setVisibleLogicalRange({
      from: Math.max(-RIGHT_GAP_BARS, points.length - BARS_ACROSS),
      to: Math.max(points.length, BARS_SHOWN_MIN) + RIGHT_GAP_BARS,
    });
  }

  #append(): void {
    for (let index = Math.max(0, this.#drawnCount - REDRAWN_BARS); index < this.#bars.count; index += 1) {
      const point = this.#pointAt(index);
      if (point !== null && !this.#update(point)) return this.#redraw();
    }
    this.#drawnCount = this.#bars.count;
  }

  /** @returns false: an older bar has got its first price, for which the library has no place any more */
  #update(point: CandlestickData<UTCTimestamp>): boolean {
    const isOlder = point.time < this.#newestSeconds;
    if (isOlder && this.#chart.timeScale().timeToIndex(point.time, false) === null) return false;
    this.#candles.update(point, isOlder);
    this.#newestSeconds = Math.max(this.#newestSeconds, point.time);
    return true;
  }

  #pointAt(index: number): CandlestickData<UTCTimestamp> | null {
    const { open, high, low, close } = this.#readingAt(index);
    if (open === 0) return null;
    return {
      time: (this.#bars.startMs(index) / 1000) as UTCTimestamp,
      open: open / BAR_PRICE_SCALE,
      high: high / BAR_PRICE_SCALE,
      low: low / BAR_PRICE_SCALE,
      close: close / BAR_PRICE_SCALE,
    };
  }

  #readingAt(index: number): CandleReading {
    const bars = this.#bars;
    const at = BAR_PRICE_OFFSET[this.#price];
    return {
      startMs: bars.startMs(index),
      open: bars.word(index, at),
      high: bars.word(index, at + 1),
      low: bars.word(index, at + 2),
      close: bars.word(index, at + 3),
      quotes: bars.word(index, BAR_QUOTES_WORD),
      shares: bars.word(index, BAR_SHARES_WORD),
      vwap: bars.word(index, BAR_VWAP_WORD),
    };
  }

  #drawMarks(): void {
    const { trades } = this.#trades;
    const { interval } = this.#bars;
    if (interval === null || this.#bars.count === 0) {
      if (this.#tradeCount !== -1) this.#marks.clear();
      this.#tradeCount = -1;
      return;
    }
    if (trades.length === this.#tradeCount) return;
    this.#tradeCount = trades.length;
    this.#marks.set(trades, BAR_INTERVALS_MS[interval], this.#bars.startMs(0));
  }

  #crosshairMoved(event: MouseEventParams): void {
    this.#crosshairMs = event.time === undefined || event.point === undefined ? null : Number(event.time) * 1000;
    this.#tell();
  }

  /** The bar at the crosshair, or the newest. */
  #tell(): void {
    let index = this.#bars.count - 1;
    const at = this.#crosshairMs;
    if (at !== null) while (index >= 0 && this.#bars.startMs(index) > at) index -= 1;
    this.#options.onReading(index < 0 ? null : this.#readingAt(index));
  }

  #applyTexts(): void {
    this.#candles.applyOptions({ priceFormat: applyTexts(this.#chart, this.#decimals, this.#zone) });
  }
}
