import type { BarInterval, BarPrice } from '../../engine/contract/bars.ts';
import { createStore } from 'zustand/vanilla';
import { ZONE_DEFAULT } from '../format/time-text.ts';
import { SORT_DEFAULT, type Sort } from './position-view.ts';

/**
 * How a person wants the workstation to look and start. Kept in IndexedDB; nothing here changes what is traded, but where
 * trades are sent.
 */
export type Theme = 'dark' | 'light';
export type Palette = 'green-red' | 'red-green' | 'blue-orange';
export type Density = 'high' | 'medium';
export type ChartSpan = '1m' | '5m' | '15m' | '1h' | 'all';
/** What a chart is made of: every quote, or bars of a length. */
export type ChartInterval = 'ticks' | BarInterval;
export type SidePanel = 'trades' | 'orders' | 'problems';

export interface Settings {
  readonly theme: Theme;
  readonly palette: Palette;
  readonly flash: boolean;
  readonly density: Density;
  /** IANA name. */
  readonly zone: string;
  readonly workers: number;
  readonly chartSpan: ChartSpan;
  /** A session that is opened while bars are chosen builds them. */
  readonly chartInterval: ChartInterval;
  readonly chartPrice: BarPrice;
  readonly sidePanel: SidePanel;
  /** Shares of the window, 0..1. */
  readonly tableShare: number;
  readonly chartShare: number;
  readonly columnWidths: Readonly<Record<string, number>>;
  /** Of the position table. */
  readonly sort: Sort;
  readonly selectedSymbol: string | null;
  /** The live feed that was connected to last. */
  readonly feedUrl: string;
  /** Where trades go as orders; empty: paper trading. Holds from the next session on. */
  readonly gatewayUrl: string;
  /** Whether programs on this machine may ask for the state of the session. */
  readonly serverOn: boolean;
}

export const SETTINGS_DEFAULT: Settings = {
  theme: 'dark',
  palette: 'green-red',
  flash: true,
  density: 'high',
  zone: ZONE_DEFAULT,
  workers: 1,
  chartSpan: '5m',
  chartInterval: 'ticks',
  chartPrice: 'mid',
  sidePanel: 'trades',
  tableShare: 0.66,
  chartShare: 0.58,
  columnWidths: {},
  sort: SORT_DEFAULT,
  selectedSymbol: null,
  feedUrl: '',
  gatewayUrl: '',
  serverOn: false,
};

export function gatewayOf({ gatewayUrl }: Settings): string | null {
  const url = gatewayUrl.trim().replace(/\/+$/, '');
  return url === '' ? null : url;
}

export const ROW_HEIGHT: Readonly<Record<Density, number>> = { high: 22, medium: 28 };

export type SettingsStore = ReturnType<typeof makeSettingsStore>;

export function makeSettingsStore() {
  const store = createStore<Settings>(() => SETTINGS_DEFAULT);
  return {
    ...store,
    set: (part: Partial<Settings>) => store.setState(part),
    /** Looks go back to how they come; what a person chose to look at stays. */
    reset: () =>
      store.setState({
        ...SETTINGS_DEFAULT,
        selectedSymbol: store.getState().selectedSymbol,
        feedUrl: store.getState().feedUrl,
        gatewayUrl: store.getState().gatewayUrl,
        serverOn: store.getState().serverOn,
      }),
  };
}
