import { expect, test } from 'vitest';
import { DurableTrades } from '../../engine/connectors/sinks/durable-trades.ts';
import { TradeGate } from '../../engine/entry/session/trade-gate.ts';
import { MemoryDisk, MemoryStore } from '../support/memory-store.ts';
import type { Trade } from '../../engine/trading/records.ts';

const trade = (quoteSequence: number): Trade => ({
  kind: 'trade',
  symbol: 'A',
  shares: 1,
  price: 2,
  buyPrice: 1,
  quoteSequence,
  askBefore: 1,
  askAfter: 2,
  bidSize: 1,
  ask: 3,
  askSize: -1,
  sharesBefore: 1,
  rulesVersion: 1,
  expiresBefore: NaN,
  expiresAfter: NaN,
  decayBefore: NaN,
  decayAfter: NaN,
});
const at = (timestampMs: number) => ({ timestamp: () => timestampMs, currentWatermark: () => timestampMs });

function gate(): { readonly gate: TradeGate; readonly final: string[] } {
  const final: string[] = [];
  const writer = {
    write: ({ quoteSequence }: Trade, context: { timestamp(): number | null }) => {
      final.push(`${quoteSequence}@${context.timestamp()}`);
    },
  };
  const durable = new DurableTrades(new MemoryStore(new MemoryDisk()), () => '', String);
  return { gate: new TradeGate(writer, durable), final };
}

test('a trade is final once its quote is durable, whichever comes first', () => {
  const { gate: held, final } = gate();
  held.write(trade(3), at(30));
  held.write(trade(1), at(10));
  expect([final, held.pending]).toEqual([[], 2]);
  held.release(2, []);
  expect([final, held.pending]).toEqual([['1@10'], 1]);
  held.release(5, []);
  held.write(trade(4), at(40));

  expect([final, held.pending]).toEqual([['1@10', '3@30', '4@40'], 0]);
});

test('a trade of a quote that was held back waits for the quote that decided', () => {
  const { gate: held, final } = gate();
  held.release(8, [5, 6, 7]);
  held.write(trade(4), at(40));
  held.write(trade(5), at(50));
  expect(final).toEqual(['4@40']);
  held.release(9, []);

  expect(final).toEqual(['4@40', '5@50']);
});

test('what a sink is given is copied: the next trade comes in the same object', () => {
  const { gate: held, final } = gate();
  const view = { ...trade(0) } as { -readonly [Name in keyof Trade]: Trade[Name] };
  held.write(view, at(1));
  view.quoteSequence = 1;
  held.write(view, at(2));
  held.release(2, []);

  expect(final).toEqual(['0@1', '1@2']);
});
