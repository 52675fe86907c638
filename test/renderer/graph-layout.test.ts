import fc from 'fast-check';
import { expect, test } from 'vitest';
import { layoutGraph, type GraphLayout, type GraphNode } from '../../renderer/features/job/graph-layout.ts';

const WIDTH = 200;
const SIZE = { widthOf: () => WIDTH, height: 100, layerGap: 50, nodeGap: 20 };

const placeOf = (layout: GraphLayout, id: string) => {
  const place = layout.nodes.find((node) => node.id === id);
  if (place === undefined) throw new Error(`"${id}" was not placed.`);
  return place;
};

test('a chain stands in a line, each vertex behind the one that feeds it', () => {
  const layout = layoutGraph(
    [
      { id: 'source', inputs: [] },
      { id: 'rules', inputs: ['source'] },
      { id: 'trades', inputs: ['rules'] },
    ],
    SIZE,
  );

  expect(layout.nodes.map(({ id, layer, x, y }) => [id, layer, x, y])).toEqual([
    ['source', 0, 0, 0],
    ['rules', 1, 250, 0],
    ['trades', 2, 500, 0],
  ]);
  expect([layout.width, layout.height]).toEqual([700, 100]);
  expect(layout.edges[0].path).toBe('M200 50C225 50 225 50 250 50');
});

test('edges between two pairs do not cross, in whatever order the vertices are told', () => {
  const layout = layoutGraph(
    [
      { id: 'a', inputs: [] },
      { id: 'b', inputs: [] },
      { id: 'behind-b', inputs: ['b'] },
      { id: 'behind-a', inputs: ['a'] },
    ],
    SIZE,
  );

  const isAbove = (upper: string, lower: string): boolean => placeOf(layout, upper).y < placeOf(layout, lower).y;
  expect(isAbove('a', 'b')).toBe(isAbove('behind-a', 'behind-b'));
});

test('an edge that passes a layer goes around the vertices of it', () => {
  const layout = layoutGraph(
    [
      { id: 'source', inputs: [] },
      { id: 'windows', inputs: ['source'] },
      { id: 'join', inputs: ['windows', 'source'] },
    ],
    SIZE,
  );

  const windows = placeOf(layout, 'windows');
  const passing = layout.edges.find(({ from, to }) => from === 'source' && to === 'join');
  const [, , middleY = NaN] = /C\S+ \S+ \S+ \S+ (\S+) ([\d.]+)H/.exec(passing?.path ?? '') ?? [];
  expect(Number(middleY) < windows.y || Number(middleY) > windows.y + SIZE.height).toBe(true);
});

test('a vertex that feeds itself, or one that is not there, is no reason to draw nothing', () => {
  const layout = layoutGraph(
    [
      { id: 'a', inputs: ['b', 'nobody'] },
      { id: 'b', inputs: ['a', 'b'] },
    ],
    SIZE,
  );

  expect(layout.nodes).toHaveLength(2);
  expect(layout.edges).toHaveLength(1);
  expect(layoutGraph([], SIZE)).toEqual({ nodeWidth: WIDTH, width: 0, height: 0, nodes: [], edges: [] });
});

const graphs: fc.Arbitrary<GraphNode[]> = fc
  .array(fc.array(fc.nat(100), { maxLength: 3 }), { minLength: 1, maxLength: 10 })
  .map((all) =>
    all.map((inputs, index) => ({
      id: `v${index}`,
      inputs: index === 0 ? [] : inputs.map((input) => `v${input % index}`),
    })),
  );

test('whatever the job: every vertex once, none over another, every edge from left to right', () => {
  fc.assert(
    fc.property(graphs, (nodes) => {
      const layout = layoutGraph(nodes, SIZE);
      expect(layout.nodes.map(({ id }) => id).sort()).toEqual(nodes.map(({ id }) => id).sort());
      for (const one of layout.nodes) {
        expect(one.y).toBeGreaterThanOrEqual(0);
        expect(one.y + SIZE.height).toBeLessThanOrEqual(layout.height + 1e-6);
        expect(one.x + WIDTH).toBeLessThanOrEqual(layout.width);
        for (const other of layout.nodes) {
          if (one === other || one.layer !== other.layer) continue;
          expect(Math.abs(one.y - other.y)).toBeGreaterThanOrEqual(SIZE.height);
        }
      }
      expect(layout.edges).toHaveLength(nodes.reduce((sum, { inputs }) => sum + new Set(inputs).size, 0));
      for (const { from, to } of layout.edges)
        expect(placeOf(layout, from).layer).toBeLessThan(placeOf(layout, to).layer);
    }),
  );
});
