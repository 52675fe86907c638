import { BAR_INTERVALS, BAR_PRICES } from '../../engine/contract/bars.ts';
import { isZone } from '../format/time-text.ts';
import { SORT_COLUMNS, SORT_DEFAULT, type Sort } from '../stores/position-view.ts';
import { SETTINGS_DEFAULT, type Settings } from '../stores/settings-store.ts';

/**
 * Reads settings that were stored by some version of the program: each value counts only when it is one of today's, so
 * that an old or damaged record never breaks the window.
 */
export function readSettings(stored: unknown): Settings {
  if (typeof stored !== 'object' || stored === null) return SETTINGS_DEFAULT;
  const of = stored as Readonly<Record<string, unknown>>;
  const d = SETTINGS_DEFAULT;
  return {
    theme: oneOf(of['theme'], ['dark', 'light'], d.theme),
    palette: oneOf(of['palette'], ['green-red', 'red-green', 'blue-orange'], d.palette),
    flash: typeof of['flash'] === 'boolean' ? of['flash'] : d.flash,
    density: oneOf(of['density'], ['high', 'medium'], d.density),
    zone: typeof of['zone'] === 'string' && isZone(of['zone']) ? of['zone'] : d.zone,
    workers: whole(of['workers'], 1, 32, d.workers),
    chartSpan: oneOf(of['chartSpan'], ['1m', '5m', '15m', '1h', 'all'], d.chartSpan),
    chartInterval: oneOf(of['chartInterval'], ['ticks', ...BAR_INTERVALS], d.chartInterval),
    chartPrice: oneOf(of['chartPrice'], BAR_PRICES, d.chartPrice),
    sidePanel: oneOf(of['sidePanel'], ['trades', 'orders', 'problems'], d.sidePanel),
    tableShare: share(of['tableShare'], d.tableShare),
    chartShare: share(of['chartShare'], d.chartShare),
    columnWidths: widths(of['columnWidths']),
    sort: sort(of['sort']),
    serverOn: of['serverOn'] === true,
    feedUrl: typeof of['feedUrl'] === 'string' ? of['feedUrl'] : d.feedUrl,
    gatewayUrl: typeof of['gatewayUrl'] === 'string' ? of['gatewayUrl'] : d.gatewayUrl,
    selectedSymbol: typeof of['selectedSymbol'] === 'string' ? of['selectedSymbol'] : null,
  };
}

function oneOf<const T extends string>(value: unknown, allowed: readonly T[], fallback: T): T {
  return allowed.find((candidate) => candidate === value) ?? fallback;
}

function whole(value: unknown, min: number, max: number, fallback: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : fallback;
}

/** A panel keeps at least a fifth of the window. */
function share(value: unknown, fallback: number): number {
  return typeof value === 'number' && value >= 0.2 && value <= 0.8 ? value : fallback;
}

function sort(value: unknown): Sort {
  if (typeof value !== 'object' || value === null) return SORT_DEFAULT;
  const of = value as Readonly<Record<string, unknown>>;
  const column = SORT_COLUMNS.find((candidate) => candidate === of['column']);
  if (column === undefined) return SORT_DEFAULT;
  return { column, direction: oneOf(of['direction'], ['ascending', 'descending'], 'ascending') };
}

function widths(value: unknown): Readonly<Record<string, number>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] > 0),
  );
}
