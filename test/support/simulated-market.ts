import { MarketSimulator } from '../../engine/connectors/simulator/market-simulator.ts';
import { createRandom } from '../../engine/connectors/simulator/prng.ts';
import { inputToCsv } from '../../engine/connectors/simulator/quotes-to-csv.ts';
import { SymbolTable } from '../../engine/connectors/sources/symbol-table.ts';
import type { RulesDocument } from '../../engine/contract/rules.ts';
import { formatPrice, formatShares } from '../../engine/core/decimal.ts';

export interface SimulatedMarket {
  /** The quotes, as FlinkTrade's own CSV. */
  readonly csv: string;
  /** Starting positions to go with them. */
  readonly positions: string;
}

/** The simulated market as files: the same seed, the same bytes. */
export function simulatedMarket(seed: number, durationMs: number): SimulatedMarket {
  const symbols = new SymbolTable();
  const market = new MarketSimulator(createRandom(seed), symbols, { durationMs });
  const held = market
    .positions()
    .map(({ symbol, shares, buyPrice }) => `${symbol},${formatShares(shares)},${formatPrice(buyPrice)}\n`);
  return { positions: `symbol,shares,buyPrice\n${held.join('')}`, csv: [...inputToCsv(market, symbols)].join('') };
}

/** Rules under which that market trades often, and meets every limit there is. */
export const TIGHT_RULES: RulesDocument = {
  version: 1,
  defaults: {
    ttlMs: 20_000,
    askOffset: '0.02',
    askIncrease: { from: 'ask', amount: '0.01' },
    maxSharesPerTrade: '100',
  },
  limits: { maxTradesPerSecond: 2, maxTradesPerDay: 20, maxNotionalPerDay: '30000000', maxLossPerDay: '2000' },
};
