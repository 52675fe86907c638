import type { Trade } from './records.ts';

/** What names a symbol: by its text, and by its number in the job's dictionary where it is a view on a record. */
export interface Named {
  readonly symbol: string;
  readonly symbolId?: number;
}

/** A trade as it is collected. Its symbol's text is read by whoever wants it: a ring takes the number. */
export class EmittedTrade implements Trade {
  readonly kind = 'trade';
  named: Named = { symbol: '' };
  shares = 0;
  price = 0;
  buyPrice = 0;
  quoteSequence = 0;
  askBefore = 0;
  askAfter = 0;
  bidSize = 0;
  ask = 0;
  askSize = 0;
  sharesBefore = 0;
  rulesVersion = 0;
  expiresBefore = 0;
  expiresAfter = 0;
  decayBefore = 0;
  decayAfter = 0;

  get symbol(): string {
    return this.named.symbol;
  }

  get symbolId(): number | undefined {
    return this.named.symbolId;
  }

  toObject(): Trade {
    const { named: _named, symbol, ...fields } = this;
    return { ...fields, symbol };
  }
}
