/**
 * The formats that come with the product, by the names the engine knows them by
 * (engine/connectors/profiles/ready-profiles.ts; a test holds the two together).
 */
export const PROFILE_NAMES: readonly string[] = [
  'csv',
  'csv-no-sizes',
  'jsonl',
  'nbbo',
  'lean-tick-quote',
  'lean-second-quote-bar',
  'lean-minute-quote-bar',
  'lean-trade',
  'oanda-tick',
  'oanda-second-bar',
  'oanda-minute-bar',
  'reuters-tick-history',
  'binance-book-ticker',
];
