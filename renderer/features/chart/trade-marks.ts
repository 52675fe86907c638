import {
  createSeriesMarkers,
  type IChartApi,
  type ISeriesApi,
  type ISeriesMarkersPluginApi,
  type MouseEventParams,
  type Point,
  type SeriesMarker,
  type SeriesType,
  type UTCTimestamp,
} from 'lightweight-charts';
import type { TradeMessage } from '../../../engine/contract/window.ts';

/** More would hide the prices behind them. */
const MARKS_MAX = 400;
const MARK_SIZE = 0.7;
const CHOSEN_SIZE = 1.6;
/** A mark is some 7 pixels wide: what a hand means is near it. */
const REACH_PX = 10;

interface Mark {
  readonly trade: TradeMessage;
  /** Where it is drawn: the beginning of the step in which it was. */
  readonly time: UTCTimestamp;
}

export interface TradeMarksOptions {
  /** Has the focus while the keys are meant for the chart. */
  readonly host: HTMLElement;
  /** The mark that the mouse or the keys are on; null: none. */
  readonly onPointed: (trade: TradeMessage | null) => void;
  readonly onOpen: (trade: TradeMessage) => void;
}

/**
 * Our trades on a chart, and the way to each of them: a click on a mark, or the arrow keys from one mark in sight to the next
 * and Enter, opens it. A mark is found by where it is drawn, so that the chart may move under the mouse.
 */
export class TradeMarks {
  readonly #chart: IChartApi;
  readonly #series: ISeriesApi<SeriesType, UTCTimestamp>;
  readonly #plugin: ISeriesMarkersPluginApi<UTCTimestamp>;
  readonly #options: TradeMarksOptions;
  readonly #listening = new AbortController();
  /** In the order of time. */
  #marks: readonly Mark[] = [];
  #chosen: TradeMessage | null = null;
  #hovered: TradeMessage | null = null;
  #color = '';
  #chosenColor = '';

  constructor(chart: IChartApi, series: ISeriesApi<SeriesType, UTCTimestamp>, options: TradeMarksOptions) {
    this.#chart = chart;
    this.#series = series;
    this.#options = options;
    this.#plugin = createSeriesMarkers(series, []);
    chart.subscribeCrosshairMove((event) => this.#hover(this.#under(event)));
    chart.subscribeClick((event) => {
      const trade = this.#under(event);
      if (trade !== null) options.onOpen(trade);
    });
    options.host.addEventListener('keydown', (event) => this.#pressed(event), { signal: this.#listening.signal });
  }

  setColors(color: string, chosenColor: string): void {
    this.#color = color;
    this.#chosenColor = chosenColor;
    this.#draw();
  }

  /** The newest trades, each at the beginning of the `stepMs` in which it was; none from before `firstMs`. */
  set(trades: readonly TradeMessage[], stepMs: number, firstMs: number): void {
    const marks: Mark[] = [];
    for (let index = trades.length - 1; index >= 0 && marks.length < MARKS_MAX; index -= 1) {
      const trade = trades[index];
      if (trade === undefined || trade.eventTimeMs < firstMs) break;
      marks.push({ trade, time: ((Math.floor(trade.eventTimeMs / stepMs) * stepMs) / 1000) as UTCTimestamp });
    }
    this.#marks = marks.reverse();
    this.#forgetGone();
    this.#draw();
  }

  clear(): void {
    this.#marks = [];
    this.#forgetGone();
    this.#draw();
  }

  /** The chart is removed by whoever made it. */
  dispose(): void {
    this.#listening.abort();
  }

  /** Marks of another symbol, or of a time that is no longer shown. */
  #forgetGone(): void {
    const isGone = (one: TradeMessage | null): boolean => !this.#marks.some(({ trade }) => trade.id === one?.id);
    if (isGone(this.#chosen)) this.#choose(null);
    if (isGone(this.#hovered)) this.#hover(null);
  }

  #draw(): void {
    const chosenId = this.#chosen?.id;
    this.#plugin.setMarkers(
      this.#marks.map(({ trade, time }): SeriesMarker<UTCTimestamp> => {
        const isChosen = trade.id === chosenId;
        const color = isChosen ? this.#chosenColor : this.#color;
        const size = isChosen ? CHOSEN_SIZE : MARK_SIZE;
        return { time, position: 'atPriceMiddle', price: Number(trade.price), shape: 'circle', color, size };
      }),
    );
  }

  /** The nearest in reach; of several at one place the newest, which lies on top. */
  #under({ point }: MouseEventParams): TradeMessage | null {
    if (point === undefined) return null;
    let found: TradeMessage | null = null;
    let nearest = REACH_PX;
    for (const mark of this.#marks) {
      const at = this.#pointOf(mark);
      if (at === null) continue;
      const distance = Math.hypot(at.x - point.x, at.y - point.y);
      if (distance > nearest) continue;
      nearest = distance;
      found = mark.trade;
    }
    return found;
  }

  /** null: out of sight. */
  #pointOf({ trade, time }: Mark): Point | null {
    const x = this.#chart.timeScale().timeToCoordinate(time);
    const y = this.#series.priceToCoordinate(Number(trade.price));
    if (x === null || y === null || x < 0 || x > this.#chart.timeScale().width()) return null;
    return { x, y };
  }

  #hover(trade: TradeMessage | null): void {
    if (trade?.id === this.#hovered?.id) return;
    this.#hovered = trade;
    this.#options.host.classList.toggle('on-mark', trade !== null);
    this.#options.onPointed(trade ?? this.#chosen);
  }

  #choose(trade: TradeMessage | null): void {
    if (trade?.id === this.#chosen?.id) return;
    this.#chosen = trade;
    this.#draw();
    this.#options.onPointed(trade ?? this.#hovered);
  }

  #pressed(event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const act = this.#actOf(event.key);
    if (act === null) return;
    event.preventDefault();
    act();
  }

  #actOf(key: string): (() => void) | null {
    const chosen = this.#chosen;
    switch (key) {
      case 'Enter':
        return chosen === null ? null : () => this.#options.onOpen(chosen);
      case 'Escape':
        return chosen === null ? null : () => this.#choose(null);
      case 'ArrowLeft':
        return () => this.#step(-1);
      case 'ArrowRight':
        return () => this.#step(1);
      case 'Home':
        return () => this.#choose(this.#inSight().at(0) ?? null);
      case 'End':
        return () => this.#choose(this.#inSight().at(-1) ?? null);
      default:
        return null;
    }
  }

  /** The first step goes to the newest mark in sight, and so does one from a mark that has gone out of it. */
  #step(by: -1 | 1): void {
    const trades = this.#inSight();
    const from = trades.findIndex(({ id }) => id === this.#chosen?.id);
    const to = from < 0 ? trades.length - 1 : Math.min(trades.length - 1, Math.max(0, from + by));
    this.#choose(trades[to] ?? null);
  }

  #inSight(): TradeMessage[] {
    return this.#marks.filter((mark) => this.#pointOf(mark) !== null).map(({ trade }) => trade);
  }
}
