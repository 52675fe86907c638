import { ColorType, type IChartApi } from 'lightweight-charts';
import { priceText } from '../../format/decimal-text.ts';
import { minuteText, secondText, timeText } from '../../format/time-text.ts';

/** What the charts of a symbol have in common: the theme's colours and how numbers and times are written. */
const PRICE_UNITS = 1e8;

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
    localization: { priceFormatter: price, timeFormatter: (time: number) => timeText(Math.round(time * 1000), zone) },
    timeScale: {
      tickMarkFormatter: (time: number, kind: number) =>
        // Kinds 0 to 2 are years, months and days; 3 is minutes, 4 is seconds.
        kind === 4 ? secondText(time * 1000, zone) : minuteText(time * 1000, zone),
    },
  });
  return { type: 'custom', formatter: price, minMove: 10 ** -decimals } as const;
}
