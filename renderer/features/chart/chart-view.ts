import {
  createChart,
  CrosshairMode,
  LineSeries,
  LineStyle,
  LineType,
  type IChartApi,
  type ISeriesApi,
  type LineData,
  type MouseEventParams,
  type UTCTimestamp,
  type WhitespaceData,
} from 'lightweight-charts';
import type { ChartStore } from '../../stores/chart-store.ts';
import type { ChartSpan } from '../../stores/settings-store.ts';
import { applyLook, applyTexts } from './chart-look.ts';
import { gridOf, pointsAcross, POINTS_MAX, sampleOf, type Grid } from './chart-points.ts';
import { TradeMarks, type TradeMarksOptions } from './trade-marks.ts';

/**
 * The chart of one symbol: bid, ask, our ask as steps, trades as marks. Painted by the frame loop: new buckets are
 * appended, everything else (another symbol, span, theme, zone) redraws it. Prices are drawn as fractions, since a pixel
 * needs no more; every number that is written comes from the whole-number samples.
 */
const PRICE_SCALE = 1e8;
/** More new points than this in one frame are cheaper drawn afresh. */
const APPEND_MAX = 60;
const RIGHT_GAP_POINTS = 6;
const RIGHT_GAP_SHARE = 0.01;
/** A session that has just begun is not blown up over the whole width. */
const POINTS_SHOWN_MIN = 60;
/** Room for half of the first label of the time axis. */
const LEFT_GAP_SHARE = 0.065;

export interface ChartReading {
  readonly timeMs: number;
  readonly bid: number;
  readonly ask: number;
  readonly ourAsk: number;
  readonly isCrosshair: boolean;
}

export interface ChartViewOptions {
  readonly onReading: (reading: ChartReading | null) => void;
  readonly onFollowing: (isFollowing: boolean) => void;
  readonly marks: TradeMarksOptions;
}

type Point = LineData<UTCTimestamp> | WhitespaceData<UTCTimestamp>;
type Line = ISeriesApi<'Line', UTCTimestamp>;

export class ChartView {
  readonly #chart: IChartApi;
  readonly #store: ChartStore;
  readonly #options: ChartViewOptions;
  readonly #bid: Line;
  readonly #ask: Line;
  readonly #ourAsk: Line;
  readonly #marks: TradeMarks;
  #span: ChartSpan = '5m';
  #zone = 'UTC';
  #decimals = 2;
  #grid: Grid | null = null;
  #generation = -1;
  #tradeCount = -1;
  #crosshairMs: number | null = null;
  #following = true;
  #moving = false;
  #stale = true;

