import type { Instrument } from '../../contract/orders.ts';

const SECTORS = ['Technology', 'Health Care', 'Financials', 'Energy', 'Industrials', 'Utilities', 'Consumer'] as const;
const SYLLABLES = [
  'Al',
  'Be',
  'Cor',
  'Den',
  'Er',
  'Fal',
  'Gra',
  'Hol',
  'In',
  'Jor',
  'Kel',
  'Lum',
  'Mar',
  'Nor',
] as const;
const FORMS = ['Holdings', 'Group', 'Industries', 'Systems', 'Partners'] as const;

/** A few that everybody knows; the others are made up from their letters, the same for ever. */
const KNOWN: Readonly<Record<string, readonly [name: string, sector: string]>> = {
  AAPL: ['Apple Inc.', 'Technology'],
  GOOG: ['Alphabet Inc.', 'Communication Services'],
  TWTR: ['Twitter, Inc.', 'Communication Services'],
  MSFT: ['Microsoft Corporation', 'Technology'],
  AMZN: ['Amazon.com, Inc.', 'Consumer'],
};

const CURRENCIES = ['USDT', 'USDC', 'USD', 'EUR', 'BTC'] as const;

/** Reference data of the simulated gateway. @returns null: there is no such symbol (it begins with "NONE") */
export function simulatedInstrument(symbol: string): Instrument | null {
  if (symbol.startsWith('NONE')) return null;
  const known = KNOWN[symbol] as readonly [string, string] | undefined;
  const currency = CURRENCIES.find((one) => symbol.length > one.length && symbol.endsWith(one)) ?? 'USD';
  const tickSize = currency === 'USD' ? '0.01' : '0.0001';
  if (known !== undefined) return { symbol, name: known[0], sector: known[1], currency, tickSize };
  let sum = 7;
  for (let index = 0; index < symbol.length; index += 1) sum = (sum * 31 + symbol.charCodeAt(index)) >>> 0;
  const pick = <T>(from: readonly T[], step: number): T => from[Math.floor(sum / step) % from.length];
  const name = `${pick(SYLLABLES, 1)}${pick(SYLLABLES, 17).toLowerCase()} ${pick(FORMS, 289)}`;
  return { symbol, name, sector: pick(SECTORS, 5), currency, tickSize };
}
