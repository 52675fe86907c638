/**
 * Bars as the window and the command line speak of them. All prices of bars are whole numbers of 5e-9, half of a price's
 * unit: the mean of a bid and an ask is then exact, and a safe integer still (a price is at most half of what one holds).
 */
export const BAR_PRICE_SCALE = 2e8;

export const BAR_INTERVALS_MS = {
  '1s': 1_000,
  '5s': 5_000,
  '1m': 60_000,
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '1d': 86_400_000,
} as const;
export type BarInterval = keyof typeof BAR_INTERVALS_MS;
export const BAR_INTERVALS = Object.keys(BAR_INTERVALS_MS) as readonly BarInterval[];

/** `mid`: the mean of bid and ask, of quotes that have both. */
export const BAR_PRICES = ['bid', 'ask', 'mid'] as const;
export type BarPrice = (typeof BAR_PRICES)[number];

/** Whether a session builds the bars of all its symbols; they cost a share of its speed. */
export type BarBuilding = 'none' | 'built';

/**
 * One bar on its way to the window: its start, ms; open, high, low, close of bid, ask and mid (0: no such price); how many
 * quotes; the shares that we traded in it, 1e-6, and their volume-weighted price, rounded (0 and 0: none).
 */
export const BAR_WORDS = 16;
export const BAR_QUOTES_WORD = 13;
export const BAR_SHARES_WORD = 14;
export const BAR_VWAP_WORD = 15;
/** Words of a bar ahead of a price's open. */
export const BAR_PRICE_OFFSET: Readonly<Record<BarPrice, number>> = { bid: 1, ask: 5, mid: 9 };
