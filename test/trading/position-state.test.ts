import { expect, test } from 'vitest';
import { toObject } from '../../engine/api/struct.ts';
import { SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { KeyTable } from '../../engine/state/key-table.ts';
import { HeapStructState } from '../../engine/state/struct-state.ts';
import { migrationTo } from '../../engine/state/schema-compatibility.ts';
import {
  countBidNotAboveAsk,
  POSITION_STATE,
  POSITIONS,
  reasonCount,
  type PositionState,
} from '../../engine/trading/position-state.ts';
import { REASONS } from '../../engine/trading/records.ts';

const BID_NOT_ABOVE_ASK = REASONS.indexOf('bid-not-above-ask');

function emptyState(): PositionState {
  const symbols = new SymbolDictionary();
  symbols.idOf('AAPL');
  const keys = new KeyTable(symbols);
  const positions = new HeapStructState<PositionState>(keys, POSITION_STATE, symbols);
  keys.currentSlot = keys.slotFor('AAPL', 0);
  return positions.create();
}

test('more quotes than a 32-bit number holds are counted exactly', () => {
  const state = emptyState();
  let counted = 0;
  for (let round = 0; round < 5; round += 1) {
    // As if all but three of them had come.
    const missed = 2 ** 30 - 3 - state.bidNotAboveAsk;
    state.bidNotAboveAsk += missed;
    counted += missed;
    for (let quote = 0; quote < 6; quote += 1) {
      countBidNotAboveAsk(state);
      counted += 1;
      expect(reasonCount(state, BID_NOT_ABOVE_ASK)).toBe(counted);
    }
  }
  expect(counted).toBeGreaterThan(2 ** 32);
});

test.each([0, 1, 2 ** 30 - 1, 2 ** 30, 2 ** 31, 7_000_000_123])(
  'a count of %d that was stored by version 1 stays what it was',
  (count) => {
    const before = { ...(toObject(emptyState()) as object), bidNotAboveAsk: count, halted: 3 } as Record<
      string,
      unknown
    >;
    delete before['bidNotAboveAskCarried'];
    const migrate = migrationTo(
      { name: 'positions', kind: 'struct', version: 1, fields: null },
      { schema: POSITIONS.schema, fields: POSITION_STATE.fields },
    );
    const state = migrate?.(before) as PositionState;
    expect(reasonCount(state, BID_NOT_ABOVE_ASK)).toBe(count);
    expect(reasonCount(state, REASONS.indexOf('halted'))).toBe(3);
  },
);
