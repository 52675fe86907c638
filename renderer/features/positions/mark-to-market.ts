import { STATUS_OPEN, type RowStore } from '../../stores/row-store.ts';

export interface Mark {
  /** (bid - buy price) x shares over open positions with a bid, exact, 1e-14. Never mixed with realised profit. */
  readonly profit: bigint;
  /** Open positions without a bid, which cannot be marked. */
  readonly unmarked: number;
}

export function markToMarket(rows: RowStore): Mark {
  let profit = 0n;
  let unmarked = 0;
  for (const symbol of rows.symbols) {
    if (rows.get(symbol, 'status') !== STATUS_OPEN) continue;
    const bid = rows.get(symbol, 'bid');
    if (bid === 0) unmarked += 1;
    // Two prices differ by less than a safe integer; the product with the shares needs a bigint.
    else profit += BigInt(bid - rows.get(symbol, 'buyPrice')) * BigInt(rows.get(symbol, 'shares'));
  }
  return { profit, unmarked };
}