  constructor(host: HTMLElement, store: ChartStore, options: ChartViewOptions) {
    this.#store = store;
    this.#options = options;
    this.#chart = createChart(host, {
      autoSize: true,
      layout: { attributionLogo: false, fontSize: 11 },
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: RIGHT_GAP_POINTS, minBarSpacing: 0.05 },
      rightPriceScale: { scaleMargins: { top: 0.14, bottom: 0.08 }, borderVisible: false },
      handleScale: { axisPressedMouseMove: true },
    });
    const common = { lineWidth: 1, priceLineVisible: false, lastValueVisible: true, crosshairMarkerRadius: 3 } as const;
    const line = (options_: Parameters<IChartApi['addSeries']>[1]): Line =>
      this.#chart.addSeries(LineSeries, { ...common, ...options_ }) as unknown as Line;
    this.#ask = line({ lineType: LineType.WithSteps });
    this.#bid = line({ lineType: LineType.WithSteps });
    this.#ourAsk = line({ lineType: LineType.WithSteps, lineWidth: 2, lineStyle: LineStyle.Solid });
    this.#marks = new TradeMarks(this.#chart, this.#bid, options.marks);
    this.#chart.subscribeCrosshairMove((event) => this.#crosshairMoved(event));
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.#rangeChanged());
    // The library keeps the width of a point, so that another width of the panel would show another span.
    this.#chart.timeScale().subscribeSizeChange(() => this.#fitSpan());
    this.setLook();
  }

  setSpan(span: ChartSpan): void {
    this.#span = span;
    this.follow();
  }

  setZone(zone: string): void {
    this.#zone = zone;
    this.#stale = true;
    this.#applyTexts();
  }

  setDecimals(decimals: number): void {
    if (decimals === this.#decimals) return;
    this.#decimals = decimals;
    this.#applyTexts();
  }

  /** Back to the newest, after a person scrolled or zoomed. */
  follow(): void {
    this.#following = true;
    this.#stale = true;
    this.#options.onFollowing(true);
  }

  /** Reads the theme's colours; to be called when it changes. */
  setLook(): void {
    const color = applyLook(this.#chart);
    this.#bid.applyOptions({ color: color('--bid') });
    this.#ask.applyOptions({ color: color('--ask') });
    this.#ourAsk.applyOptions({ color: color('--our-ask') });
    this.#marks.setColors(color('--text-1'), color('--focus'));
    this.#applyTexts();
  }

  /** Whether the line would go on to the right, or be another one. @param nowMs as `paint` */
  hasNewBucket(nowMs: number): boolean {
    const grid = gridOf(this.#store, this.#span, nowMs);
    return this.#stale || this.#generation !== this.#store.generation || grid?.last !== this.#grid?.last;
  }

  /** @param nowMs event time of the session, NaN while there is none */
  paint(nowMs: number): void {
    const grid = gridOf(this.#store, this.#span, nowMs);
    if (grid === null) {
      this.#clear();
      return;
    }
    const isOld = this.#stale || this.#generation !== this.#store.generation || this.#grid?.bucketMs !== grid.bucketMs;
    const before = this.#grid;
    if (isOld || before === null || grid.last - before.last > APPEND_MAX || this.#isTooWide(before, grid)) {
      this.#redraw(grid);
    } else {
      this.#append(before, grid);
    }
    this.#drawMarks();
    this.#tell();
  }

  dispose(): void {
    this.#marks.dispose();
    this.#chart.remove();
  }

  /** While a person looks at the past nothing may move away under the crosshair, within bounds. */
  #isTooWide(before: Grid, grid: Grid): boolean {
    const drawn = grid.last - before.first + 1;
    return drawn > (this.#following ? POINTS_MAX * 1.25 : POINTS_MAX * 3);
  }

  #clear(): void {
    if (this.#grid === null && !this.#stale) return;
    this.#grid = null;
    this.#stale = false;
    for (const line of [this.#bid, this.#ask, this.#ourAsk]) line.setData([]);
    // The prices of the symbol before would stand at its edge.
    this.#chart.priceScale('right').applyOptions({ visible: false });
    this.#marks.clear();
    this.#options.onReading(null);
  }

  #redraw(grid: Grid): void {
    if (this.#grid === null) this.#chart.priceScale('right').applyOptions({ visible: true });
    const bids: Point[] = [];
    const asks: Point[] = [];
    const ourAsks: Point[] = [];
    for (let bucket = grid.first; bucket <= grid.last; bucket += 1) {
      const sample = sampleOf(this.#store, grid, bucket);
      if (sample < 0) continue;
      const time = timeOf(grid, bucket);
      bids.push(pointOf(time, this.#store.bid(sample)));
      asks.push(pointOf(time, this.#store.ask(sample)));
      ourAsks.push(pointOf(time, this.#store.ourAsk(sample)));
    }
    this.#bid.setData(bids);
    this.#ask.setData(asks);
    this.#ourAsk.setData(ourAsks);
    this.#grid = grid;
    this.#generation = this.#store.generation;
    this.#stale = false;
    this.#tradeCount = -1;
    if (this.#following) this.#showNewest(bids.length, grid);
  }

  #append(before: Grid, grid: Grid): void {
    for (let bucket = before.last; bucket <= grid.last; bucket += 1) {
      const sample = sampleOf(this.#store, grid, bucket);
      if (sample < 0) continue;
      const time = timeOf(grid, bucket);
      this.#bid.update(pointOf(time, this.#store.bid(sample)));
      this.#ask.update(pointOf(time, this.#store.ask(sample)));
      this.#ourAsk.update(pointOf(time, this.#store.ourAsk(sample)));
    }
    this.#grid = { ...grid, first: before.first };
    if (this.#following && grid.last !== before.last) this.#showNewest(grid.last - before.first + 1, grid);
  }

  #fitSpan(): void {
    const grid = this.#grid;
    if (grid !== null && this.#following) this.#showNewest(grid.last - grid.first + 1, grid);
  }

  #showNewest(points: number, grid: Grid): void {
    const across = pointsAcross(this.#span, grid);
    const shown = Math.max(Math.min(points, across), POINTS_SHOWN_MIN);
    const first = Math.max(0, points - across);
    this.#moving = true;
    this.#chart.timeScale().setVisibleLogicalRange({
      from: first - shown * LEFT_GAP_SHARE,
      to: first + shown + shown * RIGHT_GAP_SHARE,
    });
    this.#moving = false;
  }

  #drawMarks(): void {
    const { trades } = this.#store;
    const grid = this.#grid;
    if (grid === null || trades.length === this.#tradeCount) return;
    this.#tradeCount = trades.length;
    this.#marks.set(trades, grid.bucketMs, grid.first * grid.bucketMs);
  }

  #crosshairMoved(event: MouseEventParams): void {
    this.#crosshairMs = event.time === undefined || event.point === undefined ? null : Number(event.time) * 1000;
    this.#tell();
  }

  /** Exact values at the crosshair, or the newest. */
  #tell(): void {
    const grid = this.#grid;
    if (grid === null) return;
    this.#labelNewest();
    const bucket = this.#crosshairMs === null ? null : Math.round(this.#crosshairMs / grid.bucketMs);
    const sample = bucket === null ? this.#store.count - 1 : sampleOf(this.#store, grid, bucket);
    if (sample < 0) return;
    this.#options.onReading({
      timeMs: this.#store.timeMs(sample),
      bid: this.#store.bid(sample),
      ask: this.#store.ask(sample),
      ourAsk: this.#store.ourAsk(sample),
      isCrosshair: bucket !== null,
    });
  }

  /** A price that there is no more (the bid is gone, the position closed) does not stand at the edge as if it held. */
  #labelNewest(): void {
    const newest = this.#store.count - 1;
    const prices = [this.#store.bid(newest), this.#store.ask(newest), this.#store.ourAsk(newest)];
    [this.#bid, this.#ask, this.#ourAsk].forEach((line, index) => {
      const isLabelled = prices[index] !== 0;
      if (line.options().lastValueVisible !== isLabelled) line.applyOptions({ lastValueVisible: isLabelled });
    });
  }

  /** A range that we did not set was set by a person. */
  #rangeChanged(): void {
    if (this.#moving || !this.#following || !this.#isPointed) return;
    this.#following = false;
    this.#options.onFollowing(false);
  }

  #isPointed = false;

  /** The page says whether wheel or button are being used on the chart: the library does not tell why a range changed. */
  setPointed(isPointed: boolean): void {
    this.#isPointed = isPointed;
  }

  #applyTexts(): void {
    const priceFormat = applyTexts(this.#chart, this.#decimals, this.#zone);
    for (const line of [this.#bid, this.#ask, this.#ourAsk]) line.applyOptions({ priceFormat });
  }
}

function timeOf(grid: Grid, bucket: number): UTCTimestamp {
  return ((bucket * grid.bucketMs) / 1000) as UTCTimestamp;
}

function pointOf(time: UTCTimestamp, units: number): Point {
  return units === 0 ? { time } : { time, value: units / PRICE_SCALE };
}
