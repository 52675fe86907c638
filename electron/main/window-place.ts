import type { WindowPlace } from '../contract/channels.ts';

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const WINDOW_SIZE_DEFAULT = { width: 1440, height: 900 };
/** Below this the table loses its six columns. */
export const WINDOW_SIZE_MIN = { width: 900, height: 560 };

/**
 * Where a remembered window may stand on the displays of today: moved and shrunk to lie whole on the display it covers
 * most; centred on the first one when it would be on none (a monitor that stayed at the office).
 */
export function clampToDisplays(place: WindowPlace, displays: readonly Area[]): WindowPlace {
  const first = displays[0];
  if (first === undefined) return place;
  let best: Area | null = null;
  let bestOverlap = 0;
  for (const display of displays) {
    const overlap = overlapOf(place, display);
    if (overlap > bestOverlap) {
      best = display;
      bestOverlap = overlap;
    }
  }
  const display = best ?? first;
  const width = Math.min(Math.max(place.width, WINDOW_SIZE_MIN.width), display.width);
  const height = Math.min(Math.max(place.height, WINDOW_SIZE_MIN.height), display.height);
  if (best === null) {
    return {
      x: display.x + Math.floor((display.width - width) / 2),
      y: display.y + Math.floor((display.height - height) / 2),
      width,
      height,
      maximized: place.maximized,
    };
  }
  const x = Math.min(Math.max(place.x, display.x), display.x + display.width - width);
  const y = Math.min(Math.max(place.y, display.y), display.y + display.height - height);
  return { x, y, width, height, maximized: place.maximized };
}

function overlapOf(place: Area, display: Area): number {
  const width = Math.min(place.x + place.width, display.x + display.width) - Math.max(place.x, display.x);
  const height = Math.min(place.y + place.height, display.y + display.height) - Math.max(place.y, display.y);
  return width > 0 && height > 0 ? width * height : 0;
}
