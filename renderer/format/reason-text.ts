import { REASONS } from '../../engine/contract/frames.ts';

/** Why the last quote did not trade. The order is the wire's: a frame carries the place in this list. */
export const REASON_CODES = REASONS;

const SHORT: Readonly<Record<(typeof REASON_CODES)[number], string>> = {
  halted: 'halted',
  'no-bid': 'no bid',
  crossed: 'crossed',
  'bid-not-above-ask': 'bid \u2264 our ask',
  size: 'size',
  'limit:maxTradesPerSecond': 'limit: trades/s',
  'limit:maxTradesPerDay': 'limit: trades/day',
  'limit:maxNotionalPerTrade': 'limit: notional/trade',
  'limit:maxNotionalPerDay': 'limit: notional/day',
  'limit:maxLossPerDay': 'limit: loss/day',
};

/** @param index of a frame; -1: the last quote traded, or there was none */
export function reasonText(index: number): string {
  const code = REASON_CODES[index];
  return code === undefined ? '' : SHORT[code];
}

export function isLimitReason(index: number): boolean {
  return REASON_CODES[index]?.startsWith('limit:') ?? false;
}
