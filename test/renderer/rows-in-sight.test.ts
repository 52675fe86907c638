import { expect, test } from 'vitest';
import { STATUS_OPEN } from '../../engine/contract/frames.ts';
import { RowsInSight } from '../../renderer/features/positions/rows-in-sight.ts';
import { PositionView } from '../../renderer/stores/position-view.ts';
import { RowStore } from '../../renderer/stores/row-store.ts';
import { makeFrame } from './frame-maker.ts';

test('the engine is told what is in sight when it is something else, not with every frame, and anew after all rows went', () => {
  const rows = new RowStore();
  const view = new PositionView(rows);
  const told: (readonly number[])[] = [];
  const sight = new RowsInSight(rows, view, (symbols) => told.push(symbols));
  rows.setNames(0, ['A', 'B', 'C']);
  const shown = (): void => {
    rows.apply(makeFrame([0, 1, 2].map((symbol) => ({ symbol, status: STATUS_OPEN }))));
    view.refresh(0);
  };
  shown();

  sight.look(1_000, { first: 0, end: 2 });
  sight.look(1_200, { first: 0, end: 2 });
  sight.look(1_400, { first: 1, end: 3 });
  sight.look(1_450, { first: 0, end: 1 });
  rows.clear();
  shown();
  sight.look(1_600, { first: 1, end: 3 });

  expect(told).toEqual([
    [0, 1],
    [1, 2],
    [1, 2],
  ]);
});
