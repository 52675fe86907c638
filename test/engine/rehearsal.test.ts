import { expect, test } from 'vitest';
import { createSymbolMemory, SymbolDictionary } from '../../engine/memory/symbol-dictionary.ts';
import { compileSplitView } from '../../engine/memory/record-codec.ts';
import { createAlignedSumsMemory } from '../../engine/runtime/operators/aligned-sums.ts';
import { Rehearsal, TURNS_AHEAD } from '../../engine/runtime/operators/rehearsal.ts';

const SHAPE = { name: 'Position', fields: { shares: 'f64', count: 'i32', venue: 'symbol' } } as const;

function environment() {
  return {
    taskName: 'trade',
    uid: 'trade',
    subtaskIndex: 2,
    parallelism: 3,
    maxParallelism: 128,
    keyGroupRange: { start: 86, end: 127 },
    symbols: new SymbolDictionary(createSymbolMemory({ symbolsMax: 16 })),
    sums: createAlignedSumsMemory(3),
  };
}

test('a rehearsal comes to its end and leaves symbols and sums of the job as they were', () => {
  const own = environment();
  const rehearsal = new Rehearsal(own, [{ name: 'position', shape: SHAPE }], TURNS_AHEAD);

  let turns = 1;
  while (!rehearsal.turnAtStart()) turns += 1;

  expect(turns).toBe(TURNS_AHEAD);
  expect(own.symbols.count).toBe(0);
  expect(new Uint8Array(own.sums.buffer).every((byte) => byte === 0)).toBe(true);
});

test('an operator without structs rehearses as well', () => {
  const rehearsal = new Rehearsal(environment(), [], 1);
  expect(rehearsal.turn()).toBe(true);
});

test('equal shapes share one class of views, so that code which meets both stays fast', () => {
  const again = { name: 'Position', fields: { ...SHAPE.fields } };
  const symbols = new SymbolDictionary(createSymbolMemory({ symbolsMax: 16 }));
  const views = [SHAPE, again].map((shape) =>
    compileSplitView(shape, 16).createView(new Float64Array(8), new Int32Array(16), symbols),
  );
  expect(Object.getPrototypeOf(views[0])).toBe(Object.getPrototypeOf(views[1]));
});
