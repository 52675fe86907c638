import { ColorType, TickMarkType, type IChartApi } from 'lightweight-charts';
import { priceText } from '../../format/decimal-text.ts';
import { dayText, minuteText, secondText, timeText } from '../../format/time-text.ts';
import type { ChartStore } from '../../stores/chart-store.ts';
import type { RowStore } from '../../stores/row-store.ts';

/** What the charts of a symbol have in common: the theme's colours and how numbers and times are written. */
const PRICE_UNITS = 1e8;

/** The decimals shown before a symbol's row has come. */
const DECIMALS_DEFAULT = 2;

/** Decimals of the chosen symbol: those of its price step, or more where its prices have more. */
export function shownDecimals(rows: RowStore, chart: ChartStore): number {
  const symbol = chart.symbol === null ? null : rows.find(chart.symbol);
  return Math.max(chart.decimals, symbol === null ? DECIMALS_DEFAULT : rows.get(symbol, 'priceDecimals'));
}

/** A colour, or a font, of the theme by its name. */
export type LookOf = (name: string) => string;

/** Reads the theme's colours, and gives them to the chart. */
export function applyLook(chart: IChartApi): LookOf {
  const style = getComputedStyle(document.documentElement);
  const color: LookOf = (name) => style.getPropertyValue(name).trim();
  chart.applyOptions({
    layout: {
      background: { type: ColorType.Solid, color: color('--surface-1') },
      textColor: color('--text-3'),
      fontFamily: color('--font'),
    },
    grid: { vertLines: { color: color('--chart-grid') }, horzLines: { color: color('--chart-grid') } },
    crosshair: {
      vertLine: { color: color('--text-3'), labelBackgroundColor: color('--surface-3') },
      horzLine: { color: color('--text-3'), labelBackgroundColor: color('--surface-3') },
    },
    timeScale: { borderColor: color('--line') },
  });
  return color;
}

/** How prices and times are written. @returns the same for the prices of a series */
export function applyTexts(chart: IChartApi, decimals: number, zone: string) {
  // The crosshair's price lies between two prices: it is told in whole steps.
  const price = (value: number): string =>
    priceText(Math.round(value * 10 ** decimals) * (PRICE_UNITS / 10 ** decimals), decimals);
  chart.applyOptions({
    localization: {
      priceFormatter: price,
      // A session may last for days: the crosshair tells which.
      timeFormatter: (time: number) => `${dayText(time * 1000, zone)} ${timeText(Math.round(time * 1000), zone)}`,
    },
    timeScale: { tickMarkFormatter: (time: number, kind: TickMarkType) => tickText(time * 1000, kind, zone) },
  });
  return { type: 'custom', formatter: price, minMove: 10 ** -decimals } as const;
}

function tickText(timeMs: number, kind: TickMarkType, zone: string): string {
  switch (kind) {
    case TickMarkType.TimeWithSeconds:
      return secondText(timeMs, zone);
    case TickMarkType.Time:
      return minuteText(timeMs, zone);
    case TickMarkType.DayOfMonth:
    case TickMarkType.Month:
    case TickMarkType.Year:
      return dayText(timeMs, zone);
    default:
      return kind satisfies never;
  }
}
